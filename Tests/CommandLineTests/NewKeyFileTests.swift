import Testing

/// What reviews of the key commands found, and must not come back.
struct NewKeyFileTests {
    @Test(arguments: ["mkfifo p; (echo foreign > p) & ", "mkfifo p; ", ":>p; "])
    func aKeyIsWrittenOverNothingAndWaitsForNobody(obstacle: String) async throws {
        let bench = try await Bench()
        let ended = await bench.sh("\(obstacle) timeout 10 tokenkeep key add more --key-out p")
        #expect(ended.status == 73 && ended.errors.contains("p is there already"), "\(ended.status) \(ended.errors)")
        #expect(try await bench.ok("tokenkeep key list | wc -l") == "1\n")
        // What another program wrote into the pipe is there for its reader.
        if obstacle.contains("foreign") { #expect(try await bench.ok("timeout 10 cat p") == "foreign\n") }
    }

    @Test func theLoserOfTwoThatMakeOneVaultIsToldThatItsKeyOpensNothing() async throws {
        let bench = try await Bench()
        let words = try await bench.ok(
            """
            for n in 1 2 3 4 5 6 7 8 9 10; do
            mkdir $n; cd $n; tokenkeep init --vault v --key-out a 2>>../words & tokenkeep init --vault v --key-out b 2>>../words
            wait; for key in a b; do
            if [ -e $key ] && ! tokenkeep --vault v list --key-file $key; then echo "DEAD $key"; fi; done; cd ..; done
            cat words
            """, ["TOKENKEEP_KEY": ""])
        #expect(!words.contains("DEAD") && !words.contains("may not last"), "\(words)")
        #expect(words.contains("is there already"), "\(words)")
    }

    @Test func aJournalThatIsTooLargeIsReadAsTheHintSays() async throws {
        let tiktok = try await TikTokBench(faults: ["drop:2"])
        let bench = tiktok.bench
        // A journal with an intent, which a run that was killed left.
        try await bench.ok(
            "tokenkeep refresh --force --timeout 30s & sleep 0.01; while [ ! -s tokenkeep.vault.journal ]; do :; done; kill -9 $!; truncate -s 330M tokenkeep.vault.journal"
        )
        let refused = await bench.sh("tokenkeep refresh")
        #expect(refused.status == 65 && refused.errors.contains("was not read"), "\(refused.errors)")
        #expect(
            refused.errors.contains("truncate -s 335544320 \(bench.folder)/tokenkeep.vault.journal"),
            "\(refused.errors)")
        // The same with less of it: a debug build takes half a minute for zeros of 320 MiB.
        try await bench.ok("truncate -s 1M tokenkeep.vault.journal")
        let again = await bench.sh("tokenkeep refresh")
        #expect([0, 12].contains(again.status), "\(again.status) \(again.errors)")
        #expect(try await bench.ok("ls *.journal 2>/dev/null | wc -l") == "0\n")
    }
}
