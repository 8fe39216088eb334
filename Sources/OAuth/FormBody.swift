import Tokens

/// Fields as `application/x-www-form-urlencoded` (WHATWG URL §5.2), the body of every token request.
struct FormBody {
    private(set) var bytes: [UInt8] = []
    /// The values that were appended as secrets.
    private(set) var secrets: [Secret] = []

    /// Appends a field.
    mutating func append(_ name: String, _ value: Secret) {
        secrets.append(value)
        encode(name, value)
    }

    private mutating func encode(_ name: String, _ value: Secret) {
        if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
        Self.encode(name.utf8.span, into: &bytes)
        bytes.append(UInt8(ascii: "="))
        value.withSpan { Self.encode($0, into: &bytes) }
    }

    /// Appends a field whose value is no secret.
    mutating func append(_ name: String, _ value: String) { encode(name, Secret(value)) }

    /// Percent-encodes all but RFC 3986's unreserved characters, so that a blank is `%20` in a query and in a body.
    private static func encode(_ text: Span<UInt8>, into bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
