import Host
import Testing

/// Outputs that are hard to write, or whose run dies.
struct OutputTests {
    private static let outputs = """
        [[outputs]]
        path = "secrets.js"
        format = "commonjs"
        [[outputs]]
        path = "t.json"
        format = "json"
        """

    /// Stands before the system's library: `HALF` names a file of which a write writes only half, and then the process is
    /// killed; `SPOIL` one whose name is taken by a rename, whose file is then changed in the way that `HOW` says.
    private static let shim = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/stat.h>
        #include <unistd.h>
        static int ends(const char *path, const char *variable) {
            const char *name = getenv(variable);
            size_t n = name ? strlen(name) : 0;
            return n && strlen(path) >= n && !strcmp(path + strlen(path) - n, name);
        }
        ssize_t write(int f, const void *b, size_t n) {
            ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
            char link[64], path[4096] = "";
            snprintf(link, sizeof link, "/proc/self/fd/%d", f);
            if (readlink(link, path, sizeof path - 1) < 0 || !ends(path, "HALF")) return real(f, b, n);
            real(f, b, n / 2);
            kill(getpid(), SIGKILL);
            return -1;
        }
        int rename(const char *a, const char *b) {
            int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
            int done = real(a, b);
            if (done || !ends(b, "SPOIL")) return done;
            if (!strcmp(getenv("HOW"), "mode")) return chmod(b, 0644);
            int f = open(b, O_WRONLY | (strcmp(getenv("HOW"), "more") ? 0 : O_APPEND));
            (void)!write(f, "x", 1);
            return close(f);
        }
        """

    private static let build = "cat > shim.c <<'X'\n\(shim)\nX\ncc -shared -fPIC -o shim.so shim.c\n"

    private func bench(_ config: String) async throws -> Bench {
        let bench = try await Bench(config: config)
        try await bench.ok(Self.build + "printf value-one | tokenkeep set A")
        return bench
    }

    @Test(arguments: ["byte", "more", "mode"])
    func anOutputThatIsVerifiedIsNotTakenForWrittenWhenItIsNot(how: String) async throws {
        let bench = try await bench(
            """
            [[outputs]]
            path = "secrets.js"
            format = "commonjs"
            verify = true
            after = ["sh", "-c", "echo told >> told"]
            """)
        let spoilt = await bench.sh("SPOIL=/secrets.js HOW=\(how) LD_PRELOAD=$PWD/shim.so tokenkeep export")
        #expect(spoilt.status == 73 && spoilt.errors.contains("read again it is not"), "\(spoilt.words)")
        #expect(spoilt.errors.contains("hint: look whether") && bench.text("told").isEmpty, "\(spoilt.words)")
        if how == "byte" {
            // Its first line is not ours any more.
            #expect(await bench.sh("tokenkeep export").status == 73)
        } else {
            try await bench.ok("tokenkeep export; node -p 'require(\"./secrets.js\").A' | grep -q value-one")
            #expect(bench.text("told") == "told\n")
            #expect(try await bench.ok("stat -c %a secrets.js; tail -c 1 secrets.js") == "600\n\n")
        }
        let unseen = await bench.sh(
            "sed -i 's/^verify.*//' tokenkeep.toml; printf two | tokenkeep set A; rm secrets.js; SPOIL=/secrets.js HOW=\(how) LD_PRELOAD=$PWD/shim.so tokenkeep export"
        )
        #expect(unseen.status == 0, "who does not ask for it is not told: \(unseen.words)")
    }

    @Test func aFileThatIsMountedOnItsOwnIsWrittenInPlaceAndThatIsSaid() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let bench = try await bench(Self.outputs)
        let script = """
            tokenkeep export; chmod 644 secrets.js
            mount --bind secrets.js secrets.js; mount --bind t.json t.json
            for value in value-that-is-longer short; do printf $value | tokenkeep set A; tokenkeep export || echo $?; done
            tokenkeep export; tokenkeep -q export; node -p "require(\\"./secrets.js\\").A"; cat t.json; stat -c %a secrets.js; ls -A | grep tmp
            """
        let ended = await bench.sh("unshare -m sh -c '\(script)'")
        #expect(
            ended.output == """
                short
                {
                  "A": "short"
                }
                600

                """, "\(ended.words)")
        let said = ended.errors.split(separator: "\n").filter { $0.contains("was written in place") }
        #expect(said.count == 4 && said[0].contains("mounted on its own"), "\(ended.errors)")
        #expect(ended.errors.contains("hint: mount its folder"))
        #expect(bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func aFileThatWasWrittenInPlaceByHalfIsMendedByTheNextRun() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let bench = try await bench(Self.outputs)
        for file in ["secrets.js", "t.json"] {
            let script = """
                tokenkeep export; mount --bind \(file) \(file); printf value-that-is-longer-than-before | tokenkeep set A
                HALF=/\(file) LD_PRELOAD=$PWD/shim.so tokenkeep export; echo $?; cat \(file) > torn
                tokenkeep export 2> /dev/null; echo $?; cat \(file); tokenkeep export json > whole
                echo "not ours" > \(file); tokenkeep export 2> /dev/null; echo $?
                """
            let ended = await bench.sh("unshare -m sh -c '\(script)'; rm \(file); printf value-one | tokenkeep set A")
            #expect(ended.output.hasPrefix("137\n0\n") && ended.output.hasSuffix("73\n"), "\(ended.words)")
            #expect(ended.output.contains("\"value-that-is-longer-than-before\""), "\(ended.words)")
            #expect(!bench.text("torn").contains("-before\""), "it was whole")
        }
    }

    /// As another user than root: the folder is not to be written, the file is.
    @Test func aFileInAFolderThatCannotBeWrittenIsWrittenInPlace() async throws {
        let bench = try await bench(
            "[[outputs]]\npath = \"closed/secrets.js\"\nformat = \"commonjs\"\nmode = \"0640\"\n")
        let ended = await bench.sh(
            """
            mkdir closed; tokenkeep export; chmod 555 closed; printf two | tokenkeep set A
            [ $(id -u) != 0 ] || { command -v setpriv > /dev/null && chown -R 65534 . && as='setpriv --reuid 65534 --clear-groups'; }
            PATH=\(Bench.binaryFolder):$PATH; $as tokenkeep export; echo $?; cat closed/secrets.js; chmod 755 closed
            """)
        #expect(ended.output.hasPrefix("0\n") && ended.output.contains("\"two\""), "\(ended.words)")
        #expect(ended.errors.contains("written in place, for nothing can be made in its folder"), "\(ended.words)")
    }

    @Test func aMergedFileIsNotWrittenInPlace() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let bench = try await bench("[[outputs]]\npath = \".env\"\nformat = \"dotenv\"\nmerge = true\n")
        let ended = await bench.sh("echo B=1 > .env; unshare -m sh -c 'mount --bind .env .env; tokenkeep export'")
        #expect(ended.status == 73 && bench.text(".env") == "B=1\n", "\(ended.words)")
        #expect(ended.errors.contains("mounted on its own") && ended.errors.contains("mounted with its folder"))
    }

    @Test func aMergedFileKeepsWhatIsNotOursAndIsReadAndImportedWhole() async throws {
        let bench = try await bench("[[outputs]]\npath = \".env\"\nformat = \"dotenv\"\nmerge = true\n")
        try await bench.ok("printf 'PORT=3000\\r\\n# mine' > .env; tokenkeep export; tokenkeep refresh")
        let begin = "# >>> begin=tokenkeep; generated, do not edit or commit; the line above had no end"
        #expect(bench.text(".env") == "PORT=3000\r\n# mine\n\(begin)\nA='value-one'\n# <<< end=tokenkeep\n")
        #expect(
            try await bench.ok("node --env-file=.env -p 'process.env.PORT + process.env.A'") == "3000value-one\n")
        // What the vault has stays as it is there; what was the person's own comes in, and then one of the two has to go.
        try await bench.ok("tokenkeep import .env; [ \"$(tokenkeep get A)$(tokenkeep get PORT)\" = value-one3000 ]")
        let twice = await bench.sh("tokenkeep export")
        #expect(twice.status == 78 && twice.errors.contains("line 1 has PORT, too"), "\(twice.words)")
        #expect(twice.errors.contains("hint: remove it from line 1, or leave PORT out"))
        try await bench.ok("sed -i 1d .env; tokenkeep export; grep -q \"^PORT='3000'\" .env")
        // In a work tree it is like any other output.
        let tracked = await bench.sh("git init -q .; printf two | tokenkeep set A; tokenkeep export")
        #expect(tracked.status == 73 && !bench.text(".env").contains("two"), "\(tracked.words)")
        let wrong = await bench.sh("sed -i s/dotenv/json/ tokenkeep.toml; tokenkeep export")
        #expect(wrong.status == 78 && wrong.errors.contains("merge is not for json"), "\(wrong.words)")
    }

    @Test(arguments: ["export", "refresh"])
    func anAfterCommandThatFailedIsTriedAgainByEveryRun(command: String) async throws {
        let bench = try await bench(
            "[[outputs]]\npath = \"secrets.js\"\nformat = \"commonjs\"\nafter = [\"sh\", \"-c\", \"test -e ready && echo told >> told\"]"
        )
        for _ in 0..<2 {
            let failed = await bench.sh("tokenkeep \(command)")
            #expect(
                failed.status == 1 && failed.errors.contains("ended with status 1; the next run"), "\(failed.words)")
        }
        try await bench.ok("touch ready; tokenkeep \(command); tokenkeep export; tokenkeep refresh")
        #expect(bench.text("told") == "told\n" && bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func anAfterCommandThatStartsTokenkeepIsNotStartedByItAgain() async throws {
        let bench = try await bench(
            """
            [[outputs]]
            path = "secrets.js"
            format = "commonjs"
            after = ["sh", "-c", "echo $TOKENKEEP_AFTER >> told; TOKENKEEP_KEY=$(cat key) tokenkeep refresh"]
            """)
        try await bench.ok("echo $TOKENKEEP_KEY > key; tokenkeep export; tokenkeep export")
        #expect(bench.text("told").hasSuffix("/secrets.js\n") && bench.text("told").split(separator: "\n").count == 1)
        #expect(bench.text("tokenkeep.vault.outputs").isEmpty)
    }

    @Test func howeverManyWriteAtOnceAllFilesAreOfOneGenerationInTheEnd() async throws {
        let bench = try await bench(
            Self.outputs + "\nafter = [\"sh\", \"-c\", \"sha256sum < t.json > told\"]\n")
        for round in 1...3 {
            let ended = await bench.sh(
                """
                for n in 1 2 3 4 5 6; do { printf \(round)-$n | tokenkeep set A && tokenkeep export || echo $?; } & done; wait
                value=$(tokenkeep get A); grep -q "\\"$value\\"" secrets.js && grep -q "\\"$value\\"" t.json && echo same
                sha256sum < t.json | cmp told - && cat tokenkeep.vault.outputs
                """)
            #expect(ended.output == "same\n", "\(ended.words)")
        }
    }

    /// Stopped between the reading of the vault and the writing of the first file, while another process goes through both.
    @Test func aRunThatWasOvertakenByAnotherWritesAllAnew() async throws {
        let bench = try await bench(
            """
            [[outputs]]
            path = "secrets.js"
            format = "commonjs"
            [[outputs]]
            path = "other.js"
            format = "commonjs"
            """)
        let ended = await bench.sh(
            """
            strace -f -qq -o /dev/null -e trace=linkat -e inject=linkat:signal=STOP:when=1 \
                sh -c 'echo $$ > pid; exec tokenkeep export' &
            until ls -A | grep -q 'secrets.*tmp$'; do :; done
            printf value-two | tokenkeep set A; tokenkeep export; kill -CONT $(cat pid); wait $! && grep -l value-two *.js
            """)
        #expect(ended.output == "other.js\nsecrets.js\n", "\(ended.words)")
    }

    /// Killed in front of the output's rename, and in front of the end of `after`; formats with a first line and without.
    @Test(arguments: ["commonjs", "dotenv", "json"])
    func whatADeadRunLeftUndoneIsDoneByTheNextThoughNothingIsDue(format: String) async throws {
        let tiktok = try await TikTokBench(
            more: "[[outputs]]\npath = \"out\"\nformat = \"\(format)\"\nafter = [\"sh\", \"-c\", \"echo told >> told\"]"
        )
        let bench = tiktok.bench
        try await bench.ok(Self.build + "tokenkeep refresh; rm told")
        for call in ["linkat", "flock"] {
            var changes = 0
            for step in 1..<40 {
                let before = bench.text("out")
                let ended = await bench.sh(
                    "strace -f -qq -o /dev/null -e trace=\(call) -e inject=\(call):signal=KILL:when=\(step) tokenkeep refresh --force"
                )
                if ended.status == 0 { break }
                try await bench.ok("tokenkeep refresh")
                let token = try await bench.ok("tokenkeep get tiktok").dropLast()
                #expect(bench.text("out").contains(token), "\(call) \(step)")
                guard bench.text("out") != before else { continue }
                changes += 1
                #expect(!bench.text("told").isEmpty, "\(call) \(step)")
                try await bench.ok("rm told; tokenkeep refresh; test ! -e told")
            }
            #expect(changes > 1, "\(call)")
            try await bench.ok("rm -f told")
        }
    }
}
