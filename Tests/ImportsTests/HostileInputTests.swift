import Testing

@testable import Imports

/// No input ends the process, and none takes more than time in proportion to its length.
@Suite(.timeLimit(.minutes(3))) struct HostileInputTests {
    private static let syntaxes: [ImportSyntax] = [.javascript, .dotenv, .json, .yaml, .pass(name: "A")]

    /// Whether the bytes parse; what does not has to throw.
    @discardableResult
    private func parses(_ bytes: [UInt8], as syntax: ImportSyntax) -> Bool {
        (try? parse(bytes, as: syntax)) != nil
    }

    private static let patterns = [
        "(", "[", "{", "`", "`${", "a(", "{a:", "({a:", "[{a:{", "!", "-", "a.", "a=", "a,", "if(a)", "do ", "'a'+",
        "x=>",
        "({A:'x'})\n", "const a={A:'x'},", "a={...a},", "exports=", "export{a as b};", "/a/", "/*", "//", "'\\", "\\u{",
        "Object.freeze(", "a as b ", "let a:b<c<", "class ", "function ", "A='x'\n", "A=\"", "$", "#", "=", "{\"a\":",
        "[[",
        "\"\\ud800\",", "0", "\n", "\r", "a?", "A:'x',", "case ", "let ", "export ", "import ", "(a)", "a{}", "(A='x')",
        "A=\"x\n", "A='x\nB=`y\n", "A=-----BEGIN X\n", "{", "{class}", "{class{a='x'}}", "exports[", "exports[a]", "a:",
        "- ", "-\n ", "A:\n", "A: x\n", "A: x\n\n ", "A: |\n", "A: >\n \n", "A: 'x\n\n", "A: \"x\\\n ", "A: [], ",
        "# x\n", "\n\n ",
        "{\"key\":\"A\",\"value\":\"x\"},", "A: x\n ", "\t",
    ]

    @Test(arguments: patterns.map { ($0, 1 << 16) } + ["(", "`", "{a:", "'a'+"].map { ($0, 1 << 20) })
    func oneThingOverAndOverEnds(pattern: String, length: Int) {
        var bytes: [UInt8] = []
        while bytes.count < length { bytes += pattern.utf8 }
        for syntax in Self.syntaxes { parses(bytes, as: syntax) }
    }

    @Test(arguments: [
        ("(", ")"), ("{a:", "}"), ("[", "]"), ("`${", "}`"), ("a=>{", "}"), ("f({", "})"), ("Object.freeze(", ")"),
        ("a;{", "}"), ("class K{a=", "}"),
    ])
    func deepNestingThatIsClosedEnds(opening: String, closing: String) throws {
        let depth = 30_000
        let text =
            "x = " + String(repeating: opening, count: depth) + "'x'" + String(repeating: closing, count: depth)
            + "\nconst A = 'x'"
        #expect(try parse(Array(text.utf8), as: .javascript).values.contains { $0.name == "A" })
    }

    @Test func longNamesInNestedObjectsCannotMultiply() throws {
        let long = String(repeating: "x", count: 20_000)
        let members = (0..<20_000).map { "a\($0):''" }.joined(separator: ",")
        let text = String(repeating: "{\(long):", count: 30) + "{\(members)}" + String(repeating: "}", count: 30)
        let file = try parse(Array("module.exports = \(text)".utf8), as: .javascript)
        #expect(file.leftBehind.allSatisfy { $0.name.unicodeScalars.count <= 129 })
    }

    @Test func everyPrefixOfAGoodFileParsesOrThrows() {
        let json = #"{"A": "x\u00e9", "B": [1.5e3, {"a": null}], "C": "\ud83d\ude00é"}"#
        let dotenv = "\u{FEFF}# é\nexport A='x' # y\r\nB=\"a\\n$b\nc\"\nC: d\nD=é\n"
        let files: [(String, ImportSyntax)] = [
            (JavaScriptTests.secrets, .javascript), (JavaScriptTests.traps, .javascript), (json, .json),
            (dotenv, .dotenv), (FlatYAMLTests.document, .yaml),
        ]
        for (text, syntax) in files {
            let bytes = Array(text.utf8)
            for length in 0..<bytes.count { parses(Array(bytes[..<length]), as: syntax) }
            #expect(parses(bytes, as: syntax))
        }
    }

    @Test(arguments: [20, 21, 22, 23] as [UInt64])
    func noMixtureOfTokensEndsTheProcess(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let pieces =
            Self.patterns + [
                ")", "]", "}", "}`", ";", ":", "as ", "of ", "from ", "default ", "const ", "exports.",
                "module.exports=",
                "type ", "async ", "catch", "else ", "while(", "=>{", "\"use strict\"", "satisfies ", ">", ">=", "<",
                "@", "A",
                "\u{2028}", "é", "\u{FEFF}", "-----BEGIN ", "export A=", "true", "1e", "\\",
            ]
        for _ in 0..<1500 {
            var text = ""
            var closers: [String] = []
            for _ in 0..<Int.random(in: 1...30, using: &generator) {
                let piece = generator.pick(pieces)
                // Half of the brackets are paired, so that more than the lexer is reached.
                if [")", "]", "}", "}`"].contains(piece), let closer = closers.popLast() {
                    text += closer
                } else if !["`", "/*", "'\\", "A=\"", "\"\\ud800\",", "\\u{", "@"].contains(piece)
                    || generator.pick([false, false, true])
                {
                    text += piece + " "
                    for scalar in piece.unicodeScalars {
                        switch scalar {
                        case "(": closers.append(")")
                        case "[": closers.append("]")
                        case "{": closers.append(piece.hasPrefix("`") ? "}`" : "}")
                        case ")", "]", "}": _ = closers.popLast()
                        default: break
                        }
                    }
                }
            }
            text += closers.reversed().joined()
            for syntax in Self.syntaxes { parses(Array(text.utf8), as: syntax) }
        }
    }
}
