import Tokens

extension ExportFormat {
    /// A file for Java's `Properties.load`, in ASCII: it reads a stream as ISO-8859-1 and a reader as it is told.
    static let properties = ExportFormat(name: "properties", firstLine: "# \(notice)", names: .any) { values in
        values.flatMap { value in
            var isLeading = true
            let text = value.value.replacingScalars { scalar in
                defer { isLeading = false }
                // A blank before the value is passed over; later ones belong to it.
                return scalar == " " ? (isLeading ? "\\ " : nil) : escape(scalar)
            }
            return [Secret(value.name).replacingScalars(nameEscape), Secret("="), text, Secret("\n")]
        }
    }

    /// What else ends a name, or makes a comment of its line.
    private static func nameEscape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case " ", "=", ":", "#", "!": "\\\(scalar)"
        default: escape(scalar)
        }
    }

    /// The escapes of `java.util.Properties`, whose `\u` takes one UTF-16 code unit.
    private static func escape(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case " "..."~": nil
        default: scalar.utf16.map { "\\u" + $0.hexadecimal(4) }.joined()
        }
    }
}
