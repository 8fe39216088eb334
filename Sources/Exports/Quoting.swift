import Tokens

extension Secret {
    /// The bytes with some of them replaced; every part of the way is wiped, for it goes by way of `Secret`s.
    func replacing(_ replacement: (UInt8) -> String?) -> Secret {
        withSpan { bytes in
            var parts: [Secret] = []
            var start = 0
            for index in bytes.indices {
                guard let text = replacement(bytes[index]) else { continue }
                parts.append(Secret(bytes.extracting(start..<index)))
                parts.append(Secret(text))
                start = index + 1
            }
            return Secret(joining: parts + [Secret(bytes.extracting(start..<bytes.count))])
        }
    }

    /// With a backslash for what C and its kin escape within double quotes, and with what `others` gives for other bytes.
    func escapedForDoubleQuotes(_ others: (UInt8) -> String?) -> Secret {
        replacing { byte in
            switch byte {
            case UInt8(ascii: "\""): "\\\""
            case UInt8(ascii: "\\"): "\\\\"
            case UInt8(ascii: "\n"): "\\n"
            case UInt8(ascii: "\r"): "\\r"
            case UInt8(ascii: "\t"): "\\t"
            default: others(byte)
            }
        }
    }

    /// The text as a JSON string (RFC 8259 §7), which is an ECMAScript string, too.
    ///
    /// Since ECMAScript 2019 that holds for U+2028 and U+2029 as they stand, which JSON does not escape.
    var jsonString: Secret {
        let escaped = escapedForDoubleQuotes { byte in
            switch byte {
            case 0..<0x20: (byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16)
            default: nil
            }
        }
        return Secret(joining: [Secret("\""), escaped, Secret("\"")])
    }
}
