import Subprocess
import Testing
import Tokens

/// Our reader and writer against Python's, on the same texts.
@Suite(
    .enabled("python3 is not on the PATH: JSON was NOT compared with it") {
        (try? await PythonJSON.verdicts(on: []))?.isEmpty == true
    })
struct JSONAgreementTests {
    @Test func pythonTakesRefusesAndReadsTheSameTexts() async throws {
        let texts = Self.texts
        let verdicts = try await PythonJSON.verdicts(on: texts)
        try #require(verdicts.count == texts.count)
        for (text, verdict) in zip(texts, verdicts) {
            #expect(reading(of: text) == verdict, "\(String(decoding: text, as: UTF8.self))")
        }
        #expect(verdicts.count { $0 == "refused" } > 500)
        #expect(verdicts.count { $0 != "refused" } > 1200)
    }

    /// Texts of our own writer, and the same with one byte changed.
    private static var texts: [[UInt8]] {
        var generator = SeededGenerator(seed: 7159)
        var texts: [[UInt8]] = []
        for _ in 0..<1000 {
            var object = JSONObject()
            for _ in 0..<3 { object.set(generator.text(), generator.text()) }
            object.set("numbers", [generator.text()])
            let text = object.encoded().revealedBytes()
            texts.append(text)
            let escaped = Array(#"{"a":"\ud83d\ude00\u0041\n","b":[1,-2.5e3,{"c":"d"}],"é":0,"g":true}"#.utf8)
            for var altered in [text, escaped] {
                let place = Int.random(in: 0..<altered.count, using: &generator)
                altered[place] = UInt8.random(in: 0x20..<0x7F, using: &generator)
                texts.append(altered)
            }
        }
        return texts
    }

    /// What we read, in the script's words.
    private func reading(of text: [UInt8]) -> String {
        guard let object = try? JSONObject(parsing: text.span, rules: .answer) else { return "refused" }
        let members = object.names.compactMap { name in
            (try? object.secret(name))?.map { value in
                hexadecimal(name.utf8.span) + "=" + value.withSpan { hexadecimal($0) }
            }
        }
        return members.sorted().joined(separator: ",")
    }
}

private enum PythonJSON {
    /// Prints for each line of hexadecimal digits `refused`, or the string members' names and values in hexadecimal.
    private static let script = """
        import json, re, sys
        def constant(_): raise ValueError()
        def show(text): return re.sub('[\\ud800-\\udfff]', '\\ufffd', text).encode().hex()
        def members(pairs): return {show(name): value for name, value in pairs}
        for line in sys.stdin:
            try:
                text = bytes.fromhex(line).decode('utf-8')
                value = json.loads(text, parse_constant=constant, object_pairs_hook=members)
                if not isinstance(value, dict): raise ValueError()
                strings = [name + '=' + show(value) for name, value in value.items() if isinstance(value, str)]
                print(','.join(sorted(strings)))
            except ValueError:
                print('refused')
        """

    static func verdicts(on texts: [[UInt8]]) async throws -> [Substring] {
        let lines = texts.map { hexadecimal($0.span) + "\n" }.joined()
        let result = try await run(
            .name("python3"), arguments: ["-c", script], input: .string(lines), output: .string(limit: 1 << 24),
            error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "python3 failed: \(result.standardError)")
        return result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }
}
