import Host
import Testing

/// Bad input: one line and a hint, an exit status of its own, and nothing lost.
struct BadInputTests {
    /// One wrong thing that a user does.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let script: String
        let status: Int32
        /// What the first line says.
        let words: String
        var testDescription: String { script }

        init(_ script: String, _ status: Int32, _ words: String) {
            (self.script, self.status, self.words) = (script, status, words)
        }
    }

    static let wrong: [Wrong] = [
        Wrong("tokenkeep get NOPE", 66, "there is no NOPE"),
        Wrong("tokenkeep frobnicate", 64, "frobnicate"),
        Wrong("tokenkeep set", 64, "<name>"),
        Wrong("printf x | tokenkeep set 'bad name'", 64, "not a name"),
        Wrong("printf x | tokenkeep set a/b", 64, "connection's name"),
        Wrong("printf x | tokenkeep set _vault", 64, "not a name"),
        Wrong("printf '' | tokenkeep set A", 64, "empty"),
        Wrong("printf 'a\\0b' | tokenkeep set A", 64, "NUL"),
        Wrong("printf '\\377' | tokenkeep set A", 64, "UTF-8"),
        Wrong("tokenkeep list --lock-wait soon", 64, "lock-wait"),
        Wrong("tokenkeep --vault none list", 66, "no vault"),
        Wrong("tokenkeep --config none.toml refresh", 66, "no config"),
        Wrong("head -c 3000 tokenkeep.vault > v; tokenkeep --vault v list", 65, "malformed"),
        Wrong("printf hello > v; tokenkeep --vault v list", 65, "not a vault"),
        Wrong(": > v; tokenkeep --vault v list", 65, "not a vault"),
        Wrong(
            "cp tokenkeep.vault v; printf x | dd of=v bs=1 seek=4000 conv=notrunc status=none; tokenkeep --vault v list",
            65, "altered"),
        Wrong("mkdir d; tokenkeep --vault d list", 65, "not a vault"),
        Wrong("mkdir d; printf x | tokenkeep --vault d set A", 65, "not a vault"),
        Wrong("mkfifo f; tokenkeep --vault f list", 65, "not a vault"),
        Wrong("mkfifo f; tokenkeep --config f list", 78, "not a regular file"),
        Wrong(
            "mkdir tokenkeep.vault.journal; printf x | tokenkeep set A; s=$?; rmdir *.journal; exit $s", 65, "journal"),
        Wrong("mkfifo tokenkeep.vault.journal; printf x | tokenkeep set A; s=$?; rm *.journal; exit $s", 65, "journal"),
        Wrong("printf 'vault = \"\"\\n' > c.toml; chmod 600 c.toml; tokenkeep --config c.toml list", 78, "is empty"),
        Wrong("tokenkeep init --passphrase --key-out k", 64, "raw key"),
        Wrong("tokenkeep sandbox --redirect-uri foo", 64, "foo"),
        Wrong("tokenkeep sandbox --access-lifetime 0s", 64, "a second"),
        Wrong("tokenkeep sandbox --state /nonexistent/x", 73, "cannot be written"),
        Wrong(
            "head -c 200000 /dev/zero | tr '\\0' x | tokenkeep set BIG; tokenkeep run -- true; s=$?; tokenkeep remove BIG; exit $s",
            126, "cannot be run"),
        Wrong(
            "printf 'connections = {}\\n' >> tokenkeep.toml; printf 'TIKTOK_ACCESS_TOKEN=a\\nTIKTOK_REFRESH_TOKEN=b\\nTIKTOK_CLIENT_KEY=c\\n' > .env; tokenkeep -q import .env",
            73, "cannot be added to"),
        Wrong("TOKENKEEP_KEY=tkk1_abc tokenkeep list", 77, "mistyped"),
        Wrong("TOKENKEEP_KEY= tokenkeep list", 77, "TOKENKEEP_KEY is set and empty"),
        Wrong("env -u TOKENKEEP_KEY tokenkeep list", 77, "no key"),
        Wrong(
            "TOKENKEEP_KEY=tkk1_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8_42741b7a tokenkeep list", 77, "no key slot"),
        Wrong("printf k > k; chmod 644 k; tokenkeep --key-file k list", 77, "others can read"),
        Wrong("echo 'vualt = 1' > c.toml; chmod 600 c.toml; tokenkeep --config c.toml list", 78, "vualt"),
        Wrong("echo 'vault = 1' > c.toml; chmod 600 c.toml; tokenkeep --config c.toml list", 78, "not text"),
        Wrong("echo 'vault = ' > c.toml; chmod 600 c.toml; tokenkeep --config c.toml list", 78, "line 1"),
        Wrong("chmod 666 tokenkeep.toml; tokenkeep list", 78, "written by others"),
        Wrong(
            "printf '[connections.t]\\nprovider=\"tiktok\"\\nclient_id=\"i\"\\nclient_secret=\"CANARY\"\\n' >> tokenkeep.toml; tokenkeep list",
            78, "literal"),
        Wrong(
            "printf '[connections.sandbox]\\nprovider=\"sandbox\"\\nclient_id=\"i\"\\nvariables={base_url=\"http://example.com\"}\\n' >> tokenkeep.toml; printf x | tokenkeep set SANDBOX_CLIENT_SECRET; tokenkeep connect sandbox --print-url",
            78, "plain http"),
        Wrong("tokenkeep connect nowhere", 78, "no provider nowhere"),
        Wrong("tokenkeep connect tiktok", 78, "no section"),
        Wrong("tokenkeep export nosuch", 64, "no format"),
        Wrong("tokenkeep refresh nosuch", 66, "there is no nosuch"),
        Wrong("tokenkeep refresh --timeout 0s", 64, "no time"),
        Wrong("tokenkeep sandbox --port 99999", 64, "no port 99999"),
        Wrong("tokenkeep key rotate --key-out ''", 64, "names no file"),
        Wrong("tokenkeep export", 78, "no output"),
        Wrong("tokenkeep run", 64, "command"),
        Wrong("tokenkeep run -- /no/such/program", 127, "no such program"),
        Wrong("tokenkeep run -- ./tokenkeep.toml", 126, "cannot be run"),
        Wrong("tokenkeep run -- /tmp", 126, "cannot be run"),
        Wrong("tokenkeep run -- no-such-program", 127, "no such program"),
        Wrong("tokenkeep import none.js", 66, "no file"),
        Wrong("printf 'const A = \"unterminated' > s.js; tokenkeep import s.js", 64, "s.js"),
        Wrong("TOKENKEEP_OFFLINE=1 tokenkeep refresh", 64, "offline"),
        Wrong("tokenkeep list > /dev/full; tokenkeep key list > /dev/full", 1, "standard output cannot be written"),
        Wrong("tokenkeep status --json > /dev/full", 1, "standard output cannot be written"),
        Wrong("tokenkeep export json > /dev/full", 1, "standard output cannot be written"),
        Wrong("tokenkeep refresh --json > /dev/full", 1, "standard output cannot be written"),
        Wrong("tokenkeep sandbox --print-config > /dev/full", 1, "standard output cannot be written"),
        Wrong("tokenkeep --help > /dev/full", 1, "standard output cannot be written"),
        Wrong("tokenkeep key rotate > /dev/full", 73, "the new key cannot be written"),
        Wrong(
            "printf '[connections.t]\\nprovider=\"tiktok\"\\nclient_id=\"\"\\n' >> tokenkeep.toml; tokenkeep list", 78,
            "is empty"),
        Wrong("ln tokenkeep.vault second; printf x | tokenkeep set A", 73, "hard links"),
        Wrong("tokenkeep init", 73, "there already"),
    ]

    @Test(arguments: wrong) func wrongInputGetsOneLineAHintAndItsStatus(_ wrong: Wrong) async throws {
        let bench = try await Bench()
        try await bench.ok("printf CANARY | tokenkeep set SAFE")
        let ended = await bench.sh(wrong.script)
        #expect(ended.status == wrong.status, "\(ended.errors)")
        #expect(ended.output.isEmpty, "standard output is for values")
        let lines = ended.errors.split(separator: "\n")
        #expect(lines.first?.contains(wrong.words) == true, "\(ended.errors)")
        #expect(lines.dropFirst().first?.hasPrefix("hint: ") == true, "\(ended.errors)")
        #expect(!ended.words.contains("CANARY"))
        #expect(
            try await bench.ok("rm -f second; chmod 600 tokenkeep.toml; sed -i '2q' tokenkeep.toml; tokenkeep get SAFE")
                == "CANARY\n")
    }

    @Test func aHeldLockIsWaitedForAndThenReported() async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            "exec 9> tokenkeep.vault.lock; flock 9; printf x | tokenkeep set A --lock-wait 300ms")
        #expect(ended.status == 75)
        #expect(ended.errors.contains("another process"))
        #expect(await bench.sh("tokenkeep list").status == 0, "the lock goes with its holder")
        // A reader needs no lock.
        #expect(await bench.sh("exec 9> tokenkeep.vault.lock; flock 9; tokenkeep list --lock-wait 1ms").status == 0)
    }

    @Test func aFullOrReadOnlyDiskLosesNothingAndAsksNobody() async throws {
        guard FileSystem.effectiveUser == 0, await Self.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let tiktok = try await TikTokBench()
        let full = await tiktok.bench.sh(
            """
            unshare -m sh -c 'mkdir m && mount -t tmpfs -o size=24k none m && cp -p tokenkeep.vault tokenkeep.toml m/ &&
            dd if=/dev/zero of=m/fill bs=1k count=100 status=none; cd m; tokenkeep refresh --force'
            """)
        #expect(full.status == 73, "\(full.errors)")
        let readOnly = await tiktok.bench.sh(
            """
            unshare -m sh -c 'mkdir r && cp -p tokenkeep.vault tokenkeep.toml r/ && mount --bind r r &&
            mount -o remount,ro,bind r; cd r; tokenkeep refresh --force'
            """)
        #expect(readOnly.status == 73, "\(readOnly.errors)")
        let single = await tiktok.bench.sh(
            "unshare -m sh -c 'mount --bind tokenkeep.vault tokenkeep.vault; tokenkeep refresh --force; s=$?; tokenkeep list; exit $s'"
        )
        #expect(single.status == 73, "\(single.errors)")
        #expect(single.errors.contains("mount its folder") && single.output.contains("tiktok"))
        #expect(try await tiktok.refreshes() == 0)
    }

    static func canMount() async -> Bool {
        await ChildProcess.run(["unshare", "-m", "true"], environment: ["PATH": "/usr/bin:/bin"]).end == .exited(0)
    }
}
