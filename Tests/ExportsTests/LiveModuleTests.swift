import Exports
import Host
import Imports
import Testing
import Tokens

/// Modules that give what their file holds now, in the Node that they are written for.
@Suite(.enabled("SKIPPED: node is not installed: no live module was tried") { await Place.has("node", "--version") })
struct LiveModuleTests {
    private static let files = ["commonjs": "secrets.js", "esm": "secrets.mjs"]

    private static let live: ExportFormat.Options = {
        var options = ExportFormat.Options()
        options.isLive = true
        return options
    }()

    private static func render(_ file: String, _ values: KeyValuePairs<String, String>) throws -> Secret {
        let name = file.hasSuffix(".mjs") ? "esm" : "commonjs"
        let format = try #require(try ExportFormat.named(name, live))
        return try format.render(values.map { ExportValue(name: $0, value: Secret($1)) })
    }

    private static func write(_ values: KeyValuePairs<String, String>, to file: String, in place: Place) throws {
        try place.write(file, try render(file, values).revealedBytes())
    }

    // MARK: What is read

    /// With `fallback`, the file is away before the first value is read: then the values are those of the literal.
    @Test(arguments: ["", "fs.unlinkSync(file); "])
    func nodeRequiresEachTextBackFromALiveModule(fallback: String) async throws {
        try await Self.expectReturn(
            format: "commonjs", name: "Node, live\(fallback.isEmpty ? "" : ", file gone")",
            load: "const values = require('./' + file); \(fallback)print(values)")
    }

    @Test(arguments: ["", "fs.unlinkSync(file); "])
    func nodeImportsEachTextBackFromALiveModule(fallback: String) async throws {
        try await Self.expectReturn(
            format: "esm", name: "Node, live\(fallback.isEmpty ? "" : ", file gone")",
            load: "import('./' + file).then((module) => { \(fallback)print(module.default) })")
    }

    private static func expectReturn(format: String, name: String, load: String) async throws {
        let odd = ["__proto__", "not-an-identifier", "V-\"\\\n\u{2028}", "constructor", "then", "[\"__proto__\"]"].map {
            ExportValue(name: $0, value: Secret("of \($0), [\"__proto__\"]: "))
        }
        let file = try #require(files[format])
        let print = """
            const file = '\(file)';
            const print = (values) => {
              for (const [k, v] of Object.entries(values)) process.stdout.write(k + '\\0' + v + '\\0');
            };
            """
        let node = Reader(
            format: format, options: live, name: name, version: ["node", "--version"], file: file,
            command: ["node", "-e", print + load])
        #expect(try await node.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test(arguments: ["secrets.js", "secrets.mjs"])
    func importTakesEachTextBackFromALiveModule(file: String) throws {
        let name = file.hasSuffix(".mjs") ? "esm" : "commonjs"
        let bytes = try #require(try ExportFormat.named(name, Self.live)).render(Reader.texts).revealedBytes()
        let imported = try parse(bytes, as: .javascript)
        let values = Dictionary(uniqueKeysWithValues: imported.values.map { ($0.name, Array($0.value.utf8)) })
        let expected = Reader.texts.filter { !$0.value.isEmpty }
        #expect(expected.filter { values[$0.name] != $0.value.revealedBytes() }.map(\.name).isEmpty)
        #expect(values.count == expected.count)
        #expect(imported.leftBehind.allSatisfy { $0.why == "empty" }, "\(imported.leftBehind.prefix(3))")
    }

    // MARK: What changes

    @Test(.timeLimit(.minutes(1)), arguments: ["secrets.js", "secrets.mjs"])
    func aProcessThatRunsOnHasTheValuesOfToday(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "1"], to: file, in: place)
            try await RunningNode.with(place.path(file)) { node in
                #expect(try await node.ask("[secrets.A, secrets.B]") == #"["1",null]"#)
                try Self.write(["A": "2", "B": "é", "__proto__": "p"], to: file, in: place)
                #expect(try await node.ask("until(() => secrets.A === '2')") == "true")
                #expect(
                    try await node.ask(
                        "[Object.keys(secrets), 'B' in secrets, { ...secrets }, Object.assign({}, secrets).B]")
                        == "[[\"A\",\"B\",\"__proto__\"],true,{\"A\":\"2\",\"B\":\"é\",\"__proto__\":\"p\"},\"é\"]"
                )
                #expect(
                    try await node.ask(
                        "JSON.stringify(secrets) === JSON.stringify({ ...secrets }) && ({}).p === undefined")
                        == "true")
                try Self.write(["B": "3"], to: file, in: place)
                #expect(try await node.ask("until(() => !('A' in secrets))") == "true")
                #expect(
                    try await node.ask("[secrets.A, secrets.hasOwnProperty('A'), secrets]")
                        == #"[null,false,{"B":"3"}]"#)
            }
        }
    }

    @Test(arguments: ["secrets.js", "secrets.mjs"])
    func tenThousandReadsCostOneStatASecondAtMost(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "1"], to: file, in: place)
            try await RunningNode.with(place.path(file)) { node in
                let reads = "for (let n = 0; n < 10000; n++) secrets.A"
                #expect(try await node.ask("stats") == "0", "loading asks for nothing that it does not have")
                #expect(
                    try await node.ask(
                        "(() => { const t = now(); \(reads); return stats <= 1 + (now() - t) / 1000 })()")
                        == "true")
                for (time, stats) in [(1e9, 1), (1e9 + 999, 1), (1e9 + 1000, 2), (1e9 + 1999, 2), (1e9 + 90_000, 3)] {
                    _ = try await node.ask("\(time == 1e9 ? "stats = 0, " : "")clock = \(time)")
                    #expect(try await node.ask("(() => { \(reads); return stats })()") == "\(stats)", "at \(time) ms")
                }
            }
        }
    }

    /// Every state that a program which writes in place may leave a file in: the new bytes up to some point, and behind it
    /// nothing, or what was there before.
    @Test(arguments: ["secrets.js", "secrets.mjs"], ["", "whole.subarray(n)"])
    func aFileThatIsHalfWrittenLeavesTheValuesAsTheyWere(file: String, rest: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "before", "B": "before"], to: file, in: place)
            let next = try Self.render(file, ["A": "AFTER!", "B": "AFTER!"])
            try place.write("next", next.revealedBytes())
            try await RunningNode.with(place.path(file)) { node in
                // The time of the file is its own for each state, so that each is read.
                let seen = try await node.ask(
                    """
                    (() => { const whole = fs.readFileSync(file), next = fs.readFileSync('\(place.path("next"))'), seen = []; \
                    for (let n = 0; n <= next.length; n++) { \
                    fs.writeFileSync(file, Buffer.concat([next.subarray(0, n)\(rest.isEmpty ? "" : ", \(rest)")])); \
                    fs.utimesSync(file, n, n); clock = n * 1000 + 1e6; const values = secrets.A + ' ' + secrets.B; \
                    if (values !== seen.at(-1)?.[1]) seen.push([n, values]) } return seen })()
                    """)
                let text = try #require(next.revealed())
                let end = try #require(text.firstRange(of: /\n}; \/\/ [0-9a-f]{8}\n/)).upperBound
                let complete = text.utf8.distance(from: text.startIndex, to: end) - (rest.isEmpty ? 0 : 1)
                #expect(seen == #"[[0,"before before"],[\#(complete),"AFTER! AFTER!"]]"#)
            }
        }
    }

    @Test(arguments: ["secrets.js", "secrets.mjs"])
    func aFileThatIsMissingOrAnothersLeavesTheValuesAndIsTriedAgain(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "old"], to: file, in: place)
            try await RunningNode.with(place.path(file)) { node in
                #expect(try await node.ask("(clock = 1e6, secrets.A)") == "\"old\"")
                let whole = "fs.readFileSync(file, 'utf8')"
                for change in [
                    "fs.renameSync(file, file + '.away')", "fs.mkdirSync(file)",
                    "(fs.rmdirSync(file), fs.writeFileSync(file, ''))",
                    "fs.writeFileSync(file, 'module.exports = { A: \"x\" };\\n')",
                    "fs.writeFileSync(file, fs.readFileSync(file + '.away', 'utf8').replace('old', 'odd'))",
                    "fs.writeFileSync(file, '// mine\\n' + \(whole))",
                    "(fs.unlinkSync(file), fs.symlinkSync(file, file))",
                ] {
                    _ = try await node.ask("(\(change), stats = 0)")
                    for tries in 1...3 {
                        #expect(
                            try await node.ask("(clock += 1000, [secrets.A, Object.keys(secrets), stats])")
                                == #"["old",["A"],\#(tries)]"#, "\(change)")
                    }
                }
                _ = try await node.ask("fs.unlinkSync(file)")
                try Self.write(["A": "new"], to: file, in: place)
                #expect(try await node.ask("(clock += 1000, secrets.A)") == "\"new\"")
            }
        }
    }

    @Test(arguments: ["secrets.js", "secrets.mjs"])
    func twoChangesThatBearOneTimeAreBothSeen(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "1"], to: file, in: place)
            try place.write("next", try Self.render(file, ["A": "2"]).revealedBytes())
            try await RunningNode.with(place.path(file)) { node in
                #expect(try await node.ask("(fs.utimesSync(file, 1, 1), clock = 1e6, secrets.A)") == "\"1\"")
                // In place: the inode and the size are the same, too.
                _ = try await node.ask(
                    "(fs.writeFileSync(file, fs.readFileSync('\(place.path("next"))')), fs.utimesSync(file, 1, 1))")
                #expect(try await node.ask("(clock += 1000, secrets.A)") == "\"2\"")
            }
        }
    }

    // MARK: What cannot be done

    @Test(arguments: ["secrets.js", "secrets.mjs"])
    func aLiveModuleCannotBeChangedByItsReaders(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "1"], to: file, in: place)
            try await RunningNode.with(place.path(file)) { node in
                for change in [
                    "secrets.A = 'x'", "secrets.B = 'x'", "delete secrets.A", "Object.freeze(secrets)",
                    "Object.defineProperty(secrets, 'A', { value: 'x' })", "Object.setPrototypeOf(secrets, { B: 'x' })",
                ] {
                    let outcome = "(() => { 'use strict'; try { \(change) } catch (error) { return error.name } })()"
                    let error = try await node.ask(outcome)
                    #expect(error == "\"TypeError\"", "\(change)")
                    #expect(try await node.ask("[secrets, secrets.B]") == #"[{"A":"1"},null]"#, "\(change)")
                }
            }
        }
    }

    @Test(arguments: ["secrets.js", "secrets.mjs"])
    func aNameThatIsImportedFromALiveModuleFailsWhenItIsLinked(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "1"], to: file, in: place)
            func run(_ code: String) async -> (ChildProcess.End, String) {
                let (end, output, errors) = await ChildProcess.run(
                    ["node", "--input-type=module", "-e", code], environment: Place.environment,
                    directory: place.folder)
                return (end, String(decoding: output + errors, as: UTF8.self))
            }
            let named = await run("import { A } from './\(file)'; console.log(A)")
            #expect(named.0 == .exited(1) && named.1.contains("SyntaxError") && named.1.contains("'A'"), "\(named.1)")
            let whole = await run("import secrets from './\(file)'; console.log(secrets.A)")
            #expect(whole == (.exited(0), "1\n"))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["secrets.js", "secrets.mjs"])
    func aWorkerThatLoadedItByALinkHasTheValuesOfToday(file: String) async throws {
        try await Place.with { place in
            try Self.write(["A": "1"], to: file, in: place)
            try place.write("next", try Self.render(file, ["A": "2"]).revealedBytes())
            let output = try await place.run(
                "node", "-e",
                """
                fs.mkdirSync('app'); fs.symlinkSync('../\(file)', 'app/\(file)');
                const load = async (file) => file.endsWith('.mjs') ? (await import(file)).default : require(file);
                const work = async ({ parentPort, workerData }) => {
                  const secrets = await load(workerData), first = secrets.A;
                  parentPort.postMessage(first);
                  while (secrets.A === first) await new Promise((resolve) => setTimeout(resolve, 20));
                  parentPort.postMessage(secrets.A);
                };
                const { Worker } = require('node:worker_threads');
                const code = `const load = ${load}; (${work})(require('node:worker_threads'))`;
                const worker = new Worker(code, { eval: true, workerData: process.cwd() + '/app/\(file)' });
                worker.on('message', (value) => { console.log(value); if (value === '1') fs.renameSync('next', '\(file)') });
                """)
            #expect(String(decoding: output, as: UTF8.self) == "1\n2\n")
        }
    }
}
