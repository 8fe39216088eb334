import Host
import Testing

/// A vault that is older than the one last seen on this machine.
struct OldCopyTests {
    @Test func anOldCopyIsRefusedByEveryCommandUntilItIsAccepted() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        try await bench.ok(
            "cp -p tokenkeep.vault old; tokenkeep refresh --force; mv tokenkeep.vault new; cp -p old tokenkeep.vault")
        for command in [
            "list", "get tiktok", "status", "refresh", "export shell", "run -- true", "key rotate", "remove tiktok",
        ] {
            let refused = await bench.sh("tokenkeep \(command)")
            #expect(refused.status == 79, "\(command): \(refused.errors)")
            #expect(
                refused.errors.contains("(epoch 1, generation 4)") && refused.errors.contains("(epoch 1, generation 5)")
            )
            #expect(
                refused.errors.contains("hint: put the newest copy back") && refused.errors.contains("--accept-older"))
            #expect(refused.output.isEmpty)
        }
        #expect(try await tiktok.refreshes() == 1)
        // What the hint says mends it: both ways.
        try await bench.ok("cp -p new tokenkeep.vault; tokenkeep get tiktok")
        try await bench.ok(
            "cp -p old tokenkeep.vault; tokenkeep list --accept-older; tokenkeep refresh --accept-older")
        try await bench.ok("tokenkeep list")
        #expect(try await bench.ok("tokenkeep key list --json").contains(#""generation":6"#))
        #expect(try await tiktok.refreshes() == 1, "nothing was due")
        #expect(await bench.sh("tokenkeep list --vault new").status == 79, "now that one is the old copy")
    }

    @Test func theNewerCopyIsNamedByItsPath() async throws {
        let bench = try await Bench()
        try await bench.ok("cp -p tokenkeep.vault old; printf x | tokenkeep set X")
        let refused = await bench.sh("tokenkeep list --vault old")
        #expect(refused.status == 79 && refused.errors.contains("a newer copy is at "), "\(refused.errors)")
        #expect(refused.errors.contains("/tokenkeep.vault: use that one"))
    }

    @Test func nothingIsTriedASecondTimeOnTheStrengthOfAnOldCopy() async throws {
        let tiktok = try await TikTokBench(faults: ["drop:2"], accessLifetime: 1)
        let bench = tiktok.bench
        #expect(await bench.sh("tokenkeep refresh --force").status == 12)
        try await bench.ok("cp -p tokenkeep.vault old; printf x | tokenkeep set X; cp -p old tokenkeep.vault")
        let left = await bench.sh("tokenkeep refresh --accept-older")
        #expect(left.status == 12 && left.errors.contains("put the newest copy back"), "\(left.errors)")
        #expect(try await tiktok.refreshes() == 1)
    }

    @Test func whatAnOldCopyAskedItselfIsNotAskedAgainEither() async throws {
        let tiktok = try await TikTokBench(faults: ["drop:2"], accessLifetime: 1)
        let bench = tiktok.bench
        try await bench.ok("cp -p tokenkeep.vault old; printf x | tokenkeep set X; cp -p old tokenkeep.vault")
        let asked = await bench.sh("tokenkeep refresh --force --accept-older")
        #expect(asked.status == 12 && !asked.errors.contains("tries once more"), "\(asked.errors)")
        #expect(await bench.sh("sleep 1; tokenkeep refresh").status == 12)
        #expect(try await tiktok.refreshes() == 1)
        try await bench.ok("\(TikTokBench.connect); tokenkeep refresh --force")
    }

    @Test func whereNoStateFolderCanBeWrittenStatusSaysSo() async throws {
        let bench = try await Bench()
        let plain = ["HOME": "/dev/null", "XDG_STATE_HOME": "/dev/null"]
        let warned = await bench.sh("tokenkeep status", plain)
        #expect(warned.status == 0 && warned.errors.contains("would not be noticed"), "\(warned.errors)")
        #expect(
            await bench.sh("tokenkeep status", ["XDG_STATE_HOME": bench.folder + "/s"]).errors.contains("noticed")
                == false)
        try await bench.ok(
            "cp -p tokenkeep.vault old; printf x | tokenkeep set X; cp -p old tokenkeep.vault; tokenkeep list", plain)
    }

    @Test func aJobWithoutHomeFindsTheFolderInThePasswordDatabase() async throws {
        let bench = try await Bench()
        let traced = await bench.sh(
            "unset HOME; strace -f -e trace=%file -o trace tokenkeep list; grep -c /.local/state/tokenkeep trace")
        #expect(traced.status == 0, "\(traced.words)")
    }
}
