import Tokens

extension ExportFormat {
    /// A TypeScript module.
    static let typescript = ExportFormat(name: "typescript", firstLine: "// \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "typescript is not built yet")
    }
}
