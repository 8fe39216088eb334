import Exports
import Host
import Testing
import Tokens

/// `.env` files, read by the programs that they are written for.
@Suite struct DotenvReaderTests {
    private static func values(_ texts: [String]) -> [ExportValue] { Reader.values(texts.map { Array($0.utf8) }) }

    private static func format(_ dialect: String?) throws -> ExportFormat {
        var options = ExportFormat.Options()
        options.dialect = dialect
        return try #require(try ExportFormat.named("dotenv", options))
    }

    private static func accepted(_ values: [ExportValue], by dialect: String?) throws -> [ExportValue] {
        let format = try format(dialect)
        return values.filter { (try? format.render([$0])) != nil }
    }

    /// Names that a reader may take for something else.
    private static let oddNames = [
        "export", "exported", "export_A", "_A", "__A", "_1", "a", "constructor", "__proto__", "HTTP_X", "null",
        "DOTENV_LINEBREAK_MODE", "SYMFONY_DOTENV_VARS", "COMPOSE_X",
    ].map { ExportValue(name: $0, value: Secret("of \($0)\n")) }

    @Test(arguments: DotenvReaders.all)
    func eachReaderReadsEachAcceptedTextOfAFileForAll(program: DotenvReaders.Program) async throws {
        let refused = try await program.reader(dialect: nil).expectReturn(of: Reader.texts + Self.oddNames)
        #expect(Reader.texts.count - refused.count > 700)
    }

    @Test(arguments: DotenvReaders.all)
    func eachReaderReadsEachAcceptedTextOfItsDialect(program: DotenvReaders.Program) async throws {
        let refused = try await program.reader(dialect: program.dialect).expectReturn(of: Reader.texts + Self.oddNames)
        #expect(Reader.texts.count - refused.count > 1000)
    }

    /// Where a text may stand among others decides how some readers take its last backslash.
    @Test(arguments: DotenvReaders.all, [true, false])
    func aTextThatEndsBadlyTakesNothingOfTheNext(program: DotenvReaders.Program, isForAll: Bool) async throws {
        let ends = ["\\", "\\\\", "\"", "'", "$", "#", " ", "\n", "'\\", "\"\\", " #\\", "`"]
        let begins = ["", "#", " #x", "\n", "'", "\"", "\"#", "'#", "=", "\\'", "`"]
        let texts = ends.flatMap { end in begins.flatMap { ["x\(end)", "\($0)x", "a'#\(end)", $0] } }
        try await program.reader(dialect: isForAll ? nil : program.dialect).expectReturn(of: Self.values(texts))
    }

    /// Each refused text is tried in every spelling: none may be right, or, in a file for all, none for all of them.
    @Test(arguments: DotenvReaders.all.filter { $0.name != "docker compose v2" })
    func aTextThatADialectRefusesHasNoSpelling(program: DotenvReaders.Program) async throws {
        _ = try await program.reader(dialect: program.dialect).requiredVersion()
        let spellings = try await Self.spellings(ofThoseRefusedBy: program.dialect)
        let values = try await Self.values(of: spellings, by: program)
        // What another version of the reader, or compose v2, reads differently is refused without a spelling here.
        let isKnown = Self.knownRefusal[program.dialect] ?? { _ in false }
        let needless = spellings.indices.filter { values[$0] == spellings[$0].value && !isKnown(spellings[$0]) }
        #expect(needless.map { String(decoding: spellings[$0].file, as: UTF8.self).prefix(200) }.isEmpty)
    }

    @Test func aTextThatIsRefusedForAllHasNoSpellingForAll() async throws {
        let programs = DotenvReaders.all.filter { $0.name != "docker compose v2" }
        for program in programs { _ = try await program.reader(dialect: nil).requiredVersion() }
        let spellings = try await Self.spellings(ofThoseRefusedBy: nil)
        #expect(spellings.count > 1000)
        var right = Array(spellings.indices)
        for program in programs {
            let values = try await Self.values(of: spellings, by: program)
            right.removeAll { values[$0] != spellings[$0].value }
        }
        #expect(right.map { String(decoding: spellings[$0].file, as: UTF8.self).prefix(200) }.isEmpty)
    }

    private struct Spelling {
        let value: [UInt8]
        let file: [UInt8]
        var text: String { String(decoding: value, as: UTF8.self) }
    }

    private static let knownRefusal: [String: @Sendable (Spelling) -> Bool] = [:]

    private static func spellings(ofThoseRefusedBy dialect: String?) async throws -> [Spelling] {
        let format = try format(dialect)
        return Reader.texts.filter { (try? format.render([$0])) == nil }.flatMap { value in
            let bytes = value.value.revealedBytes()
            return spellings(of: String(decoding: bytes, as: UTF8.self)).map { spelling in
                Spelling(value: bytes, file: Array("DOTENV_LINEBREAK_MODE=legacy\nA=\(spelling)\nB='b'\nC=\"c\"\nD=`d`\n".utf8))
            }
        }
    }

    private static func spellings(of text: String) -> [String] {
        let lined = { (text: String) in text.replacing("\n", with: "\\n").replacing("\r", with: "\\r") }
        let escaped = { (text: String, characters: String) in
            text.map { characters.contains($0) ? "\\\($0)" : String($0) }.joined()
        }
        return ["'", "\"", "`", ""].flatMap { quote in
            [text, lined(text), escaped(text, "\\\(quote)"), escaped(text, "\\$\(quote)"), escaped(text, quote)].flatMap {
                [quote + $0 + quote, quote + lined($0) + quote]
            }
        }
    }

    /// What a program reads in each of the files, by the file's index.
    private static func values(
        of spellings: [Spelling], by program: DotenvReaders.Program
    ) async throws -> [Int: [UInt8]] {
        try await Place.with { place in
            for (index, spelling) in spellings.enumerated() {
                try FileSystem.create(place.path("\(index).env"), with: spelling.file.span)
            }
            let (end, output, errors) = await ChildProcess.run(
                program.command, environment: Place.environment, directory: place.folder, outputLimit: 256 << 20,
                timeout: .seconds(120))
            try #require(end == .exited(0), "\(String(decoding: errors.prefix(2000), as: UTF8.self))")
            let parts = output.split(separator: 0, omittingEmptySubsequences: false)
            var values: [Int: [UInt8]] = [:]
            for at in stride(from: 0, to: parts.count - 1, by: 2) {
                let name = String(decoding: parts[at], as: UTF8.self)
                if name.hasSuffix(".env/A"), let index = Int(name.prefix { $0 != "." }) {
                    values[index] = Array(parts[at + 1])
                }
            }
            return values
        }
    }
}
