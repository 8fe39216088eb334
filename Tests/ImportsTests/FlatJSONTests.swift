import Testing

@testable import Imports

@Suite struct FlatJSONTests {
    private func read(_ text: String) throws -> (values: [String], left: [String]) {
        let file = try parse(Array(text.utf8), as: .json)
        return (file.values.map { "\($0.name)=\($0.value)" }, file.leftBehind.map { "\($0.name):\($0.line) \($0.why)" })
    }

    @Test func stringsAreTakenAndOtherMembersNamed() throws {
        let file = try read(
            #"""
            { "A": "x\u00e9\ud83d\ude00\/", "B": -1.5E+3, "C": true, "D": null,
              "E": [1, {"a": []}], "F": {"A": "y"}, "G": "", "H": "\u0000", "I": "\ud83d",
              "J K": "x", "\ud83d": "x",
              "A": "z" }
            """#)
        #expect(file.values == ["G=", "A=z"])
        #expect(
            file.left == [
                "A:1 replaced on line 4", "B:1 a number", "C:1 a boolean", "D:1 null", "E:2 an array",
                "F:2 an object; only flat values are taken", "H:2 holds NUL",
                "I:2 holds half of a surrogate pair",
                "J K:3 a name is 1 to 128 letters, digits, dots, underscores and hyphens, and begins with a letter or digit",
                "a member:3 its name holds half of a surrogate pair",
            ])
    }

    @Test(arguments: [
        "", "[]", "\"x\"", "{\"A\":\"x\"}x", "{\"A\":\"x\",}", "{A:\"x\"}", "{'A':'x'}", "{\"A\" \"x\"}", "{\"A\":}",
        "{\"A\":01}", "{\"A\":+1}", "{\"A\":1.}", "{\"A\":.5}", "{\"A\":1e}", "{\"A\":-}", "{\"A\":NaN}", "{\"A\":tru}",
        "{\"A\":\"\\x41\"}", "{\"A\":\"\\u12\"}", "{\"A\":\"\t\"}", "{\"A\":\"\n\"}", "{\"A\":[1,]}", "{\"A\":1 2}",
        "{,}", "// x\n{}", "{\u{A0}}", "{\u{C}}",
    ])
    func whatIsNotJSONIsRefused(text: String) throws {
        let error = try #require(throws: ImportError.self) { try read(text) }
        guard case .malformedJSON = error.problem else {
            Issue.record("\(text) is refused as \(error.problem)")
            return
        }
    }

    @Test func nestingEndsAtThirtyTwoLevels() throws {
        func nested(_ depth: Int) -> String {
            "{\"A\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(try read(nested(32)).left == ["A:1 an array"])
        #expect(throws: ImportError(problem: .tooDeep(limit: 32), line: 1)) { try read(nested(33)) }
    }
}
