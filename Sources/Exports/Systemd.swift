import Tokens

extension ExportFormat {
    /// An `EnvironmentFile` of systemd.
    static let systemd = ExportFormat(name: "systemd", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "systemd is not built yet")
    }
}
