import Tokens

extension ExportFormat {
    /// A file to dot-source from PowerShell.
    static let powershell = ExportFormat(name: "powershell", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "powershell is not built yet")
    }
}
