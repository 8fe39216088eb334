import Exports
import Host
import Testing
import Tokens

/// What is written, read by the programs that it is written for.
@Suite struct FormatTests {
    static let texts = NastyValues.texts(1500, seed: 2)

    private static func values(_ bytes: [[UInt8]]) -> [ExportValue] {
        bytes.enumerated().map { ExportValue(name: "V\($0)", value: Secret($1)) }
    }

    /// Splits `name NUL value NUL …`.
    private static func pairs(_ output: [UInt8]) -> [String: [UInt8]] {
        let parts = output.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
        var pairs: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            pairs[String(decoding: parts[index], as: UTF8.self)] = parts[index + 1]
        }
        return pairs
    }

    /// Writes the values as `file`, lets `command` print them as pairs, and compares.
    private static func expectReturn(
        of values: [ExportValue], format: String, file: String, by command: [String],
        environment: [String: String] = Place.environment
    ) async throws {
        try await Place.with { place in
            try place.write(file, try #require(try ExportFormat.named(format)).render(values).revealedBytes())
            let (end, output, errors) = await ChildProcess.run(
                command, environment: environment, directory: place.folder, outputLimit: 64 << 20,
                timeout: .seconds(60))
            #expect(end == .exited(0), "\(String(decoding: errors.prefix(2000), as: UTF8.self))")
            let pairs = pairs(output)
            let wrong = values.filter { pairs[$0.name] != $0.value.revealedBytes() }.map { value in
                (value.name, value.value.revealed()?.prefix(40) ?? "", pairs[value.name]?.prefix(80) ?? [])
            }
            #expect(wrong.isEmpty)
        }
    }

    private static let print =
        "for (const [k, v] of Object.entries(values)) process.stdout.write(k + '\\0' + v + '\\0')"

    private static func node(_ format: String, _ file: String, _ code: String) -> Reader {
        Reader(
            format: format, name: "Node", version: ["node", "--version"], file: file, command: ["node", "-e", code])
    }

    @Test func nodeRequiresEachTextBack() async throws {
        let odd = ["__proto__", "not-an-identifier", "V-\"\\\n\u{2028}", "-class"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        let node = Self.node("commonjs", "secrets.js", "const values = require('./secrets.js');" + Self.print)
        #expect(try await node.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test func nodeImportsEachTextBack() async throws {
        let odd = ["async", "of", "get", "undefined", "NaN", "then", "constructor", "__proto__", "module"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        let node = Self.node(
            "esm", "secrets.mjs", "import('./secrets.mjs').then(values => {" + Self.print + "})")
        #expect(try await node.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test func nodeParsesEachTextBack() async throws {
        let odd = ["__proto__", "not-an-identifier", "V-\"\\\n\u{2028}"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        let node = Self.node(
            "json", "secrets.json",
            "const values = JSON.parse(fs.readFileSync('secrets.json', 'utf8'));" + Self.print)
        #expect(try await node.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    private static let python = """
        import dotenv, sys
        for k, v in dotenv.dotenv_values('secrets.env').items():
            sys.stdout.buffer.write(k.encode() + b'\\0' + v.encode() + b'\\0')
        """

    /// The texts that the format takes; the others are refused.
    private static func accepted() throws -> (values: [ExportValue], refused: [ExportValue]) {
        let format = try #require(try ExportFormat.named("dotenv"))
        var accepted: [ExportValue] = []
        var refused: [ExportValue] = []
        for value in values(texts) {
            if (try? format.render([value])) != nil { accepted.append(value) } else { refused.append(value) }
        }
        return (accepted, refused)
    }

    @Test(
        .enabled("SKIPPED: node 20.6 or newer is not installed: its --env-file reads nothing back") {
            await Place.has("node", "--env-file=/dev/null", "-e", "0")
        })
    func nodeReadsEachAcceptedTextFromADotenvFile() async throws {
        let values = try Self.accepted().values
        #expect(values.count > 800)
        try await Self.expectReturn(
            of: values, format: "dotenv", file: "secrets.env",
            by: ["node", "--env-file=secrets.env", "-e", "const values = process.env;" + Self.print])
    }

    @Test(
        .enabled("python-dotenv is not installed: it reads nothing back") {
            await Place.has("python3", "-c", "import dotenv")
        })
    func pythonReadsEachAcceptedTextFromADotenvFile() async throws {
        try await Self.expectReturn(
            of: try Self.accepted().values, format: "dotenv", file: "secrets.env", by: ["python3", "-c", Self.python])
    }

    /// `${` without its `}`: refused although these two readers take it as it is, since others do not.
    private static func hasOpenReference(_ value: ExportValue) -> Bool {
        let text = value.value.revealed() ?? ""
        return text.contains(/\$\{/) && !text.contains(/\$\{[^}:]*\}/)
    }

    /// Whether both ends are letters: what goes without quotes only then, since readers trim different blanks.
    private static func hasVisibleEnds(_ value: ExportValue) -> Bool {
        value.value.withSpan { bytes in
            [bytes[0], bytes[bytes.count - 1]].allSatisfy { (0x21...0x7E).contains($0) }
        }
    }

    /// Each refused text is tried in every quoting: none may be right for both readers.
    @Test(
        .enabled("node or python-dotenv is not installed: refusals go untested") {
            await Place.has("sh", "-c", "node --version && python3 -c 'import dotenv'")
        })
    func aTextThatDotenvRefusesHasNoQuotingThatBothReadersAgreeOn() async throws {
        let refused = try Self.accepted().refused.filter { !Self.hasOpenReference($0) }
        #expect(refused.count > 100)
        try await Place.with { place in
            let candidates = refused.flatMap { value in
                ["'", "\""].map { (value, $0) } + (Self.hasVisibleEnds(value) ? [(value, "")] : [])
            }
            for (index, candidate) in candidates.enumerated() {
                let quote = Array(candidate.1.utf8)
                let line = Array("A=".utf8) + quote + candidate.0.value.revealedBytes() + quote
                try FileSystem.create(
                    place.path("\(index).env"), with: (line + Array("\nB='b'\nC=\"c\"\nD=`d`\n".utf8)).span)
            }
            let node = try await place.run(
                "node", "-e",
                """
                for (let n = 0; n < \(candidates.count); n++) {
                  const v = require('util').parseEnv(fs.readFileSync(n + '.env', 'utf8'));
                  process.stdout.write(n + '\\0' + v.A + '\\0')
                }
                """)
            let python = try await place.run(
                "python3", "-c",
                """
                import dotenv, sys, logging
                logging.disable()
                for n in range(\(candidates.count)):
                    v = dotenv.dotenv_values(f'{n}.env').get('A')
                    sys.stdout.buffer.write(f'{n}\\0{v}\\0'.encode('utf-8', 'surrogatepass'))
                """)
            let (byNode, byPython) = (Self.pairs(node), Self.pairs(python))
            let needless = candidates.indices.filter { index in
                let bytes = candidates[index].0.value.revealedBytes()
                return byNode["\(index)"] == bytes && byPython["\(index)"] == bytes
            }
            #expect(needless.map { (candidates[$0].0.value.revealed(), candidates[$0].1) }.isEmpty)
        }
    }
}
