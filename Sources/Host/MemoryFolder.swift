internal import CLinux
internal import Glibc

/// A folder of this user's alone, on a file system that is in memory. It is locked as long as its owner lives, so that what
/// one leaves behind that was killed is known by that.
package final class MemoryFolder: Sendable {
    /// The folder, mode 0700.
    package let path: String
    private let lock: File

    private static let prefix = "tokenkeep-run."

    /// Makes one in the first of some folders that is in memory and takes it; nil where none does. What was left in these
    /// folders is taken away first.
    package init?(inOneOf bases: [String]) {
        for base in bases {
            guard unsafe clinux_is_in_memory(base) == 1 else { continue }
            Self.removeAbandoned(in: base)
            // Another process may take a new one away before it is locked.
            for _ in 0..<16 {
                let path = base + "/" + Self.prefix + String(UInt64.random(in: .min ... .max), radix: 36)
                guard unsafe mkdir(path, 0o700) == 0 else { break }
                guard let lock = Self.locked(path) else { continue }
                self.path = path
                self.lock = lock
                return
            }
        }
        return nil
    }

    /// Takes the folder and its files away.
    package func remove() { Self.remove(path) }

    private static func removeAbandoned(in base: String) {
        for name in FileSystem.names(in: base) where name.hasPrefix(prefix) {
            let path = base + "/" + name
            if locked(path) != nil { remove(path) }
        }
    }

    /// The folder of that path, locked, if it is one of this user's alone and nobody else has it.
    private static func locked(_ path: String) -> File? {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let folder = File(takingDescriptor: descriptor)
        guard let status = try? folder.status, status.owner == FileSystem.effectiveUser, status.mode & 0o077 == 0,
            (try? folder.tryLock()) == true,
            // Whoever had it may have taken it away meanwhile.
            (try? FileSystem.status(of: path, followingLinks: false))??.inode == status.inode
        else { return nil }
        return folder
    }

    private static func remove(_ path: String) {
        for name in FileSystem.names(in: path) where name != "." && name != ".." {
            try? FileSystem.remove(path + "/" + name)
        }
        unsafe rmdir(path)
    }
}
