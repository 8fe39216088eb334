import Host
import Testing

/// `tokenkeep log`, and the file that it reads.
struct LogTests {
    @Test func whatWasAskedAndHowItEndedIsShownWithoutAKeyAndWithoutAValue() async throws {
        let tiktok = try await TikTokBench(faults: ["error-200:2"])
        let bench = tiktok.bench
        #expect(await bench.sh("tokenkeep refresh --force").status == 11)
        try await bench.ok("tokenkeep refresh --force")
        let shown = try await bench.ok("TOKENKEEP_KEY= tokenkeep log")
        let lines = shown.split(separator: "\n")
        #expect(lines.count == 4 && lines[0].hasPrefix("WHEN"), "\(shown)")
        #expect(lines[1].contains("authorize  renewed") && lines[3].contains("refresh    renewed"), "\(shown)")
        #expect(lines[2].contains("unavailable") && lines[2].contains("log id"), "\(shown)")
        #expect(try await bench.ok("tokenkeep log other") == "")
        #expect(try await bench.ok("tokenkeep log tiktok") == shown)
        let events = try await bench.ok(
            "tokenkeep log --json | python3 -c 'import json,sys; o=json.load(sys.stdin); print(o[\"schema\"], len(o[\"events\"]))'"
        )
        #expect(events == "1 3\n")
        let values = try await bench.ok("tokenkeep get tiktok; tokenkeep get tiktok --field refresh_token")
        for value in values.split(separator: "\n") { #expect(!bench.text("tokenkeep.vault.log").contains(value)) }
        #expect(try await bench.ok("stat -c %a tokenkeep.vault.log") == "600\n")
    }

    @Test(arguments: ["mkdir tokenkeep.vault.log", "mkfifo tokenkeep.vault.log", "ln -s /etc/motd tokenkeep.vault.log"])
    func aLogThatCannotBeWrittenFailsNoRefresh(obstacle: String) async throws {
        let tiktok = try await TikTokBench()
        try await tiktok.bench.ok("rm tokenkeep.vault.log; \(obstacle)")
        let ended = await tiktok.bench.sh("tokenkeep refresh --force")
        #expect(ended.status == 0 && ended.errors.contains("the log could not be written"), "\(ended.errors)")
        #expect(ended.errors.contains("hint: "))
        #expect(try await tiktok.refreshes() == 1)
        #expect(await tiktok.bench.sh("tokenkeep log").status == 0)
    }

    @Test func theLogHasTwoHalvesAndGrowsNoFurther() async throws {
        let tiktok = try await TikTokBench()
        // A line that a crash cut short costs no other.
        try await tiktok.bench.ok(
            "mv tokenkeep.vault.log line; (yes broken | head -c 8388608; echo; cat line) > tokenkeep.vault.log")
        try await tiktok.bench.ok("tokenkeep refresh --force; test ! -e tokenkeep.vault.log; tokenkeep refresh --force")
        #expect(try await tiktok.bench.ok("wc -l < tokenkeep.vault.log") == "1\n")
        #expect(try await tiktok.bench.ok("tokenkeep log | wc -l") == "4\n")
    }

    @Test func anAnswerThatCouldNotBeReadIsShownAsItCame() async throws {
        let tiktok = try await TikTokBench(faults: ["html:2"])
        let bench = tiktok.bench
        #expect(await bench.sh("tokenkeep log --raw-answers tiktok").words.contains("every answer could be read"))
        #expect(await bench.sh("tokenkeep refresh --force").status == 12)
        let raw = await bench.sh("tokenkeep log --raw-answers tiktok")
        #expect(raw.status == 0 && raw.output.contains("<html") && raw.errors.contains("HTTP 200"), "\(raw)")
        #expect(try await bench.ok("tokenkeep log --raw-answers tiktok --json").contains(#""answers":[{"at":"#))
        #expect(await bench.sh("tokenkeep log --raw-answers nosuch").status == 66)
        #expect(await bench.sh("tokenkeep log --raw-answers tiktok other").status == 64)
    }

    @Test func onATerminalARawAnswerSteersNothing() async throws {
        let lying = try await LyingProvider { _ in .text("\u{1B}]0;owned\u{07}") }
        #expect(await lying.bench.sh("tokenkeep refresh --force").status == 12)
        let shown = try await lying.bench.ok("script -qec 'tokenkeep log --raw-answers tiktok' /dev/null < /dev/null")
        #expect(shown.contains(#"\x1b]0;owned\x07"#) && !shown.contains("\u{1B}"), "\(shown)")
        #expect(try await lying.bench.ok("tokenkeep log --raw-answers tiktok").contains("\u{1B}]0;owned"))
    }
}
