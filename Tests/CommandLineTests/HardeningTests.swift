import Host
import Testing

/// What stays of a key and of values outside of the vault while the real binary runs, and when it ends.
@Suite(.timeLimit(.minutes(5))) struct HardeningTests {
    private static let isRoot = FileSystem.effectiveUser == 0

    /// Runs a script as a user who is not root, in a folder that is his.
    private static func asUser(_ bench: Bench, _ script: String) async -> Bench.Ended {
        let wrapper = isRoot ? "chown -R 65534 . && setpriv --reuid 65534 --regid 65534 --clear-groups" : ""
        return await bench.sh("\(wrapper) sh <<'X'\n\(script)\nX")
    }

    @Test(
        .enabled(if: isRoot, "NOT TESTED: only root can look into a process that is not dumpable"),
        .enabled(if: ChildProcess.find("python3", path: nil) != nil, "NOT TESTED: there is no python3"))
    func atItsEndNothingStandsInMemoryThatWasNotPrinted() async throws {
        let bench = try await Bench()
        let script = FileSystem.path("../Torture/memory.py", from: FileSystem.folder(of: #filePath))
        let looked = await bench.sh("python3 -B '\(script)' \(Bench.binaryFolder)/tokenkeep short")
        print(looked.output)
        #expect(looked.status == 0 && !looked.output.contains("SKIPPED"), "\(looked.words)")
    }

    @Test func noChildInheritsWhatUnlocks() async throws {
        let tiktok = try await TikTokBench(
            more: """
                [[outputs]]
                path = "out.json"
                format = "json"
                after = ["sh", "-c", "env > after.env"]
                """)
        let secrets = ["TOKENKEEP_PASSPHRASE": "a long passphrase", "TOKENKEEP_NEW_PASSPHRASE": "a new passphrase"]
        try await tiktok.bench.ok("tokenkeep run -- env > run.env; tokenkeep export", secrets)
        try await tiktok.bench.ok(
            "echo $TOKENKEEP_KEY > key; tokenkeep list --key-command 'env > command.env; cat key'", secrets)
        for name in ["run.env", "after.env", "command.env"] {
            let environment = tiktok.bench.text(name)
            #expect(environment.contains("HOME="), "\(name) was written")
            for word in ["tkk1_", "passphrase", "TOKENKEEP_KEY=", "PASSPHRASE="] {
                #expect(!environment.contains(word), "\(name)")
            }
        }
    }

    /// `sandbox` waits, and says when it is there.
    @Test func neitherOthersOfItsUserNorACoreFileShowWhatItHolds() async throws {
        let bench = try await Bench()
        let ended = await Self.asUser(
            bench,
            """
            mkfifo ready; ulimit -c unlimited
            TOKENKEEP_PASSPHRASE='a long passphrase' tokenkeep sandbox --port 0 > ready & program=$!
            sleep 60 & other=$!
            read line < ready
            grep -q passphrase /proc/$program/environ 2> read && echo SHOWN
            dd if=/proc/$program/mem count=1 of=/dev/null 2>> read && echo OPENED
            cat read
            kill -SEGV $program; wait $program; echo "ended with $?"
            ls core* 2> /dev/null && echo core
            kill -SEGV $other; wait $other; ls core* || echo NOT TESTED: there is no core of any program
            """)
        let parts = ended.output.split(separator: "ended with 139\n", omittingEmptySubsequences: false)
        #expect(parts.count == 2 && !parts[1].hasPrefix("core\ncore"), "\(ended.words)")
        #expect(!ended.errors.contains("Backtrac"), "\(ended.words)")
        if ended.output.contains("NOT TESTED") { print(ended.output) }
        #expect(!ended.output.contains("SHOWN") && !ended.output.contains("OPENED"), "\(ended.words)")
        #expect(ended.output.components("Permission denied") == 2, "\(ended.words)")
    }

    @Test func asAUserWhoIsNotRootItWorksAsEver() async throws {
        let bench = try await Bench()
        let ended = await Self.asUser(
            bench,
            """
            set -e; mkdir new; cd new
            tokenkeep init --quiet --key-out key; unset TOKENKEEP_KEY; export TOKENKEEP_KEY_FILE=key
            printf hello | tokenkeep set A; tokenkeep get A; tokenkeep run -- printenv A
            tokenkeep key rotate --quiet --key-out next; tokenkeep list --key-file next
            """)
        #expect(ended.status == 0 && ended.output == "hello\nhello\nA  secret\n", "\(ended.words)")
    }

    @Test func memoryThatCannotBeLockedIsSaidWhenAskedFor() async throws {
        let bench = try await Bench()
        let words = "keys stood in memory that could not be locked"
        let limited = await Self.asUser(bench, "prlimit --memlock=0:0 tokenkeep list -v")
        #expect(limited.status == 0 && limited.errors.contains(words) && limited.errors.contains("\nhint: "))
        #expect(await !Self.asUser(bench, "prlimit --memlock=0:0 tokenkeep list").errors.contains(words))
        // Also where the only keys are new ones.
        let made = await Self.asUser(
            bench, "mkdir new && cd new && prlimit --memlock=0:0 tokenkeep init -v --key-out k")
        #expect(made.status == 0 && made.errors.contains(words))
        #expect(await !Self.asUser(bench, "tokenkeep list -v").errors.contains(words), "64 KiB are enough")
    }
}

extension String {
    /// How often a text stands in this one.
    fileprivate func components(_ text: String) -> Int {
        split(separator: text, omittingEmptySubsequences: false).count - 1
    }
}
