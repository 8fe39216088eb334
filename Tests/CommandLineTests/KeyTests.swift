import Host
import Testing

/// Key slots at the command line: who gets in, who does not any more, and what is said of it.
struct KeyTests {
    /// A vault with a secret, a slot `main` whose key is in the environment, and one `cron` whose key is in `cron.key`.
    private func bench() async throws -> Bench {
        let bench = try await Bench()
        try await bench.ok("printf CANARY-1 | tokenkeep set A; tokenkeep -q key add cron --key-out cron.key")
        return bench
    }

    @Test func aSlotIsAddedAndRemovedAndTheOthersGoOn() async throws {
        let bench = try await bench()
        try await bench.ok("tokenkeep -q key add deploy --key-out deploy.key")
        #expect(try await bench.ok("tokenkeep get A --key-file deploy.key") == "CANARY-1\n")
        let alone = await bench.sh("tokenkeep key remove deploy")
        #expect(
            alone.status == 77 && alone.words.contains("--slot-key cron=FILE") && alone.words.contains("--drop cron"))
        let removed = await bench.sh("tokenkeep key remove deploy --slot-key cron=cron.key")
        #expect(removed.status == 0 && removed.output.isEmpty)
        #expect(removed.errors.contains("A  secret  by hand") && !removed.errors.contains("CANARY"))
        #expect(await bench.sh("tokenkeep get A --key-file deploy.key").status == 77)
        #expect(try await bench.ok("tokenkeep get A; tokenkeep get A --key-file cron.key") == "CANARY-1\nCANARY-1\n")
        let listed = try await bench.ok("tokenkeep key list --json")
        #expect(listed.contains(#""epoch":2"#) && !listed.contains("deploy"))
        #expect(try await bench.ok("tokenkeep log").contains("deploy  key_remove"))
    }

    @Test func aStagedKeyIsDeployedBeforeTheOldOneGoes() async throws {
        let bench = try await bench()
        try await bench.ok("tokenkeep -q key stage cron --key-out next.key")
        let commit = "tokenkeep key commit cron --drop more --slot-key cron.next=next.key"
        // Whoever commits has the key, too: that is not yet the deploy.
        let early = await bench.sh("tokenkeep key commit cron --key-file next.key --drop main")
        #expect(early.status == 1 && early.words.contains("cron.next has not opened"))
        // Nor does a change of the keys count.
        try await bench.ok("tokenkeep -q key add more --key-file next.key --key-out more.key")
        #expect(await bench.sh(commit).status == 1)
        #expect(await bench.sh("tokenkeep key commit cron --drop cron.next --drop main --drop more").status == 1)
        // Nor a copy, whether it is asked for a token or not: it stays as it was.
        try await bench.ok(
            "mkdir copy && cp -p tokenkeep.vault tokenkeep.toml copy && cd copy && tokenkeep get A --key-file ../next.key && cmp tokenkeep.vault ../tokenkeep.vault"
        )
        try await bench.ok(
            "TOKENKEEP_OFFLINE=1 tokenkeep get A --key-file next.key; tokenkeep list --key-file next.key")
        #expect(await bench.sh(commit).status == 1)
        // Both jobs run until the commit, and the new one after it.
        try await bench.ok("tokenkeep -q get A --key-file cron.key && tokenkeep get A --key-file next.key")
        #expect(await bench.sh(commit).status == 0)
        #expect(try await bench.ok("tokenkeep get A; tokenkeep get A --key-file next.key") == "CANARY-1\nCANARY-1\n")
        #expect(await bench.sh("tokenkeep get A --key-file cron.key").status == 77)
        #expect(try await bench.ok("tokenkeep key list").contains("3  cron  raw-key"))
    }

    @Test func anIdleRefreshIsEnoughForAStagedKey() async throws {
        let bench = try await TikTokBench().bench
        try await bench.ok(
            "tokenkeep -q key add cron --key-out cron.key; tokenkeep -q key stage cron --key-out next.key")
        let due = try await bench.ok("tokenkeep refresh -v --key-file next.key 2>&1")
        #expect(due.contains("not due"))
        #expect(
            await bench.sh("tokenkeep key commit cron --key-file next.key --drop main").status == 0,
            "a slot that is dropped by name needs no secret")
        #expect(await bench.sh("tokenkeep get tiktok").status == 77)
        #expect(await bench.sh("tokenkeep get tiktok --key-file next.key").status == 0)
        let log = try await bench.ok("tokenkeep log main; tokenkeep log cron")
        #expect(
            log.contains("main  key_remove") && log.contains("cron  key_remove") && log.contains("cron  key_commit"))
    }

    @Test func aPassphraseSlotComesWithItsWordsAndItsLimits() async throws {
        let bench = try await bench()
        let added = await bench.sh(
            "tokenkeep key add human --passphrase", ["TOKENKEEP_NEW_PASSPHRASE": "correct horse"])
        #expect(added.status == 0 && added.output.isEmpty)
        let short = await bench.sh("tokenkeep key add h2 --passphrase", ["TOKENKEEP_NEW_PASSPHRASE": "eleven char"])
        #expect(short.status == 77 && short.errors.contains("12 characters"))
        let passwd = await bench.sh("tokenkeep key passwd human", ["TOKENKEEP_NEW_PASSPHRASE": "battery staple"])
        #expect(passwd.status == 0 && passwd.errors.contains("does not undo a leak"))
        #expect(await bench.sh("tokenkeep key passwd cron").status == 64)
        try bench.append("battery staple\n", to: "pass")
        // Without --drop the slot needs its passphrase, and a wrong one changes nothing.
        let wrong = await bench.sh("cp pass wrong; echo x >> wrong; tokenkeep key rotate cron --slot-key human=wrong")
        #expect(wrong.status == 77 && wrong.output.isEmpty)
        let rotated = await bench.sh("tokenkeep key rotate cron --slot-key human=pass --key-out new.key")
        #expect(rotated.status == 0, "\(rotated.errors)")
        let script =
            "unset TOKENKEEP_KEY; TOKENKEEP_PASSPHRASE='battery staple' tokenkeep get A; tokenkeep get A --key-file new.key"
        #expect(try await bench.ok(script) == "CANARY-1\nCANARY-1\n")
        #expect(await bench.sh("tokenkeep get A --key-file cron.key").status == 77)
    }

    @Test func aPassphraseIsMadeForWhoTypesNone() async throws {
        let bench = try await bench()
        // At a terminal of its own: Enter, and then what is shown, typed again.
        try bench.append(
            """
            import os, pty, re, sys
            child, terminal = pty.fork()
            if child == 0:
                os.execvp("tokenkeep", ["tokenkeep", "key", "add", "human", "--passphrase"])
            seen = b""
            def read(until):
                global seen
                while until not in seen:
                    seen += os.read(terminal, 4096)
                shown, seen = seen, b""
                return shown
            read(b"words: ")
            os.write(terminal, b"\\n")
            words = re.search(rb"again:\\r\\n([a-z-]+)\\r\\n", read(b"The same again: "))[1]
            os.write(terminal, words + b"\\n")
            end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(words.decode())
            sys.exit(end)

            """, to: "typist.py")
        let words = try await bench.ok("python3 typist.py").dropLast()
        #expect(words.split(separator: "-").count >= 6)
        let read = "unset TOKENKEEP_KEY; tokenkeep get A"
        #expect(try await bench.ok(read, ["TOKENKEEP_PASSPHRASE": String(words)]) == "CANARY-1\n")
    }

    @Test(arguments: ["INT", "TERM", "HUP", "QUIT"])
    func aSignalInTheMiddleOfAQuestionLeavesTheTerminalAsItWas(_ signal: String) async throws {
        let bench = try await Bench()
        try bench.append(
            """
            import os, pty, signal, sys, termios
            child, terminal = pty.fork()
            if child == 0:
                os.environ.pop("TOKENKEEP_KEY")
                os.execvp("tokenkeep", ["tokenkeep", "list"])
            seen = b""
            while b"tokenkeep.vault: " not in seen:
                seen += os.read(terminal, 4096)
            def shows():
                return termios.tcgetattr(terminal)[3] & (termios.ECHO | termios.ISIG | termios.ICANON)
            while shows(): pass
            os.kill(child, signal.SIG\(signal))
            end = os.waitpid(child, 0)[1]
            print(os.WTERMSIG(end) == signal.SIG\(signal), shows() == termios.ECHO | termios.ISIG | termios.ICANON)

            """, to: "typist.py")
        #expect(try await bench.ok("ulimit -c 0; python3 typist.py") == "True True\n")
    }

    @Test(arguments: [
        ("rotate", 64), ("rotate nobody", 66), ("remove nobody", 66), ("remove main --drop cron", 64),
        ("remove main --drop nobody", 66), ("rotate cron --drop main --slot-key main=cron.key", 64),
        ("rotate cron --drop cron", 64), ("commit main --drop main.next", 66), ("rotate cron --slot-key main", 64),
        ("add cron", 64), ("add a.next", 64),
        ("add 'a b'", 64), ("stage nobody", 66), ("stage \(String(repeating: "l", count: 20))", 64),
        ("commit cron", 66), ("commit nobody", 66), ("passwd nobody", 66),
        ("remove cron --slot-key main=cron.key", 77), ("rotate cron --slot-key main=nothing", 77),
    ]) func whatCannotBeDoneIsSaidAndChangesNothing(_ command: String, _ status: Int) async throws {
        let bench = try await bench()
        let ended = await bench.sh("cp tokenkeep.vault before; tokenkeep key \(command)")
        #expect(ended.status == Int32(status), "\(ended.errors)")
        #expect(ended.output.isEmpty && ended.errors.contains("\nhint: "))
        #expect(await bench.sh("cmp tokenkeep.vault before; ls tokenkeep.vault.next").status != 0)
        try await bench.ok("cmp tokenkeep.vault before")
    }

    @Test func whatTheOldKeyCouldReadIsListedUntilItIsIssuedAnew() async throws {
        let app = try await TikTokBench()
        let bench = app.bench
        try await bench.ok("printf CANARY-2 | tokenkeep set STRIPE_KEY")
        let new = try await bench.ok("tokenkeep -q key rotate --key-out new.key; cat new.key").dropLast()
        let key = ["TOKENKEEP_KEY": String(new)]
        let before = try await bench.ok("tokenkeep key list --exposed", key)
        #expect(before.contains("tokenkeep refresh --force tiktok") && before.contains("tokenkeep set STRIPE_KEY"))
        try await bench.ok("tokenkeep refresh --force tiktok && printf CANARY-3 | tokenkeep set STRIPE_KEY", key)
        let after = try await bench.ok("tokenkeep key list --exposed", key).split(separator: "\n")
        #expect(after.contains { $0.hasPrefix("STRIPE_KEY") && $0.hasSuffix("replaced since") })
        // Its refresh token is worth nothing any more; the access token lives on.
        #expect(
            after.contains {
                $0.hasPrefix("tiktok") && $0.contains("replaced since; the access token that was there works until 20")
            })
        #expect(after.contains { $0.hasPrefix("TIKTOK_CLIENT_SECRET") && $0.contains("by hand") })
        let json = try await bench.ok("tokenkeep key list --exposed --json", key)
        #expect(json.contains(#""kind":"connection","name":"tiktok","replaced":true"#))
        for words in [before, json, after.joined()] { #expect(!words.contains("CANARY")) }
    }

    @Test(arguments: ["get tiktok", "get TIKTOK_CLIENT_SECRET", "run -- true", "refresh"])
    func whoOpensWithAStagedKeyLosesNoAnswerOfADeadRun(_ command: String) async throws {
        let bench = try await TikTokBench().bench
        try await bench.ok(
            "tokenkeep -q key add cron --key-out cron.key; tokenkeep -q key stage cron --key-out next.key")
        let killed = await bench.sh(
            "strace -f -o trace -e trace=rename -e inject=rename:signal=KILL tokenkeep refresh --force tiktok; ls tokenkeep.vault.journal"
        )
        #expect(killed.status == 0, "an answer waits in a journal: \(killed.words)")
        let staged = await bench.sh(
            "tokenkeep \(command) --key-file next.key".replacing(
                " -- true --key-file next.key", with: " --key-file next.key -- true"))
        #expect(staged.status == 0 && staged.errors.contains("its answer is in the vault now"), "\(staged.errors)")
        if command == "get tiktok" { #expect(try await bench.ok("tokenkeep get tiktok") == staged.output) }
        // The provider would refuse a spent token.
        try await bench.ok("tokenkeep refresh --force tiktok")
    }

    @Test(arguments: ["key add third", "key rotate main --drop cron", "init --vault other"])
    func aFileThatIsThereIsNeverTakenForTheNewKeys(_ command: String) async throws {
        let bench = try await bench()
        try await bench.ok("cp cron.key kept")
        // The disk fails before the new file could have got its name.
        let failed = await bench.sh(
            "strace -f -o trace -e trace=fsync,fdatasync -e inject=fsync,fdatasync:error=EIO tokenkeep \(command) --key-out cron.key; echo $?; cmp cron.key kept && echo kept"
        )
        #expect(failed.output == "73\nkept\n", "\(failed.words)")
    }

    @Test func anOldCopyThatIsLookedAtWithAStagedKeyStaysOne() async throws {
        let bench = try await TikTokBench().bench
        try await bench.ok(
            "tokenkeep -q key add cron --key-out cron.key; tokenkeep -q key stage cron --key-out next.key")
        try await bench.ok("cp tokenkeep.vault old; tokenkeep refresh --force tiktok; cp old tokenkeep.vault")
        try await bench.ok(
            "tokenkeep get TIKTOK_CLIENT_SECRET --accept-older --key-file next.key; cmp old tokenkeep.vault")
        #expect(await bench.sh("tokenkeep refresh --force tiktok").status == 79)
    }

    @Test func aRotationAppliesWhatADeadRunWasAnswered() async throws {
        let app = try await TikTokBench(accessLifetime: 1)
        let bench = app.bench
        let killed = await bench.sh(
            "strace -f -o trace -e trace=rename -e inject=rename:signal=KILL tokenkeep refresh --force tiktok; ls tokenkeep.vault.journal"
        )
        #expect(killed.status == 0, "an answer waits in a journal: \(killed.words)")
        let rotated = await bench.sh("tokenkeep key rotate --key-out new.key")
        #expect(rotated.status == 0 && rotated.errors.contains("its answer is in the vault now"))
        #expect(await bench.sh("ls tokenkeep.vault.journal").status != 0)
        try await bench.ok("tokenkeep refresh --force tiktok --key-file new.key")
    }
}
