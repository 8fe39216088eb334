import Glibc
import Testing

@testable import Host

/// Open files.
@Suite struct FileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [0, 1, 4095, 4096, 65535, 65536, 65537, 200_000]) func allOfAFileIsRead(_ size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try FileSystem.replace(folder["a"], with: bytes.span, mode: 0o600)
        #expect(try FileSystem.contents(of: folder["a"], limit: size) == bytes)
        if size > 0 {
            let error = #expect(throws: HostError.self) {
                try FileSystem.contents(of: folder["a"], limit: size - 1)
            }
            #expect(error?.code == fileTooLarge)
        }
    }

    @Test func whatHasNoSizeIsReadToItsEnd() throws {
        folder.sh("mkfifo pipe; head -c 100000 /dev/zero > pipe &")
        #expect(try FileSystem.contents(of: folder["pipe"], limit: 1 << 20)?.count == 100_000)
        #expect(try FileSystem.contents(of: "/proc/self/stat", limit: 1 << 20)?.isEmpty == false)
        let error = #expect(throws: HostError.self) { try FileSystem.contents(of: "/dev/zero", limit: 100_000) }
        #expect(error?.code == fileTooLarge)
    }

    @Test func aSizeIsAHintAndNoMore() throws {
        let made = unsafe system("truncate -s 9223372036854775807 /dev/shm/tokenkeep-\(getpid()) 2> /dev/null") == 0
        defer { unsafe unlink("/dev/shm/tokenkeep-\(getpid())") }
        try #require(made, "a file system that takes the largest size")
        let error = #expect(throws: HostError.self) {
            try FileSystem.contents(of: "/dev/shm/tokenkeep-\(getpid())", limit: 100_000)
        }
        #expect(error?.code == fileTooLarge)
    }

    @Test func writingGoesOnWhereItEndedOrWhereItIsTold() throws {
        do {
            let file = try File(folder["a"], .creating(mode: 0o640))
            try file.write("one".utf8.span)
            try file.write("two".utf8.span)
            try file.write("X".utf8.span, at: 1)
            try file.write("Y".utf8.span)
            try file.write("Z".utf8.span, at: 8)
            try file.sync()
            try file.syncData()
        }
        #expect(try folder.text("a") == "oXYtwo\0\0Z")
        #expect(try FileSystem.status(of: folder["a"])?.mode == 0o640)
        do {
            let file = try File(folder["a"], .writing)
            try file.write("N".utf8.span)
        }
        #expect(try folder.text("a") == "NXYtwo\0\0Z")
        #expect(throws: HostError.self) { _ = try File(folder["b"], .writing) }
        #expect(throws: HostError.self) { _ = try File(folder["a"], .creating(mode: 0o600)) }
        #expect(throws: HostError.self) { try File(folder["a"], .reading).write("x".utf8.span) }
    }

    @Test func aLinkIsNeverWrittenThrough() throws {
        folder.sh("ln -s there link; echo theirs > there")
        for access in [File.Access.creating(mode: 0o600), .writing, .locking] {
            #expect(throws: HostError.self) { _ = try File(folder["link"], access) }
        }
        #expect(try folder.text("there") == "theirs\n")
    }

    @Test func whatIsReservedIsZerosAndKeepsWhatWasThere() throws {
        let file = try File(folder["a"], .creating(mode: 0o600))
        try file.write("ab".utf8.span)
        try file.reserve(10_000)
        let bytes = try #require(try FileSystem.contents(of: folder["a"], limit: 1 << 20))
        #expect(bytes == [0x61, 0x62] + [UInt8](repeating: 0, count: 9998))
        #expect(throws: HostError.self) { try file.reserve(.max) }
    }

    @Test func oneHolderHasALockUntilItGoes() throws {
        let first = try File(folder["lock"], .locking)
        let second = try File(folder["lock"], .locking)
        #expect(try first.tryLock() && first.tryLock() && !second.tryLock())
        #expect(!folder.sh("flock -n lock true"))
        func release(_ file: consuming File) {}
        release(first)
        // A program that is starting meanwhile holds a copy for a moment.
        while try !second.tryLock() { sched_yield() }
        #expect(try FileSystem.status(of: folder["lock"])?.mode == 0o600)
    }

    @Test func noChildInheritsAnOpenFile() throws {
        let reading = try File(folder.path, .reading)
        let creating = try File(folder["a"], .creating(mode: 0o600))
        let writing = try File(folder["a"], .writing)
        let locking = try File(folder["lock"], .locking)
        #expect(!folder.sh("ls -l /proc/self/fd | grep -q '\(folder.path)/\\(a\\|lock\\)$'"))
        _ = try (reading.status, creating.status, writing.status, locking.status)
    }

    @Test func aMountIsToldApart() throws {
        let root = try File("/", .reading).mountID
        #expect(try root != nil && root != File("/proc", .reading).mountID)
        #expect(try File("/", .reading).mountID == root)
    }
}
