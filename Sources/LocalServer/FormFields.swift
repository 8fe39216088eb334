/// The fields of an `application/x-www-form-urlencoded` text: a query or the body of a form.
package struct FormFields: Sendable {
    /// Names and values in their order, decoded.
    package var pairs: [(name: String, value: String)]

    /// Takes decoded names and values.
    package init(_ pairs: [(name: String, value: String)] = []) {
        self.pairs = pairs
    }

    /// Decodes a text exactly once: `+` is a blank, `%41` an A, and `%2541` stays `%41`.
    ///
    /// Nil when a percent sign is not followed by two hex digits, or what results is not UTF-8: what was meant cannot
    /// be known, and a guess would be sent on as a code or a token.
    package init?(decoding bytes: some Sequence<UInt8>) {
        pairs = []
        for pair in Array(bytes).split(separator: UInt8(ascii: "&")) {
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(halves[0]), let value = Self.decode(halves.count == 2 ? halves[1] : []) else {
                return nil
            }
            pairs.append((name, value))
        }
    }

    /// Decodes a query.
    package init?(decoding text: String) {
        self.init(decoding: text.utf8)
    }

    /// The first value of that name.
    package subscript(name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// Every value of that name.
    package func all(_ name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }

    /// Whether some name stands more than once, which OAuth forbids (RFC 6749 §3.1 and §3.2).
    package var repeatsName: Bool {
        Set(pairs.map(\.name)).count < pairs.count
    }

    /// The fields as a query or a form's body.
    ///
    /// All but RFC 3986's unreserved characters is escaped, so every decoder of queries or forms reads it alike.
    package var encoded: String {
        pairs.map { Self.encode($0.name) + "=" + Self.encode($0.value) }.joined(separator: "&")
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        var decoded: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit) else {
                    return nil
                }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init)
    }

    private static func encode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
