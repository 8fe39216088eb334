import Tokens

extension ExportFormat {
    /// A manifest of a Kubernetes Secret.
    static func kubernetes(name: String?) throws(FormatProblem) -> ExportFormat {
        throw FormatProblem("kubernetes is not built yet", hint: "")
    }
}
