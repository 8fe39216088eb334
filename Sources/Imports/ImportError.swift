/// Why a file cannot be read at all. Says where, never what stands there.
package struct ImportError: Error, Equatable, Sendable {
    /// What is wrong with the file.
    package enum Problem: Equatable, Sendable {
        /// The bytes are no UTF-8 text.
        case notUTF8
        /// A string, comment or bracket that opens and does not close, by its kind.
        case unterminated(String)
        /// A bracket that closes what was not opened.
        case unmatched(String)
        /// A character that can begin nothing in this syntax.
        case unexpectedCharacter
        /// JSON that breaks the grammar of RFC 8259: what was expected.
        case malformedJSON(expected: String)
        /// YAML that breaks the grammar: what was expected.
        case malformedYAML(expected: String)
        /// YAML of the part that is not read: what it is.
        case unsupportedYAML(String)
        /// JSON or YAML nested deeper than the limit.
        case tooDeep(limit: Int)
    }

    /// What is wrong with the file.
    package let problem: Problem
    /// The line it concerns, from 1: for what is not closed, the line on which it opens.
    package let line: Int

    /// What happened, in words.
    package var message: String {
        switch problem {
        case .notUTF8: "line \(line) is not UTF-8 text"
        case .unterminated(let what): "\(what) that begins on line \(line) is not closed"
        case .unmatched(let bracket): "line \(line) has a closing \(bracket) that nothing opened"
        case .unexpectedCharacter: "line \(line) has a character that is not part of the language"
        case .malformedJSON(let expected): "line \(line) is not valid JSON: expected \(expected)"
        case .malformedYAML(let expected): "line \(line) is not the YAML that is read here: expected \(expected)"
        case .unsupportedYAML(let what): "line \(line) has \(what), which is not read here"
        case .tooDeep(let limit): "line \(line) is nested more than \(limit) levels deep"
        }
    }

    /// What mends it.
    package var hint: String {
        switch problem {
        case .notUTF8: "save the file as UTF-8, then import it again"
        case .unterminated, .unmatched, .unexpectedCharacter:
            "mend the file, or say what it is with --format, where its name or its first line says something else"
        case .malformedJSON, .tooDeep: "make the file one flat JSON object whose members are strings"
        case .malformedYAML, .unsupportedYAML:
            "hand it over as JSON: sops -d --output-type json FILE | tokenkeep import -, or yq -o json FILE | tokenkeep import -"
        }
    }
}
