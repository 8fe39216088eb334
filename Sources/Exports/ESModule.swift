import Tokens

extension ExportFormat {
    /// A module for `import`: named exports only, so that a name that is not there fails when the module is linked.
    ///
    /// A live one has the default export only: a named one would be bound to the value of the day, with nothing to tell the
    /// module that it is read. So there, a name that is imported fails when the module is linked, too.
    static func esm(isLive: Bool) -> ExportFormat {
        isLive
            ? .live(
                "esm",
                statements: """
                    import fs from "node:fs";
                    follow(fs, new URL(import.meta.url));
                    export default secrets;

                    """)
            : esm
    }

    private static let esm = ExportFormat(
        name: "esm", firstLine: "// \(notice)", names: .identifiers(except: moduleNames, keeper: "ECMAScript")
    ) { values in
        values.flatMap { value in
            [Secret("export const \(value.name) = "), value.value.jsonString, Secret(";\n")]
        }
    }

    /// What cannot be bound in a module, whose code is strict (ECMA-262 §12.7.2, §13.1.1).
    static let moduleNames = Set(
        """
        arguments await break case catch class const continue debugger default delete do else enum eval export extends \
        false finally for function if implements import in instanceof interface let new null package private \
        protected public return static super switch this throw true try typeof var void while with yield
        """.split(separator: " ").map(String.init))
}
