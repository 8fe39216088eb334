internal import CLinux
internal import Glibc
package import Sealing

/// Whether a path is a regular file that this process may execute.
func isProgram(_ path: String) -> Bool {
    guard let status = try? FileSystem.status(of: path), status.kind == .regular else { return false }
    return unsafe access(path, X_OK) == 0
}

/// This process: its environment, its streams and its end.
package enum ThisProcess {
    /// The environment as it was handed over. A variable that stands twice has its first value, as `getenv` gives.
    package static var environment: [String: String] {
        var all: [String: String] = [:]
        for bytes in environmentBlock {
            let entry = String(decoding: bytes, as: UTF8.self)
            guard let equals = entry.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(entry[..<equals])
            if all[name] == nil { all[name] = String(entry[entry.utf8.index(after: equals)...]) }
        }
        return all
    }

    /// The environment's entries, `NAME=value`, in bytes.
    package static var environmentBlock: [[UInt8]] {
        var entries: [[UInt8]] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            unsafe entries.append(Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
            unsafe next += 1
        }
        return entries
    }

    /// The value of one environment variable; nil when it is not set.
    package static func environmentVariable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Keeps other processes of this user from reading this one's memory and environment, and the system from writing a core
    /// file of it. A program that it runs, or becomes, is as any other.
    package static func forbidDumps() {
        clinux_forbid_dumps()
        // Where a Swift toolchain is installed, its runtime answers a crash with a report that shows memory.
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
            var action = sigaction()
            let isAnswered = unsafe sigaction(number, nil, &action) == 0 && action.sa_flags & SA_SIGINFO != 0
            if isAnswered { signal(number, SIG_DFL) }
        }
    }

    /// Takes a variable out of the environment: neither this program's children see it from then on, nor
    /// `/proc/PID/environ`. Gives the first of its values, as `getenv` does; only for a process that has one thread yet.
    package static func takeVariable(_ name: String) -> SecretBuffer? {
        var value: SecretBuffer?
        let length = name.utf8.count
        var (next, kept) = unsafe (environ, environ)
        while let entry = unsafe next.pointee {
            if unsafe strncmp(entry, name, length) == 0, unsafe entry[length] == CChar(UInt8(ascii: "=")) {
                let start = unsafe UnsafeRawPointer(entry + length + 1).assumingMemoryBound(to: UInt8.self)
                let size = unsafe strlen(entry + length + 1)
                if value == nil { value = SecretBuffer(unsafe Span(_unsafeStart: start, count: size), isKey: true) }
                unsafe explicit_bzero(entry, length + 1 + size)
            } else {
                unsafe kept.pointee = entry
                unsafe kept += 1
            }
            unsafe next += 1
        }
        unsafe kept.pointee = nil
        return value
    }

    /// Whether a standard stream is a terminal: 0 input, 1 output, 2 errors.
    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Writes to standard output or standard error; an error when it cannot be written, such as a closed pipe.
    package static func write(_ bytes: Span<UInt8>, to descriptor: Int32) throws(HostError) {
        guard writeAll(bytes, to: descriptor) else {
            throw .last("write", descriptor == 1 ? HostError.standardOutput : "standard error")
        }
    }

    /// Has what was written to standard output last, where that is a file: a pipe or a terminal has nothing to sync.
    package static func syncOutput() throws(HostError) {
        guard fsync(1) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP else {
            throw .last("sync", HostError.standardOutput)
        }
    }

    /// Opens `/dev/null` in the place of standard streams that are closed: a file that took such a number would get what is
    /// said. Only for reading: a key that is written to a closed stream has not been handed out.
    package static func fillStandardStreams() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = unsafe open("/dev/null", O_RDONLY) }
    }

    /// Makes a write to a closed pipe an error instead of the process's end.
    package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Gives a broken pipe its usual effect back, for a program that is about to take this process over.
    package static func restoreBrokenPipes() { signal(SIGPIPE, SIG_DFL) }

    /// Ends the process.
    package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

    /// The time, in Unix seconds.
    package static var now: Int64 { Int64(time(nil)) }

    /// The time, in Unix milliseconds.
    package static var milliseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The user's home folder: `HOME`, else what the password database says.
    package static var homeFolder: String? {
        if let home = environmentVariable("HOME"), home.hasPrefix("/") { return home }
        guard let entry = unsafe getpwuid(geteuid()), let folder = unsafe entry.pointee.pw_dir else { return nil }
        return unsafe String(cString: folder)
    }

    /// What names this machine: systemd's machine id, else the host name.
    package static var machineName: String {
        if let id = try? FileSystem.contents(of: "/etc/machine-id", limit: 4096), !id.isEmpty {
            return String(decoding: id.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        }
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return "unknown" }
        return unsafe withUnsafeBytes(of: &name.nodename) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

extension ThisProcess {
    /// All of standard input; `EFBIG` when it holds more than `limit` bytes.
    package static func standardInput(limit: Int) throws(HostError) -> SecretBuffer {
        let copy = fcntl(0, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .last("read", "standard input") }
        return try File(takingDescriptor: copy).readSecret(limit: limit)
    }
}
