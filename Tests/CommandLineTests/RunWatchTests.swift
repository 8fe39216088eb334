import Host
import Sandbox
import Testing

/// `run --watch`: a command that never goes on with what is out of date.
@Suite(.timeLimit(.minutes(5))) struct RunWatchTests {
    /// A command that prints what it was given, and waits; `run` is its pid, and descriptor 3 what it prints.
    private static func start(_ options: String, _ command: String) -> String {
        """
        mkfifo out; exec 3<> out
        tokenkeep run \(options) --only TIKTOK_ACCESS_TOKEN -- \(command) > out 2> errors & run=$!

        """
    }

    private static let hasPython = ChildProcess.find("python3", path: nil) != nil

    private static let printing = "sh -c 'echo $$ $TIKTOK_ACCESS_TOKEN; exec sleep 300'"

    @Test func aCommandIsStartedAnewWhenCronHasRenewedItsToken() async throws {
        let tiktok = try await TikTokBench()
        let seen = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart", Self.printing))
            read pid1 first <&3; tokenkeep refresh --force
            read pid2 second <&3; kill -0 $pid1 2> x || echo one
            [ "$first" != "$second" ] && [ "$second" = "$(tokenkeep get tiktok)" ] && echo new
            kill $run; wait $run; echo $?; cat errors; tokenkeep log TIKTOK_ACCESS_TOKEN | grep -c 'run .*given'
            """)
        #expect(seen == "one\nnew\n143\n2\n", "and each start is in the log")
    }

    @Test func aCommandIsSignalledAndFindsTheNewTokenInItsFile() async throws {
        let tiktok = try await TikTokBench()
        let command =
            #"bash -c 'trap "grep -o act[^\\\"]* \$F" HUP; echo ready; while :; do sleep 300 & wait $!; kill $!; done'"#
        let seen = try await tiktok.bench.ok(
            """
            \(Self.start("--watch signal=SIGHUP --file F=json", command))
            read ready <&3; tokenkeep refresh --force
            read token <&3; [ "$token" = "$(tokenkeep get tiktok)" ] && echo new
            # Two changes at once are one: it is signalled once, and the next line is of the next change.
            kill -STOP $run; tokenkeep refresh --force; tokenkeep refresh --force; kill -CONT $run
            for i in 1 2; do
                read token <&3; [ "$token" = "$(tokenkeep get tiktok)" ] && echo new; tokenkeep refresh --force
            done
            kill $run; wait $run; echo $?; cat errors
            """)
        #expect(seen == "new\nnew\nnew\n143\n")
    }

    @Test func whatIsDueIsRenewedWithoutAnyCronJobAndTheOutputsAreToo() async throws {
        let tiktok = try await TikTokBench(
            accessLifetime: 10, more: "[[outputs]]\npath = \"out.json\"\nformat = \"json\"")
        // Twice: a lock that was not given back would stand in the way of the second.
        let seen = try await tiktok.bench.ok(
            """
            echo x >> asked; echo "$TOKENKEEP_KEY" > key; unset TOKENKEEP_KEY
            \(Self.start("--watch restart --key-command 'echo x >> asked; cat key'", Self.printing))
            read pid first <&3; read pid second <&3; read pid third <&3
            [ "$first" != "$second" ] && [ "$second" != "$third" ] && grep -q "$third" out.json && echo fresh
            wc -l < asked; kill $run; wait $run; cat errors
            """)
        #expect(seen == "fresh\n2\n", "and the key was asked for once")
    }

    @Test func theOutputsAreFreshThoughTheCommandIsGivenNothingThatChanges() async throws {
        let tiktok = try await TikTokBench(
            accessLifetime: 10, more: "[[outputs]]\npath = \"out.json\"\nformat = \"json\"")
        let seen = try await tiktok.bench.ok(
            """
            tokenkeep export; mkfifo out; exec 3<> out
            tokenkeep run --watch restart --only TIKTOK_OPEN_ID -- sh -c 'echo $$; exec sleep 300' > out 2> errors & run=$!
            read pid <&3; cp out.json old; while cmp -s out.json old; do sleep 0.1; done
            kill -0 $pid && echo one; kill $run; wait $run; echo $?; cat errors
            """)
        #expect(seen == "one\n143\n")
    }

    @Test func aCommandThatWasToldToEndIsNotStartedAnewHoweverLongItTakes() async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            """
            printf 1 | tokenkeep set A; mkfifo out go; exec 3<> out
            command='trap "echo term; cat go > waited; exit 7" TERM; echo $S; while :; do sleep 0.1; done'
            tokenkeep run --watch restart --file S=json -- sh -c "$command" > out 2> errors & run=$!
            read file <&3; kill $run; read term <&3; printf 2 | tokenkeep set A
            until grep -q '"2"' $file; do sleep 0.1; done
            echo > go; wait $run; echo $? $term; echo last > out; read line <&3; echo $line; cat errors
            """)
        #expect(seen == "7 term\nlast\n")
    }

    @Test func whatCouldNotBeStartedAnewIsNotEnded() async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            """
            head -c 131100 /dev/zero | tr '\\0' x > x; head -c 100000 x > y; ulimit -s 1024
            printf 1 | tokenkeep set A; mkfifo out; exec 3<> out
            printf '#!/bin/sh\\necho $$ ${#A}; exec sleep 300\\n' > program; chmod +x program
            tokenkeep run --watch restart -- ./program > out 2> errors & run=$!
            goes() { until [ $(grep -c "$1.*; the command goes on with what it has" errors) = 1 ]; do sleep 0.1; done; kill -0 $pid && echo goes on; }
            read pid length <&3
            tokenkeep set A --exact < x; goes 'A has 131103 bytes'
            printf 22 | tokenkeep set A; read pid length <&3; echo $length
            for i in 1 2 3; do tokenkeep set Y$i --exact < y; done; printf 333 | tokenkeep set A; goes 'takes 262144'
            tokenkeep remove Y1; read pid length <&3; echo $length
            mv program gone; printf 5 | tokenkeep set A; goes 'no such program'
            mv gone program; chmod -x program; printf 55 | tokenkeep set A; goes 'no program'
            chmod +x program; printf 666666 | tokenkeep set A; read pid length <&3; echo $length
            kill $run; wait $run; echo $?; grep -c '^hint: ' errors
            """)
        #expect(seen == "goes on\n2\ngoes on\n3\ngoes on\ngoes on\n6\n143\n4\n")
    }

    @Test func aFolderThatALinkNamesAnewIsNoticed() async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            """
            mkdir 1 2; printf first | tokenkeep set A; cp tokenkeep.vault 1; printf second | tokenkeep set A
            mv tokenkeep.vault 2; ln -s 1 current; mkfifo out; exec 3<> out
            tokenkeep run --offline --vault current/tokenkeep.vault --accept-older --watch restart -- sh -c 'echo $A; exec sleep 300' > out 2> errors & run=$!
            read value <&3; echo $value; ln -s 2 new; mv -T new current; read value <&3; echo $value
            # What happens there is noticed, too.
            printf third | tokenkeep set A --vault 2/tokenkeep.vault; read value <&3; echo $value
            kill $run; wait $run; echo $?
            """)
        #expect(seen == "first\nsecond\nthird\n143\n")
    }

    @Test func anotherValueIsNoReasonToStartAnew() async throws {
        let tiktok = try await TikTokBench()
        let seen = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart", Self.printing))
            read pid first <&3
            for i in 1 2 3; do printf $i | tokenkeep set OTHER; done
            # Nothing shows that nothing happens: the next change has to come when what these would do is done.
            sleep 1.5; tokenkeep refresh --force; read pid second <&3
            [ "$second" = "$(tokenkeep get tiktok)" ] && echo new; kill $run; wait $run; cat errors
            """)
        #expect(seen == "new\n")
    }

    @Test func aProviderThatIsGoneIsSaidOnceAndTheCommandGoesOn() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 6)
        await tiktok.sandbox.stop()
        let ended = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart", Self.printing))
            read pid first <&3
            # Until it has been asked for several times after its end.
            while ! grep -q 'has expired' errors; do sleep 0.1; done
            n=$(tokenkeep log | wc -l); while [ $(tokenkeep log | wc -l) -lt $((n + 2)) ]; do sleep 0.1; done
            kill -0 $pid && echo alive; kill $run; wait $run; cat errors
            """)
        #expect(ended.hasPrefix("alive\n"))
        #expect(ended.split(separator: "has expired", omittingEmptySubsequences: false).count == 2, "\(ended)")
        #expect(ended.split(separator: "is still", omittingEmptySubsequences: false).count <= 3, "\(ended)")
    }

    @Test func aVaultThatCannotBeReadForAWhileIsSaidOnce() async throws {
        let tiktok = try await TikTokBench()
        let ended = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart", Self.printing))
            read pid first <&3; cp tokenkeep.vault kept
            for i in 1 2; do echo $i > new; mv new tokenkeep.vault; until grep -q 'goes on' errors; do sleep 0.1; done; done
            mv kept tokenkeep.vault; tokenkeep refresh --force; read pid second <&3
            [ "$second" = "$(tokenkeep get tiktok)" ] && echo new; kill $run; wait $run; cat errors
            """)
        #expect(ended.hasPrefix("new\n"))
        #expect(ended.split(separator: "the command goes on", omittingEmptySubsequences: false).count == 2, "\(ended)")
    }

    @Test func whatAnotherHasRenewedIsNoticedWhereThisProcessCannot() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 10)
        let ended = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart --lock-wait 1ms", Self.printing))
            read pid first <&3
            # Elsewhere it is renewed; both are due again soon, and here another process has the lock.
            mkdir other; cp tokenkeep.vault tokenkeep.toml other
            copy="env HOME=$PWD/other tokenkeep --config other/tokenkeep.toml"; $copy refresh --force
            exec 9> tokenkeep.vault.lock; flock 9
            until grep -q 'goes on' errors && $copy status | grep -q 'due\\|expired'; do sleep 0.1; done
            cp other/tokenkeep.vault new; mv new tokenkeep.vault; read pid second <&3
            [ "$first" != "$second" ] && echo new; kill $run; wait $run; cat errors
            """)
        #expect(ended.hasPrefix("new\n"))
        #expect(ended.split(separator: "the command goes on", omittingEmptySubsequences: false).count == 2, "\(ended)")
    }

    @Test(.enabled(if: hasPython, "NOT TESTED: there is no python3"))
    func aCommandThatDoesNotEndIsKilledBeforeTheNextStarts() async throws {
        let tiktok = try await TikTokBench()
        let command =
            "python3 -Bc 'import os, signal, fcntl\none = open(\"one\", \"w\")\ntry: fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError: print(\"TWO\")\nfor number in (1, 15): signal.signal(number, lambda number, _: os.write(1, b\"%d\\n\" % number))\nprint(os.getpid(), flush=True)\nwhile True: signal.pause()'"
        let seen = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart", command))
            read first <&3; tokenkeep refresh --force; read asked <&3; echo $asked
            # Whoever wants what is configured read again wants no end.
            kill -HUP $run; read told <&3; echo $told; read second <&3
            [ "$second" -gt 0 ] && [ "$first" != "$second" ] && echo new
            kill -KILL $second; wait $run; echo $?; cat errors
            """)
        #expect(seen == "15\n1\nnew\n137\n")
    }

    @Test(.enabled(if: hasPython, "NOT TESTED: there is no python3")) func whoEndsItWhileItIsStartedAnewEndsIt()
        async throws
    {
        let tiktok = try await TikTokBench()
        let command =
            "python3 -Bc 'import os, signal\ndef asked(*_):\n os.write(1, b\"asked\\n\")\n signal.signal(15, signal.SIG_DFL)\nsignal.signal(15, asked)\nprint(flush=True)\nwhile True: signal.pause()'"
        let seen = try await tiktok.bench.ok(
            """
            \(Self.start("--watch restart", command))
            read pid <&3; tokenkeep refresh --force; read asked <&3
            kill $run; wait $run; echo $?; cat errors
            """)
        #expect(seen == "143\n")
    }

    @Test(arguments: ["exit 7", "kill -TERM $$", "kill -SEGV $$"])
    func aCommandThatEndsByItselfEndsRun(words: String) async throws {
        let tiktok = try await TikTokBench()
        let status = try await tiktok.bench.ok("sh -c '\(words)' 2> x; echo $?")
        for mode in ["restart", "signal=HUP --file F=json"] {
            let seen = try await tiktok.bench.ok("tokenkeep run --watch \(mode) -- sh -c '\(words)' 2> x; echo $?")
            #expect(seen == status)
        }
    }

    @Test func aRequestThatIsUnderWayWhenTheCommandEndsIsWaitedFor() async throws {
        let tiktok = try await TikTokBench(accessLifetime: 10, latency: .seconds(2))
        let before = try await tiktok.refreshes()
        let seen = try await tiktok.bench.ok(
            """
            tokenkeep run --watch restart -- sh -c 'until test -s tokenkeep.vault.journal; do sleep 0.05; done; exit 3'; echo $?
            test -s tokenkeep.vault.journal && echo left; tokenkeep log | grep -c 'refresh *renewed'
            """)
        #expect(seen == "3\n1\n")
        #expect(try await tiktok.refreshes() == before + 1)
    }

    @Test(.enabled(if: hasPython, "NOT TESTED: there is no python3")) func aSignalComesToTheCommandOnce() async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            """
            printf 1 | tokenkeep set A; mkfifo out; exec 3<> out
            cat > child.py <<'X'
            import os, signal
            def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())
            for number in (1, 6, 10, 12, 15, 18, 20, 24, 25, 28, 34, 64): signal.signal(number, lambda number, frame: say(number))
            # What it sends to whoever started it does not come back.
            os.kill(os.getppid(), 10)
            say("ready", os.getppid(), os.getpgrp() == os.getpgid(os.getppid()), sorted(os.listdir("/proc/self/fd"), key=int)[:-1], os.getpid())
            while True: signal.pause()
            X
            tokenkeep run --file F=json -- python3 child.py > out & run=$!
            read ready parent group files <&3; echo $ready $((parent == run)) $group ${files% *}
            for i in 1 2 3 4 5; do for s in 1 6 10 12 15 18 20 24 25 28 34 64; do
                env kill -$s $run; read got <&3; [ "$got" = "$s" ] || echo $got
            done; done
            kill -KILL ${files##* }; wait $run; echo $?
            """)
        // Without any that is tokenkeep's own.
        #expect(seen == "ready 1 True ['0', '1', '2', '3']\n137\n")
    }

    @Test func whatIsIgnoredStaysIgnored() async throws {
        let bench = try await Bench()
        let seen = try await bench.ok(
            """
            printf 1 | tokenkeep set A; mkfifo in out; exec 3<> out 4<> in
            (trap '' HUP; exec tokenkeep run --file F=json -- sh -c 'kill -HUP $$; echo ready; read x; echo $x') < in > out & run=$!
            read ready <&3; kill -HUP $run; echo line >&4; read line <&3; wait $run; echo $? $ready $line
            """)
        #expect(seen == "0 ready line\n")
    }

    @Test func aSignalWithoutAnythingToReadIsCommentedOn() async throws {
        let tiktok = try await TikTokBench()
        let told = await tiktok.bench.sh("tokenkeep run --watch signal=HUP -- true")
        #expect(told.status == 0 && told.errors.contains("cannot be changed from outside"), "\(told.errors)")
        for options in ["--watch signal=HUP --quiet", "--watch signal=HUP --file F=json", "--watch restart"] {
            #expect(await tiktok.bench.sh("tokenkeep run \(options) -- true").errors.isEmpty)
        }
    }
}
