import Sealing
import Tokens

/// Fields as `application/x-www-form-urlencoded` (WHATWG URL §5.2), the body of every token request.
struct FormBody {
    private var fields: [(name: String, value: Secret)] = []
    /// The values that were appended as secrets.
    private(set) var secrets: [Secret] = []

    /// Appends a field.
    mutating func append(_ name: String, _ value: Secret) {
        secrets.append(value)
        fields.append((name, value))
    }

    /// Appends a field whose value is no secret.
    mutating func append(_ name: String, _ value: String) { fields.append((name, Secret(value))) }

    /// The fields in their order, in memory that is wiped.
    var encoded: Secret {
        // A byte becomes three at the most.
        let room = fields.reduce(0) { $0 + 3 * ($1.name.utf8.count + $1.value.count) + 2 }
        return Secret(
            SecretBuffer(capacity: room) { out in
                for (name, value) in fields {
                    if !out.isEmpty { out.append(UInt8(ascii: "&")) }
                    Self.encode(name.utf8.span, into: &out)
                    out.append(UInt8(ascii: "="))
                    value.withSpan { Self.encode($0, into: &out) }
                }
            })
    }

    /// Percent-encodes all but RFC 3986's unreserved characters, so that a blank is `%20` in a query and in a body.
    private static func encode(_ text: Span<UInt8>, into out: inout OutputSpan<UInt8>) {
        let digits = Array("0123456789ABCDEF".utf8)
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            }
        }
    }
}
