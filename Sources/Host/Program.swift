internal import Glibc

/// A program that this process stays with: started in its session and process group, with its streams and folder.
package final class Program: Sendable {
    /// What becomes of it.
    package enum Event: Sendable {
        /// It was stopped as a terminal stops a job: by SIGTSTP, as Ctrl-Z does, by SIGTTIN or by SIGTTOU. Who stops it by
        /// SIGSTOP means it alone, and lets it go on alone.
        case stopped
        /// It has ended, and `end` tells how.
        case ended
    }

    /// Its process.
    package let id: Int32

    /// Starts a program with exactly this environment, whose entries `NAME=value` end in NUL each; `tell` hears what becomes of
    /// it, on a thread of its own. Signals do to it what they did to this process when that began.
    package init(
        _ path: String, arguments: [String], environment: Span<UInt8>, tell: @escaping @Sendable (Event) -> Void
    ) throws(HostError) {
        var id: pid_t = 0
        let code = unsafe withBlocks(arguments, environment) { arguments, environment in
            var attributes = posix_spawnattr_t()
            unsafe posix_spawnattr_init(&attributes)
            defer { unsafe posix_spawnattr_destroy(&attributes) }
            // Threads of Swift hold signals back, and this process does not die of a broken pipe.
            var (none, usual) = (sigset_t(), sigset_t())
            unsafe sigemptyset(&none)
            unsafe sigemptyset(&usual)
            unsafe sigaddset(&usual, SIGPIPE)
            unsafe posix_spawnattr_setsigmask(&attributes, &none)
            unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
            unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
            return unsafe posix_spawn(&id, path, nil, &attributes, arguments, environment)
        }
        guard code == 0 else { throw HostError(operation: "execute", path: path, code: code) }
        self.id = id
        let isWaitedFor = startThread { [id] in
            while let change = Self.change(of: id, WEXITED | WSTOPPED | WNOWAIT) {
                guard change.code == CLD_STOPPED else { return tell(.ended) }
                // Else the same stop would be told again.
                _ = Self.change(of: id, WSTOPPED | WNOHANG)
                if [SIGTSTP, SIGTTIN, SIGTTOU].contains(change.status) { tell(.stopped) }
            }
        }
        guard isWaitedFor else {
            kill(id, SIGKILL)
            _ = end
            throw HostError(operation: "wait for", path: path, code: EAGAIN)
        }
    }

    /// Sends it a signal. Not after `end` was read: its number may be another process's then.
    package func signal(_ number: Int32) { kill(id, number) }

    /// Whether it has ended, and `end` would not have to wait.
    package var hasEnded: Bool { Self.change(of: id, WEXITED | WNOWAIT | WNOHANG) != nil }

    /// What the system tells of a child, `CLD_EXITED` or the like with its status or signal; nil when it has nothing to tell.
    private static func change(of id: Int32, _ options: Int32) -> (code: Int, status: Int32)? {
        var info = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(id), &info, options) != 0 {
            guard errno == EINTR else { return nil }
        }
        guard unsafe info.si_signo == SIGCHLD else { return nil }
        return unsafe (Int(info.si_code), info._sifields._sigchld.si_status)
    }

    /// How it ended; waits for that. To be read once.
    package var end: ChildProcess.End {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
        // WTERMSIG and WEXITSTATUS, which Swift does not see.
        return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(status & 0x7F)
    }
}

extension ThisProcess {
    /// Replaces this process with another program, whose environment's entries `NAME=value` end in NUL each; comes back only
    /// when that failed.
    package static func execute(_ path: String, arguments: [String], environment: Span<UInt8>) -> HostError {
        unsafe withBlocks(arguments, environment) { arguments, environment in
            // The mask of the calling thread is handed on, and Swift's own threads hold signals back: without this the
            // program could not be ended by SIGTERM.
            var none = sigset_t()
            unsafe sigemptyset(&none)
            unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
            unsafe execve(path, arguments, environment)
            return .last("execute", path)
        }
    }

    /// How many bytes a program is given at the most, in its arguments and environment with a NUL and a pointer of 8 bytes
    /// each: a quarter of what the stack may have, 128 KiB at least and 6 MiB at most (execve(2)).
    package static var largestArguments: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(3), &limit) == 0 else { return 128 << 10 }
        return max(128 << 10, Int(min(limit.rlim_cur / 4, 6 << 20)))
    }

    /// How many bytes one argument or one entry of the environment has at the most, with its NUL: 32 pages (execve(2)).
    package static var largestArgument: Int { 32 * Int(sysconf(Int32(_SC_PAGESIZE))) }

    /// Stops this process as SIGSTOP does, until it is told to go on.
    package static func stop() { kill(getpid(), SIGSTOP) }
}

/// Lends arguments and environment as the system takes them; of the environment nothing is copied.
private func withBlocks<R>(
    _ arguments: [String], _ environment: Span<UInt8>,
    _ body: (
        UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafePointer<UnsafeMutablePointer<CChar>?>
    ) -> R
) -> R {
    let arguments = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    return unsafe environment.withUnsafeBytes { bytes in
        var entries: [UnsafeMutablePointer<CChar>?] = unsafe []
        var isStart = true
        for index in bytes.indices {
            if isStart, let base = bytes.baseAddress {
                // The system does not write to it.
                let entry = unsafe UnsafeMutableRawPointer(mutating: base + index).assumingMemoryBound(to: CChar.self)
                unsafe entries.append(entry)
            }
            isStart = unsafe bytes[index] == 0
        }
        return unsafe body(arguments, entries + [nil])
    }
}
