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
        let texts = [
            "const A = 'sesame", "const A = `sesame", "A='sesame", "{\"A\":\"sesame\" \"sesame\"}", "{sesame",
            "sesame", "- sesame", "A: *sesame", "A: \"sesame",
        ]
        for syntax in [ImportSyntax.javascript, .dotenv, .json, .yaml] {
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
        for syntax in [ImportSyntax.javascript, .dotenv, .json, .yaml, .pass(name: "A")] {
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
        ("secrets.js", ImportSyntax.javascript), ("a/b.CJS", .javascript), ("x.mjs", .javascript),
        ("x.ts", .javascript),
        ("secrets.json", .json), ("secrets.YAML", .yaml), ("a.yml", .yaml), (".env", .dotenv),
        ("/srv/.env.local", .dotenv),
        ("prod.env", .dotenv), (".env.js", .javascript), ("secrets", nil), ("secrets.bak", nil),
        ("", nil),
    ])
    func aFileNameTellsTheSyntaxOrNothing(name: String, syntax: ImportSyntax?) {
        #expect(ImportSyntax(fileName: name) == syntax)
    }

    @Test(arguments: [
        ("\u{FEFF}\r\n  {\"A\": 1}", ImportSyntax.json), ("[{", .json), ("# x\n{}", .yaml),
        ("#!/usr/bin/env node\n\nconst A = 'x'", .javascript),
        ("// x", .javascript), ("module.exports = {}", .javascript), ("export const A = 'x'", .javascript),
        ("# x\nexport A=x", .dotenv), ("A=x", .dotenv), ("a.b-c = d: e", .dotenv), ("A=", .dotenv), ("", .dotenv),
        ("# A: x\n\n", .dotenv), ("---\nA=x", .yaml), ("--- # x", .yaml), ("# x\n\"A\": \"b=c\"", .yaml),
        ("A: b=c", .yaml),
        ("'A b' :", .yaml), ("db:\n  A: x", .yaml),
        // What could be a password, or anything.
        ("hunter2", nil), ("hunter2\nA=x", nil), ("A:x", nil), ("http://a/?b=c", nil), ("-----BEGIN X-----", nil),
        ("=", nil),
        ("\"A\"=x", nil), ("\"A", nil), ("a b: c", nil), ("é=x", nil), (": x", nil), ("- A: x", nil),
    ])
    func aTextTellsItsSyntaxOrNothing(text: String, syntax: ImportSyntax?) {
        #expect(ImportSyntax(content: Array(text.utf8)) == syntax)
    }

    @Test func anEmptyStringIsAValueAndAnEmptyPlaceIsNone() throws {
        let texts: [(String, ImportSyntax)] = [
            ("A=''\nB=\nC= # x", .dotenv), ("{\"A\": \"\", \"B\": null}", .json), ("A: ''\nB:\nC: ~", .yaml),
            ("exports.A = ''", .javascript),
        ]
        for (text, syntax) in texts {
            #expect(try parse(Array(text.utf8), as: syntax).values.map { "\($0.name)=\($0.value)" } == ["A="])
        }
    }

    @Test func whatSopsHasEncryptedIsNoValue() throws {
        let file = try parse(
            Array("A: ENC[AES256_GCM,data:CwE4O1s=,iv:2k=,tag:o1E=,type:str]\nsops:\n    mac: x".utf8), as: .yaml)
        #expect(file.values.isEmpty)
        #expect(file.leftBehind[0].why == "encrypted by sops; import what sops -d prints")
    }
}
