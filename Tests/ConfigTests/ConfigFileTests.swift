import Config
import Host
import Testing
import Tokens

/// The config as a file: where it is found, and whose it may be.
struct ConfigFileTests {
    /// A folder for one test.
    private struct Place: Sendable {
        let folder: String

        static func with(_ body: (Place) async throws -> Void) async throws {
            let made = await ChildProcess.run(["mktemp", "-d"], environment: environment)
            let place = Place(folder: String(decoding: made.output.dropLast(), as: UTF8.self))
            let result: Result<Void, any Error>
            do { result = .success(try await body(place)) } catch { result = .failure(error) }
            await place.run("rm", "-rf", place.folder)
            try result.get()
        }

        static let environment = ["PATH": "/usr/bin:/bin"]

        @discardableResult
        func run(_ command: String...) async -> ChildProcess.End {
            await ChildProcess.run(command, environment: Self.environment, directory: folder).end
        }

        func path(_ name: String = Config.fileName) -> String { folder + "/" + name }

        func write(_ text: String, _ name: String = Config.fileName, mode: UInt32 = 0o600) throws {
            try FileSystem.replace(path(name), with: Array(text.utf8).span, mode: mode)
        }
    }

    private static let text = "vault = \"v\""

    @Test(arguments: [UInt32(0o600), 0o644, 0o444]) func othersMayReadIt(mode: UInt32) async throws {
        try await Place.with { place in
            try place.write(Self.text, mode: mode)
            #expect(try Config.read(place.path())?.vault == place.path("v"))
        }
    }

    @Test(arguments: [UInt32(0o620), 0o602, 0o666]) func othersMayNotWriteIt(mode: UInt32) async throws {
        try await Place.with { place in
            try place.write(Self.text, mode: mode)
            let error = #expect(throws: ConfigError.self) { try Config.read(place.path()) }
            #expect(error?.message.contains("written by others") == true && error?.hint == "chmod go-w \(place.path())")
        }
    }

    @Test(.enabled(if: FileSystem.effectiveUser == 0, "only root can give files away"))
    func anotherUsersFileOrLinkIsRefused() async throws {
        try await Place.with { place in
            try place.write(Self.text)
            await place.run("chown", "65534", place.path())
            let error = #expect(throws: ConfigError.self) { try Config.read(place.path()) }
            #expect(error?.message.contains("another user (id 65534)") == true)

            // Ours, reached by another user's link: its relative commands would be looked for where the link stands.
            try place.write(Self.text, "mine.toml")
            await place.run("ln", "-sf", place.path("mine.toml"), place.path())
            #expect(try Config.read(place.path()) != nil)
            await place.run("chown", "-h", "65534", place.path())
            #expect(throws: ConfigError.self) { try Config.read(place.path()) }
        }
    }

    @Test func aLinksRelativePathsStartFromTheLink() async throws {
        try await Place.with { place in
            await place.run("mkdir", "releases")
            try place.write(Self.text, "releases/tokenkeep.toml")
            await place.run("ln", "-s", "releases/tokenkeep.toml", place.path())
            #expect(try Config.read(place.path())?.vault == place.path("v"))
        }
    }

    @Test func whatIsNotThereIsNilAndWhatCannotBeReadAnError() async throws {
        try await Place.with { place in
            #expect(try Config.read(place.path()) == nil)
            await place.run("mkdir", place.path("folder"))
            #expect(throws: ConfigError.self) { try Config.read(place.path("folder")) }
            await place.run("ln", "-s", "nowhere", place.path("dangling"))
            #expect(throws: ConfigError.self) { try Config.read(place.path("dangling")) }
            try FileSystem.replace(place.path("latin"), with: [0x61, 0xE9].span, mode: 0o600)
            let error = #expect(throws: ConfigError.self) { try Config.read(place.path("latin")) }
            #expect(error?.message.hasSuffix("is not UTF-8") == true)
            try place.write(String(repeating: "#\n", count: 9 << 20), "large")
            let large = #expect(throws: ConfigError.self) { try Config.read(place.path("large")) }
            #expect(large?.message.hasSuffix("is larger than 16 MiB") == true)
        }
    }

    @Test func theNearestOneUpwardsIsFound() async throws {
        try await Place.with { place in
            await place.run("mkdir", "-p", "a/b/c", "a/b/tokenkeep.toml")
            #expect(Config.nearest(from: place.path("a/b/c")) == nil)
            try place.write(Self.text)
            #expect(Config.nearest(from: place.path("a/b/c")) == place.path(), "a folder of that name is none")
            try place.write(Self.text, "a/tokenkeep.toml")
            #expect(Config.nearest(from: place.path("a/b/c")) == place.path("a/tokenkeep.toml"))
            #expect(Config.nearest(from: place.folder) == place.path())
        }
    }
}

/// What a config's text could smuggle past the reader.
struct ConfigTextTests {
    @Test(arguments: [
        "vault = \"v\"\n\0[[outputs]]", "vault = \"a\\u0000b\"", "vault = \"a\\U00000000b\"",
        "\"vault\\u0000x\" = \"a\"",
        "[[outputs]]\npath = \"p\"\nformat = \"json\"\nafter = [\"a\\u0000b\"]",
    ])
    func aNULIsRefusedWhereverItStands(text: String) {
        // The parser's C strings would end there, and what follows would be gone unseen.
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/c.toml") }
        #expect(error?.message.contains("NUL") == true)
    }

    @Test func twoOutputsDoNotShareAFile() {
        let text = "[[outputs]]\npath = \"a\"\nformat = \"json\"\n[[outputs]]\npath = \"/srv/a\"\nformat = \"shell\""
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/srv/c.toml") }
        #expect(error?.message.contains("(number 2).path") == true)
    }

    @Test(arguments: [
        ("[[outputs]]\npath = \"x\"\nformat = \"json\"\nmode = \"+640\"", "no file mode"),
        ("[[outputs]]\npath = \"x\"\nformat = \"json\"\nmode = \"0066\"", "no file mode"),
        ("[unlock]\nkey_command = []", "key_command is empty"), ("[schedule]\nevery = \"50ms\"", "no duration"),
        ("[schedule]\nevery = 30", "not text"), ("[unlock]\nkey_command = \"x\"", "not a list"),
        ("\"\\u001b[31m\" = 1", "\"\\u001b[31m\" is not known"),
    ])
    func whatIsWrongIsSaidAndSteersNoTerminal(text: String, words: String) {
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/c.toml") }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        #expect(error?.message.unicodeScalars.contains { $0.value < 0x20 } == false)
    }

    /// Whatever a person types at a prompt comes back from the section that is written with it.
    @Test func whateverIsQuotedIsReadBack() throws {
        let scalars: [Unicode.Scalar] = [
            "\"", "\\", "'", "#", "\n", "\r", "\t", " ", "\u{8}", "\u{C}", "\u{1B}", "\u{7F}", "\u{85}", "\u{A0}", "u",
            "0",
            "\u{301}", "\u{2028}", "\u{FEFF}", "\u{FFFD}", "\u{FFFF}", "\u{E000}", "\u{1F600}", "{", "=", "]",
        ]
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<500 {
            let text = String(String.UnicodeScalarView((0...next(12)).map { _ in scalars[next(scalars.count)] }))
            let config = try Config.parse(
                """
                [connections.t]
                provider = "p"
                client_id = \(TOMLText.quote(text))
                variables = { \(TOMLText.key("k" + text)) = \(TOMLText.quote(text)) }
                """, path: "/c.toml")
            let connection = try #require(config.connections.values.first)
            guard case .literal(let back) = connection.clientID else { throw ConfigError("not text", hint: "") }
            #expect(back.utf8.elementsEqual(text.utf8), "\(text.debugDescription)")
            #expect(connection.variables.keys.first?.utf8.elementsEqual(("k" + text).utf8) == true)
        }
    }

    @Test func aConnectionsNameIsQuotedWhereTOMLWantsIt() throws {
        for name in ["tiktok", "tiktok/brand-a", "a.b", "1-2_3"] {
            let record = try #require(RecordName(name))
            let text = "\(TOMLText.section(of: record))\nprovider = \"p\"\nclient_id = \"c\""
            #expect(try Config.parse(text, path: "/c.toml").connections.keys.map(\.text) == [name])
        }
    }
}
