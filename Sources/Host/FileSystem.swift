internal import Glibc

/// A file's attributes.
package struct FileStatus: Sendable, Equatable {
    /// What the file is.
    package enum Kind: Sendable, Equatable {
        /// A regular file.
        case regular
        /// A directory.
        case folder
        /// A symbolic link that was not followed.
        case link
        /// A device, a pipe, a socket.
        case other
    }

    /// What the file is.
    package let kind: Kind
    /// The permission bits, 0 … 0o7777.
    package let mode: UInt32
    /// The owner's user id.
    package let owner: UInt32
    /// The group id.
    package let group: UInt32
    /// The number of hard links.
    package let links: Int
    /// The file system that it is on.
    package let device: UInt64
    /// Its number there.
    package let inode: UInt64
    /// The size in bytes.
    package let size: Int64
    /// When the bytes last changed, in Unix seconds.
    package let modified: Int64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        links = Int(status.st_nlink)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec)
    }
}

/// Names in the file system, and what POSIX does with them.
package enum FileSystem {
    /// A file's attributes; nil when there is no such file.
    package static func status(of path: String, followingLinks: Bool = true) throws(HostError) -> FileStatus? {
        var status = stat()
        let done = unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
        guard done == 0 else {
            let error = HostError.last("stat", path)
            if error.isNotFound { return nil }
            throw error
        }
        return FileStatus(status)
    }

    /// A file's bytes; nil when there is no such file, `EFBIG` when there are more than `limit`.
    package static func contents(of path: String, limit: Int) throws(HostError) -> [UInt8]? {
        do {
            let file = try File(path, .reading)
            return try file.readToEnd(limit: limit)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// What a symbolic link names.
    package static func linkTarget(of path: String) throws(HostError) -> String {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let size = unsafe target.withUnsafeMutableBytes { target in
            guard let start = unsafe target.bindMemory(to: CChar.self).baseAddress else { return -1 }
            return unsafe readlink(path, start, target.count)
        }
        guard size >= 0 else { throw .last("readlink", path) }
        return String(decoding: target[..<size], as: UTF8.self)
    }

    /// The path with every symbolic link followed.
    package static func realPath(of path: String) throws(HostError) -> String {
        guard let real = unsafe realpath(path, nil) else { throw .last("resolve", path) }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// The path with every symbolic link followed, of a file that may not be there yet.
    package static func resolved(_ path: String) -> String {
        if let real = try? realPath(of: path) { return real }
        let folder = folder(of: path)
        guard let real = try? realPath(of: folder) else { return path }
        return self.path(String(path.dropFirst(folder.count + (folder == "/" ? 0 : 1))), from: real)
    }

    /// Replaces or makes a file: whoever reads it sees the old bytes or the new, whole, even after a power cut.
    ///
    /// The new bytes stand in a temporary file of mode 0600 in the same folder until they are on the disk; only the
    /// rename makes them visible, and the folder is synced so that the rename lasts. On an error the old file stands,
    /// unless it was the folder that could not be synced: then the new one does, until a power cut decides.
    package static func replace(
        _ path: String, with bytes: Span<UInt8>, mode: UInt32, group: UInt32? = nil
    ) throws(HostError) {
        let temporary = temporaryName(for: path)
        func fill(_ file: borrowing File) throws(HostError) {
            // As long as it is locked, whoever looks for abandoned files lets it be.
            _ = try file.tryLock()
            try file.write(bytes)
            if mode != 0o600 || group != nil { try file.setMode(mode, group: group) }
            try file.sync()
        }
        do {
            // Without a name a process that dies leaves nothing behind; from the link to the rename is one step.
            if let file = File(unnamedBeside: path) {
                try fill(file)
                if (try? file.link(as: temporary)) != nil {
                    try rename(temporary, to: path)
                    return try syncFolder(of: path)
                }
            }
            let file = try File(temporary, .creating(mode: 0o600))
            try fill(file)
            try rename(temporary, to: path)
        } catch {
            if error.code != EEXIST { _ = unsafe unlink(temporary) }
            throw error
        }
        try syncFolder(of: path)
    }

    /// Gives a file another name in one step, over whatever had it.
    package static func rename(_ old: String, to new: String) throws(HostError) {
        guard unsafe Glibc.rename(old, new) == 0 else { throw .last("rename", new) }
    }

    /// Takes a name away; one that is not there is no error.
    package static func remove(_ path: String) throws(HostError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .last("remove", path) }
    }

    /// Waits until the folder of `path` is on the disk, and with it the names in it.
    package static func syncFolder(of path: String) throws(HostError) {
        let folder = try File(folder(of: path), .reading)
        try folder.sync()
    }

    /// A name beside `path` for the next version of its file.
    package static func temporaryName(for path: String) -> String {
        folder(of: path) + "/" + temporaryPrefix(for: path) + String(UInt64.random(in: .min ... .max), radix: 36)
            + ".tmp"
    }

    /// Takes away what processes that died have left of next versions of a file, and nothing else.
    package static func removeAbandoned(beside path: String) throws(HostError) {
        let folder = folder(of: path)
        let prefix = temporaryPrefix(for: path)
        for name in names(in: folder) {
            guard name.hasPrefix(prefix), name.hasSuffix(".tmp") else { continue }
            let left = self.path(name, from: folder)
            guard let status = try status(of: left, followingLinks: false), status.kind == .regular,
                status.owner == effectiveUser, let file = try? File(left, .reading), try file.tryLock()
            else { continue }
            try remove(left)
        }
    }

    /// What no file but one of ours is called.
    private static func temporaryPrefix(for path: String) -> String {
        "." + (path.split(separator: "/").last.map(String.init) ?? "file") + ".tokenkeep."
    }

    /// The folder that a path's last part stands in.
    package static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    /// `path` as seen from `folder`, unless it is absolute.
    package static func path(_ path: String, from folder: String) -> String {
        if path.hasPrefix("/") { return path }
        let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return folder.hasSuffix("/") ? folder + relative : folder + "/" + relative
    }

    /// The folder that relative paths start from.
    package static var currentFolder: String {
        guard let path = unsafe getcwd(nil, 0) else { return "." }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Whether this process may make files in a folder.
    package static func canWrite(folder: String) -> Bool { unsafe access(folder, W_OK | X_OK) == 0 }

    /// Whether a folder is this user's, and nobody else may write to it.
    package static func isPrivate(folder: String) -> Bool {
        guard let status = (try? status(of: folder)) ?? nil else { return false }
        return status.kind == .folder && status.owner == effectiveUser && status.mode & 0o022 == 0
    }

    /// Makes a folder, and up to two above it, with mode 0700, where they are not there; tells whether it is private.
    package static func makePrivate(folder: String) -> Bool {
        let above = self.folder(of: folder)
        for path in [self.folder(of: above), above, folder] { _ = unsafe mkdir(path, 0o700) }
        return isPrivate(folder: folder)
    }

    /// Whether `makePrivate` would leave a private folder there.
    package static func canMakePrivate(folder: String) -> Bool {
        var (there, missing) = (folder, 0)
        while missing < 3, (try? status(of: there)) == .some(nil) {
            (there, missing) = (self.folder(of: there), missing + 1)
        }
        guard (try? status(of: there))??.kind == .folder, canWrite(folder: there) else { return false }
        return missing > 0 || isPrivate(folder: folder)
    }

    /// The names in a folder, in no order; none where it cannot be read.
    package static func names(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            names.append(
                unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names
    }

    /// Who this process acts as.
    package static var effectiveUser: UInt32 { geteuid() }

    /// The number of a group; nil when the system knows no such name.
    package static func groupID(named name: String) -> UInt32? {
        guard let entry = unsafe getgrnam(name) else { return nil }
        return unsafe entry.pointee.gr_gid
    }
}

extension FileSystem {
    /// Makes a file with mode 0600, whole and on the disk, unless there is one of that name (`EEXIST`).
    ///
    /// Where the system can, it has no name until then: a process that dies leaves nothing of a key behind.
    package static func create(_ path: String, with bytes: Span<UInt8>) throws(HostError) {
        if let file = File(unnamedBeside: path) {
            try file.write(bytes)
            try file.sync()
            do throws(HostError) {
                try file.link(as: path)
                return try syncFolder(of: path)
            } catch {
                // Without /proc it cannot be named.
                guard error.isNotFound else { throw error }
            }
        }
        let temporary = temporaryName(for: path)
        let file = try File(temporary, .creating(mode: 0o600))
        defer { _ = unsafe unlink(temporary) }
        try file.write(bytes)
        try file.sync()
        guard unsafe link(temporary, path) == 0 else { throw .last("create", path) }
        try syncFolder(of: path)
    }
}

/// `EEXIST`: the name is taken.
package let fileExists = EEXIST
/// `EFBIG`: the file is larger than the limit.
package let fileTooLarge = EFBIG
/// `ESTALE`: another file stands there than the one that was looked at.
package let staleFile = ESTALE
/// `EPERM`: that is not allowed.
package let notPermitted = EPERM
