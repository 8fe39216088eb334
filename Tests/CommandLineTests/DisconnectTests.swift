import Host
import Sandbox
import Testing

/// `disconnect`: revoked, and then forgotten.
struct DisconnectTests {
    @Test func whatCouldNotBeRenewedIsNotSaidToBeRevoked() async throws {
        let tiktok = try await TikTokBench(faults: ["drop:2"], accessLifetime: 1)
        let ended = await tiktok.bench.sh("sleep 1; tokenkeep disconnect tiktok")
        #expect(ended.status == 12 && ended.errors.contains("is not revoked"), "\(ended.errors)")
        #expect(try await tiktok.revocations() == 0)
        try await tiktok.bench.ok("tokenkeep list | grep tiktok")
    }

    @Test func disconnectRevokesAndThenForgets() async throws {
        let tiktok = try await TikTokBench()
        let token = try await tiktok.bench.ok("tokenkeep get tiktok").dropLast()
        try await tiktok.bench.ok("tokenkeep disconnect tiktok")
        #expect(await tiktok.bench.sh("tokenkeep get tiktok").status == 66)
        let answer = try await tiktok.bench.ok(
            "curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer \(token)' \(tiktok.sandbox.baseURL)/v2/user/info/"
        )
        #expect(answer == "401")
    }

    @Test func whatCannotBeForgottenIsNotRevoked() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let tiktok = try await TikTokBench()
        let full = await tiktok.bench.sh(
            """
            unshare -m sh -c 'mkdir m && mount -t tmpfs -o size=24k none m && cp -p tokenkeep.vault tokenkeep.toml m/ &&
            dd if=/dev/zero of=m/fill bs=1k count=100 status=none; cd m; tokenkeep disconnect tiktok'
            """)
        #expect(full.status == 73 && full.errors.contains("nothing was asked"), "\(full.errors)")
        #expect(try await tiktok.revocations() == 0)
        try await tiktok.bench.ok("tokenkeep get tiktok")
    }

    @Test func whatIsRevokedAndCannotBeForgottenIsSaid() async throws {
        let tiktok = try await TikTokBench()
        let ended = await tiktok.bench.sh(
            "strace -f -o trace -e trace=rename -e inject=rename:error=EIO tokenkeep disconnect tiktok")
        #expect(ended.status == 1 && ended.errors.contains("is revoked at the provider"), "\(ended.errors)")
        #expect(ended.errors.contains("hint: mend that, and then: tokenkeep remove tiktok"))
        #expect(try await tiktok.revocations() == 1)
        #expect(await tiktok.bench.sh("ls tokenkeep.vault.next").status != 0)
        try await tiktok.bench.ok("tokenkeep remove tiktok")
    }

    @Test func aTokenIsNotRevokedAtAnotherProvider() async throws {
        let tiktok = try await TikTokBench()
        let ended = await tiktok.bench.sh(
            "sed -i 's/\"sandbox-tiktok\"/\"sandbox\"/' tokenkeep.toml; tokenkeep disconnect tiktok")
        #expect(ended.status == 78 && ended.errors.contains("its tokens are from sandbox-tiktok"), "\(ended.errors)")
        #expect(try await tiktok.revocations() == 0)
        // Nor is it handed out: the config is the authority.
        for command in ["get tiktok", "get TIKTOK_ACCESS_TOKEN", "run -- true", "export shell"] {
            let refused = await tiktok.bench.sh("tokenkeep \(command)")
            #expect(refused.status == 78 && refused.output.isEmpty, "\(command): \(refused.words)")
        }
        try await tiktok.bench.ok("printf x | tokenkeep set X; tokenkeep get X; tokenkeep export shell --only X")
        try await tiktok.bench.ok("sed -i 's/\"sandbox\"/\"sandbox-tiktok\"/' tokenkeep.toml; tokenkeep get tiktok")
    }

    @Test func onlyAConnectionCanBeDisconnected() async throws {
        let bench = try await Bench()
        let ended = await bench.sh("printf x | tokenkeep set A; tokenkeep disconnect A")
        #expect(ended.status == 64 && ended.errors.contains("A is a secret"), "\(ended.errors)")
        #expect(await bench.sh("tokenkeep disconnect B").status == 66)
    }

    @Test func aProviderThatCannotBeReachedKeepsTheConnection() async throws {
        let tiktok = try await TikTokBench()
        await tiktok.sandbox.stop()
        let away = await tiktok.bench.sh("tokenkeep disconnect tiktok")
        #expect(away.status == 11 && away.errors.contains("tokenkeep remove tiktok"))
        #expect(await tiktok.bench.sh("tokenkeep get tiktok").status == 0)
    }
}
