import Tokens

extension ExportFormat {
    /// One value, and nothing else.
    static let raw = ExportFormat(name: "raw", firstLine: nil, names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "raw is not built yet")
    }
}
