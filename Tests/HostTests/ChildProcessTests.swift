import Glibc
import Sealing
import Testing

@testable import Host

/// Commands that are run and waited for.
@Suite struct ChildProcessTests {
    private let folder: TemporaryFolder
    private let path = ["PATH": "/usr/bin:/bin"]

    init() throws { folder = try TemporaryFolder() }

    private func sh(
        _ script: String, _ streams: ChildProcess.Streams = .captured, limit: Int = 65536, timeout: Duration? = nil
    ) async -> (end: ChildProcess.End, output: [UInt8], errors: [UInt8]) {
        await ChildProcess.run(
            ["sh", "-c", script], environment: path, directory: folder.path, streams: streams, outputLimit: limit,
            timeout: timeout)
    }

    /// Whether a process ends within a second: it is told so at once, but only its parent hears of its end.
    private func hasEnded(_ id: Substring) -> Bool {
        let isRunning = "grep -q 'State:.[RSD]' /proc/\(id)/status 2> /dev/null"
        return folder.sh("for n in $(seq 50); do \(isRunning) || exit 0; sleep 0.02; done; exit 1")
    }

    @Test func howItEndedIsTold() async {
        #expect(await sh("exit 0").end == .exited(0))
        #expect(await sh("exit 75").end == .exited(75))
        #expect(await sh("kill -9 $$").end == .signalled(SIGKILL))
        #expect(await sh("exit 3", timeout: .seconds(60)).end == .exited(3), "in time")
    }

    @Test func whatItPrintsIsKept() async {
        let (end, output, errors) = await sh("printf 'out\\0'; printf err >&2; pwd")
        #expect(end == .exited(0) && errors == Array("err".utf8))
        #expect(output == Array("out\0\(folder.path)\n".utf8))
        #expect(await sh("cat; echo done").output == Array("done\n".utf8), "there is no input to wait for")
        #expect(await sh("echo words", .quiet).output.isEmpty)
    }

    @Test func allOfALongOutputIsKeptAndNothingOfOneThatIsTooLong() async {
        let whole = await sh("head -c 300000 /dev/zero", limit: 300_000)
        #expect(whole.end == .exited(0) && whole.output.count == 300_000)
        let more = await sh("head -c 300001 /dev/zero", limit: 300_000)
        guard case .failed = more.end else {
            Issue.record("\(more.end)")
            return
        }
        #expect(more.output.isEmpty)
    }

    @Test func aKeyThatIsPrintedIsTakenUnlessItIsTooLong() async throws {
        func key(_ script: String) async -> (end: ChildProcess.End, text: String?) {
            let (end, key) = await ChildProcess.key(
                from: ["sh", "-c", script], environment: path, directory: folder.path, limit: 8)
            return (
                end,
                key.map { $0.bytes.withSpan { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } }
            )
        }
        let whole = await key("printf 12; sleep 0.1; printf 345678; exit 3")
        #expect(whole.end == .exited(3) && whole.text == "12345678")
        let long = await key("yes 12345678")
        #expect(long.text == nil)
        guard case .failed = long.end else { throw NotFailed() }
        let (end, _) = await ChildProcess.key(from: ["./nothing"], environment: path, directory: folder.path, limit: 8)
        #expect(end == .notFound)
    }

    private struct NotFailed: Error {}

    @Test func theEnvironmentIsExactlyTheOneGiven() async throws {
        var environment: [String: String] = ["EMPTY": "", "EQUALS": "a=b=c", "ACCENT": "é", "LINES": "a\nb"]
        // Of every length: an entry that does not end where it should shows at some of them.
        for length in 1...70 { environment["V\(length)"] = String(repeating: "v", count: length) }
        let (end, output, _) = await ChildProcess.run(["/usr/bin/env", "-0"], environment: environment)
        #expect(end == .exited(0))
        let entries = output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        #expect(entries.sorted() == environment.map { "\($0)=\($1)" }.sorted())
    }

    @Test func whenTheTimeIsUpWhatItStartedEndsToo() async throws {
        let script = "sleep 300 & echo $! > child; (sleep 300 & echo $! > grandchild; wait) & wait"
        #expect(await sh(script, timeout: .milliseconds(900)).end == .timedOut)
        for name in ["child", "grandchild"] {
            let id = try #require(try folder.text(name)?.dropLast())
            #expect(hasEnded(id), "\(name) goes on")
        }
    }

    @Test func whatDoesNotListenIsKilled() async throws {
        let script = "trap '' TERM; echo $$ > child; sleep 300 & wait; sleep 300"
        #expect(await sh(script, timeout: .milliseconds(900)).end == .timedOut)
        let id = try #require(try folder.text("child")?.dropLast())
        #expect(hasEnded(id))
    }

    @Test func whatItLeavesBehindHoldsNobodyUp() async throws {
        let (end, output, _) = await sh("sleep 300 & echo $!")
        #expect(end == .exited(0))
        let id = try #require(Int32(String(decoding: output.dropLast(), as: UTF8.self)))
        #expect(kill(id, SIGKILL) == 0, "it is left alone")
    }

    @Test func noDescriptorOfOursIsHandedOn() async throws {
        let open = unsafe Glibc.open(folder.path, O_RDONLY)
        defer { close(open) }
        let seen = await sh("ls /proc/self/fd")
        #expect(String(decoding: seen.output, as: UTF8.self) == "0\n1\n2\n3\n", "3 is the folder that ls reads")
    }

    @Test func aProgramThatIsNotThereIsNotFound() async {
        folder.sh("echo text > plain; mkdir folder")
        for program in ["no-such-program", "./plain", "./folder", "folder", "/no/such", "", "./"] {
            let end = await ChildProcess.run([program], environment: path, directory: folder.path).end
            #expect(end == .notFound, "\(program)")
        }
        #expect(await ChildProcess.run([], environment: path).end == .notFound)
        folder.sh("printf '#!/no/such\\n' > broken; chmod 755 broken")
        let broken = await ChildProcess.run(["./broken"], environment: path, directory: folder.path).end
        guard case .failed = broken else {
            Issue.record("\(broken)")
            return
        }
    }

    @Test func programsAreLookedForAsAShellWould() {
        folder.sh("mkdir -p bin more; for x in tool bin/tool bin/other more/other; do echo > $x; chmod 755 $x; done")
        func find(_ program: String, _ path: String?) -> String? {
            ChildProcess.find(program, path: path, from: folder.path)
        }
        #expect(find("tool", "\(folder["bin"]):\(folder["more"])") == folder["bin/tool"])
        #expect(find("other", "\(folder["more"]):\(folder["bin"])") == folder["more/other"])
        #expect(find("other", "/no/such:\(folder["bin"])") == folder["bin/other"])
        #expect(find("tool", "/no/such") == nil)
        // From the folder that the command will run in: an empty part, a relative one, a path.
        #expect(find("tool", ":/no/such") == folder["tool"])
        #expect(find("other", "bin") == folder["bin/other"])
        #expect(find("./tool", "/no/such") == folder["tool"] && find("bin/tool", nil) == folder["bin/tool"])
        for nothing in [nil, ""] { #expect(find("sh", nothing)?.hasSuffix("/bin/sh") == true) }
    }
}
