internal import Glibc

/// A system call that failed.
package struct HostError: Error, Equatable, CustomStringConvertible {
    /// What was tried, as a verb: "open", "rename".
    package let operation: String
    /// On which file.
    package let path: String
    /// The error number (`errno`).
    package let code: Int32

    /// Records a failure.
    package init(operation: String, path: String, code: Int32) {
        (self.operation, self.path, self.code) = (operation, path, code)
    }

    /// Takes the number that the last call left.
    static func last(_ operation: String, _ path: String) -> HostError {
        HostError(operation: operation, path: path, code: errno)
    }

    /// The system's words for the number, such as "No space left on device".
    package var reason: String { unsafe String(cString: strerror(code)) }

    /// For example "open /tmp/x: Permission denied".
    package var description: String { "\(operation) \(path): \(reason)" }

    /// Whether it is this process's standard output that could not be written.
    package var isStandardOutput: Bool { path == HostError.standardOutput }
    static let standardOutput = "standard output"

    /// Whether a program's arguments and environment are larger than the system takes.
    package var isTooLarge: Bool { code == E2BIG }

    /// Whether this user may only read here.
    package var isNotAllowed: Bool { code == EROFS || code == EACCES }

    /// Whether nobody reads what is written any more.
    package var isBrokenPipe: Bool { code == EPIPE }

    /// Whether the thing named is not there.
    package var isNotFound: Bool { code == ENOENT || code == ENOTDIR }
}
