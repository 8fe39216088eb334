import Tokens

extension ExportFormat {
    /// A TOML table of strings.
    static let toml = ExportFormat(name: "toml", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "toml is not built yet")
    }
}
