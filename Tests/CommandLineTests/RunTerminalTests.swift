import Host
import Testing

/// `run` at a terminal, where it stays with its command: a real one, with a real shell and its job control.
@Suite(
    .timeLimit(.minutes(5)),
    .enabled(if: ChildProcess.find("python3", path: nil) != nil, "NOT TESTED: there is no python3"))
struct RunTerminalTests {
    /// A person at a terminal: `person.run(command)` starts it there, `see` waits for what it shows, `type` types.
    private static let person = """
        import glob, os, pty, re, select, signal, subprocess, sys, time
        class Person:
            def __init__(self, *command):
                self.shown = ""
                self.pid, self.end = pty.fork()
                if self.pid == 0: os.execvp(command[0], command)
            def type(self, keys): os.write(self.end, keys.encode())
            def see(self, text):
                until = time.monotonic() + 60
                while True:
                    found = re.search(text, self.shown)
                    if found:
                        seen, self.shown = self.shown[:found.end()], self.shown[found.end():]
                        return seen
                    ready, _, _ = select.select([self.end], [], [], max(0, until - time.monotonic()))
                    if not ready: sys.exit("never seen: %s; but: %r" % (text, self.shown))
                    self.shown += os.read(self.end, 4096).decode()
            def end_of(self): return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

        """

    private static let child = """
        import os, signal, sys
        def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())
        for number in (1, 2, 3, 28): signal.signal(number, lambda number, frame: say("signal", number))
        say("ready")
        for line in sys.stdin: say("got", line.strip())
        sys.exit(7)
        """

    private static func atATerminal(_ script: String) async throws -> Bench.Ended {
        let bench = try await Bench()
        try bench.append(person + script, to: "person.py")
        try bench.append(child, to: "child.py")
        try await bench.ok("printf 1 | tokenkeep set A")
        return await bench.sh("python3 -B person.py")
    }

    @Test func itsKeysAndLinesComeToTheCommandOnce() async throws {
        let ended = try await Self.atATerminal(
            #"""
            person = Person("tokenkeep", "run", "--file", "F=json", "--", "python3", "-B", "child.py")
            person.see("ready")
            for i in range(10):
                person.type("\x03"); person.see("signal 2"); person.type("\x1c"); person.see("signal 3")
                person.type("line\n"); seen = person.see("got line")
                if "signal" in seen: sys.exit("twice: %r" % seen)
            person.type("\x04")
            print(person.end_of())
            """#)
        #expect(ended.output == "7\n", "\(ended.words)")
    }

    @Test func whoSuspendsItGetsTheShellBackAndGoesOnWithFg() async throws {
        let ended = try await Self.atATerminal(
            #"""
            shell = Person("bash", "--norc", "--noprofile", "-i")
            shell.type("PS1='PROM''PT '\n"); shell.see("PROMPT ")
            shell.type("tokenkeep run --file F=json --watch restart -- python3 -B child.py\n"); shell.see("ready")
            for i in range(3):
                shell.type("\x1a"); shell.see("Stopped"); shell.see("PROMPT ")
                shell.type("echo here$((i + 41))\n"); shell.see("here41"); shell.see("PROMPT ")
                shell.type("fg\n"); shell.see("tokenkeep run"); shell.type("more\n"); shell.see("got more")
            shell.type("\x03"); shell.see("signal 2"); shell.type("\x04"); shell.see("PROMPT ")
            shell.type("echo status=$?\n"); shell.see("status=7")
            # A command that a signal ends, and one that does not let itself be suspended.
            shell.see("PROMPT "); shell.type("tokenkeep run --file F=json -- sh -c 'echo ''ready; exec sleep 60'\n"); shell.see("ready\r\n")
            shell.type("\x03"); shell.see("PROMPT "); shell.type("echo status=$?\n"); shell.see("status=130")
            shell.see("PROMPT "); shell.type("tokenkeep run --file F=json -- sh -c 'trap \"\" TSTP; echo ''ready; read x; echo got''=$x'\n"); shell.see("ready\r\n")
            shell.type("\x1aline\n"); seen = shell.see("got=line")
            if "Stopped" in seen: sys.exit(repr(seen))
            shell.see("PROMPT "); shell.type("exit\n"); print(shell.end_of())
            """#)
        #expect(ended.output == "0\n", "\(ended.words)")
    }

    @Test func whoStopsTheCommandAloneLetsItGoOnAlone() async throws {
        let ended = try await Self.atATerminal(
            #"""
            person = Person("tokenkeep", "run", "--file", "F=json", "--", "python3", "-B", "child.py")
            person.see("ready")
            child = int("".join(open(path).read() for path in glob.glob("/proc/%d/task/*/children" % person.pid)))
            def state(name):
                return re.search(name + r":\s*(\S+)", open("/proc/%d/status" % child).read())[1]
            def wait(met):
                until = time.monotonic() + 30
                while not met():
                    if time.monotonic() > until: sys.exit("tokenkeep is stopped, too")
                    time.sleep(0.05)
            for i in range(3):
                os.kill(child, signal.SIGSTOP); wait(lambda: state("State") == "T")
                # What is sent on shows that tokenkeep itself goes on.
                os.kill(person.pid, signal.SIGHUP); wait(lambda: int(state("ShdPnd"), 16) & 1)
                os.kill(child, signal.SIGCONT); person.see("signal 1")
            person.type("\x04")
            print(person.end_of())
            """#)
        #expect(ended.output == "7\n", "\(ended.words)")
    }

    @Test func aTerminalThatGoesWhileTheCommandIsStartedAnewEndsIt() async throws {
        let ended = try await Self.atATerminal(
            #"""
            child = 'import os, signal\nsignal.signal(15, lambda *_: os.write(1, b"asked"))\nos.write(1, b"ready")\nwhile True: signal.pause()'
            person = Person("tokenkeep", "run", "--watch", "restart", "--", "python3", "-Bc", child)
            person.see("ready"); subprocess.run("printf 2 | tokenkeep set A", shell=True, check=True); person.see("asked")
            os.close(person.end)
            print(person.end_of())
            """#)
        #expect(ended.output == "-1\n", "\(ended.words)")
    }

    @Test func aHangupComesToTheCommandAndTheFilesGo() async throws {
        let ended = try await Self.atATerminal(
            #"""
            os.environ["XDG_RUNTIME_DIR"] = "/dev/shm/tokenkeep-test.%d" % os.getpid()
            os.mkdir(os.environ["XDG_RUNTIME_DIR"], 0o700)
            # It leads the session: only to it the system tells that the terminal is gone.
            person = Person("tokenkeep", "run", "--file", "F=json", "--", "sh", "-c", "trap 'echo told > told; exit 3' HUP; echo ready; while :; do sleep 60 & wait; done")
            person.see("ready")
            os.close(person.end)
            print(person.end_of(), open("told").read().strip(), os.listdir(os.environ["XDG_RUNTIME_DIR"]))
            os.rmdir(os.environ["XDG_RUNTIME_DIR"])
            """#)
        #expect(ended.output == "3 told []\n", "\(ended.words)")
    }
}
