import Host
import Testing

/// `tokenkeep export github-actions` in a step of a job, and `raw`.
struct StepTests {
    private static func bench() async throws -> Bench {
        let bench = try await Bench()
        try await bench.ok(
            """
            printf CANARY-ONE | tokenkeep set ONE
            printf 'CANARY 100%%\\nCANARY two\\n\\n}' | tokenkeep set --exact TWO
            """)
        return bench
    }

    private static let variables =
        "ONE<<TOKENKEEP_\nCANARY-ONE\nTOKENKEEP_\nTWO<<TOKENKEEP_\nCANARY 100%\nCANARY two\n\n}\nTOKENKEEP_\n"

    @Test(arguments: ["", "A=1\n", "A=1"])
    func aStepMasksEachLineAndAddsToTheRunnersFile(present: String) async throws {
        let bench = try await Self.bench()
        let printed = try await bench.ok(
            "printf '\(present)' > env; tokenkeep export github-actions", ["GITHUB_ENV": "env"])
        #expect(
            printed == """
                ::add-mask::CANARY-ONE
                ::add-mask::CANARY 100%25%0ACANARY two%0A%0A}
                ::add-mask::CANARY 100%25
                ::add-mask::CANARY two
                ::add-mask::}

                """)
        #expect(bench.text("env") == (present.isEmpty ? "" : "A=1\n") + Self.variables)
        try await bench.ok("tokenkeep export github-actions --only ONE", ["GITHUB_ENV": bench.folder + "/env"])
        #expect(bench.text("env").hasSuffix(Self.variables + "ONE<<TOKENKEEP_\nCANARY-ONE\nTOKENKEEP_\n"))
    }

    /// The order of the system calls: no variable is in the file that the log would show without its mask.
    @Test func theMasksAreWrittenBeforeTheVariablesAndEachWithOneCall() async throws {
        let bench = try await Self.bench()
        try await bench.ok(
            ": > env; strace -f -o trace -s 40 -e trace=write,openat tokenkeep export github-actions > out",
            ["GITHUB_ENV": "env"])
        let calls = bench.text("trace").split(separator: "\n").filter { line in
            line.contains("add-mask") || line.contains("TOKENKEEP_")
                || line.contains("O_WRONLY") && line.contains("/env\"")
        }
        try #require(calls.count == 3, "\(calls)")
        #expect(calls[0].contains("write(1, \"::add-mask::") && calls[1].contains("O_APPEND"))
        #expect(calls[2].contains("\"ONE<<TOKENKEEP_"))
        #expect(bench.text("out").hasSuffix("\n::add-mask::}\n") && bench.text("env") == Self.variables)
    }

    @Test func withoutItsMasksNoVariableIsHandedOn() async throws {
        let bench = try await Self.bench()
        let ended = await bench.sh(": > env; tokenkeep export github-actions > /dev/full", ["GITHUB_ENV": "env"])
        #expect(ended.status == 1 && bench.text("env").isEmpty, "\(ended.errors)")
        #expect(!ended.words.contains("CANARY"))
    }

    @Test(arguments: [nil, ""])
    func outsideOfAStepNothingIsPrinted(file: String?) async throws {
        let bench = try await Self.bench()
        let unset = file == nil ? "unset GITHUB_ENV; " : ""
        let ended = await bench.sh(
            unset + "TOKENKEEP_KEY= tokenkeep export github-actions < /dev/null", ["GITHUB_ENV": file ?? ""])
        #expect(ended.status == 64 && ended.output.isEmpty, "\(ended.errors)")
        #expect(ended.errors.contains("hint: let a step of the workflow run"))
    }

    @Test(arguments: ["no/such", "none", "."])
    func aFileThatTheRunnerHasNotMadeIsNotMade(path: String) async throws {
        let bench = try await Self.bench()
        let ended = await bench.sh("tokenkeep export github-actions", ["GITHUB_ENV": path])
        #expect(ended.status == 73 && ended.errors.contains("hint: leave GITHUB_ENV"), "\(ended.errors)")
        #expect(await bench.sh("ls none").status != 0 && !ended.errors.contains("CANARY"))
    }

    @Test func aRefusedNameIsNeitherMaskedNorHandedOn() async throws {
        let bench = try await Self.bench()
        let ended = await bench.sh(
            ": > env; printf CANARY | tokenkeep set NODE_OPTIONS; tokenkeep export github-actions",
            ["GITHUB_ENV": "env"])
        #expect(ended.status == 78 && ended.output.isEmpty && bench.text("env").isEmpty)
        #expect(ended.errors.contains("NODE_OPTIONS cannot be written") && !ended.errors.contains("CANARY"))
    }

    @Test func asAnOutputItIsRefused() async throws {
        let bench = try await Bench(config: "[[outputs]]\npath = \"env\"\nformat = \"github-actions\"")
        let ended = await bench.sh("printf 1 | tokenkeep set A; tokenkeep export")
        #expect(ended.status == 78 && ended.errors.contains("hint: leave this output out"), "\(ended.errors)")
        #expect(await bench.sh("ls env").status != 0)
    }

    @Test func oneValueIsAFileThatIsKnownByItsDigest() async throws {
        let bench = try await Bench(
            config: "[[outputs]]\npath = \"token\"\nformat = \"raw\"\ninclude = [\"ONE\"]\n")
        try await bench.ok("printf 'a\\n ' | tokenkeep set --exact ONE; printf x | tokenkeep set TWO; tokenkeep export")
        #expect(bench.text("token") == "a\n ")
        try await bench.ok("printf b | tokenkeep set --exact ONE; tokenkeep export")
        #expect(bench.text("token") == "b")
        #expect(try await bench.ok("tokenkeep export raw --only TWO") == "x")
        let foreign = await bench.sh("printf c > token; tokenkeep export")
        #expect(foreign.status == 73 && bench.text("token") == "c", "\(foreign.errors)")
        let two = await bench.sh("tokenkeep export raw")
        #expect(two.status == 78 && two.output.isEmpty && two.errors.contains("2 were chosen"), "\(two.errors)")
    }
}
