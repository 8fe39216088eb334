import Host
import Sandbox
import Testing

/// `connect NAME --refresh-token`: a token that another program held.
struct AdoptTests {
    @Test func anExistingRefreshTokenIsTakenOverByUsingIt() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        let moved = try await bench.ok(
            "tokenkeep get tiktok --field refresh_token > token; tokenkeep remove tiktok; tokenkeep connect tiktok --refresh-token < token; tokenkeep get tiktok"
        )
        #expect(moved.hasPrefix("act."))
        // A mistyped one does not cost the one that works.
        let wrong = await bench.sh("echo rft.CANARY | tokenkeep connect tiktok --refresh-token")
        #expect(wrong.status == 10 && !wrong.words.contains("CANARY"), "\(wrong.errors)")
        try await bench.ok("tokenkeep refresh --force")
    }

    @Test(arguments: [
        ("error-200:2", 11), ("http-500:2", 12), ("html:2", 12), ("drop:2", 12), ("rate-limit:2+", 11), ("", 11),
    ])
    func aTokenThatIsHandedInCostsNoOtherUntilItHasBeenTaken(fault: String, status: Int32) async throws {
        let tiktok = try await TikTokBench(faults: fault.isEmpty ? [] : [fault])
        let bench = tiktok.bench
        let before = try await bench.ok("tokenkeep get tiktok; tokenkeep get tiktok --field refresh_token")
        if fault.isEmpty { await tiktok.sandbox.stop() }
        let failed = await bench.sh("echo rft.CANARY | tokenkeep connect tiktok --refresh-token")
        #expect(failed.status == status && failed.errors.contains("hint: "), "\(failed.errors)")
        #expect(!failed.errors.contains("next run"), "no run tries it again: \(failed.errors)")
        #expect(try await bench.ok("tokenkeep get tiktok; tokenkeep get tiktok --field refresh_token") == before)
        #expect(try await bench.ok("tokenkeep status").contains("fresh"))
        if fault == "html:2" { #expect(try await bench.ok("tokenkeep log --raw-answers tiktok").contains("<html")) }
    }

    @Test func theStoredTokenHandedInAgainIsUnderTheSameRulesAsEver() async throws {
        let tiktok = try await TikTokBench(faults: ["drop:2"])
        let bench = tiktok.bench
        let connect = "tokenkeep get tiktok --field refresh_token | tokenkeep connect tiktok --refresh-token"
        #expect(await bench.sh(connect).status == 12)
        #expect(try await bench.ok("tokenkeep status").contains("uncertain"))
        let again = await bench.sh(connect)
        #expect(again.status == 12 && again.errors.contains("works until"), "\(again.errors)")
        #expect(try await tiktok.refreshes() == 1)
    }

    @Test func aTokenThatIsNotTakenLeavesAnAuthorisationThatWaits() async throws {
        let tiktok = try await TikTokBench()
        try await tiktok.bench.ok(
            """
            curl -s -o /dev/null -w '%{redirect_url}' "$(tokenkeep -q connect tiktok --print-url)" > back
            ! echo rft.OTHER | tokenkeep connect tiktok --refresh-token
            tokenkeep connect tiktok --callback - < back
            """)
    }

    @Test(arguments: ["fdatasync", "unlink"])
    func anAnswerForATokenThatWasHandedInIsMergedByTheNextRun(killedAt call: String) async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        // A second authorisation, whose token another program held.
        try await bench.ok(
            """
            tokenkeep get tiktok --field refresh_token > old; cp tokenkeep.vault copy
            \(TikTokBench.connect); tokenkeep get tiktok --field refresh_token > held; cp copy tokenkeep.vault; rm -r home
            """)
        let died = await bench.sh(
            """
            strace -f -o trace -P $PWD/tokenkeep.vault.journal -e trace=\(call) -e inject=\(call):signal=KILL \
                tokenkeep connect tiktok --refresh-token < held
            """)
        #expect(died.status != 0, "\(died.words)")
        try await bench.ok("tokenkeep refresh")
        let now = try await bench.ok("tokenkeep get tiktok --field refresh_token; cat old held")
        #expect(Set(now.split(separator: "\n")).count == 3, "neither the old one nor the spent one: \(died.words)")
        try await bench.ok("tokenkeep refresh --force; ! ls tokenkeep.vault.journal")
    }
}
