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

    @Test(
        .enabled("a shell is not installed: it reads nothing back") {
            await Place.has("sh", "-c", "bash -c : && zsh -c :")
        },
        arguments: [["bash"], ["dash"], ["zsh", "-f"], ["bash", "--posix"]], ["C", "C.UTF-8"])
    func aShellSourcesEachByteBack(shell: [String], locale: String) async throws {
        let bytes = Self.texts + NastyValues.bytes(300, seed: 3)
        let loop = """
            . ./secrets.sh; n=0; while [ $n -lt \(bytes.count) ]; do
            eval "printf '%s\\0%s\\0' V$n \\"\\$V$n\\""; n=$((n+1)); done
            """
        try await Self.expectReturn(
            of: Self.values(bytes), format: "shell", file: "secrets.sh", by: shell + ["-c", loop],
            environment: Place.environment.merging(["LC_ALL": locale]) { $1 })
    }

    /// Every variable that a shell has is tried: the ones that do not take a value must be refused.
    @Test(
        .enabled("a shell is not installed: its own names go untested") {
            await Place.has("sh", "-c", "bash -c : && zsh -c :")
        },
        arguments: [["bash"], ["dash"], ["zsh", "-f"]])
    func aNameThatAShellKeepsForItselfIsRefused(shell: [String]) async throws {
        try await Place.with { place in
            let bash = try await place.run("bash", "-c", "compgen -v")
            let zsh = try await place.run("zsh", "-fc", "zmodload zsh/parameter; print -l ${(k)parameters}")
            let names = Set(
                (bash + zsh).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
            let format = try #require(try ExportFormat.named("shell"))
            var refused = 0
            var script = ""
            for name in names.union(["path", "UID", "RANDOM", "BASHPID", "TTYIDLE", "_"]).sorted() {
                guard let file = try? format.render([ExportValue(name: name, value: Secret("a b"))]).revealed() else {
                    refused += 1
                    continue
                }
                script += "(\n\(file)[ \"$\(name)\" = 'a b' ] || echo \(name)\n) || echo \(name)\n"
            }
            #expect(refused > 10)
            try place.write("script.sh", script)
            let output = try await place.run("sh", "-c", shell.joined(separator: " ") + " ./script.sh 2>&1")
            #expect(String(decoding: output, as: UTF8.self) == "")
        }
    }
}
