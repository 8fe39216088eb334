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

    /// Texts that end and begin so that a reader may take the end of the one for no end, each before each.
    private static let neighbours: [ExportValue] = {
        let ends = ["\\", "\\\\", "\"", "'", "$", "#", " ", "\n", "'\\", "\"\\", " #\\", "`"]
        let begins = ["", "#", " #x", "\n", "'", "\"", "\"#", "'#", "=", "\\'", "`"]
        let texts = ends.flatMap { end in begins.flatMap { ["x\(end)", "\($0)x", "a'#\(end)", $0] } }
        return texts.enumerated().map { ExportValue(name: "N\(10000 + $0)", value: Secret($1)) }
    }()

    private static let texts = Reader.texts + neighbours + oddNames

    @Test(arguments: DotenvReaders.all)
    func eachReaderReadsEachAcceptedTextOfAFileForAll(program: DotenvReaders.Program) async throws {
        let refused = try await program.reader(dialect: nil).expectReturn(of: Self.texts)
        #expect(Self.texts.count - refused.count > 1400)
    }

    @Test(arguments: DotenvReaders.all)
    func eachReaderReadsEachAcceptedTextOfItsDialect(program: DotenvReaders.Program) async throws {
        let refused = try await program.reader(dialect: program.dialect).expectReturn(of: Self.texts)
        #expect(Self.texts.count - refused.count > 1700)
    }

    /// What would be run if it were not quoted, and what a reader that runs it leaves behind.
    @Test(arguments: DotenvReaders.all, [true, false])
    func nothingInAValueIsRun(program: DotenvReaders.Program, isForAll: Bool) async throws {
        let reader = program.reader(dialect: isForAll ? nil : program.dialect)
        _ = try await reader.requiredVersion()
        let commands = ["$(touch made)", "`touch made`", "$(touch $(echo made))", "\\$(touch made)", "$$(touch made)"]
        let texts = commands.flatMap {
            [$0, "it's \($0)", "it's # \($0)", "\"\($0)\"", "\n\($0)", "\($0)\\", "'\($0)'"]
        }
        let values = try Self.accepted(Self.values(texts), by: reader.options.dialect)
        #expect(values.count > 10)
        try await Place.with { place in
            try place.write(reader.file, try Self.format(reader.options.dialect).render(values).revealedBytes())
            _ = await ChildProcess.run(program.command, environment: Place.environment, directory: place.folder)
            #expect(try await !place.names().contains("made"))
            guard program.dialect == "ruby" else { return }
            // The gem does run what it finds.
            try place.write(reader.file, "A=\"$(touch made)\"\n")
            _ = await ChildProcess.run(program.command, environment: Place.environment, directory: place.folder)
            #expect(try await place.names().contains("made"))
        }
    }

    /// Both the rules of today and those of older releases; it is no reader, and stands in no table of what was tried.
    @Test(arguments: [nil, "compose"], [true, false])
    func theRulesOfComposeV2GiveEachAcceptedText(dialect: String?, isOld: Bool) throws {
        let values = try Self.accepted(Self.texts, by: dialect)
        let file = try Self.format(dialect).render(values).revealedBytes()
        let read = try #require(ComposeRules.read(file, isOld: isOld))
        #expect(values.filter { read[$0.name] != $0.value.revealedBytes() }.map(\.name) == [])
    }

    @Test func aDialectThatThereIsNotIsSaidToBeNone() throws {
        var options = ExportFormat.Options()
        options.dialect = "perl"
        let problem = FormatProblem(
            "dotenv has no dialect of that name",
            hint: "there are node, python, ruby, go, symfony, compose; without one, all of these read the file")
        #expect(throws: problem) { try ExportFormat.named("dotenv", options) }
    }

    @Test(arguments: [
        (nil, "DOTENV_LINEBREAK_MODE=legacy\nA='1$'\nB=\"it's\\n\"\nDOTENV_LINEBREAK_MODE=''\n"),
        ("node", "# dialect: node\nA='1$'\nB=\"it's\n\"\n"),
        ("python", "# dialect: python\nA='1$'\nB='it\\'s\n'\n"),
        (
            "ruby",
            "# dialect: ruby\nDOTENV_LINEBREAK_MODE=legacy\nA='1$'\nB=\"it's\\n\"\nDOTENV_LINEBREAK_MODE=''\n"
        ),
        ("go", "# dialect: go\nA='1$'\nB=\"it's\\n\"\n"),
        ("symfony", "# dialect: symfony\nA='1$'\nB='it'\"'\"'s\n'\n"),
        ("compose", "# dialect: compose\nA='1$'\nB=\"it's\\n\"\n"),
    ])
    func equalValuesMakeTheseBytesInAnyOrder(dialect: String?, lines: String) throws {
        let values = [("A", "1$"), ("B", "it's\n")].map { ExportValue(name: $0, value: Secret($1)) }
        let file = "# generated by tokenkeep; do not edit or commit\n" + lines
        #expect(try Self.format(dialect).render(values).revealed() == file)
        #expect(try Self.format(dialect).render(values.reversed()).revealed() == file)
    }

    @Test(arguments: ["a\rb", "a ${B} b", "it's \"x\"\n", "'#\"", "'\"\\", " '\" "])
    func aRefusalGivesAReasonAndNotTheValue(value: String) throws {
        let refused = ExportValue(name: "A", value: Secret(value))
        let refusal = try #require(throws: ExportRefusal.self) { try Self.format(nil).render([refused]) }
        #expect(refusal.name == "A" && !refusal.reason.contains(value))
    }

    /// What real values are: each has to go into a file for all, but for those that are said not to.
    @Test func aFileForAllTakesWhatTokensAndKeysAreMadeOf() throws {
        let base64 = "c2VjcmV0+/9hYmM="
        let key = "-----BEGIN PRIVATE KEY-----\n\(base64)\n\(base64)\n-----END PRIVATE KEY-----\n"
        let taken = [
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_MA", base64, key, "act.1!4b2c!~", "$2y$10$N9qo8uLOickgx2ZMRZo",
            "postgres://u:p%40#$w@db:5432/x?a=b&c=d", #"{"type":"service_account","key":"-----BEGIN\n"}"#,
            "correct horse battery staple", "it's", " padded ", "", "caf\u{E9} 😀", #"a"b"#, #"C:\Users"#,
            "100%!#`~^&*()",
        ]
        let refused = [#"{"it's":1}"#, "{\n  \"a\": 1\n}", "a\r\nb", "${A}", "it's $5", #"a\\b"#, #"it's \"#]
        #expect(try Self.accepted(Self.values(taken), by: nil).count == taken.count)
        #expect(try Self.accepted(Self.values(refused), by: nil).isEmpty)
    }

    /// Documentation/FORMATS.md gives these figures.
    @Test(
        arguments: [
            (nil, 9001), ("node", 9982), ("python", 9993), ("ruby", 9998), ("go", 9992), ("symfony", 10000),
            ("compose", 9574),
        ] as [(String?, Int)])
    func ofTenThousandRandomPasswordsSoManyAreTaken(dialect: String?, count: Int) throws {
        var generator = SeededGenerator(seed: 5)
        let passwords = (0..<10000).map { _ in
            (0..<20).map { _ in UInt8.random(in: 0x21...0x7E, using: &generator) }
        }
        let taken = try Self.accepted(Reader.values(passwords), by: dialect).count
        #expect(taken == count)
    }

    /// Each refused text is tried in every spelling: none may be right, or, in a file for all, none for all of them.
    @Test(arguments: [nil, "node", "python", "ruby", "go", "compose"])
    func aTextThatIsRefusedHasNoSpelling(dialect: String?) async throws {
        let programs = DotenvReaders.all.filter { dialect == nil || $0.dialect == dialect }
            .filter { $0.name != DotenvReaders.compose2.name }
        for program in programs { _ = try await program.reader(dialect: dialect).requiredVersion() }
        var spellings = try Self.spellings(ofThoseRefusedBy: dialect)
        #expect(spellings.count > 100)
        if programs.contains(where: { $0.dialect == "compose" }) {
            spellings.removeAll { ComposeRules.read($0.file, isOld: false)?["A"] != $0.value }
        }
        for program in programs {
            for (dialect, probe, isLike) in Self.laterSpellings where dialect == program.dialect {
                if try await !Self.right([probe], by: program).isEmpty { spellings.removeAll { isLike($0.text) } }
            }
            spellings = try await Self.right(spellings, by: program)
        }
        let needless = spellings.filter { Self.cautions[dialect ?? ""]?($0.text) != true }
        #expect(needless.map { String(decoding: $0.file, as: UTF8.self).prefix(200).debugDescription } == [])
    }

    /// What is refused although these readers take some spelling of it: other releases do not, or only by an oversight.
    private static let cautions: [String: @Sendable (String) -> Bool] = [
        "": { $0.contains("$") || $0.utf8.contains { $0 > 0x7E } },
        // A command that is escaped comes back where its parentheses are paired, and only there.
        "ruby": { $0.contains("$(") || $0.contains("\\'") && $0.contains("#") },
        "go": { $0.contains("\\'") || $0.hasSuffix("\"") },
        "compose": { $0.contains("$") || $0.contains("#") || $0.hasSuffix("\"") },
    ]

    /// What only later releases take, so that texts like it cannot be tried with them: the gem's from 2.7 on know values
    /// over several lines, python-dotenv's from 1.2.3 on an escaped backslash at the end.
    private static let laterSpellings: [(String, Spelling, @Sendable (String) -> Bool)] = [
        ("ruby", Spelling("x\ny", in: "'x\ny'"), { $0.contains("\n") }),
        ("python", Spelling("x\\", in: "'x\\\\'"), { $0.hasSuffix("\\") }),
    ]

    private struct Spelling {
        let text: String
        let file: [UInt8]
        var value: [UInt8] { Array(text.utf8) }

        init(_ text: String, in spelling: String) {
            self.text = text
            file = Array("DOTENV_LINEBREAK_MODE=legacy\nA=\(spelling)\nB='b'\nC=\"c\"\nD=`d`\n".utf8)
        }
    }

    private static func spellings(ofThoseRefusedBy dialect: String?) throws -> [Spelling] {
        let format = try format(dialect)
        return Reader.texts.filter { $0.value.count < 1000 && (try? format.render([$0])) == nil }.flatMap { value in
            let text = value.value.revealed() ?? ""
            return Set(spellings(of: text)).sorted().map { Spelling(text, in: $0) }
        }
    }

    private static func spellings(of text: String) -> [String] {
        let lined = { (text: String) in text.replacing("\n", with: "\\n").replacing("\r", with: "\\r") }
        let escaped = { (text: String, characters: String) in
            text.map { characters.contains($0) ? "\\\($0)" : String($0) }.joined()
        }
        // What blank a reader trims, beyond ASCII, is not looked into: there, only quotes are tried. `import` takes `==`
        // for the end of base64.
        let isBare =
            [text.utf8.first, text.utf8.last].allSatisfy { $0.map { (0x21...0x7E).contains($0) } ?? false }
            && text.first != "="
        return (["'", "\"", "`"] + (isBare ? [""] : [])).flatMap { quote in
            [text, escaped(text, "\\\(quote)"), escaped(text, "\\$\(quote)"), escaped(text, quote)].flatMap {
                [quote + $0 + quote, quote + lined($0) + quote]
            }
        }
    }

    /// Those of the spellings that a program reads as it should.
    private static func right(_ spellings: [Spelling], by program: DotenvReaders.Program) async throws -> [Spelling] {
        try await Place.with { place in
            for (index, spelling) in spellings.enumerated() {
                try FileSystem.create(place.path("\(index).env"), with: spelling.file.span)
            }
            let (end, output, errors) = await ChildProcess.run(
                program.command, environment: Place.environment, directory: place.folder, outputLimit: 256 << 20,
                timeout: .seconds(120))
            try #require(end == .exited(0), "\(String(decoding: errors.prefix(2000), as: UTF8.self))")
            let parts = output.split(separator: 0, omittingEmptySubsequences: false)
            return stride(from: 0, to: parts.count - 1, by: 2).compactMap { at in
                let name = String(decoding: parts[at], as: UTF8.self)
                guard name.hasSuffix(".env/A"), let index = Int(name.prefix { $0 != "." }) else { return nil }
                return spellings[index].value == Array(parts[at + 1]) ? spellings[index] : nil
            }
        }
    }
}
