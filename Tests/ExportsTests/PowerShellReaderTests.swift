import Exports
import Testing
import Tokens

/// What is written for PowerShell.
@Suite struct PowerShellReaderTests {
    /// PowerShell's rules as its manual has them (about_Quoting_Rules, about_Character_Encoding), read anew, for what this
    /// format uses of them: statements that end with a line, and single quotes, five characters long known as such, of which
    /// two in a row stand for the second.
    private static let rules = """
        import base64, re, sys
        QUOTES = "'\\u2018\\u2019\\u201a\\u201b"

        def string(text, at):
            assert text[at] in QUOTES, text[at:at + 20]
            at, value = at + 1, ""
            while True:
                if text[at] in QUOTES:
                    at += 1
                    if text[at:at + 1] == "" or text[at] not in QUOTES: return value, at
                value, at = value + text[at], at + 1

        encoding, ending = sys.argv[1:]
        with open("secrets.ps1", encoding=encoding, newline="") as file: text = file.read().replace("\\n", ending)
        at = 0
        while at < len(text):
            if text[at] == "#": at = text.index(ending, at)
            elif text.startswith(ending, at): at += len(ending)
            else:
                name = re.compile(r"\\$env:([A-Za-z_][A-Za-z0-9_]*) = ").match(text, at)
                at = name.end()
                call = "[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String("
                encoded = text.startswith(call, at)
                value, at = string(text, at + len(call) if encoded else at)
                if encoded:
                    assert text[at:at + 2] == "))"
                    value, at = base64.b64decode(value, validate=True).decode(), at + 2
                assert text.startswith(ending, at)
                sys.stdout.buffer.write(name[1].encode() + b"\\0" + value.encode() + b"\\0")
        """

    /// Longer than an environment variable on Windows.
    private static func isTooLong(_ value: ExportValue) -> Bool {
        (value.value.revealed() ?? "").utf16.count > 32_766
    }

    @Test func powerShellHandsEachTextToItsPrograms() async throws {
        let reader = Reader(
            format: "powershell", name: "PowerShell", version: ["pwsh", "--version"], file: "secrets.ps1",
            command: ["pwsh", "-NoProfile", "-NonInteractive", "-Command", ". ./secrets.ps1; python3 -c $env:DUMP"],
            environment: Place.environment.merging(["DUMP": ShellReaderTests.dump]) { $1 })
        let refused = try await reader.expectReturn(of: Reader.texts)
        #expect(refused.allSatisfy { $0.value.isEmpty || Self.isTooLong($0) })
    }

    /// As PowerShell reads it, and Windows PowerShell in Western Europe and in Japan, and what a pipe there makes of it.
    @Test(arguments: [("utf-8", "\n"), ("cp1252", "\n"), ("cp932", "\n"), ("cp1252", "\r\n")])
    func byPowerShellsRulesEachTextComesBackInAnyEncodingOfTheMachine(encoding: String, ending: String) async throws {
        let reader = Reader(
            format: "powershell", name: "its rules, read anew", version: ["python3", "--version"], file: "secrets.ps1",
            command: ["python3", "-c", Self.rules, encoding, ending])
        let refused = try await reader.expectReturn(of: Reader.texts)
        #expect(refused.allSatisfy { $0.value.isEmpty || Self.isTooLong($0) })
    }

    @Test func namesThatAreOneOnWindowsAreRefused() throws {
        let format = try #require(try ExportFormat.named("powershell"))
        let values = ["A", "a", "B"].map { ExportValue(name: $0, value: Secret("x")) }
        #expect(try ExportFormat.refusal(of: values, by: "powershell")?.name == "a")
        #expect(
            try format.render(Array(values.dropFirst())).revealed()?.hasSuffix("\n$env:B = 'x'\n$env:a = 'x'\n") == true
        )
    }

    @Test(arguments: [
        (String(repeating: "é", count: 32_766), true), (String(repeating: "😀", count: 16_384), false), ("", false),
    ])
    func aVariableHasRoomForWhatWindowsTakesAndIsNotEmpty(text: String, fits: Bool) throws {
        let value = ExportValue(name: "A", value: Secret(text))
        #expect((try ExportFormat.refusal(of: [value], by: "powershell") == nil) == fits)
    }
}
