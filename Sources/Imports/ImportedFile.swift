/// What a file gave: the values it holds as plain strings, and everything else by name.
package struct ImportedFile: Equatable, Sendable {
    /// The values to keep, in the order of their lines, each name once.
    package let values: [ImportedValue]
    /// What was seen and not taken, in the order of its lines.
    package let leftBehind: [LeftBehind]
    /// What it was read as, in words.
    package let kind: String
}

/// A name and the string that a file gives it.
package struct ImportedValue: Equatable, Sendable {
    /// The name as it is spelled in the file.
    package let name: String
    /// The secret itself.
    package let value: String
    /// The line on which the name stands, from 1.
    package let line: Int

    /// Compares code points: Swift's own equality takes two spellings of `é` for one, and a secret's bytes matter.
    package static func == (left: Self, right: Self) -> Bool {
        left.line == right.line && left.name.utf8.elementsEqual(right.name.utf8)
            && left.value.utf8.elementsEqual(right.value.utf8)
    }
}

/// The value is in no description, so that no log, error or dump can hold it.
extension ImportedValue: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The name and the line, never the value.
    package var description: String { "\(name) (line \(line)): <redacted>" }
    /// The same as `description`.
    package var debugDescription: String { description }
    /// The name and the line, never the value.
    package var customMirror: Mirror { Mirror(self, children: ["name": name, "line": line]) }
}

/// Something a file holds that is not taken, and why.
package struct LeftBehind: Hashable, Sendable {
    /// The name, or what it is by its kind; never a value. Safe to print on a terminal, and of bounded length.
    package let name: String
    /// The line on which it stands, from 1.
    package let line: Int
    /// Why it is not taken.
    package let why: String

    init(name: String, line: Int, why: String) {
        self.name = name.safeToPrint
        self.line = line
        self.why = why
    }
}

/// Finds the values in a text of the given syntax. It is parsed, never executed.
///
/// Every name comes out once. Where it gives a name twice, the later value is taken, as the program that reads the
/// file would, and the earlier one is named in `leftBehind`. A value is taken only when its exact characters are
/// certain: what would have to be computed, or what readers of the format disagree on, is named and left.
package func parse(_ bytes: [UInt8], as syntax: ImportSyntax) throws(ImportError) -> ImportedFile {
    let source = try Source(bytes)
    switch syntax {
    case .javascript:
        var module = JavaScriptModule(try JavaScriptLexer.tokens(of: source))
        return ImportedFile(module.findings(), kind: syntax.words)
    case .dotenv:
        var file = Dotenv(source)
        return ImportedFile(file.findings(), kind: syntax.words)
    case .json:
        var file = FlatJSON(source)
        let (findings, kind) = try file.findings()
        return ImportedFile(findings, kind: kind)
    case .yaml:
        var file = FlatYAML(source)
        return ImportedFile(try file.findings(), kind: syntax.words)
    case .pass(let name):
        var entry = PassEntry(source, name: name)
        return ImportedFile(entry.findings(), kind: syntax.words)
    }
}
