import Glibc
import Testing

@testable import Host

/// Files in memory, and files that are watched.
@Suite struct MemoryFolderTests {
    @Test func onlyAFileSystemInMemoryIsTaken() throws {
        #expect(MemoryFolder(inOneOf: ["/proc", "/no/such/folder", FileSystem.currentFolder]) == nil)
        let made = try #require(MemoryFolder(inOneOf: [FileSystem.currentFolder, "/dev/shm"]))
        #expect(made.path.hasPrefix("/dev/shm/tokenkeep-run."))
        #expect(try FileSystem.status(of: made.path)?.mode == 0o700)
        made.remove()
        #expect(try FileSystem.status(of: made.path) == nil)
    }

    @Test func aLinkOrAnOpenFolderOfThatNameIsNotTakenForOnesOwn() throws {
        let base = "/dev/shm/tokenkeep-test.\(getpid())"
        unsafe mkdir(base, 0o700)
        defer { _ = unsafe system("rm -r '\(base)'") }
        unsafe system(
            "cd '\(base)'; mkdir -m 700 mine tokenkeep-run.left; mkdir -m 755 tokenkeep-run.open; ln -s mine tokenkeep-run.link; touch tokenkeep-run.file mine/x tokenkeep-run.left/x"
        )
        try #require(MemoryFolder(inOneOf: [base])).remove()
        let names = FileSystem.names(in: base).filter { !$0.hasPrefix(".") }.sorted()
        #expect(names == ["mine", "tokenkeep-run.file", "tokenkeep-run.link", "tokenkeep-run.open"])
        #expect(FileSystem.names(in: base + "/mine").contains("x"))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [false, true])
    func aFileThatIsReplacedOrMadeIsNoticed(isFolderMissing: Bool) async throws {
        let folder = try TemporaryFolder()
        let path = folder["in/file"]
        // Of a folder that is not there the system tells nothing, so the file is looked at every two seconds.
        if !isFolderMissing { #expect(folder.sh("mkdir in")) }
        let (events, tell) = AsyncStream<Void>.makeStream()
        #expect(FileWatch.begin(path) { tell.yield() })
        async let first: Void? = events.first { _ in true }
        // Until the watch has begun nothing is told: it is tried again until it is.
        let trying = Task {
            while !Task.isCancelled {
                #expect(folder.sh("mkdir -p in; date +%N > in/new; mv in/new in/file; touch in/other"))
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        #expect(await first != nil)
        trying.cancel()
        await trying.value
    }

    @Test func signalsHaveTheirNames() {
        for text in ["HUP", "SIGHUP", "hup", "sighup", "1"] { #expect(SignalName.number(of: text) == SIGHUP) }
        #expect(SignalName.number(of: "USR1") == SIGUSR1 && SignalName.number(of: "64") == 64)
        for text in ["", "0", "65", "-1", "SIG", "NOPE", "SIGSIGHUP"] { #expect(SignalName.number(of: text) == nil) }
    }
}
