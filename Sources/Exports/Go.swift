import Tokens

extension ExportFormat {
    /// A Go file.
    static func go(package name: String?) throws(FormatProblem) -> ExportFormat {
        throw FormatProblem("go is not built yet", hint: "")
    }
}
