import Testing

@testable import Imports

/// What PyYAML writes is read, or refused; what both read is the same.
@Suite(RealReader.pythonYAMLIsInstalled) struct YAMLAgreementTests {
    private static let ways = [
        #"{"default_flow_style": false}"#, #"{"default_style": "\""}"#, #"{"default_style": "'"}"#,
        #"{"default_style": "|"}"#, #"{"default_style": ">"}"#, #"{"default_style": "\"", "width": 20, "indent": 4}"#,
        #"{"default_style": "'", "width": 10}"#, #"{"default_style": "|", "indent": 7, "explicit_end": true}"#,
        #"{"default_style": ">", "width": 10, "explicit_start": true}"#,
        #"{"width": 1000000, "explicit_start": true, "explicit_end": true}"#, #"{"width": 5, "line_break": "\r\n"}"#,
        #"{"allow_unicode": true}"#, #"{"allow_unicode": true, "default_style": "|"}"#,
        #"{"allow_unicode": true, "default_style": "'", "width": 5}"#,
    ]

    @Test(arguments: ways, [1, 2])
    func whatPyYAMLWritesComesBack(options: String, seed: Int) async throws {
        var written = try await RealReader.python.read([], with: ReaderScript.dumpYAML, "\(seed)", options)
        let removed = written.removeValue(forKey: "document")
        let file = try parse(try #require(removed), as: .yaml)
        for value in file.values {
            #expect(written[value.name] == Array(value.value.utf8), "\(value.name) on line \(value.line)")
        }
        #expect(file.values.count + file.leftBehind.count == written.count && written.count > 400)
        // Such as `1e3`, which it takes for a string, and others do not.
        #expect(file.leftBehind.count < 7, "\(file.leftBehind.map { "\($0.name): \($0.why)" })")
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func noDocumentIsReadInTwoWays(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let names = ["A: ", "B:", "'C': ", "\"D\" : ", "E:  ", "A-b: ", "\n? F\n: ", "<<: "]
        let pieces =
            [
                "x", "y z", "'", "\"", "''", "\\", "\\n", "\\\n", "\\x41", "\\u00e9", "\\ud83d", "\\ ", "|", ">", "|-",
                ">+", "|2", ">1-", "- ", "-", "? ", ": ", ":", " #", "#", "# c", "&a ", "*a", "!t ", "%", "[]", "{}",
                "[a, b]",
                "{a: b}", "~", "null", "1", "0x1", "yes", "---", "---\n", "...\n", "\t", " ", "  ", "\n", "\n", "\n ",
                "\n  ",
                "\n\n", "\n    ", "\r\n", "\u{85}", "\u{FEFF}", "é", "😀", "@", "`", ",", "]", "}",
            ] + names + names.map { "\n" + $0 } + names.map { "\n  " + $0 } + names
        let documents = (0..<4000).map { _ in
            generator.pick(["", "", "---\n", "# c\n", " ", "\n"]) + generator.pick(names)
                + (0..<Int.random(in: 1...9, using: &generator)).map { _ in generator.pick(pieces) }.joined()
        }
        #expect(try await agreement(on: documents) > 150)
    }

    @Test(arguments: ways.indices)
    func noDocumentWithAMistakeIsReadInTwoWays(index: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(index))
        let seed = "\(100 + index)"
        let written = try await RealReader.python.read([], with: ReaderScript.dumpYAML, seed, Self.ways[index])
        let document = try #require(written["document"])
        let lines = Array(String(decoding: document, as: UTF8.self).unicodeScalars.split(separator: "\n"))
        let documents = (0..<2000).map { _ in
            let first = Int.random(in: lines.indices, using: &generator)
            let last = min(lines.count, first + Int.random(in: 1...12, using: &generator))
            var text = Array(lines[first..<last].joined(separator: ["\n"]))
            for _ in 0..<Int.random(in: 0...2, using: &generator) where !text.isEmpty {
                let place = Int.random(in: text.indices, using: &generator)
                if generator.pick([true, false]) { text.remove(at: place) }
                if generator.pick([true, false]) {
                    text.insert(generator.pick(Array(" \n\n:#'\"\\|>-?&[{%,\t0".unicodeScalars)), at: place)
                }
            }
            return String(String.UnicodeScalarView(text))
        }
        #expect(try await agreement(on: documents) > 500)
    }

    /// Fails for a document that is read here, and there not or otherwise; answers how many values were the same.
    private func agreement(on documents: [String]) async throws -> Int {
        let input = documents.map { $0.utf8.hexadecimal + "\n" }.joined()
        let answers = try await RealReader.python.lines(Array(input.utf8), with: ReaderScript.composeYAML)
        try #require(answers.count == documents.count)
        var agreed = 0
        for (document, answer) in zip(documents, answers) {
            guard let file = try? parse(Array(document.utf8), as: .yaml) else { continue }
            var theirs: [[UInt8]: [UInt8]] = [:]
            for field in answer.split(separator: " ").dropFirst() {
                let parts = field.split(separator: "=", omittingEmptySubsequences: false)
                if parts.count == 2 { theirs[parts[0].fromHexadecimal] = parts[1].fromHexadecimal }
            }
            let different = file.values.filter { theirs[Array($0.name.utf8)] != Array($0.value.utf8) }.map(\.name)
            #expect(different.isEmpty, "of \(document.debugDescription), which is \(answer.prefix(7)) there")
            agreed += file.values.count - different.count
        }
        return agreed
    }
}
