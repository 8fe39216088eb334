import Tokens

extension Secret {
    /// The text, which is UTF-8, with some of its scalars replaced; wiped on the way as in `replacing`.
    func replacingScalars(_ replacement: (Unicode.Scalar) -> String?) -> Secret {
        withSpan { bytes in
            guard let text = try? UTF8Span(validating: bytes) else {
                preconditionFailure("formats of text check it first")
            }
            var scalars = text.makeUnicodeScalarIterator()
            var parts: [Secret] = []
            var (start, position) = (0, 0)
            while let scalar = scalars.next() {
                let end = scalars.currentCodeUnitOffset
                if let text = replacement(scalar) {
                    parts.append(Secret(bytes.extracting(start..<position)))
                    parts.append(Secret(text))
                    start = end
                }
                position = end
            }
            return Secret(joining: parts + [Secret(bytes.extracting(start..<bytes.count))])
        }
    }

    /// The text in double quotes and in ASCII, as YAML (1.1 §5.7, 1.2 §5.7), TOML 1.0 and HCL 2 read it alike.
    ///
    /// They differ in what may stand as it is: line breaks beyond ASCII, a byte order mark, U+FFFF, controls.
    var asciiString: Secret {
        Secret(joining: [Secret("\""), replacingScalars(\.asciiEscape), Secret("\"")])
    }
}

extension Unicode.Scalar {
    /// The escape of `asciiString`; nil where none is needed.
    var asciiEscape: String? {
        switch self {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case " "..."~": nil
        default: value > 0xFFFF ? "\\U" + value.hexadecimal(8) : "\\u" + value.hexadecimal(4)
        }
    }
}

extension BinaryInteger {
    /// The number in that many hexadecimal digits.
    func hexadecimal(_ count: Int) -> String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: count - digits.utf8.count) + digits
    }
}
