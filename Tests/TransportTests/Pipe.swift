import Glibc
import Synchronization

/// A pipe, closed with its last user.
final class Pipe: Sendable {
    let reading: Int32
    let writing: Int32
    private let isWritable = Atomic<Bool>(true)

    init() throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Socket.Failure() }
        (reading, writing) = (ends[0], ends[1])
        // Else a child process would hold the ends open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        closeWriting()
        close(reading)
    }

    /// Closes the end that is written to, so that a reader sees the end once other holders have closed theirs.
    func closeWriting() {
        if isWritable.exchange(false, ordering: .sequentiallyConsistent) { close(writing) }
    }

    /// Writes bytes that fit into a pipe.
    func write(_ bytes: [UInt8]) { unsafe _ = Glibc.write(writing, bytes, bytes.count) }

    /// Waits for one byte.
    func readByte() {
        var byte: UInt8 = 0
        unsafe _ = Glibc.read(reading, &byte, 1)
    }
}

/// Counts who has come.
final class Arrivals: Sendable {
    private let count = Atomic<Int>(0)

    /// How many have come, this one with them.
    func next() -> Int { count.add(1, ordering: .sequentiallyConsistent).newValue }
}
