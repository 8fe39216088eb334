/// The syntax of a text that holds secrets.
package enum ImportSyntax: Equatable, Sendable {
    /// A CommonJS or ES module, TypeScript's annotations included.
    case javascript
    /// `KEY=value` lines.
    case dotenv
    /// One flat object (RFC 8259), or what a password manager prints.
    case json
    /// One flat block mapping (YAML 1.2.2).
    case yaml
    /// What `pass show` prints, with the name for its first line.
    case pass(name: String)

    /// The names by which a syntax is asked for, but for `pass`.
    package static let named: [String: Self] = [
        "commonjs": .javascript, "dotenv": .dotenv, "esm": .javascript, "json": .json, "yaml": .yaml,
    ]

    /// What it is, in words.
    package var words: String {
        switch self {
        case .javascript: "a JavaScript module"
        case .dotenv: ".env lines"
        case .json: "JSON"
        case .yaml: "YAML"
        case .pass: "an entry of pass"
        }
    }

    /// The syntax that a file's name tells, or nil.
    package init?(fileName: String) {
        let last = fileName.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let fileExtension = last.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        switch fileExtension {
        case "js", "cjs", "mjs", "ts", "cts", "mts": self = .javascript
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        case "env": self = .dotenv
        default:
            guard last.hasPrefix(".env.") else { return nil }
            self = .dotenv
        }
    }

    /// The syntax that the first telling line shows, or nil where it shows none: a text that is misread can be printed
    /// in pieces, as names.
    ///
    /// In this order: an opening bracket is JSON, and behind a comment YAML; the beginning of a statement is JavaScript;
    /// `---` is YAML; a name is followed by `=` in .env, and by a colon and a blank in YAML, where it may stand in
    /// quotes, too.
    package init?(content: [UInt8]) {
        let statements = [
            "//", "/*", "'use strict'", "\"use strict\"", "const ", "let ", "var ", "import ", "function ", "async ",
            "class ", "module.exports", "exports.", "export const ", "export let ", "export var ", "export default",
            "export {", "export function ", "export class ", "export async ", "export *",
        ]
        let text = content.starts(with: [0xEF, 0xBB, 0xBF]) ? content.dropFirst(3) : content[...]
        var hasComment = false
        for line in text.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
            let start = line.drop(while: \.isBlank)
            // In .env and YAML it is a comment, and an interpreter's line says nothing of the syntax.
            guard let first = start.first else { continue }
            if first == UInt8(ascii: "#") {
                hasComment = true
                continue
            }
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                self = hasComment ? .yaml : .json
            } else if statements.contains(where: { start.starts(with: $0.utf8) }) {
                self = .javascript
            } else if start.starts(with: "---".utf8), start.dropFirst(3).first?.isBlank ?? true {
                self = .yaml
            } else {
                self.init(assignment: start)
            }
            return
        }
        // Nothing but comments, which name no value in either.
        self = .dotenv
    }

    private init?(assignment line: ArraySlice<UInt8>) {
        var rest = line
        var isQuoted = false
        if let quote = line.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            guard let end = line.dropFirst().firstIndex(of: quote) else { return nil }
            rest = line[(end + 1)...]
            isQuoted = true
        } else {
            if line.starts(with: "export ".utf8) { rest = rest.dropFirst(7).drop(while: \.isBlank) }
            let name = rest.prefix(while: \.isOfAName)
            guard !name.isEmpty else { return nil }
            rest = rest.dropFirst(name.count)
        }
        rest = rest.drop(while: \.isBlank)
        switch rest.first {
        case UInt8(ascii: "=") where !isQuoted: self = .dotenv
        case UInt8(ascii: ":") where rest.dropFirst().first?.isBlank ?? true: self = .yaml
        default: return nil
        }
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    fileprivate var isOfAName: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
