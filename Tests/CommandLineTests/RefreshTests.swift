import Host
import LocalServer
import Sandbox
import Testing

/// The job of the three scripts, and each way in which such scripts lose tokens.
struct RefreshTests {
    @Test func anAuthorisationBecomesAFileThatNodeReads() async throws {
        let tiktok = try await TikTokBench(more: "[[outputs]]\npath = \"secrets.js\"\nformat = \"commonjs\"")
        let bench = tiktok.bench
        #expect(try await bench.ok("tokenkeep refresh") == "", "silent when all is well")
        let read = "node -e 'process.stdout.write(require(\"./secrets.js\").TIKTOK_ACCESS_TOKEN)'"
        let token = try await bench.ok(read)
        #expect(token.hasPrefix("act."))
        #expect(try await bench.ok("tokenkeep get tiktok") == token + "\n")
        let answer = try await bench.ok(
            "curl -s -H \"Authorization: Bearer $(tokenkeep get tiktok)\" \(tiktok.sandbox.baseURL)/v2/user/info/")
        #expect(answer.contains("open_id"), "the sandbox takes the token")
        #expect(try await bench.ok("tokenkeep get TIKTOK_OPEN_ID") == bench.ok("tokenkeep get tiktok --field open_id"))
        #expect(try await bench.ok("stat -c %a secrets.js tokenkeep.vault") == "600\n600\n")
    }

    @Test func cronsBareEnvironmentIsEnoughAndSilent() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 60)
        let cron =
            "cd / && exec env -i TOKENKEEP_KEY=$TOKENKEEP_KEY \(Bench.binaryFolder)/tokenkeep --config \(tiktok.bench.folder)/tokenkeep.toml refresh"
        let quiet = await tiktok.bench.sh(cron + " --force")
        #expect(quiet.status == 0 && quiet.words.isEmpty, "\(quiet.words)")
        let told = await tiktok.bench.sh(cron + " -v")
        #expect(
            told.status == 0 && told.errors.hasPrefix("tiktok: not due")
                && told.errors.split(separator: "\n").count == 1)
    }

    @Test func aRotatedTokenIsInTheVaultBeforeAnybodySeesTheNewOne() async throws {
        let tiktok = try await TikTokBench()
        let before = try await tiktok.bench.ok("tokenkeep get tiktok --field refresh_token")
        try await tiktok.bench.ok("tokenkeep refresh --force")
        let after = try await tiktok.bench.ok("tokenkeep get tiktok --field refresh_token")
        #expect(before != after)
        try await tiktok.bench.ok("tokenkeep refresh --force")
        #expect(try await tiktok.refreshes() == 2)
        #expect(await tiktok.bench.sh("ls *.journal").status != 0, "the journal goes with the commit")
    }

    @Test func anErrorBodyWithStatus200ChangesNoToken() async throws {
        let tiktok = try await TikTokBench(faults: ["error-200:2"])
        let before = try await tiktok.bench.ok("tokenkeep get tiktok")
        let refused = await tiktok.bench.sh("tokenkeep refresh --force")
        #expect([10, 11, 78].contains(refused.status), "\(refused.status)")
        #expect(refused.errors.hasPrefix("tiktok: ") && refused.errors.contains("\nhint: "))
        #expect(try await tiktok.bench.ok("tokenkeep get tiktok") == before)
        try await tiktok.bench.ok("tokenkeep refresh --force")
    }

    @Test func anAnswerWithoutARefreshTokenKeepsTheOldOne() async throws {
        let tiktok = try await TikTokBench(faults: ["no-refresh-token:2"])
        let before = try await tiktok.bench.ok("tokenkeep get tiktok --field refresh_token")
        try await tiktok.bench.ok("tokenkeep refresh --force")
        #expect(try await tiktok.bench.ok("tokenkeep get tiktok --field refresh_token") == before)
        try await tiktok.bench.ok("tokenkeep refresh --force")
    }

    @Test func aLifetimeAsTextIsALifetime() async throws {
        let tiktok = try await TikTokBench(faults: ["string-expires:2"])
        try await tiktok.bench.ok("tokenkeep refresh --force")
        let left = try await tiktok.bench.ok("echo $(($(tokenkeep get tiktok --field expires_at) - $(date +%s)))")
        #expect((7100...7200).contains(Int(left.dropLast()) ?? 0))
    }

    /// What is lost on the way of a provider that rotates leaves the state uncertain, and says so.
    @Test(arguments: ["drop", "html", "truncated", "http-500"])
    func anAnswerThatIsLostIsSaidAndNotAskedForAgainWhileTheTokenWorks(_ fault: String) async throws {
        let tiktok = try await TikTokBench(faults: ["\(fault):2"])
        let before = try await tiktok.bench.ok("tokenkeep get tiktok")
        let lost = await tiktok.bench.sh("tokenkeep refresh --force")
        #expect(lost.status == 12, "\(lost.errors)")
        #expect(lost.errors.contains("may be spent") && lost.errors.contains("hint: "))
        #expect(await tiktok.bench.sh("tokenkeep refresh").status == 12)
        #expect(try await tiktok.refreshes() == 1, "a blind second try could revoke a living family")
        #expect(try await tiktok.bench.ok("tokenkeep get tiktok") == before)
        #expect(try await tiktok.bench.ok("tokenkeep status").contains("uncertain"))
        try await tiktok.bench.ok(TikTokBench.connect)
        try await tiktok.bench.ok("tokenkeep refresh --force")
    }

    @Test func anAnswerThatIsCutAtTheLimitAndCompleteBeforeItIsTaken() async throws {
        let tiktok = try await TikTokBench(faults: ["oversize:2"])
        let before = try await tiktok.bench.ok("tokenkeep get tiktok")
        try await tiktok.bench.ok("tokenkeep refresh --force")
        #expect(try await tiktok.bench.ok("tokenkeep get tiktok") != before)
        try await tiktok.bench.ok("tokenkeep refresh --force")
    }

    @Test func aProviderThatDoesNotAnswerIsGivenUpInTime() async throws {
        let tiktok = try await TikTokBench(faults: ["slow:2"])
        let slow = await tiktok.bench.sh("tokenkeep refresh --force --timeout 300ms")
        #expect(slow.status == 12 && slow.errors.contains("hint: "))
    }

    @Test func aProviderThatCannotBeReachedCostsNothing() async throws {
        let tiktok = try await TikTokBench()
        await tiktok.sandbox.stop()
        let away = await tiktok.bench.sh("tokenkeep refresh --force")
        #expect(away.status == 11, "\(away.errors)")
        #expect(await tiktok.bench.sh("tokenkeep get tiktok").status == 0)
    }

    @Test func aRefusedTokenNeedsAPersonOnceAndIsNotAskedWithAgain() async throws {
        let tiktok = try await TikTokBench()
        // The old token, used elsewhere: the provider's reuse detection ends the family.
        try await tiktok.bench.ok("cp -p tokenkeep.vault old; tokenkeep refresh --force; cp -p old tokenkeep.vault")
        let refused = await tiktok.bench.sh("tokenkeep refresh --force --accept-older")
        #expect(
            refused.status == 10 && refused.errors.contains("invalid_grant")
                && refused.errors.contains("tokenkeep connect tiktok"))
        #expect(refused.errors.contains("log id"))
        #expect(await tiktok.bench.sh("tokenkeep refresh").status == 10)
        #expect(try await tiktok.refreshes() == 2)
        try await tiktok.bench.ok(TikTokBench.connect)
        try await tiktok.bench.ok("tokenkeep refresh --force")
    }

    @Test func aWrongClientSecretIsAConfigErrorAndTheTokenStays() async throws {
        let tiktok = try await TikTokBench()
        let before = try await tiktok.bench.ok("tokenkeep get tiktok --field refresh_token")
        try await tiktok.bench.ok("printf CANARY | tokenkeep set TIKTOK_CLIENT_SECRET")
        let refused = await tiktok.bench.sh("tokenkeep refresh --force")
        #expect(refused.status == 78 && refused.errors.contains("invalid_client") && !refused.words.contains("CANARY"))
        try await tiktok.bench.ok(
            "printf sandbox-secret | tokenkeep set TIKTOK_CLIENT_SECRET; tokenkeep refresh")
        #expect(try await tiktok.bench.ok("tokenkeep get tiktok --field refresh_token") != before)
    }

    @Test func howeverManyRefreshAtOnceOneRequestGoesOut() async throws {
        let tiktok = try await TikTokBench()
        // A token of unknown age is due at once: for cron, PM2, a person and six apps.
        try tiktok.bench.append(
            """
            [connections.sandbox-tiktok]
            provider = "sandbox-tiktok"
            client_id = "sandbox-client"
            client_secret = { secret = "TIKTOK_CLIENT_SECRET" }
            variables = { base_url = "\(tiktok.sandbox.baseURL)" }

            """, to: "tokenkeep.toml")
        try await tiktok.bench.ok(
            """
            printf 'SANDBOX_TIKTOK_ACCESS_TOKEN=act.old\nSANDBOX_TIKTOK_REFRESH_TOKEN=%s\n' $(tokenkeep get tiktok --field refresh_token) > .env
            tokenkeep -q import .env
            for i in 1 2 3 4 5 6; do tokenkeep refresh & tokenkeep get sandbox-tiktok > got$i & done; wait
            """)
        #expect(try await tiktok.refreshes() == 1)
        #expect(try await tiktok.bench.ok("cat got? | sort -u | wc -l") == "1\n", "all are handed the same new token")
    }

    @Test func whoForcesAtTheSameTimeGetsTheSameNewToken() async throws {
        let slow = try await LyingProvider(answering: .seconds(1)) { _ in
            .text(#"{"access_token":"act.NEW","refresh_token":"rft.NEW","expires_in":7200}"#)
        }
        try await slow.bench.ok("for i in 1 2 3 4 5 6; do tokenkeep refresh --force & done; wait")
        #expect(try await slow.bench.ok("tokenkeep log | grep -c renewed") == "2\n", "the one before, and one for all")
    }

    @Test(arguments: ["99999999999999999999", "9223372036854775807"])
    func anEndlessWaitIsAnHour(retryAfter: String) async throws {
        let busy = try await LyingProvider { _ in
            LocalResponse(status: 503, headers: [("Retry-After", retryAfter)], body: [])
        }
        let ended = await busy.bench.sh("tokenkeep refresh --force")
        #expect(ended.status == 11, "\(ended.errors)")
    }

    @Test func aTokenThatIsFreshIsHandedOutWithoutTheLock() async throws {
        let tiktok = try await TikTokBench()
        let got = await tiktok.bench.sh("exec 9> tokenkeep.vault.lock; flock 9; tokenkeep get tiktok --lock-wait 1ms")
        #expect(got.status == 0 && got.output.hasPrefix("act."))
        #expect(try await tiktok.refreshes() == 0)
    }

    @Test func anExpiredTokenIsRenewedByGetAndNotOffline() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 1)
        let offline = await tiktok.bench.sh(
            """
            while tokenkeep get tiktok --offline > printed; do :; done
            tokenkeep get tiktok --offline; echo $?; TOKENKEEP_OFFLINE=1 tokenkeep run -- true; echo $?
            """)
        #expect(offline.output == "10\n10\n", "\(offline.words)")
        #expect(!offline.errors.contains("tokenkeep refresh"), "a copy must not spend the token")
        try await tiktok.bench.ok("tokenkeep get TIKTOK_OPEN_ID --offline; tokenkeep get tiktok --field expires_at")
        #expect(try await tiktok.refreshes() == 0)
        #expect(tiktok.bench.text("printed") == "", "an expired token is not printed")
        _ = await tiktok.bench.sh("tokenkeep get tiktok")
        #expect(try await tiktok.refreshes() == 1)
    }

    @Test func howLongATokenMustLastIsTakenAtItsWord() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        // Offline what has not expired is printed; what is asked for and not had is said in true words.
        try await bench.ok("tokenkeep get tiktok --offline")
        let short = await bench.sh("tokenkeep get tiktok --offline --min-valid 3h")
        #expect(short.status == 10 && short.output.isEmpty && short.errors.contains("does not last that long"))
        // No token of this provider lives that long, so none is asked for.
        let long = await bench.sh("tokenkeep get tiktok --min-valid 3h")
        #expect(long.status == 64 && long.output.isEmpty && long.errors.contains("live 2 h 0 min"), "\(long.errors)")
        #expect(try await tiktok.refreshes() == 0)
        let hint = try #require(long.errors.split(separator: " ").last)
        try await bench.ok("tokenkeep get tiktok --min-valid \(hint)")
        #expect(try await tiktok.refreshes() == 0)
    }

    @Test func aConnectionThatWasNeverMadeIsPassedOverOrNamed() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let all = await tiktok.bench.sh("tokenkeep refresh")
        #expect(all.status == 0 && all.words.isEmpty)
        let named = await tiktok.bench.sh("tokenkeep refresh tiktok")
        #expect(named.status == 10 && named.errors.contains("tokenkeep connect tiktok"))
        #expect(try await tiktok.bench.ok("tokenkeep status").contains("not_connected"))
    }

    @Test func statusTellsWhatScriptsMonitor() async throws {
        let tiktok = try await TikTokBench()
        let object = try await tiktok.bench.ok("tokenkeep status --json")
        for member in [
            #""name":"tiktok""#, #""state":"fresh""#, #""person_needed_by":"#, #""refresh_expires_at":"#,
            #""outcome":"renewed""#, #""schema":1"#,
        ] {
            #expect(object.contains(member), "\(object)")
        }
        let refreshed = try await tiktok.bench.ok("tokenkeep refresh --force --json")
        #expect(refreshed.contains(#""outcome":"renewed""#) && refreshed.contains(#""outputs":[]"#))
    }

    @Test func theProvidersOfTheRFCsAreRefreshedToo() async throws {
        let standard = try await TikTokBench(manners: .standard)
        try await standard.bench.ok("tokenkeep refresh --force && tokenkeep refresh --force")
        #expect(try await standard.refreshes() == 2)
    }
}
