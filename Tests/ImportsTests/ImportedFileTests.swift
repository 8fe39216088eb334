import Testing

@testable import Imports

@Suite struct ImportedFileTests {
    @Test func noDescriptionHoldsAValue() throws {
        let file = try parse(Array("const A = 'sesame'; const B = `x${'sesame'}`".utf8), as: .javascript)
        #expect(file.values.count == 1)
        for value: Any in [file, file.values, file.values[0]] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(describing: value), String(reflecting: value), dumped] {
                #expect(!text.contains("sesame"))
                #expect(text.contains("A"))
            }
        }
    }

    @Test func noErrorHoldsAValue() throws {
        let texts = ["const A = 'sesame", "const A = `sesame", "A='sesame", "{\"A\":\"sesame\" \"sesame\"}", "{sesame"]
        for syntax in [ImportSyntax.javascript, .dotenv, .json] {
            for text in texts {
                guard let error = #expect(throws: (any Error).self, performing: { try strict(text, syntax) }) else {
                    continue
                }
                let message = (error as? ImportError).map { "\($0.message) \($0.hint)" } ?? ""
                #expect(!"\(error) \(message)".contains("sesame"))
            }
        }
    }

    /// Parses, and fails for a text that is no error as well.
    private func strict(_ text: String, _ syntax: ImportSyntax) throws {
        struct Fine: Error {}
        _ = try parse(Array(text.utf8), as: syntax)
        throw Fine()
    }

    @Test func aNameThatIsPrintedSteersNoTerminalAndStaysShort() throws {
        let long = String(repeating: "x", count: 100_000)
        let file = try parse(
            Array("{\"a\\u001b[2J\\u202e\": \"x\", \"\(long) \": \"x\"}".utf8), as: .json)
        #expect(
            file.leftBehind.map(\.name).sorted() == ["a\u{FFFD}[2J\u{FFFD}", String(repeating: "x", count: 128) + "…"])
    }

    @Test func whatIsNotUTF8IsRefusedWithItsLine() {
        for syntax in [ImportSyntax.javascript, .dotenv, .json] {
            #expect(throws: ImportError(problem: .notUTF8, line: 3)) {
                try parse([0x0A, 0x0A, 0x41, 0xFF, 0x0A], as: syntax)
            }
        }
    }

    @Test func valuesAreEqualOnlyWithEqualBytes() {
        let composed = ImportedValue(name: "A", value: "\u{E9}", line: 1)
        #expect(composed != ImportedValue(name: "A", value: "e\u{301}", line: 1))
        #expect(composed == ImportedValue(name: "A", value: "\u{E9}", line: 1))
    }

    @Test(arguments: [
        ("secrets.js", "", ImportSyntax.javascript), ("a/b.CJS", "{", .javascript), ("x.mjs", "", .javascript),
        ("x.ts", "", .javascript), ("secrets.json", "", .json), (".env", "{", .dotenv),
        ("/srv/.env.local", "{", .dotenv),
        ("prod.env", "{", .dotenv), (".env.js", "", .javascript), ("secrets", "\u{FEFF}\r\n  {\"A\": 1}", .json),
        ("secrets", "#!/usr/bin/env node\n\nconst A = 'x'", .javascript), ("secrets", "// x", .javascript),
        ("secrets", "module.exports = {}", .javascript), ("secrets", "export const A = 'x'", .javascript),
        ("secrets", "# x\nexport A=x", .dotenv), ("secrets.bak", "A=x", .dotenv), ("", "", .dotenv),
    ])
    func theSyntaxIsGuessedFromTheNameThenFromTheContent(name: String, content: String, syntax: ImportSyntax) {
        #expect(ImportSyntax(fileName: name, content: Array(content.utf8)) == syntax)
    }
}
