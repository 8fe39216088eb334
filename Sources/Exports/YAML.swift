import Tokens

extension ExportFormat {
    /// A YAML mapping of strings.
    static let yaml = ExportFormat(name: "yaml", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "yaml is not built yet")
    }
}
