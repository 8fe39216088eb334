import Tokens

extension ExportFormat {
    /// A Ruby file to require.
    static let ruby = ExportFormat(name: "ruby", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "ruby is not built yet")
    }
}
