/// The syntax of a file that holds secrets in plain text.
package enum ImportSyntax: Equatable, Sendable {
    /// A CommonJS or ES module, TypeScript's annotations included.
    case javascript
    /// `KEY=value` lines.
    case dotenv
    /// One flat object (RFC 8259).
    case json

    /// Guesses the syntax from a file's name, and where that says nothing from its first telling line.
    package init(fileName: String, content: [UInt8]) {
        let last = fileName.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let fileExtension = last.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        switch fileExtension {
        case "js", "cjs", "mjs", "ts", "cts", "mts": self = .javascript
        case "json": self = .json
        case "env": self = .dotenv
        default: self = last.hasPrefix(".env.") ? .dotenv : Self(content: content)
        }
    }

    private init(content: [UInt8]) {
        let beginnings = [
            "//", "/*", "'use strict'", "\"use strict\"", "const ", "let ", "var ", "import ", "function ", "async ",
            "class ", "module.exports", "exports.", "export const ", "export let ", "export var ", "export default",
            "export {", "export function ", "export class ", "export async ", "export *",
        ]
        let text = content.starts(with: [0xEF, 0xBB, 0xBF]) ? content.dropFirst(3) : content[...]
        for line in text.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let start = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard let first = start.first else { continue }
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                self = .json
                return
            }
            if beginnings.contains(where: { start.starts(with: $0.utf8) }) {
                self = .javascript
                return
            }
            // A comment in .env, or an interpreter's line, which says nothing of the syntax.
            guard first == UInt8(ascii: "#") else { break }
        }
        self = .dotenv
    }
}
