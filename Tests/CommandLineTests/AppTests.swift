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

    @Test func twoSourcesForOneNameAreAnError() async throws {
        let tiktok = try await TikTokBench()
        let both = await tiktok.bench.sh("printf x | tokenkeep set TIKTOK_OPEN_ID; tokenkeep export json")
        #expect(
            both.status == 78 && both.errors.contains("the secret TIKTOK_OPEN_ID")
                && both.errors.contains("connection tiktok"), "\(both.errors)")
    }

    @Test func theOldSecretsFileComesInAndIsRefreshedFromThereOn() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        let old = try await bench.ok("tokenkeep get tiktok --field refresh_token").dropLast()
        // The new home: another vault, which takes over what the old scripts kept in plain text.
        let script = """
            mkdir new && cd new && export TOKENKEEP_KEY=$(tokenkeep -q init) && git init -q . &&
            cat > secrets.js <<'X'
            // rewritten by refresh.sh
            const SANDBOX_TIKTOK_CLIENT_KEY = "sandbox-client";
            const SANDBOX_TIKTOK_CLIENT_SECRET = 'sandbox-secret';
            const SANDBOX_TIKTOK_ACCESS_TOKEN = "act.old"
            const SANDBOX_TIKTOK_REFRESH_TOKEN = `\(old)`
            const PORT = 3000
            module.exports = { SANDBOX_TIKTOK_CLIENT_KEY, STRIPE_KEY: "sk'1", db: process.env.DB };
            X
            git add secrets.js && tokenkeep import secrets.js &&
            printf '\\n[connections.sandbox-tiktok.variables]\\nbase_url = "\(tiktok.sandbox.baseURL)"\\n' >> tokenkeep.toml &&
            tokenkeep status && tokenkeep refresh -v && tokenkeep get sandbox-tiktok && tokenkeep get STRIPE_KEY
            """
        let ended = await bench.sh(script)
        #expect(ended.status == 0, "\(ended.errors)")
        for words in [
            "imported the connection sandbox-tiktok, due at once", "imported STRIPE_KEY",
            "left behind: PORT (line 6): a number",
            "left behind: db", "client_id    = { secret = \"SANDBOX_TIKTOK_CLIENT_KEY\" }", "git tracks",
            "git rm --cached secrets.js",
            "sandbox-tiktok: renewed",
        ] { #expect(ended.errors.contains(words), "\(words) in \(ended.errors)") }
        #expect(
            ended.output.contains("\nact.") && ended.output.hasSuffix("sk'1\n") && !ended.output.contains("act.old"))
        #expect(!ended.errors.contains(old) && !ended.errors.contains("sk'1"))
        let again = await bench.sh("cd new && tokenkeep import secrets.js", ["TOKENKEEP_KEY": "x"])
        #expect(again.status == 77)
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
