import Tokens

extension ExportFormat {
    /// A TypeScript module of named exports.
    ///
    /// Each is declared as `string`: the type that would be inferred is the value itself, and `tsc --declaration` would
    /// write it down once more.
    static let typescript = ExportFormat(
        name: "typescript", firstLine: "// \(notice)",
        names: .identifiers(except: moduleNames.union(typescriptNames), keeper: "TypeScript")
    ) { values in
        values.flatMap { value in
            [Secret("export const \(value.name): string = "), value.value.typescriptString, Secret(";\n")]
        }
    }

    /// What is lost or no name where `tsc` compiles to a module for `require`: `exports.__proto__ = …` sets the prototype.
    private static let typescriptNames: Set<String> = ["__esModule", "__proto__", "exports", "require"]
}

extension Secret {
    /// A JSON string without U+2028 and U+2029, which end a line, and so a string, for TypeScript's scanner.
    fileprivate var typescriptString: Secret {
        jsonString.withSpan { bytes in
            var parts: [Secret] = []
            var start = 0
            // The UTF-8 of the two is E2 80 A8 and E2 80 A9; the closing quote keeps the indexes within bounds.
            for index in bytes.indices where bytes[index] == 0xE2 && bytes[index + 1] == 0x80 {
                guard bytes[index + 2] & 0xFE == 0xA8 else { continue }
                parts.append(Secret(bytes.extracting(start..<index)))
                parts.append(Secret(bytes[index + 2] == 0xA8 ? "\\u2028" : "\\u2029"))
                start = index + 3
            }
            return Secret(joining: parts + [Secret(bytes.extracting(start..<bytes.count))])
        }
    }
}
