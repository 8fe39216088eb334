import Tokens

extension ExportFormat {
    /// A `.tfvars` file.
    static let terraform = ExportFormat(name: "terraform", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "terraform is not built yet")
    }
}
