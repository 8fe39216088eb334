import Tokens

extension ExportFormat {
    /// A Python module.
    static let python = ExportFormat(name: "python", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "python is not built yet")
    }
}
