import Tokens

extension ExportFormat {
    /// A dotenv report of a GitLab CI/CD job.
    static let gitlab = ExportFormat(name: "gitlab", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "gitlab is not built yet")
    }
}
