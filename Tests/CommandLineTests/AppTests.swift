import Host
import Sandbox
import Testing

/// What apps get: outputs, exports, run, import.
struct AppTests {
    private static let output = "[[outputs]]\npath = \"secrets.js\"\nformat = \"commonjs\""

    @Test func anOutputInsideAWorkTreeIsRefusedUnlessIgnored() async throws {
        let tiktok = try await TikTokBench(more: Self.output)
        let refused = await tiktok.bench.sh("git init -q . && tokenkeep export")
        #expect(refused.status == 73 && refused.errors.contains("--allow-tracked"), "\(refused.errors)")
        #expect(await tiktok.bench.sh("ls secrets.js").status != 0)
        try await tiktok.bench.ok("echo secrets.js > .gitignore; tokenkeep export; test -s secrets.js")
        try await tiktok.bench.ok("rm .gitignore; tokenkeep refresh --force --allow-tracked")
    }

    @Test func aFileThatIsNotOursIsNeverReplacedUnlessItIsAdopted() async throws {
        let tiktok = try await TikTokBench(more: Self.output + "\n[[outputs]]\npath = \"t.json\"\nformat = \"json\"")
        let refused = await tiktok.bench.sh("echo mine > secrets.js; tokenkeep export")
        #expect(refused.status == 73 && refused.errors.contains("tokenkeep export --adopt"), "\(refused.errors)")
        #expect(tiktok.bench.text("secrets.js") == "mine\n")
        try await tiktok.bench.ok(
            "tokenkeep export --adopt secrets.js && tokenkeep refresh --force && tokenkeep refresh --force")
        #expect(tiktok.bench.text("t.json").contains("TIKTOK_ACCESS_TOKEN"))
        #expect(
            await tiktok.bench.sh("echo '{}' > t.json; tokenkeep export").status == 73,
            "its digest is not the recorded one")
    }

    @Test(arguments: [
        "tokenkeep.vault", "./tokenkeep.vault.lock", "tokenkeep.vault.journal", "tokenkeep.vault.outputs",
        "tokenkeep.toml", "key",
        "other/../key",
        "link.js", "same.js",
    ])
    func anOutputReplacesNoFileOfTokenkeepsOwnNorAnother(path: String) async throws {
        let bench = try await Bench(
            config:
                "[[outputs]]\npath = \"\(path)\"\nformat = \"shell\"\n[[outputs]]\npath = \"x/../same.js\"\nformat = \"shell\""
        )
        try await bench.ok(
            "mkdir x other; ln -s tokenkeep.vault link.js; printf %s $TOKENKEEP_KEY > key; chmod 600 key; printf 1 | tokenkeep set A"
        )
        let before = try await bench.ok("cat tokenkeep.* key | sha256sum")
        for script in ["export", "export --adopt '\(path)'", "refresh"] {
            let ended = await bench.sh("TOKENKEEP_KEY= TOKENKEEP_KEY_FILE=key tokenkeep \(script)")
            #expect(ended.status == 78 && ended.errors.contains("path of its own"), "\(script): \(ended.errors)")
        }
        #expect(try await bench.ok("cat tokenkeep.* key | sha256sum") == before)
        #expect(try await bench.ok("tokenkeep get A") == "1\n")
    }

    @Test func whatADeadExportLeftIsTakenAwayAndNothingElse() async throws {
        let bench = try await Bench(config: Self.output)
        let names = try await bench.ok(
            """
            printf CANARY | tokenkeep set A
            strace -f -o trace -e trace=rename -e inject=rename:signal=KILL tokenkeep export; ls -A | grep '[.]tmp$'; echo .
            echo mine > .secrets.js.tmp; echo mine > .secrets.js.mine.tmp; touch -d '2 days ago' .secrets.js.*tmp
            strace -f -o trace -e trace=linkat -e inject=linkat:signal=KILL tokenkeep export; ls -A | grep '[.]tmp$'; echo .
            tokenkeep export; ls -A | grep '[.]tmp$'
            """
        ).split(separator: ".\n").map { $0.split(separator: "\n").map(String.init) }
        // Only a death within the last step leaves one.
        #expect(names[0].count == 1 && names[0][0].hasPrefix(".secrets.js.tokenkeep."), "\(names)")
        #expect(names[1] == [".secrets.js.mine.tmp", ".secrets.js.tmp"] && names[2] == names[1], "\(names)")
        #expect(bench.text("secrets.js").contains("CANARY"))
    }

    @Test func aCopyThatCannotBeWrittenIsStillExported() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let bench = try await Bench(config: Self.output + "\n[[outputs]]\npath = \"t.json\"\nformat = \"json\"")
        let ended = await bench.sh(
            "printf CANARY | tokenkeep set A; unshare -m sh -c 'mount --bind tokenkeep.vault tokenkeep.vault; tokenkeep export'"
        )
        #expect(ended.status == 73 && bench.text("secrets.js").contains("CANARY"), "\(ended.errors)")
    }

    @Test(arguments: [
        ("after = [\"./here\"]", "there is no program of that path"),
        ("after = [\"/full/none\"]", "there is no program of that path"),
        ("after = [\"no-such\"]", "cron's PATH is short"),
    ])
    func whatStopsTheAfterCommandIsSaid(line: String, words: String) async throws {
        let bench = try await Bench(config: Self.output + "\n" + line)
        let ended = await bench.sh("printf x | tokenkeep set A; touch here; tokenkeep export")
        #expect(ended.status == 1 && ended.errors.contains(words), "\(ended.errors)")
    }

    @Test func aRunningAppIsRestartedWhenItsTokenChanged() async throws {
        let tiktok = try await TikTokBench(
            more: Self.output + "\nafter = [\"sh\", \"-c\", \"kill -HUP $(cat pid); env > after.env\"]")
        // A real Node process with a cached `require`; a loop of three lines does what PM2 does.
        let seen = try await tiktok.bench.ok(
            """
            tokenkeep export 2> /dev/null
            cat > app.js <<'X'
            const secrets = require('./secrets.js')
            require('fs').writeFileSync('pid', String(process.pid))
            console.log(secrets.TIKTOK_ACCESS_TOKEN)
            process.on('SIGHUP', () => process.exit(0))
            setInterval(() => {}, 1000)
            X
            mkfifo out; (node app.js; node app.js) > out & exec 3< out
            read first <&3
            tokenkeep refresh --force
            read second <&3
            kill $(cat pid); wait
            [ "$first" != "$second" ] && [ "$second" = "$(tokenkeep get tiktok)" ] && echo restarted
            """)
        #expect(seen == "restarted\n")
        #expect(!tiktok.bench.text("after.env").contains("TOKENKEEP_KEY"))
        // Nothing changed, so nobody is told.
        try await tiktok.bench.ok("rm after.env; tokenkeep refresh; test ! -e after.env")
    }

    @Test func anAppIsToldOfWhatWasWrittenThoughAnotherOutputCouldNotBe() async throws {
        let tiktok = try await TikTokBench(
            more: """
                [[outputs]]
                path = "out.js"
                format = "commonjs"
                after = ["sh", "-c", "echo told >> told"]
                [[outputs]]
                path = "out.json"
                format = "json"
                """)
        let ended = await tiktok.bench.sh("exec 9> tokenkeep.vault.lock; flock 9; tokenkeep export --lock-wait 1ms")
        #expect(ended.status == 75 && ended.errors.contains("no comments were not written"), "\(ended.errors)")
        #expect(!ended.errors.contains("nothing was done"))
        #expect(tiktok.bench.text("told") == "told\n" && tiktok.bench.text("out.json").isEmpty)
        try await tiktok.bench.ok("tokenkeep export; grep -q TIKTOK out.json")
    }

    @Test func runStartsWithATokenThatWorksWhateverStandsInTheWayOfARenewal() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 5)
        let started = await tiktok.bench.sh(
            """
            exec 9> tokenkeep.vault.lock; flock 9
            # Due from a second on.
            until tokenkeep status | grep -q due; do :; done; tokenkeep run --lock-wait 1ms -- echo STARTED
            """)
        #expect(started.output == "STARTED\n" && started.errors.contains("are still valid"), "\(started.words)")
    }

    @Test func anAfterCommandMayAskForTheLockItself() async throws {
        let tiktok = try await TikTokBench(
            more: """
                [[outputs]]
                path = "out.json"
                format = "json"
                after = ["sh", "-c", "printf told | TOKENKEEP_KEY=$(cat key) tokenkeep set TOLD; echo x >> count"]
                include = ["TIKTOK_*"]
                """)
        try await tiktok.bench.ok("echo $TOKENKEEP_KEY > key; tokenkeep refresh --force; rm out.json; tokenkeep export")
        #expect(try await tiktok.bench.ok("tokenkeep get TOLD") == "told\n")
        #expect(tiktok.bench.text("count") == "x\nx\n", "once for each file that was written")
    }

    @Test func anAfterCommandThatIsNotThereIsSaidWithTheWayOut() async throws {
        let tiktok = try await TikTokBench(more: Self.output + "\nafter = [\"pm2-is-not-here\", \"reload\"]")
        let told = await tiktok.bench.sh("tokenkeep export")
        #expect(told.status == 1 && told.errors.contains("full path"), "\(told.errors)")
        #expect(tiktok.bench.text("secrets.js").contains("TIKTOK_ACCESS_TOKEN"))
    }

    @Test func runReplacesItselfWithTheCommand() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        try await bench.ok("printf \"it's \\$HOME\\n\" | tokenkeep set STRIPE_KEY --exact")
        let ran = await bench.sh(
            "STRIPE_KEY=inherited tokenkeep run -- sh -c 'printf %s \"$STRIPE_KEY\"; env | grep -c TOKENKEEP_; echo $$ $PPID; exit 7' x; echo $? $$"
        )
        let lines = ran.output.split(separator: "\n").map(String.init)
        try #require(lines.count == 4, "\(ran.words)")
        #expect(lines[0] == "it's $HOME" && lines[1] == "0", "the vault's value wins, and nothing of ours goes along")
        #expect(lines[3].hasPrefix("7 "), "the status is the command's own")
        #expect(
            await bench.sh("tokenkeep run --only TIKTOK_ACCESS_TOKEN -- env").output.contains(
                "TIKTOK_ACCESS_TOKEN=act."))
        #expect(await bench.sh("tokenkeep run --only 'STRIPE_*' -- env").output.contains("TIKTOK") == false)
        #expect(await bench.sh("tokenkeep run -- env").output.contains("REFRESH_TOKEN") == false)
        #expect(await bench.sh("printf '#!/no/such\\n' > x; chmod 755 x; tokenkeep run -- ./x").status == 126)
    }

    @Test func aCommandThatIsRunCanBeEndedByASignal() async throws {
        let bench = try await Bench()
        for signal in ["TERM", "INT", "HUP", "USR1", "PIPE"] {
            let ended = await bench.sh("tokenkeep run -- sh -c 'kill -\(signal) $$; echo alive'; kill -l $?")
            #expect(ended.output == signal + "\n", "\(ended.words)")
        }
    }

    @Test func runGoesOnWithATokenThatIsStillGood() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 300)
        await tiktok.sandbox.stop()
        try tiktok.bench.append("[schedule]\nevery = \"12h\"\n", to: "tokenkeep.toml")
        let ran = await tiktok.bench.sh("tokenkeep run -- echo started")
        #expect(ran.status == 0 && ran.output == "started\n", "\(ran.errors)")
    }

    @Test func refreshTokensAndClientSecretsLeaveOnlyByTheirFullNames() async throws {
        let tiktok = try await TikTokBench()
        let all = try await tiktok.bench.ok(
            "tokenkeep export dotenv; tokenkeep export dotenv --only 'TIKTOK_*'; tokenkeep export json --only '*'")
        #expect(!all.contains("REFRESH_TOKEN") && !all.contains("CLIENT_SECRET") && all.contains("TIKTOK_OPEN_ID"))
        let named = try await tiktok.bench.ok(
            "tokenkeep export json --only TIKTOK_REFRESH_TOKEN --only TIKTOK_CLIENT_SECRET")
        #expect(named.contains("rft.") && named.contains("sandbox-secret"))
        #expect(await tiktok.bench.sh("tokenkeep export json --only NOPE").status == 66)
    }

    @Test func aNameThatNothingGivesIsSaidByEveryRun() async throws {
        let tiktok = try await TikTokBench(
            more: """
                [[outputs]]
                path = "out.json"
                format = "json"
                include = ["TIKTOK_ACCES_TOKEN", "TIKTOK_ACCESS_TOKEN", "LATER_ACCESS_TOKEN", "NOPE_*"]
                [connections.later]
                provider = "sandbox-tiktok"
                client_id = "x"
                client_secret = { secret = "TIKTOK_CLIENT_SECRET" }
                variables = { base_url = "http://127.0.0.1:1" }
                """)
        for command in ["refresh", "export"] {
            let ended = await tiktok.bench.sh("tokenkeep \(command)")
            #expect(ended.status == 0 && ended.errors.contains("there is no TIKTOK_ACCES_TOKEN"), "\(ended.errors)")
            #expect(!ended.errors.contains("LATER") && !ended.errors.contains("NOPE"), "\(ended.errors)")
        }
    }

    @Test func twoSourcesForOneNameAreAnErrorOfGetToo() async throws {
        let tiktok = try await TikTokBench()
        for name in ["tiktok/a-b", "tiktok/a.b"] {
            try tiktok.bench.append(
                """
                [connections."\(name)"]
                provider = "sandbox-tiktok"
                client_id = "sandbox-client"
                redirect_uri = "http://127.0.0.1:3000/auth/tiktok/callback/"
                scopes = ["user.info.basic"]
                variables = { base_url = "\(tiktok.sandbox.baseURL)" }

                """, to: "tokenkeep.toml")
            try await tiktok.bench.ok(TikTokBench.connect.replacing("connect tiktok", with: "connect \(name)"))
        }
        // What is not handed out stands in nobody's way.
        try await tiktok.bench.ok(
            "tokenkeep remove tiktok/a.b; sed '/^.connections.tiktok.$/,/^$/s/sandbox-tiktok/sandbox/' tokenkeep.toml > other.toml; tokenkeep --config other.toml run --only 'TIKTOK_A_B_*' -- true"
        )
        #expect(await tiktok.bench.sh("tokenkeep --config other.toml run -- true").status == 78)
        try await tiktok.bench.ok(TikTokBench.connect.replacing("connect tiktok", with: "connect tiktok/a.b"))
        let got = await tiktok.bench.sh("tokenkeep get TIKTOK_A_B_ACCESS_TOKEN")
        #expect(got.status == 78 && got.output.isEmpty && got.errors.contains("tiktok/a-b"), "\(got.words)")
        #expect(got.errors.contains("tiktok/a.b"))
        #expect(await tiktok.bench.sh("tokenkeep get TIKTOK_ACCESS_TOKEN --field open_id").status == 64)
    }

    @Test func twoSourcesForOneNameAreAnError() async throws {
        let tiktok = try await TikTokBench()
        let both = await tiktok.bench.sh("printf x | tokenkeep set TIKTOK_OPEN_ID; tokenkeep export json")
        #expect(
            both.status == 78 && both.errors.contains("the secret TIKTOK_OPEN_ID")
                && both.errors.contains("connection tiktok"), "\(both.errors)")
    }

    @Test func theSandboxPrintsTheSectionThatReachesIt() async throws {
        let bench = try await Bench()
        let printed = try await bench.ok(
            "tokenkeep sandbox --manners tiktok --port 1234 --print-config >> tokenkeep.toml; tokenkeep status; cat tokenkeep.toml"
        )
        #expect(printed.contains("sandbox-tiktok") && printed.contains("http://127.0.0.1:1234"))
        #expect(await bench.sh("tokenkeep sandbox --fault nonsense:1").status == 64)
        #expect(await bench.sh("tokenkeep sandbox --manners odd").status == 64)
    }
}
