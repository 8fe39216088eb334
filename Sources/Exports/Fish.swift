import Tokens

extension ExportFormat {
    /// A file to source from fish.
    static let fish = ExportFormat(name: "fish", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "fish is not built yet")
    }
}
