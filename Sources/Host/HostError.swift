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

    /// Whether the thing named is not there.
    package var isNotFound: Bool { code == ENOENT || code == ENOTDIR }
}
