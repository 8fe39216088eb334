import Tokens

extension ExportFormat {
    /// Masks, and variables for later steps of a GitHub Actions job.
    static let githubActions = ExportFormat(name: "github-actions", firstLine: nil, names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "github-actions is not built yet")
    }
}
