import Tokens

extension ExportFormat {
    /// A file for `docker run --env-file`, which knows no quoting.
    static let docker = ExportFormat(name: "docker", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "docker is not built yet")
    }
}
