import Tokens

extension ExportFormat {
    /// A Swift file.
    static func swift(type name: String?) throws(FormatProblem) -> ExportFormat {
        throw FormatProblem("swift is not built yet", hint: "")
    }
}
