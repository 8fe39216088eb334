import Tokens

extension ExportFormat {
    /// A manifest of a Kubernetes Secret, whose values are base64: any bytes go.
    static func kubernetes(name: String?) throws(FormatProblem) -> ExportFormat {
        let name = name ?? "tokenkeep"
        guard isSubdomain(name) else {
            throw FormatProblem(
                "a Kubernetes Secret cannot be called \(name)",
                hint:
                    "a name has at most 253 lower-case letters, digits, - and ., and a letter or digit at the ends and beside each ."
            )
        }
        return ExportFormat(name: "kubernetes", firstLine: "# \(notice)", names: .any, isText: false) {
            values throws(ExportRefusal) in
            for value in values where !isKey(value.name) {
                throw value.refusal(
                    "a Kubernetes Secret takes only letters, digits, -, _ and . in a name, at most 253, and no .. at its start"
                )
            }
            let size = values.reduce(0) { $0 + $1.value.count }
            if size > sizeLimit, let largest = values.max(by: { $0.value.count < $1.value.count }) {
                throw largest.refusal(
                    "a Kubernetes Secret holds \(sizeLimit) bytes, all values together have \(size), and this is the largest"
                )
            }
            // Quoted, for there are names that are numbers, or `no`.
            let head = """
                apiVersion: v1
                kind: Secret
                metadata:
                  name: "\(name)"
                type: Opaque
                data:\(values.isEmpty ? " {}" : "")

                """
            return [Secret(head)]
                + values.flatMap { value in
                    let base64 = value.value.withSpan { Secret(Base64.encode($0, .standard)) }
                    return [Secret("  \"\(value.name)\": \""), base64, Secret("\"\n")]
                }
        }
    }

    /// What the server allows for the data of one Secret, in bytes before base64 (`MaxSecretSize`).
    private static let sizeLimit = 1 << 20

    /// Whether the text is a DNS-1123 subdomain, as the server asks of a Secret's name.
    private static func isSubdomain(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
                let hyphen = UInt8(ascii: "-")
                return !label.isEmpty && label.first != hyphen && label.last != hyphen
                    && label.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) }
            }
    }

    /// Whether the server takes the text for a key (`IsConfigMapKey`).
    private static func isKey(_ name: String) -> Bool {
        let allowed = "-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8
        return (1...253).contains(name.utf8.count) && name != "." && !name.utf8.starts(with: "..".utf8)
            && name.utf8.allSatisfy { allowed.contains($0) }
    }
}
