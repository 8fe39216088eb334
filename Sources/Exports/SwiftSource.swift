import Tokens

extension ExportFormat {
    /// A Swift file of static constants. The type is called `Secrets`, or what `name` says.
    static func swift(type name: String?) throws(FormatProblem) -> ExportFormat {
        let type = name ?? "Secrets"
        guard type.isIdentifier, !swiftMetatypes.contains(type), !swiftKeywords.contains(type) else {
            throw FormatProblem("\(type) cannot name a Swift type", hint: "take a word, such as \"Secrets\"")
        }
        return ExportFormat(
            name: "swift", firstLine: "// \(notice)", names: .identifiers(except: swiftMetatypes, keeper: "Swift")
        ) { values in
            let members = values.flatMap { value in
                let name = swiftKeywords.contains(value.name) ? "`\(value.name)`" : value.name
                return [Secret("    static let \(name) = \""), value.value.swiftEscaped, Secret("\"\n")]
            }
            return [Secret("enum \(type) {\n")] + members + [Secret("}\n")]
        }
    }

    /// What stands for the type of a type behind a dot, in backticks, too.
    private static let swiftMetatypes: Set<String> = ["Protocol", "Type"]

    /// What is no name of a member unless it stands in backticks.
    private static let swiftKeywords = Set(
        """
        Any Self _ as associatedtype await break case catch class continue default defer deinit do else enum \
        extension fallthrough false fileprivate for func guard if import in init inout internal is let nil open operator \
        precedencegroup private protocol public repeat rethrows return self static struct subscript super switch throw \
        throws true try typealias var where while
        """.split(separator: " ").map(String.init))
}

extension Secret {
    /// What stands between the quotes: `\(`, too, is escaped with its backslash.
    fileprivate var swiftEscaped: Secret {
        escapedForDoubleQuotes { byte in
            switch byte {
            case 0..<0x20, 0x7F: "\\u{\(String(byte, radix: 16))}"
            default: nil
            }
        }
    }
}
