import Tokens

extension ExportFormat {
    /// A module for `require`.
    static func commonjs(isLive: Bool) -> ExportFormat { commonjs }

    private static let commonjs = ExportFormat(name: "commonjs", firstLine: "// \(notice)", names: .any) { values in
        let members = values.flatMap { value in
            // In a literal, `"__proto__": …` would set the prototype; a computed key is a member like any other.
            let key = value.name == "__proto__" ? Secret("[\"__proto__\"]") : Secret(value.name).jsonString
            return [Secret("  "), key, Secret(": "), value.value.jsonString, Secret(",\n")]
        }
        return [Secret("module.exports = {\n")] + members + [Secret("};\n")]
    }
}
