import Sandbox
import Testing

/// What an existing secrets file becomes.
struct ImportTests {
    @Test func theOldSecretsFileComesInAndIsRefreshedFromThereOn() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        let old = try await bench.ok("tokenkeep get tiktok --field refresh_token").dropLast()
        // The new home: another vault, which takes over what the old scripts kept in plain text.
        let script = """
            mkdir new && cd new && export TOKENKEEP_KEY=$(tokenkeep -q init | tee ../key) && git init -q . &&
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
            "rm --cached secrets.js",
            "sandbox-tiktok: renewed",
        ] { #expect(ended.errors.contains(words), "\(words) in \(ended.errors)") }
        #expect(
            ended.output.contains("\nact.") && ended.output.hasSuffix("sk'1\n") && !ended.output.contains("act.old"))
        #expect(!ended.errors.contains(old) && !ended.errors.contains("sk'1"))
        let again = await bench.sh("cd new && tokenkeep import secrets.js", ["TOKENKEEP_KEY": "x"])
        #expect(again.status == 77)
    }

    @Test func whatIsKnownOfATokenStaysKnownWhenItIsImportedAgain() async throws {
        let tiktok = try await TikTokBench(faults: ["drop:2"])
        let bench = tiktok.bench
        try bench.append(
            """
            [connections.sandbox-tiktok]
            provider = "sandbox-tiktok"
            client_id = "sandbox-client"
            client_secret = { secret = "TIKTOK_CLIENT_SECRET" }
            variables = { base_url = "\(tiktok.sandbox.baseURL)" }

            """, to: "tokenkeep.toml")
        try await bench.ok(
            "printf 'SANDBOX_TIKTOK_ACCESS_TOKEN=a\nSANDBOX_TIKTOK_REFRESH_TOKEN=%s\n' $(tokenkeep get tiktok --field refresh_token) > .env; tokenkeep -q import .env"
        )
        #expect(await bench.sh("tokenkeep refresh sandbox-tiktok").status == 12)
        // It may work all the same, and nobody knows better.
        let started = await bench.sh("tokenkeep run --only 'SANDBOX_*' -- echo STARTED; tokenkeep get sandbox-tiktok")
        #expect(started.output == "STARTED\na\n" && started.errors.contains("nobody has told when"), "\(started.words)")
        try await bench.ok("tokenkeep -q import --replace .env")
        #expect(try await bench.ok("tokenkeep status").contains("uncertain"))
        #expect(await bench.sh("tokenkeep refresh sandbox-tiktok").status == 12)
        #expect(try await tiktok.refreshes() == 1)
    }

    @Test func whatAConnectionGivesItselfIsLeftBehind() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        // Its own generated file, brought back, leaves everything as it was.
        let ended = await bench.sh("tokenkeep export dotenv > old.env; tokenkeep import old.env")
        #expect(
            ended.status == 0 && ended.errors.contains("left behind: TIKTOK_EXPIRES_AT: the connection tiktok gives it")
        )
        #expect(!ended.errors.contains("imported"), "\(ended.errors)")
        try await bench.ok("tokenkeep export json; tokenkeep refresh --force")
    }

    @Test func theProviderIsTheOneThatTheConfigSays() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        try await bench.ok(
            """
            printf 'TIKTOK_ACCESS_TOKEN=a\nTIKTOK_REFRESH_TOKEN=%s\nTIKTOK_CLIENT_SECRET=sandbox-secret\n' "$(tokenkeep get tiktok --field refresh_token)" > .env
            tokenkeep remove tiktok; tokenkeep import .env; tokenkeep refresh; tokenkeep get tiktok
            """)
        #expect(try await bench.ok("tokenkeep status").contains("fresh"))
    }

    @Test func aConnectionWithoutAClientIsNotForgotten() async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            "printf 'TIKTOK_ACCESS_TOKEN=a\\nTIKTOK_REFRESH_TOKEN=b\\n' > .env; tokenkeep -q import .env; tokenkeep refresh"
        )
        #expect(ended.status == 78, "\(ended.errors)")
        #expect(
            ended.errors.contains("names no client") && ended.errors.contains("tiktok: ")
                && ended.errors.contains("no section for tiktok"))
        #expect(try await bench.ok("tokenkeep status").contains("misconfigured"))
    }

    @Test func theHintAboutGitIsFollowedToTheLetter() async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            """
            git init -q . && mkdir 'sub dir' && echo 'const A = "x"' > 'sub dir/s.js' && git add . && ln -s 'sub dir/s.js' l.js
            tokenkeep import l.js 2> said; sed -n 's/.*provider, then: \\(git.*\\), and add.*/\\1/p' said > hint; cat said >&2
            sh hint && git ls-files
            """)
        #expect(ended.status == 0 && !ended.output.contains("\nsub dir/s.js"), "\(ended.words)")
        #expect(ended.output.contains("rm 'sub dir/s.js'"), "\(ended.words)")
    }

    @Test func aFileWithoutValuesIsSaidToBe() async throws {
        let ended = await (try await Bench()).sh("echo '{}' > a.json; tokenkeep import a.json")
        #expect(ended.status == 0 && ended.errors.contains("names no value"), "\(ended.errors)")
    }

    @Test func aClientSecretIsSaidToStay() async throws {
        let bench = try await Bench()
        let ended = await bench.sh("printf 'GITHUB_CLIENT_SECRET=s\nA=1\n' > .env; tokenkeep import .env")
        #expect(
            ended.errors.contains("imported GITHUB_CLIENT_SECRET, which leaves the vault only when it is named in full")
        )
        #expect(try await bench.ok("tokenkeep run -- sh -c 'echo $A-$GITHUB_CLIENT_SECRET'") == "1-\n")
    }
}
