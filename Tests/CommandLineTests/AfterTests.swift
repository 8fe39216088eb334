import Testing

/// The commands that tell apps, and more than one run at once.
struct AfterTests {
    /// An app that takes until `go` is there to be told.
    private static let slow = """
        [[outputs]]
        path = "secrets.js"
        format = "commonjs"
        after = ["sh", "-c", "echo begin >> told; until test -e go; do :; done; grep -o value-... secrets.js >> told; echo end >> told"]
        """

    private func bench(_ config: String) async throws -> Bench {
        let bench = try await Bench(config: config)
        try await bench.ok("printf value-one | tokenkeep set A; echo $TOKENKEEP_KEY > key")
        return bench
    }

    @Test func ofRunsThatPlannedTheSameOneTells() async throws {
        let bench = try await bench(
            """
            [[outputs]]
            path = "secrets.js"
            format = "commonjs"
            after = ["sh", "-c", "echo told >> told"]
            """)
        let told = try await bench.ok(
            """
            for round in 1 2 3 4 5 6 7 8; do
                rm -f told; printf $round | tokenkeep set A
                tokenkeep export & tokenkeep export & tokenkeep export & wait; wc -l < told
            done
            """)
        #expect(told == String(repeating: "1\n", count: 8))
    }

    @Test(arguments: ["", "TOKENKEEP_AFTER=x"])
    func aRunThatFindsAnotherTellingAnAppLeavesItToThat(variable: String) async throws {
        let bench = try await bench(Self.slow)
        try await bench.ok(
            """
            tokenkeep export & until test -e told; do :; done
            \(variable) tokenkeep export; \(variable) tokenkeep refresh; touch go; wait $!
            """)
        #expect(bench.text("told") == "begin\nvalue-one\nend\n")
        #expect(bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test(arguments: ["", "TOKENKEEP_AFTER=x"])
    func anAppIsToldOnceOfWhatChangedWhileItWasBeingTold(variable: String) async throws {
        let bench = try await bench(Self.slow)
        try await bench.ok(
            """
            tokenkeep export & until test -e told; do :; done; printf value-two | tokenkeep set A
            \(variable) tokenkeep export & until grep -q two secrets.js; do :; done; touch go; wait
            tokenkeep export
            """)
        #expect(bench.text("told") == "begin\nvalue-two\nend\nbegin\nvalue-two\nend\n")
        #expect(bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func whatAnAfterCommandChangesItselfIsToldWhenItIsDone() async throws {
        let bench = try await bench(
            """
            [[outputs]]
            path = "secrets.js"
            format = "commonjs"
            after = ["sh", "-c", "echo begin >> told; grep -q two secrets.js || { export TOKENKEEP_KEY=$(cat key); printf value-two | tokenkeep set A; tokenkeep export; }; echo end >> told"]
            """)
        try await bench.ok("tokenkeep export; tokenkeep export")
        #expect(bench.text("told") == "begin\nend\nbegin\nend\n")
        #expect(bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func theVariableThatACommandHandsOnSwitchesNothingOff() async throws {
        let bench = try await bench(
            """
            [[outputs]]
            path = "secrets.js"
            format = "commonjs"
            after = ["sh", "-c", "test -e ready && echo told >> told"]
            """)
        #expect(await bench.sh("tokenkeep export").status == 1)
        try await bench.ok("touch ready; TOKENKEEP_AFTER=$PWD/secrets.js tokenkeep refresh")
        #expect(bench.text("told") == "told\n" && bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func whoeverDiesWhileItTellsLeavesTheTellingToTheNext() async throws {
        let bench = try await bench(Self.slow)
        try await bench.ok(
            """
            tokenkeep export & until test -e told; do :; done; kill -9 $!; touch go; wait $! || rm told; tokenkeep export
            """)
        #expect(bench.text("told").hasSuffix("begin\nvalue-one\nend\n"))
        #expect(bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func twoRunsAtOnceThatMergeBothSucceed() async throws {
        let bench = try await bench("[[outputs]]\npath = \".env\"\nformat = \"dotenv\"\nmerge = true\n")
        for round in 1...8 {
            let ended = await bench.sh(
                """
                printf \(round) | tokenkeep set A
                for n in 1 2 3; do tokenkeep export || echo $? & done; wait; grep -c "A='\(round)'" .env
                """)
            #expect(ended.output == "1\n", "\(ended.words)")
        }
    }
}
