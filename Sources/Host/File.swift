internal import CLinux
internal import Glibc
package import Sealing

/// An open file, closed by its owner.
package struct File: ~Copyable, Sendable {
    /// How a file is opened.
    package enum Access: Sendable {
        /// For reading; the file must be there.
        case reading
        /// For writing; the file must not be there, and is made with this mode.
        case creating(mode: UInt32)
        /// For writing over what is there.
        case writing
        /// For reading, and for writing over what is there; a link is not followed.
        case updating
        /// For locking; made with mode 0600 when it is not there, its bytes never touched.
        case locking
        /// For writing at its end; made with mode 0600 when it is not there. Nobody is waited for at a pipe.
        case appending
    }

    fileprivate let descriptor: Int32
    private let path: String

    /// Opens `path`; never a descriptor that a child would inherit.
    package init(_ path: String, _ access: Access) throws(HostError) {
        self.path = path
        switch access {
        case .reading: descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        case .creating(let mode):
            // Readable too: where `posix_fallocate` is the library's own work, it looks at the bytes that are there.
            descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        case .writing: descriptor = unsafe open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC)
        case .updating: descriptor = unsafe open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        case .locking: descriptor = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        case .appending:
            let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            descriptor = unsafe open(path, flags, 0o600)
        }
        guard descriptor >= 0 else { throw .last("open", path) }
    }

    /// Takes over a descriptor that the caller was handed, such as `--key-fd`'s.
    package init(takingDescriptor descriptor: Int32) {
        self.descriptor = descriptor
        path = "descriptor \(descriptor)"
    }

    /// Makes a file of mode 0600 beside `path` that gets a name only by `link`, and goes when it is closed without; nil
    /// where the file system knows no such thing.
    init?(unnamedBeside path: String) {
        self.path = path
        // O_TMPFILE, whose macro Swift does not see.
        let flags = 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC
        descriptor = unsafe open(FileSystem.folder(of: path), flags, 0o600)
        if descriptor < 0 { return nil }
    }

    /// Gives it its name, unless there is a file of that name (`EEXIST`).
    borrowing func link(as path: String) throws(HostError) {
        guard unsafe linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 else {
            throw .last("create", path)
        }
    }

    deinit { close(descriptor) }

    /// The file's attributes.
    package var status: FileStatus {
        get throws(HostError) {
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0 else { throw .last("stat", path) }
            return FileStatus(status)
        }
    }

    /// Reads to the end; `EFBIG` when there are more than `limit` bytes.
    package borrowing func readToEnd(limit: Int) throws(HostError) -> [UInt8] {
        // The size is a hint that saves growing; pipes and /proc files have none, and a sparse file any that it likes.
        var bytes: [UInt8] = []
        let hint = min((try? status.size).map(Int.init) ?? 0, limit)
        bytes.reserveCapacity(hint + 1)
        let chunk = 65536
        while true {
            let start = bytes.count
            guard start <= limit else { throw HostError(operation: "read", path: path, code: EFBIG) }
            bytes.append(contentsOf: repeatElement(0, count: max(1, min(chunk, max(hint - start + 1, 4096)))))
            let room = bytes.count - start
            let got = unsafe bytes.withUnsafeMutableBytes { bytes in
                unsafe read(descriptor, UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).baseAddress, room)
            }
            if got < 0, errno == EINTR {
                bytes.removeLast(room)
                continue
            }
            guard got >= 0 else { throw .last("read", path) }
            bytes.removeLast(room - got)
            if got == 0 { break }
        }
        guard bytes.count <= limit else { throw HostError(operation: "read", path: path, code: EFBIG) }
        return bytes
    }

    /// Reads to the end into memory that is wiped, without a copy elsewhere; `EFBIG` when there are more than `limit` bytes.
    package borrowing func readSecret(limit: Int, isKey: Bool = false) throws(HostError) -> SecretBuffer {
        // With room for one byte more, which tells that there are more.
        let bytes = try SecretBuffer(capacity: limit + 1, isKey: isKey) { room throws(HostError) in
            while !room.isFull {
                let got = unsafe room.withUnsafeMutableBufferPointer { room, count in
                    let got = unsafe read(descriptor, room.baseAddress.map { unsafe $0 + count }, room.count - count)
                    count += max(got, 0)
                    return got
                }
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw .last("read", path) }
                if got == 0 { break }
            }
        }
        guard bytes.count <= limit else { throw HostError(operation: "read", path: path, code: EFBIG) }
        return bytes
    }

    /// Writes all of `bytes` at the place where the last write ended.
    package borrowing func write(_ bytes: Span<UInt8>) throws(HostError) {
        guard writeAll(bytes, to: descriptor) else { throw .last("write", path) }
    }

    /// Writes all of `bytes` at an offset from the file's start.
    package borrowing func write(_ bytes: Span<UInt8>, at offset: Int64) throws(HostError) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw .last("seek", path) }
        try write(bytes)
    }

    /// Has space for `size` bytes set aside, where the file system can; the size that readers see grows with it.
    ///
    /// Where the file system has no such call, the system's library writes zeros instead.
    package borrowing func reserve(_ size: Int64) throws(HostError) {
        var code = EINTR
        while code == EINTR { code = posix_fallocate(descriptor, 0, off_t(size)) }
        guard code == 0 else { throw HostError(operation: "reserve", path: path, code: code) }
    }

    /// Waits until the file's bytes and attributes are on the disk.
    ///
    /// After a failure the kernel may have dropped the bytes, so the same descriptor is never asked again.
    package borrowing func sync() throws(HostError) {
        guard fsync(descriptor) == 0 else { throw .last("fsync", path) }
    }

    /// Waits until the file's bytes are on the disk.
    package borrowing func syncData() throws(HostError) {
        guard fdatasync(descriptor) == 0 else { throw .last("fdatasync", path) }
    }

    /// Makes the file that long: what is behind is gone, what is missing reads as zeros.
    package borrowing func truncate(to size: Int64) throws(HostError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .last("truncate", path) }
    }

    /// Asks the system to forget what it keeps in memory of the file, so that what is read next comes from the disk.
    package borrowing func dropCache() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

    /// Sets permission bits and, where given, the group.
    package borrowing func setMode(_ mode: UInt32, group: UInt32? = nil) throws(HostError) {
        if let group, fchown(descriptor, uid_t.max, group) != 0 { throw .last("chgrp", path) }
        guard fchmod(descriptor, mode) == 0 else { throw .last("chmod", path) }
    }

    /// Lets go of the `flock`.
    package borrowing func unlock() { flock(descriptor, LOCK_UN) }

    /// Takes the exclusive `flock`, and waits for whoever holds it.
    package borrowing func lock() throws(HostError) {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .last("lock", path) }
        }
    }

    /// Takes the exclusive `flock` if nobody holds it.
    package borrowing func tryLock() throws(HostError) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw .last("lock", path) }
        }
        return true
    }
}

extension File {
    /// Takes a lock of this open file on one byte, which need not be there, if nobody else holds it; `flock` knows nothing
    /// of it. It goes with the open file, and so with the process, however that ends (fcntl(2), open file description locks).
    package borrowing func tryLock(byte: Int64) throws(HostError) -> Bool {
        try setLock(byte, F_WRLCK)
    }

    /// Lets go of the lock on a byte.
    package borrowing func unlock(byte: Int64) { _ = try? setLock(byte, F_UNLCK) }

    private borrowing func setLock(_ byte: Int64, _ kind: Int32) throws(HostError) -> Bool {
        var range = flock()
        range.l_type = Int16(kind)
        range.l_whence = Int16(SEEK_SET)
        (range.l_start, range.l_len) = (off_t(byte), 1)
        // F_OFD_SETLK, whose macro is behind _GNU_SOURCE.
        while unsafe fcntl(descriptor, 37, &range) != 0 {
            if errno == EAGAIN || errno == EACCES { return false }
            guard errno == EINTR else { throw .last("lock", path) }
        }
        return true
    }

    /// The number of the mount that the file was reached by; nil where the system does not tell.
    ///
    /// Two bind mounts of one file system share a device number and differ in this.
    package var mountID: Int64? {
        // Not from /proc: what a process that is not dumpable has there is root's.
        let id = clinux_mount_id(descriptor)
        return id < 0 ? nil : id
    }
}

/// Writes all of some bytes to a descriptor; false, with `errno`, when it took no more.
func writeAll(_ bytes: Span<UInt8>, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { bytes in
        var rest = unsafe bytes[...]
        while unsafe !rest.isEmpty {
            let wrote = unsafe write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if wrote < 0, errno == EINTR { continue }
            guard wrote > 0 else { return false }
            unsafe rest = rest.dropFirst(wrote)
        }
        return true
    }
}
