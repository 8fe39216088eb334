import Exports
import Host
import Testing
import Tokens

/// Files of somebody's own that hold lines of ours.
@Suite struct MergeTests {
    static let begin = "# >>> begin=tokenkeep; generated, do not edit or commit"
    static let end = "# <<< end=tokenkeep"

    static func merge(
        _ path: String, _ values: [ExportValue], format: String = "dotenv", mode: UInt32? = nil,
        environment: [String: String] = Place.environment
    ) async throws -> OutputPlan {
        let output = Output(path: path, format: try #require(try .named(format)), mode: mode, isMerged: true)
        return try await output.plan(values, recorded: [], environment: environment, digest: OutputTests.digest)
    }

    @Test(arguments: [
        ("", "\(begin)\nTIKTOK_ACCESS_TOKEN='one'\n\(end)\n"),
        ("A=1\n", "A=1\n\(begin)\nTIKTOK_ACCESS_TOKEN='one'\n\(end)\n"),
        ("A=1", "A=1\n\(begin); the line above had no end\nTIKTOK_ACCESS_TOKEN='one'\n\(end)\n"),
        ("A=1\r\n", "A=1\r\n\(begin)\nTIKTOK_ACCESS_TOKEN='one'\n\(end)\n"),
        ("\(begin)\nold\n\(end)\nB=2", "\(begin)\nTIKTOK_ACCESS_TOKEN='one'\n\(end)\nB=2"),
        ("A=1\r\n\(begin)\r\nold\r\n\(end)\r\nB=2\r\n", "A=1\r\n\(begin)\nTIKTOK_ACCESS_TOKEN='one'\n\(end)\nB=2\r\n"),
    ])
    func ourLinesStandBetweenTwoMarkersAndTheOthersWhereTheyStood(old: String, new: String) async throws {
        try await Place.with { place in
            try place.write(".env", old, mode: 0o644)
            let path = place.path(".env")
            try await Self.merge(path, OutputTests.values("one")).write()
            #expect(try place.text(".env") == new)
            #expect(try FileSystem.status(of: path)?.mode == 0o600, "it holds a secret now")
            #expect(try await !Self.merge(path, OutputTests.values("one")).changed)
            try await Self.merge(path, OutputTests.values("one"), mode: 0o640).write()
            #expect(try FileSystem.status(of: path)?.mode == 0o640)
            // What is not ours altogether is not replaced altogether.
            await #expect(throws: OutputError.notOurs(path: path)) {
                try await OutputTests.plan(path, "two", format: "dotenv")
            }
        }
    }

    @Test(arguments: [
        ("A=1\n\(begin)\n\(begin)\n\(end)\n", MergeProblem.twoBegins(2, 3)),
        ("\(begin)\nA=1\n", .beginOnly(1)),
        ("A=1\n\(end)\n", .endOnly(2)),
        ("\(begin)\n\(end)\nA=1\n\(end)\r\n", .endOnly(4)),
        ("\(end)\n\(begin)\n", .endOnly(1)),
        ("A=1\n \texport  TIKTOK_ACCESS_TOKEN = old\n", .defined("TIKTOK_ACCESS_TOKEN", 2)),
        ("\u{FEFF}TIKTOK_ACCESS_TOKEN=old", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("\(begin)\nX='1'\n\(end)\nA='1\n2'\nTIKTOK_ACCESS_TOKEN: old\n", .defined("TIKTOK_ACCESS_TOKEN", 6)),
        ("'TIKTOK_ACCESS_TOKEN'=old\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("# mine\n# \rTIKTOK_ACCESS_TOKEN=old\n", .defined("TIKTOK_ACCESS_TOKEN", 2)),
        ("A=1\u{B}TIKTOK_ACCESS_TOKEN=old\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("#\u{C}TIKTOK_ACCESS_TOKEN=old\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("# a\u{2028}TIKTOK_ACCESS_TOKEN=old\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("export A=1 TIKTOK_ACCESS_TOKEN=old\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("A='\nTIKTOK_ACCESS_TOKEN=in a value\n'\n", .defined("TIKTOK_ACCESS_TOKEN", 2)),
        ("A={TIKTOK_ACCESS_TOKEN\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("A=1\nDOTENV_LINEBREAK_MODE=strict\n", .defined("DOTENV_LINEBREAK_MODE", 2)),
        ("A=1\nB=\"2\n\nC=3\n", .openQuote(2)),
        ("A=\0", .binary),
    ])
    func aFileInWhichOurLinesWouldNotBeReadAsTheyStandIsLeft(text: String, problem: MergeProblem) async throws {
        try await Place.with { place in
            try place.write(".env", text, mode: 0o644)
            let path = place.path(".env")
            await #expect(throws: OutputError.notMergeable(path: path, problem)) {
                try await Self.merge(path, OutputTests.values("one"))
            }
            #expect(try place.text(".env") == text)
            #expect(try FileSystem.status(of: path)?.mode == 0o644)
        }
    }

    @Test func whatOnlyLooksLikeADefinitionOrAMarkerIsNone() async throws {
        let text = """
            # TIKTOK_ACCESS_TOKEN=old
            TIKTOK_ACCESS_TOKEN_2=x
            MY_TIKTOK_ACCESS_TOKEN=x
              # é TIKTOK_ACCESS_TOKEN='old
            B=it's
            # >>> conda initialize >>>
             \(Self.begin)
            \(Self.end)s
            C="$TIKTOK_ACCESS_TOKEN ${TIKTOK_ACCESS_TOKEN}"

            """
        try await Place.with { place in
            try place.write(".env", text)
            try await Self.merge(place.path(".env"), OutputTests.values("one")).write()
            #expect(try place.text(".env")?.hasPrefix(text + Self.begin) == true)
        }
    }

    /// What one format takes for a definition, or for a comment, and another does not.
    @Test(arguments: [
        ("docker", "A=1\nTIKTOK_ACCESS_TOKEN\n", MergeProblem.defined("TIKTOK_ACCESS_TOKEN", 2)),
        ("docker", "; TIKTOK_ACCESS_TOKEN\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("systemd", "; TIKTOK_ACCESS_TOKEN\n", nil),
        ("systemd", "\"TIKTOK_ACCESS_TOKEN\"=1\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("systemd", "A=1\\\n#TIKTOK_ACCESS_TOKEN=1\n", .defined("TIKTOK_ACCESS_TOKEN", 2)),
        ("properties", "! TIKTOK_ACCESS_TOKEN\n", nil),
        ("properties", "TIKTOK_ACCESS_TOKEN old\n", .defined("TIKTOK_ACCESS_TOKEN", 1)),
        ("properties", "A=1\nTIKTOK\\u005fACCESS_TOKEN=1\n", .escapedName(2)),
        ("properties", "TIKTOK\\\n  _ACCESS_TOKEN=1\n", .escapedName(1)),
        ("properties", "a = C:\\\\x, \\\n    C:\\\\y\n# \\u0041\n", nil),
    ])
    func ourNamesAreFoundAsTheFormatHasThem(format: String, text: String, problem: MergeProblem?) async throws {
        try await Place.with { place in
            try place.write("file", text)
            let path = place.path("file")
            if let problem {
                await #expect(throws: OutputError.notMergeable(path: path, problem)) {
                    try await Self.merge(path, OutputTests.values("one"), format: format)
                }
            } else {
                _ = try await Self.merge(path, OutputTests.values("one"), format: format)
            }
        }
    }

    @Test(arguments: ["systemd", "properties"])
    func aLineThatGoesOnInOursIsRefusedWhereItWould(format: String) async throws {
        try await Place.with { place in
            for (text, problem) in [
                ("A=1\nB=C:\\\r\n", MergeProblem.continuation(2)), ("A=\\\\\n", nil), ("A=x\\", .continuation(1)),
            ] {
                try place.write("file", text)
                let path = place.path("file")
                if let problem {
                    await #expect(throws: OutputError.notMergeable(path: path, problem)) {
                        try await Self.merge(path, [], format: format)
                    }
                } else {
                    _ = try await Self.merge(path, [], format: format)
                }
            }
            try place.write("file", "A=C:\\\n")
            _ = try await Self.merge(place.path("file"), [])
        }
    }

    @Test(arguments: [
        "DIR='C:\\temp\\'\n", "P=\"C:\\dir\\\"\n", "A=\"a\" \"b\n", "A B='x\n", "'A'='x\n", "my key='x\n",
        "foo.bar[0]=\"x\n",
    ])
    func aQuoteThatReadersEndInDifferentPlacesIsRefusedAboveOurs(line: String) async throws {
        try await Place.with { place in
            for format in ["dotenv", "systemd"] {
                try place.write("file", "X=1\n" + line)
                let path = place.path("file")
                await #expect(throws: OutputError.notMergeable(path: path, .openQuote(2))) {
                    try await Self.merge(path, OutputTests.values("it's"), format: format)
                }
                #expect(try place.text("file") == "X=1\n" + line)
            }
        }
    }

    @Test func aFileThatWasGeneratedWholeIsNotEmptiedOfWhatSomebodyAdded() async throws {
        try await Place.with { place in
            let text = (ExportFormat.firstLines.first ?? "") + "\nV='1'\nOWN=1\n"
            try place.write("file", text)
            await #expect(throws: OutputError.notMergeable(path: place.path("file"), .generated)) {
                try await Self.merge(place.path("file"), OutputTests.values("1"))
            }
            #expect(try place.text("file") == text)
        }
    }

    @Test func aValueWithALineLikeAMarkerIsRefused() async throws {
        try await Place.with { place in
            let path = place.path(".env")
            for line in [Self.begin, Self.end] {
                await #expect(throws: OutputError.notMergeable(path: path, .markerInValue)) {
                    try await Self.merge(path, OutputTests.values("a\n\(line)\nb"), format: "systemd")
                }
            }
            try await Self.merge(path, OutputTests.values("a\n \(Self.end)\nb"), format: "systemd").write()
        }
    }

    private static let mergeable = ["dotenv", "docker", "systemd", "properties"]

    @Test(
        arguments: mergeable + [
            "shell", "json", "yaml", "toml", "fish", "commonjs", "esm", "python", "terraform", "raw",
        ])
    func onlyFormatsWhoseLinesStandForThemselvesAreMerged(format: String) throws {
        let isMergeable = Self.mergeable.contains(format)
        let named = try #require(try ExportFormat.named(format))
        do {
            try named.requireMerging()
            #expect(isMergeable)
        } catch {
            #expect(!isMergeable && error.hint.contains("dotenv"))
        }
    }

    @Test func aLinkIsFollowedOnlyToAFileThatHoldsLinesOfOurs() async throws {
        try await Place.with { place in
            try place.write("notes", "A=1\n")
            try await place.run("ln", "-s", "notes", ".env")
            let path = place.path(".env")
            await #expect(throws: OutputError.notMergeable(path: path, .link)) {
                try await Self.merge(path, OutputTests.values("one"))
            }
            try await Self.merge(place.path("notes"), OutputTests.values("one")).write()
            try await Self.merge(path, OutputTests.values("two")).write()
            #expect(try place.text("notes")?.contains("'two'") == true)
        }
    }

    @Test func whatSomebodySavedAfterThePlanIsNotLost() async throws {
        try await Place.with { place in
            let path = place.path(".env")
            for text in ["A=1\n", nil] {
                if let text { try place.write(".env", text) } else { try await place.run("rm", ".env") }
                let plan = try await Self.merge(path, OutputTests.values("one"))
                try place.write(".env", "A=2\n")
                #expect(throws: OutputError.notMergeable(path: path, .changedMeanwhile)) { try plan.write() }
                #expect(try place.text(".env") == "A=2\n")
            }
            try await Self.merge(path, OutputTests.values("one")).write()
        }
    }

    @Test func aFileThatGitDoesNotIgnoreGetsNoLineOfOurs() async throws {
        try await Place.with { place in
            try await place.run("git", "init", "-q", ".")
            try place.write(".env", "A=1\n")
            let path = place.path(".env")
            await #expect(throws: OutputError.notIgnored(path: path, repository: place.folder)) {
                try await Self.merge(path, OutputTests.values("one"))
            }
            try place.write(".gitignore", ".env\n")
            try await Self.merge(path, OutputTests.values("one")).write()
        }
    }
}
