import Exports
import Host
import Testing
import Tokens

/// What is around our lines in a `.env` file, and what the real readers make of all of it.
@Suite struct MergeReaderTests {
    private static let (begin, end) = (MergeTests.begin, MergeTests.end)

    /// Lines that a person could have in a `.env` file.
    private static func surroundings(_ generator: inout SeededGenerator) -> String {
        let feed = Bool.random(using: &generator) ? "\n" : "\r\n"
        var text = Int.random(in: 0..<6, using: &generator) == 0 ? "\u{FEFF}" : ""
        for index in 0..<Int.random(in: 0..<6, using: &generator) {
            let lines = [
                "# it's a \"comment\" about V0=x \(end) ", "", "   # >>> not ours >>>", " \(begin)", "\(end)s",
                "export OWN_\(index)='single \" ` # \\ quoted'", "OWN_\(index)=\"two\(feed)lines\"",
                "OWN_\(index)=it's plain",
                "OWN_\(index)=", "OWN_\(index)=\(index) # why", "no definition", "OWN_\(index) : x",
            ]
            text += (lines.randomElement(using: &generator) ?? "") + feed
        }
        if Int.random(in: 0..<3, using: &generator) == 0, text.hasSuffix(feed) { text.removeLast() }
        return text
    }

    /// The file without our lines, as somebody takes them out by hand who reads what the marker says.
    private static func withoutOurs(_ bytes: [UInt8]) -> [UInt8] {
        var kept: [[UInt8]] = []
        var isOurs = false
        var dropsEnd = false
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init) {
            let text = String(decoding: line, as: UTF8.self)
            if text == begin || text == begin + "; the line above had no end" {
                (isOurs, dropsEnd) = (true, text != begin)
            } else if text == end {
                isOurs = false
            } else if !isOurs {
                kept.append(line)
            }
        }
        let joined = Array(kept.joined(separator: [UInt8(ascii: "\n")]))
        // The end of the line above is the one before what stood behind ours, which here is nothing.
        return dropsEnd && joined.last == UInt8(ascii: "\n") ? joined.dropLast() : joined
    }

    @Test func whateverStandsAroundOurLinesKeepsEveryByteAndAllIsReadByNodeAndPython() async throws {
        var generator = SeededGenerator(seed: 5)
        let format = try #require(try ExportFormat.named("dotenv"))
        let accepted = Reader.texts.filter { (try? format.render([$0])) != nil && $0.value.count < 1000 }
        try await Place.with { place in
            var expected: [[String: String]] = []
            for number in 0..<200 {
                let text = Self.surroundings(&generator)
                let (name, path) = ("\(number).env", place.path("\(number).env"))
                try place.write("own.\(name)", text)
                try place.write(name, text)
                var values: [ExportValue] = []
                for _ in 0..<3 {
                    values = (0..<Int.random(in: 0..<5, using: &generator)).map { index in
                        ExportValue(
                            name: "V\(index)", value: accepted.randomElement(using: &generator)?.value ?? Secret(""))
                    }
                    try await MergeTests.merge(path, values).write()
                    let bytes = try #require(try FileSystem.contents(of: path, limit: 1 << 20))
                    #expect(Self.withoutOurs(bytes) == Array(text.utf8), "\(text.debugDescription)")
                }
                // Below ours, too: what a person adds there stays where it is.
                try place.write(name, try #require(try place.text(name)) + "BELOW=1")
                try await MergeTests.merge(path, values + OutputTests.values("last")).write()
                #expect(try place.text(name)?.hasSuffix("\(MergeTests.end)\nBELOW=1") == true)
                let all = (values + OutputTests.values("last")).map { ($0.name, $0.value.revealed() ?? "") }
                expected.append(["BELOW": "1"].merging(all) { $1 })
            }
            for reader in Self.readers { try await reader.expect(expected, in: place) }
        }
    }

    /// Reads all files at once: number and name of the file, name and value, each with a NUL behind it.
    private struct EnvReader {
        let version: [String]
        let command: [String]

        private func read(_ files: [String], in place: Place) async throws -> [[String: String]] {
            try place.write("files", files.joined(separator: "\n"))
            let ended = await ChildProcess.run(
                command, environment: Place.environment, directory: place.folder, outputLimit: 64 << 20,
                timeout: .seconds(60))
            try #require(ended.end == .exited(0), "\(String(decoding: ended.errors.prefix(2000), as: UTF8.self))")
            let parts = ended.output.split(separator: 0, omittingEmptySubsequences: false).dropLast()
                .map { String(decoding: $0, as: UTF8.self) }
            var found = [[String: String]](repeating: [:], count: files.count)
            for index in stride(from: 0, to: parts.count, by: 3) {
                found[try #require(Int(parts[index]))][parts[index + 1]] = parts[index + 2]
            }
            return found
        }

        /// That each file has the expected values, and those that it had without our lines.
        func expect(_ expected: [[String: String]], in place: Place) async throws {
            guard await ChildProcess.run(version, environment: Place.environment).end == .exited(0) else {
                withKnownIssue("SKIPPED: \(version[0]) reads no merged file back") { Issue.record("not installed") }
                return
            }
            let numbers = expected.indices
            let own = try await read(numbers.map { "own.\($0).env" }, in: place)
            let merged = try await read(numbers.map { "\($0).env" }, in: place)
            #expect(own.contains { $0.count > 2 })
            for number in numbers {
                // Node 20 takes a comment that ends the file without a line end for a definition.
                let own = own[number].filter { $0.key.hasPrefix("OWN_") }
                let wrong = own.merging(expected[number]) { $1 }.filter { merged[number][$0.key] != $0.value }
                let text = try place.text("\(number).env")
                #expect(wrong.isEmpty, "\(version[0]), \((text ?? "").debugDescription)")
            }
        }
    }

    private static let readers = [
        EnvReader(
            version: ["node", "--version"],
            command: [
                "node", "-e",
                """
                fs.readFileSync('files', 'utf8').split('\\n').forEach((file, n) => {
                  for (const [k, v] of Object.entries(require('util').parseEnv(fs.readFileSync(file, 'utf8'))))
                    process.stdout.write(n + '\\0' + k + '\\0' + v + '\\0')
                })
                """,
            ]),
        EnvReader(
            version: ["/usr/bin/python3", "-c", "import dotenv"],
            command: [
                "/usr/bin/python3", "-c",
                """
                import dotenv, logging, sys
                logging.disable()
                for n, file in enumerate(open('files').read().split('\\n')):
                    for k, v in dotenv.dotenv_values(file).items():
                        sys.stdout.buffer.write(f'{n}\\0{k}\\0{v}\\0'.encode())
                """,
            ]),
    ]
}
