import Host
import Testing

/// Secrets at the command line: what goes in comes out, and nothing else comes out.
struct SecretTests {
    @Test func aSecretComesBackWithoutTheNewlineThatTheShellAdded() async throws {
        let bench = try await Bench()
        try await bench.ok("echo 'a b$c' | tokenkeep set STRIPE_KEY")
        #expect(try await bench.ok("tokenkeep get STRIPE_KEY") == "a b$c\n")
        try await bench.ok("printf 'two\\n\\n' | tokenkeep set TWO")
        #expect(try await bench.ok("tokenkeep get TWO") == "two\n\n")
        try await bench.ok("printf 'kept\\n' | tokenkeep set EXACT --exact")
        #expect(try await bench.ok("tokenkeep get EXACT") == "kept\n\n")
        try await bench.ok("printf '' | tokenkeep set EMPTY --exact")
        #expect(try await bench.ok("tokenkeep get EMPTY") == "\n")
    }

    @Test func listShowsNamesAndKindsAndNoValue() async throws {
        let bench = try await Bench()
        try await bench.ok("printf CANARY-1 | tokenkeep set B; printf CANARY-2 | tokenkeep set A")
        let listed = await bench.sh("tokenkeep list; tokenkeep list --json; tokenkeep status; tokenkeep key list -v")
        #expect(listed.output.hasPrefix("A  secret\nB  secret\n"))
        #expect(
            listed.output.contains(
                #"{"records":[{"kind":"secret","name":"A"},{"kind":"secret","name":"B"}],"schema":1}"#))
        #expect(!listed.words.contains("CANARY"))
    }

    @Test func aRemovedSecretIsGone() async throws {
        let bench = try await Bench()
        try await bench.ok("printf x | tokenkeep set A && tokenkeep remove A")
        #expect(await bench.sh("tokenkeep get A").status == 66)
        #expect(await bench.sh("tokenkeep remove A").status == 66)
    }

    @Test func aRotatedKeyOpensAndTheOldOneDoesNot() async throws {
        let bench = try await Bench()
        try await bench.ok("printf hello | tokenkeep set A")
        let new = try await bench.ok("tokenkeep -q key rotate | tee new").dropLast()
        let old = await bench.sh("tokenkeep get A")
        #expect(old.status == 77 && old.output.isEmpty)
        #expect(try await bench.ok("tokenkeep get A", ["TOKENKEEP_KEY": String(new)]) == "hello\n")
        let listed = try await bench.ok("tokenkeep key list --json")
        #expect(listed.contains(#""epoch":2"#) && listed.contains(#""id":2,"kind":"raw-key","label":"main""#))
    }

    @Test func aKeyThatCannotBeHandedOutChangesNothing() async throws {
        let bench = try await Bench()
        try await bench.ok("printf hello | tokenkeep set A; cp tokenkeep.vault before")
        // Standard output is full: the new key would be lost.
        #expect(await bench.sh("tokenkeep key rotate > /dev/full").status == 73)
        #expect(await bench.sh("touch taken; tokenkeep key rotate --key-out taken").status == 73)
        #expect(await bench.sh("cmp tokenkeep.vault before && tokenkeep get A").output == "hello\n")
        #expect(await bench.sh("mkdir new && cd new && tokenkeep init > /dev/full; ls").output == "")
    }

    @Test func aKeyThatWasGivenOutInVainIsSaidToBe() async throws {
        let bench = try await Bench()
        let failed = await bench.sh(
            "strace -f -o trace -e trace=rename -e inject=rename:error=ENOSPC tokenkeep key rotate > new")
        #expect(failed.status == 73 && failed.errors.contains("opens with the old keys only"), "\(failed.errors)")
        try await bench.ok("tokenkeep list")
        #expect(await bench.sh("TOKENKEEP_KEY=$(cat new) tokenkeep list").status == 77)
    }

    @Test(arguments: [
        "tokenkeep.vault.next", "./tokenkeep.vault.journal", "x/../tokenkeep.vault.lock", "l/tokenkeep.vault",
    ])
    func aKeyIsNotWrittenWhereTheVaultHasItsOwnFiles(path: String) async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            "mkdir x; ln -s . l; rm -f tokenkeep.vault.lock; tokenkeep key rotate --key-out \(path)")
        #expect(ended.status == 64 && ended.errors.contains("a file of its own"), "\(ended.errors)")
        try await bench.ok("tokenkeep list")
        let made = await bench.sh(
            "cd x; tokenkeep init --vault v --key-out v; tokenkeep init --key-out tokenkeep.toml; ls")
        #expect(made.output == "" && made.errors.contains("a file of its own"), "\(made.words)")
    }

    @Test func aProcessThatDiesLeavesNoKeyUnderAnotherName() async throws {
        for step in ["fsync", "linkat", "link", "unlink"] {
            let bench = try await Bench()
            let killed = await bench.sh(
                "strace -f -o trace -e trace=\(step) -e inject=\(step):signal=KILL:when=1 tokenkeep key rotate --key-out new; ls -A"
            )
            let names = Set(killed.output.split(separator: "\n").map(String.init))
            #expect(
                names.isSubset(of: [
                    "tokenkeep.toml", "tokenkeep.vault", "tokenkeep.vault.lock", "tokenkeep.vault.next",
                    "tokenkeep.vault.log", "trace", "new", "home",
                ]),
                "\(step): \(names)")
            try await bench.ok("tokenkeep list || TOKENKEEP_KEY=$(cat new) tokenkeep list")
        }
    }

    @Test(arguments: [
        "TOKENKEEP_KEY= TOKENKEEP_KEY_FILE=$TOKENKEEP_KEY tokenkeep list", "tokenkeep list --key-file $TOKENKEEP_KEY",
        "tokenkeep $TOKENKEEP_KEY", "tokenkeep export $TOKENKEEP_KEY", "tokenkeep import $TOKENKEEP_KEY",
        "tokenkeep --vault $TOKENKEEP_KEY list", "tokenkeep --config $TOKENKEEP_KEY refresh",
        "tokenkeep get $TOKENKEEP_KEY",
        "tokenkeep list --key-fd $TOKENKEEP_KEY", "tokenkeep set A $TOKENKEEP_KEY", "tokenkeep get A --$TOKENKEEP_KEY",
        "tokenkeep init --passphrase $TOKENKEEP_KEY", "tokenkeep init --passphrase=$TOKENKEEP_KEY",
        "tokenkeep connect tiktok --refresh-token $TOKENKEEP_KEY", "tokenkeep --lock-wait $TOKENKEEP_KEY list",
    ])
    func aValueInAWrongPlaceIsNotRepeated(script: String) async throws {
        let bench = try await Bench()
        let ended = await bench.sh(script)
        #expect([64, 66, 77].contains(ended.status) && ended.errors.contains("hint: "), "\(ended.errors)")
        let key = try #require(bench.environment["TOKENKEEP_KEY"])
        #expect(!ended.words.contains(key.dropFirst(20)))
    }

    @Test func withoutProcNothingIsTakenForDone() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let bench = try await Bench()
        let ended = await bench.sh("unshare -m sh -c 'umount -l /proc; tokenkeep list'")
        #expect(ended.status == 1 && ended.output.isEmpty && ended.errors.contains("without /proc"), "\(ended.words)")
    }

    @Test func aJournalThatIsPutAsideIsSaidByWhoeverDoesIt() async throws {
        let bench = try await Bench()
        let ended = await bench.sh("echo garbage > tokenkeep.vault.journal; printf x | tokenkeep -q set A")
        #expect(
            ended.status == 0 && ended.errors.contains(".unread") && ended.errors.contains("hint: "), "\(ended.errors)")
    }

    @Test func afterAFullDiskTheSameCommandWorks() async throws {
        let bench = try await Bench()
        for command in ["cd new; tokenkeep init --key-out \"$OLDPWD/k\"", "tokenkeep key rotate --key-out k"] {
            let rename =
                "strace -f -o trace -e trace=rename,linkat -e inject=rename:error=ENOSPC -e inject=linkat:error=ENOSPC:when=2"
            let ended = await bench.sh(
                "mkdir -p new; \(command.replacing("tokenkeep", with: "\(rename) tokenkeep")); s=$?; cd '\(bench.folder)'; rm -f k2; [ ! -e k ]; echo $s $?; \(command)"
            )
            #expect(ended.status == 0 && ended.output.contains("73 0"), "\(command): \(ended.words)")
            try await bench.ok("mv k 'key of \(command.prefix(2))'")
        }
    }

    @Test func aClosedStreamIsNoPlaceForAFile() async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            """
            strace -f -o trace -e trace=openat sh -c 'exec tokenkeep init --vault new.vault --key-out new 2>&-'
            grep "$PWD" trace | grep -c '= [012]$'; TOKENKEEP_KEY=$(cat new) tokenkeep --vault new.vault list
            """)
        #expect(ended.status == 0 && ended.output == "0\n", "\(ended.words)")
    }

    @Test func aKeyThatIsWrittenToAClosedStreamHasNotBeenHandedOut() async throws {
        let bench = try await Bench()
        for command in ["key rotate", "init --vault other.vault"] {
            let ended = await bench.sh("tokenkeep \(command) >&-")
            #expect(ended.status == 73 && ended.errors.contains("standard output"), "\(command): \(ended.words)")
        }
        try await bench.ok("tokenkeep list; ! ls other.vault")
        #expect(await bench.sh("printf v | tokenkeep set A; tokenkeep get A >&-").status == 1)
    }

    @Test func aValueThatIsTypedAsANameIsNotRepeated() async throws {
        let bench = try await Bench()
        let token = "act.zfL1PSKCANARY" + String(repeating: "x", count: 40)
        for command in ["get", "refresh", "remove", "disconnect", "export json --only"] {
            let ended = await bench.sh("tokenkeep \(command) \(token)")
            #expect(ended.status != 0 && !ended.words.contains("CANARY"), "\(command): \(ended.words)")
        }
    }

    @Test func aReaderThatGoesAwayIsNoError() async throws {
        let bench = try await Bench()
        let ended = await bench.sh("{ tokenkeep --help; echo $? >&2; } | true")
        #expect(["0\n", "1\n"].contains(ended.errors), "\(ended.errors)")
    }

    @Test(arguments: ["run --help", "run -h", "key --help"]) func helpIsShownWithAnExample(words: String) async throws {
        #expect(try await Bench().ok("tokenkeep \(words)").contains("Example: tokenkeep \(words.prefix(3))"))
    }

    @Test func aNewKeyGoesToAPrivateFile() async throws {
        let bench = try await Bench()
        let made = try await bench.ok(
            "mkdir new && cd new && tokenkeep init --key-out key && stat -c %a key tokenkeep.vault tokenkeep.toml")
        #expect(made == "600\n600\n600\n")
        #expect(try await bench.ok("cd new && env -u TOKENKEEP_KEY tokenkeep --key-file key list") == "")
    }

    @Test func aPassphraseOpensWhateverFormItsAccentsWereTypedIn() async throws {
        let bench = try await Bench()
        let script =
            "mkdir p && cd p && tokenkeep -q init --passphrase && unset TOKENKEEP_KEY && printf x | tokenkeep set A"
        let composed = Bench.passphrase
        try await bench.ok(script, ["TOKENKEEP_NEW_PASSPHRASE": composed, "TOKENKEEP_PASSPHRASE": composed])
        let get = "cd p && unset TOKENKEEP_KEY && tokenkeep get A"
        #expect(try await bench.ok(get, ["TOKENKEEP_PASSPHRASE": "cafe\u{301} correct horse"]) == "x\n")
        #expect(await bench.sh(get, ["TOKENKEEP_PASSPHRASE": "Caf\u{E9} correct horse"]).status == 77)
        #expect(
            await bench.sh("tokenkeep init --vault other --passphrase", ["TOKENKEEP_NEW_PASSPHRASE": "short"]).status
                == 77)
    }

    @Test func theFirstKeySourceThatIsThereDecidesAndAWrongOneIsNotSkipped() async throws {
        let bench = try await Bench()
        let key = try #require(bench.environment["TOKENKEEP_KEY"])
        let wrong = "tkk1_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8_42741b7a"
        try await bench.ok(
            "printf %s \"$TOKENKEEP_KEY\" > right; printf %s '\(wrong)' > wrong; chmod 600 right wrong; mkdir c; cp -p right c/tokenkeep.key"
        )
        let bare = "env -u TOKENKEEP_KEY "
        for (given, status) in [
            ("tokenkeep list --key-fd 3 3< right", 0), ("tokenkeep list --key-fd 3 --key-file right 3< wrong", 77),
            ("tokenkeep list --key-file wrong", 77), ("tokenkeep list --key-command 'cat right'", 0),
            ("tokenkeep list --key-command 'cat wrong'", 77), ("tokenkeep list --key-command false", 77),
            ("\(bare)TOKENKEEP_KEY_FILE=right tokenkeep list", 0), ("TOKENKEEP_KEY_FILE=wrong tokenkeep list", 0),
            ("\(bare)CREDENTIALS_DIRECTORY=$PWD/c tokenkeep list", 0), ("\(bare)tokenkeep list", 77),
            ("\(bare)TOKENKEEP_KEY= TOKENKEEP_KEY_FILE=right tokenkeep list", 0),
        ] {
            let ended = await bench.sh(given)
            #expect(ended.status == Int32(status), "\(given): \(ended.errors)")
            #expect(!ended.words.contains(key) && !ended.words.contains(wrong))
        }
        try bench.append("[unlock]\nkey_file = \"right\"\n", to: "tokenkeep.toml")
        #expect(await bench.sh("\(bare)tokenkeep list").status == 0)
        #expect(await bench.sh("chmod 644 right; \(bare)tokenkeep list").status == 77)
        #expect(await bench.sh("\(bare)tokenkeep list --allow-readable-key").status == 0)
    }

    @Test func twoWritersAtOnceLoseNeitherValue() async throws {
        let bench = try await Bench()
        try await bench.ok("for i in 1 2 3 4 5 6 7 8; do printf $i | tokenkeep set N$i & done; wait")
        #expect(
            try await bench.ok("for i in 1 2 3 4 5 6 7 8; do tokenkeep get N$i; done") == "1\n2\n3\n4\n5\n6\n7\n8\n")
    }
}
