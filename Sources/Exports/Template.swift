import Tokens

extension ExportFormat {
    /// Values in a text of the user's own (Mustache).
    static func template(_ text: Secret?) throws(FormatProblem) -> ExportFormat {
        throw FormatProblem("template is not built yet", hint: "")
    }
}
