import Tokens

extension ExportFormat {
    /// A module for `require`. A live one gives what its file holds at the time of reading.
    static func commonjs(isLive: Bool) -> ExportFormat {
        isLive
            ? .live(
                "commonjs",
                statements: """
                    follow(require("node:fs"), __filename);
                    module.exports = secrets;

                    """)
            : commonjs
    }

    private static let commonjs = ExportFormat(name: "commonjs", firstLine: "// \(notice)", names: .any) { values in
        [Secret("module.exports = {\n")] + values.flatMap { member($0) + [Secret("\n")] } + [Secret("};\n")]
    }

    /// A value as a member of an object literal, indented, with its comma.
    static func member(_ value: ExportValue) -> [Secret] {
        // In a literal, `"__proto__": …` would set the prototype; a computed key is a member like any other.
        let key = value.name == "__proto__" ? Secret("[\"__proto__\"]") : Secret(value.name).jsonString
        return [Secret("  "), key, Secret(": "), value.value.jsonString, Secret(",")]
    }
}
