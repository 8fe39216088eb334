import Host
import Sandbox
import Testing

/// The real binary, killed at every step of a refresh: nothing that was answered is ever lost.
@Suite(.timeLimit(.minutes(10))) struct KillTests {
    /// The system calls by which a refresh changes what is on the disk, what the provider knows, and what it is told.
    ///
    /// strace counts in each thread of its own, so those of the request's thread are counted apart.
    private static let steps = [
        "openat,write,pwrite64,fsync,fdatasync,fallocate,rename,unlink,close", "sendto", "recvfrom", "poll",
    ]

    @Test func whereverItIsKilledTheNextRunGoesOn() async throws {
        guard await ChildProcess.run(["strace", "-V"], environment: ["PATH": "/usr/bin:/bin"]).end == .exited(0) else {
            return withKnownIssue { Issue.record("SKIPPED: strace is not installed") }
        }
        let tiktok = try await TikTokBench()
        var counts: [Int32: Int] = [:]
        for calls in Self.steps {
            for step in 1... {
                let killed = await tiktok.bench.sh(
                    "exec strace -f -qq -o /dev/null -e inject=\(calls):signal=KILL:when=\(step) tokenkeep refresh --force"
                )
                // The first run that is not killed has fewer steps than that: all of them have been tried.
                if killed.status == 0 { break }
                let status = try await goOn(after: "\(calls) \(step)", tiktok)
                counts[status, default: 0] += 1
            }
        }
        print(
            "killed at \(counts.values.reduce(0, +)) steps; the next run ended with", counts.sorted { $0.key < $1.key })
        #expect(counts[0, default: 0] > 40 && counts[12, default: 0] > 0)
    }

    /// Runs the next refresh and checks that nothing was lost; returns its status.
    private func goOn(after step: String, _ tiktok: TikTokBench) async throws -> Int32 {
        let next = await tiktok.bench.sh("tokenkeep refresh")
        switch next.status {
        case 0:
            // What the vault holds now is what the provider knows: the family lives.
            let works = "curl -sf -o /dev/null -H \"Authorization: Bearer $(tokenkeep get tiktok)\""
            try await tiktok.bench.ok("\(works) \(tiktok.sandbox.baseURL)/v2/user/info/ && tokenkeep refresh --force")
        case 12:
            // It was asked, and the answer did not reach the disk: it is said, and nothing is tried blindly.
            #expect(next.errors.contains("may be spent"))
            try await tiktok.bench.ok(TikTokBench.connect)
        default: Issue.record("killed at \(step): \(next.status) \(next.errors)")
        }
        #expect(await tiktok.bench.sh("ls *.next *.journal *.unread").output.isEmpty, "killed at \(step)")
        return next.status
    }
}
