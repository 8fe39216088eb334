import Tokens

extension ExportFormat {
    /// A TOML table of basic strings (TOML 1.0), the names quoted as well.
    static let toml = ExportFormat(name: "toml", firstLine: "# \(notice)", names: .any) { values in
        values.flatMap { value in
            [Secret(value.name).asciiString, Secret(" = "), value.value.asciiString, Secret("\n")]
        }
    }
}
