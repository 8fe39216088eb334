import Exports
import Testing
import Tokens

/// What is written for jobs of GitHub and GitLab. Neither can be had here, so their rules are read anew.
@Suite struct JobReaderTests {
    /// The runner's rules for the file of `GITHUB_ENV` (docs.github.com, "Workflow commands": "Multiline strings").
    private static let githubRules = """
        import sys
        with open("env", encoding="utf-8", newline="") as file: rest = file.read()
        if rest.startswith("\\ufeff"): rest = rest[1:]
        while rest:
            head, _, rest = rest.partition("\\n")
            name, heredoc, delimiter = head.partition("<<")
            if "=" in name or not heredoc: sys.exit("a line that begins no value")
            lines = []
            while True:
                line, end, rest = rest.partition("\\n")
                if line == delimiter: break
                if not end: sys.exit("no end of a value")
                lines.append(line)
            sys.stdout.buffer.write((name + "\\0" + "\\n".join(lines) + "\\0").encode())
        """

    @Test func githubsRunnerSetsEachText() async throws {
        try await Self.expectNoSuch("Runner.Listener", "GitHub's runner", of: "github-actions")
    }

    @Test func gitlabSetsEachText() async throws {
        try await Self.expectNoSuch("gitlab-rails", "GitLab", of: "gitlab")
    }

    /// Says aloud that a reader is missing; where it is not, a test has to be written.
    private static func expectNoSuch(_ program: String, _ name: String, of format: String) async throws {
        let reader = Reader(format: format, name: name, version: [program, "--version"], file: "", command: [])
        _ = try await reader.requiredVersion()
        Issue.record("\(name) is here: have it read \(format) back")
    }

    @Test func byTheRunnersRulesEachTextIsSet() async throws {
        let reader = Reader(
            format: "github-actions", name: "its rules, read anew", version: ["python3", "--version"], file: "env",
            command: ["python3", "-c", Self.githubRules])
        let texts = ["TOKENKEEP_", "TOKENKEEP__\n", "a\nTOKENKEEP_\nb", "A<<TOKENKEEP_", "\n\n", "\na\n", "A=1\nB<<X"]
        let odd = texts.enumerated().map { ExportValue(name: "O\($0)", value: Secret($1)) }
        #expect(try await reader.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test(arguments: [
        "GITHUB_TOKEN", "GITHUB_", "github_env", "RUNNER_TEMP", "NODE_OPTIONS", "Node_Options", "ACTIONS_RUNTIME_TOKEN",
    ])
    func aNameThatTheRunnerKeepsForItselfIsRefused(name: String) throws {
        func refusal(_ name: String) throws -> ExportRefusal? {
            try ExportFormat.refusal(of: [ExportValue(name: name, value: Secret("x"))], by: "github-actions")
        }
        #expect(try refusal(name)?.reason == "GitHub's runner keeps this name for itself")
        #expect(try refusal("MY_" + name) == nil)
    }

    /// What the runner makes of a line of output that is a mask: it undoes the escapes in this order.
    private static func mask(_ line: Substring) -> String? {
        let prefix = "::add-mask::"
        guard line.hasPrefix(prefix) else { return nil }
        return String(line.dropFirst(prefix.count)).replacing("%0D", with: "\r").replacing("%0A", with: "\n")
            .replacing("%25", with: "%")
    }

    private static func isBlank(_ text: some StringProtocol) -> Bool {
        text.unicodeScalars.allSatisfy { $0 == " " || (0x09...0x0D).contains($0.value) }
    }

    @Test func eachTextAndEachOfItsLinesIsMaskedAndNothingElseIsPrinted() throws {
        let escapes = ["100%", "100%25", "a%0Ab%0D", "%250A"].map { ExportValue(name: $0, value: Secret($0)) }
        for value in Reader.texts + escapes {
            let text = try #require(value.value.revealed())
            let output = try #require(ExportFormat.masks(for: [value]).revealed())
            let printed = output.unicodeScalars.split(whereSeparator: { "\r\n".unicodeScalars.contains($0) })
            var masks: Set<[UInt8]> = []
            for line in printed {
                let mask = try #require(Self.mask(Substring(line)), "a line that is no mask")
                // The runner warns of a mask of blanks.
                #expect(!Self.isBlank(mask))
                masks.insert(Array(mask.utf8))
            }
            let lines = text.unicodeScalars.split(whereSeparator: { "\r\n".unicodeScalars.contains($0) })
            let wanted = ([text] + lines.map { String(Substring($0)) }).filter { !Self.isBlank($0) }
            #expect(masks == Set(wanted.map { Array($0.utf8) }), "\(value.name)")
        }
    }

    /// GitLab's rules for a dotenv report (docs.gitlab.com, `artifacts:reports:dotenv`), and for variables in the value of one.
    private static let gitlabRules = """
        import re, sys
        with open("report.env", "rb") as file: data = file.read()
        if len(data) >= 5120: sys.exit("too big")
        blanks = "\\t\\n\\v\\f\\r \\0"
        for line in data.decode().split("\\n")[:-1]:
            name, equals, value = line.partition("=")
            name, value = name.strip(blanks), value.strip(blanks)
            if not equals or not re.fullmatch("[a-zA-Z0-9_]{1,255}", name): sys.exit("invalid")
            variable = "[A-Za-z_][A-Za-z0-9_]*"
            value = re.sub(r"\\$\\$|\\$%s|\\$\\{%s\\}|%%%s%%" % ((variable,) * 3), "", value)
            sys.stdout.buffer.write((name + "\\0" + value + "\\0").encode())
        """

    /// The refused texts, and as many of the others as one report has room for.
    private static func reportOfTexts() throws -> [ExportValue] {
        let format = try #require(try ExportFormat.named("gitlab"))
        var size = 0
        return Reader.texts.filter { value in
            guard let rendered = try? format.render([value]) else { return true }
            size += rendered.count
            return size < 5120
        }
    }

    @Test func byGitLabsRulesEachAcceptedTextIsSetAndTheOthersAreRefusedForAReason() async throws {
        let reader = Reader(
            format: "gitlab", name: "its rules, read anew", version: ["python3", "--version"], file: "report.env",
            command: ["python3", "-c", Self.gitlabRules])
        let refused = try await reader.expectReturn(of: Self.reportOfTexts())
        #expect(
            refused.allSatisfy { value in
                let text = value.value.revealed() ?? ""
                return text.utf8.contains { "\n$".utf8.contains($0) } || text.utf8.count { $0 == UInt8(ascii: "%") } > 1
                    || Self.isBlank(String(text.unicodeScalars.prefix(1)))
                    || Self.isBlank(String(text.unicodeScalars.suffix(1))) || text.utf8.count > 5000
            })
    }

    @Test(arguments: ["a\nb", " a", "a\t", "a$B", "%B%", "\r"])
    func byGitLabsRulesARefusedTextWouldNotComeBack(text: String) async throws {
        let reader = Reader(
            format: "gitlab", name: "", version: [], file: "report.env", command: ["python3", "-c", Self.gitlabRules])
        let value = ExportValue(name: "A", value: Secret(text))
        #expect(try ExportFormat.refusal(of: [value], by: "gitlab") != nil)
        #expect(try await reader.lookUp("A", in: "A=\(text)\n") != Array(text.utf8))
    }

    @Test func aReportOfFiveKiBIsRefusedAndOneByteLessIsNot() throws {
        let format = try #require(try ExportFormat.named("gitlab"))
        func report(_ size: Int) -> [ExportValue] {
            ["A", "B"].map {
                ExportValue(name: $0, value: Secret(String(repeating: "x", count: $0 == "A" ? 2000 : size)))
            }
        }
        #expect(try format.render(report(3113)).count == 5119)
        #expect(try ExportFormat.refusal(of: report(3114), by: "gitlab")?.name == "B")
    }

    @Test func aNameLongerThanGitLabsIsRefused() throws {
        for (length, fits) in [(255, true), (256, false)] {
            let value = ExportValue(name: String(repeating: "N", count: length), value: Secret("x"))
            #expect((try ExportFormat.refusal(of: [value], by: "gitlab") == nil) == fits)
        }
    }
}
