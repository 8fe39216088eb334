import Tokens

extension ExportFormat {
    /// A file for Java's `Properties.load`.
    static let properties = ExportFormat(name: "properties", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "properties is not built yet")
    }
}
