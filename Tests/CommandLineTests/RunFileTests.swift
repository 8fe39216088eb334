import Host
import Testing

/// What `run` hands out: names, files in memory, paths of outputs, and what is too large for an environment.
@Suite(.timeLimit(.minutes(5))) struct RunFileTests {
    /// Where files of a test's own stand: nobody else's folders are there.
    private static let memory =
        "export XDG_RUNTIME_DIR=$(mktemp -d /dev/shm/tokenkeep-test.XXXXXX); trap 'rm -r $XDG_RUNTIME_DIR' EXIT"

    @Test func aPrefixStandsBeforeEveryName() async throws {
        let bench = try await Bench()
        try await bench.ok("printf 1 | tokenkeep set A; printf 2 | tokenkeep set B")
        let seen = try await bench.ok(
            "A=inherited tokenkeep run --prefix APP_ -- sh -c 'echo $A $B $APP_A $APP_B'; tokenkeep run --prefix X --only B -- sh -c 'echo $XA$XB'"
        )
        #expect(seen == "inherited 1 2\n2\n")
    }

    @Test func whatCannotBeHandedOutLikeThatIsWrongUse() async throws {
        let bench = try await Bench()
        for words in [
            "--prefix ''", "--prefix A=", "--file S", "--file =json", "--file 1S=json", "--file S-T=json", "--file S=",
            "--file S=jso", "--file S=json:x", "--file S=template", "--file S=github-actions",
            "--file S=json --file S=yaml", "--watch HUP",
            "--watch signal=FOO", "--watch signal=0", "--watch signal=65",
        ] {
            let ended = await bench.sh("tokenkeep run \(words) -- echo STARTED")
            #expect(ended.status == 64 && ended.output.isEmpty && ended.errors.contains("\nhint: "), "\(words)")
        }
    }

    @Test func aFileHoldsTheValuesInMemoryAndTheEnvironmentOnlyItsPath() async throws {
        let tiktok = try await TikTokBench()
        let seen = try await tiktok.bench.ok(
            """
            \(Self.memory); set -e; printf "it's \\$HOME" | tokenkeep set ALPHA
            tokenkeep run --prefix P_ --file SECRETS=json --file SH=shell -- sh -c '
                ! env | grep -q "act[.]\\|ALPHA"; stat -f -c %T $SECRETS; stat -c %a $SECRETS $SH ${SECRETS%/*}
                grep -c "\\"P_TIKTOK_ACCESS_TOKEN\\": *\\"act[.]" $SECRETS; . $SH; echo "$P_ALPHA"; echo ${SECRETS%/*} > folder'
            case $(cat folder) in $XDG_RUNTIME_DIR/tokenkeep-run.*) echo there;; esac
            """)
        #expect(seen == "tmpfs\n600\n600\n700\n1\nit's $HOME\nthere\n")
    }

    @Test(arguments: [
        ("-- sh -c 'exit 7'", "7"), ("-- sh -c 'kill -TERM $$'", "143"), ("-- sh -c 'kill -KILL $$'", "137"),
        ("-- no-such-program", "127"), ("-- /", "126"),
    ])
    func itsFilesAreGoneHoweverTheCommandEndsAndItsStatusStays(words: String, status: String) async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            "\(Self.memory); printf 1 | tokenkeep set A; tokenkeep run --file S=json \(words); echo $?; ls -A $XDG_RUNTIME_DIR"
        )
        #expect(seen == status + "\n")
    }

    @Test func whatAKilledRunLeftGoesWithTheNextAndWhatIsInUseStays() async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            """
            \(Self.memory); printf 1 | tokenkeep set A; mkfifo out go; exec 3<> out
            for i in 1 2; do
                tokenkeep run --file S=json -- sh -c 'echo $S $$ > out; exec cat go > waited' & read file$i child$i <&3; eval run$i=$!
            done
            mkdir -m 700 $XDG_RUNTIME_DIR/tokenkeep-other
            kill -KILL $run1; wait $run1 2> wait; test -e $file1 && echo left
            tokenkeep run --file S=json -- true
            test -e $file1 || echo gone; test -e $file2 && echo stays; ls $XDG_RUNTIME_DIR | wc -l
            kill -0 $child1 && echo the command goes on
            echo > go; kill $child1; kill $child2; wait $run2; ls $XDG_RUNTIME_DIR
            """)
        #expect(seen == "left\ngone\nstays\n2\nthe command goes on\ntokenkeep-other\n")
    }

    @Test func whatAFileCannotHoldIsSaidAndNothingStarts() async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            "\(Self.memory); printf 'a\\nb' | tokenkeep set A; tokenkeep run --file S=docker -- echo STARTED; echo $?; ls -A $XDG_RUNTIME_DIR"
        )
        #expect(ended.output == "78\n" && ended.errors.contains("A cannot be written"), "\(ended.words)")
    }

    @Test func withoutAFileSystemInMemoryThereIsNoFile() async throws {
        guard await BadInputTests.canMount() else {
            withKnownIssue("SKIPPED: mounting needs root and a mount namespace") { Issue.record("no mounts here") }
            return
        }
        let bench = try await Bench()
        let ended = await bench.sh(
            "mkdir d; unshare -m sh -c 'mount --bind d /dev/shm; XDG_RUNTIME_DIR=$PWD/d tokenkeep run --file S=json -- echo STARTED'; s=$?; ls d; exit $s"
        )
        #expect(ended.status == 73 && ended.output.isEmpty && ended.errors.contains("mount a tmpfs"), "\(ended.words)")
    }

    @Test func theCommandIsToldWhereAnOutputHoldsItsValueAlone() async throws {
        let bench = try await Bench(
            config: ["A", "B*", "C", "D"].map {
                "[[outputs]]\npath = \"out/\($0.prefix(1))\"\nformat = \"raw\"\ninclude = [\"\($0)\"]\n"
            }.joined())
        try await bench.ok(
            "for name in A B C D D_FILE; do printf $name | tokenkeep set $name; done; mkdir out; touch out/A out/B out/D"
        )
        let ended = await bench.sh(
            "tokenkeep run --only '?' --only D_FILE -- env | grep '_FILE=' | sort; tokenkeep run --prefix P_ --only A -- env | grep '_FILE='; for file in '' '--file S=json --only D_FILE'; do tokenkeep run --only D $file -- sh -c 'echo ${D_FILE-unset}'; done"
        )
        #expect(
            ended.output
                == "A_FILE=\(bench.folder)/out/A\nD_FILE=D_FILE\nP_A_FILE=\(bench.folder)/out/A\nunset\nunset\n")
        #expect(
            ended.errors
                == "\(bench.folder)/out/C: it is not written yet, so C_FILE is not set\nhint: tokenkeep export\n")
    }

    @Test func whatItRenewsIsInTheOutputsToo() async throws {
        let tiktok = try await TikTokBench(
            accessLifetime: 4, more: "[[outputs]]\npath = \"out.json\"\nformat = \"json\"")
        let seen = try await tiktok.bench.ok(
            """
            tokenkeep export; cp out.json old
            until tokenkeep status | grep -q 'due\\|expired'; do sleep 0.1; done
            tokenkeep run -- sh -c 'grep -q "$TIKTOK_ACCESS_TOKEN" old || grep -c "$TIKTOK_ACCESS_TOKEN" out.json'
            """)
        #expect(seen == "1\n")
    }

    @Test func whatIsTooLargeForAnEnvironmentIsSaidWithTheWayOut() async throws {
        let bench = try await Bench()
        // A name, `=`, a value and a NUL: 131,072 bytes are taken, and one more is not.
        let seen = try await bench.ok(
            """
            head -c 131064 /dev/zero | tr '\\0' x | tokenkeep set CANARY --exact; tokenkeep run -- sh -c 'echo ${#CANARY}'
            head -c 131065 /dev/zero | tr '\\0' x | tokenkeep set CANARY --exact
            """)
        #expect(seen == "131064\n")
        for start in ["", "--watch restart"] {
            let one = await bench.sh("tokenkeep run \(start) -- true")
            #expect(one.status == 126 && one.errors.contains("CANARY has 131073 bytes"), "\(one.errors)")
            #expect(one.errors.contains("--only") && one.errors.contains("--file SECRETS=json"), "\(one.errors)")
            #expect(!one.words.contains("xxxx"))
        }
        #expect(try await bench.ok("tokenkeep run --file S=json -- sh -c 'wc -c < $S'").count > 6)
        // As many as there may be of 1,700 tokens: more than 2 MiB in all.
        let many = await bench.sh(
            """
            head -c 100000 /dev/zero | tr '\\0' y > y; ulimit -s 8192
            for i in $(seq 22); do tokenkeep set Y$i --exact < y; done; tokenkeep remove CANARY; tokenkeep run -- true
            """)
        #expect(
            many.status == 126 && many.errors.contains("and the system takes 2097152; the largest are Y"),
            "\(many.errors)")
        #expect(many.errors.contains("--file SECRETS=json") && !many.words.contains("yyyy"))
        let handed = try await bench.ok(
            "ulimit -s 8192; tokenkeep run --only 'Y?' -- sh -c 'echo ${#Y9}'; tokenkeep run --file S=json -- sh -c 'wc -c < $S'"
        )
        #expect(handed.hasPrefix("100000\n22"), "\(handed)")
    }
}
