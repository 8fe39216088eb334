import Host
package import Sealing
import Tokens

/// The vault's file and what stands beside it (FORMAT §6).
package struct VaultFile: Sendable {
    /// How often a waiter looks whether the lock is free, at the least: more often than a run of many batches lets go of it.
    private static let longestPause = Duration.milliseconds(20)
    /// The largest file that is read: eight slots and the largest payload.
    static let largestFile = 96 + 8 * KeySlot.size + VaultHeader.largestPayload

    /// The real file, every symbolic link followed.
    package let path: String
    /// Where the newest version that was seen is noted, and answers are rescued.
    let state: StateFolders
    /// Whether a version older than that one is taken.
    let acceptsOlder: Bool
    let profile: ScryptProfile
    let randomness: Randomness
    let now: @Sendable () -> Int64

    var lockPath: String { path + ".lock" }
    var journalPath: String { path + ".journal" }

    /// Names a vault; nothing is opened. `path` is resolved once, so that what stands beside it stands beside the real
    /// file.
    package init(
        path: String, state: StateFolders = .none, acceptsOlder: Bool = false, profile: ScryptProfile = .standard,
        randomness: Randomness = .system,
        now: @escaping @Sendable () -> Int64 = { ThisProcess.now }
    ) throws(VaultError) {
        do throws(HostError) { self.path = try FileSystem.realPath(of: path) } catch {
            guard error.isNotFound else { throw .unreadable(error) }
            self.path = FileSystem.path(path, from: FileSystem.currentFolder)
        }
        self.state = state
        self.acceptsOlder = acceptsOlder
        self.profile = profile
        self.randomness = randomness
        self.now = now
    }

    /// Reads the vault as it stands: takes no lock, creates nothing, needs no journal.
    ///
    /// What a reader misses is what is in the making: one batch of answers at the most.
    package func read(unlocking secret: UnlockSecret) throws(VaultError) -> OpenVault {
        var bytes = try bytes()
        while true {
            do throws(VaultError) { return try open(bytes, with: secret).vault } catch {
                // A commit may have come between the file and the pin: then the file is another one now.
                guard case .older = error else { throw error }
                let now = try self.bytes()
                guard now != bytes else { throw error }
                bytes = now
            }
        }
    }

    /// Reads the header alone, which needs no key and is not authenticated.
    package func readHeader() throws(VaultError) -> VaultHeader {
        try VaultHeader(parsing: try bytes(), allowing: profile.allowed)
    }

    func bytes() throws(VaultError) -> [UInt8] {
        let bytes: [UInt8]?
        // Nobody is waited for at a pipe.
        if (try? FileSystem.status(of: path))?.kind == .other { throw .notAVault }
        do throws(HostError) { bytes = try FileSystem.contents(of: path, limit: Self.largestFile) } catch {
            // A folder is told from a vault that cannot be read.
            if (try? FileSystem.status(of: path))?.kind == .folder { throw .notAVault }
            throw error.code == fileTooLarge ? .malformed("the file is larger than it can be") : .unreadable(error)
        }
        guard let bytes else { throw .notFound }
        return bytes
    }

    /// Makes an empty vault with one slot; a file that is there is never overwritten.
    ///
    /// `announce` hands out what opens it and is called before the file appears: when it fails, nothing has changed.
    package func create(
        unlocking secret: UnlockSecret, label: String, announce: () throws -> Void
    ) throws {
        if try existing() != nil { throw VaultError.alreadyThere }
        let time = UInt64(max(0, now()))
        let key = Secret(SecretBuffer(randomCount: 32))
        var header = VaultHeader(vaultID: randomness.bytes(16), generation: 1, epoch: 1, writtenAt: time, slots: [])
        header.slots = [
            try header.newSlot(
                for: secret, label: label, id: 1, vaultKey: key, at: time, profile: profile, randomness: randomness)
        ]
        let vault = OpenVault(header: header, vaultKey: key, records: Records(), openedBy: label)
        let bytes = try vault.sealed(randomness: randomness)
        try checkFolder()
        try announce()
        do throws(HostError) {
            // Made under its own name and linked into place: a file that appeared meanwhile is not replaced.
            try FileSystem.create(path, with: bytes.span)
        } catch {
            throw error.code == fileExists ? VaultError.alreadyThere : VaultError.cannotWrite("\(error)")
        }
        movePin(to: header, bytes)
    }

    private func existing() throws(VaultError) -> FileStatus? {
        try reading { () throws(HostError) in try FileSystem.status(of: path, followingLinks: false) }
    }

    private func checkFolder() throws(VaultError) {
        let folder = FileSystem.folder(of: path)
        guard FileSystem.canWrite(folder: folder) else { throw .cannotWrite("no file can be made in \(folder)") }
    }

    /// Refuses what could not be replaced later, before anything is asked or written.
    func checkReplaceable() throws(VaultError) {
        try checkFolder()
        var status: FileStatus
        repeat {
            guard let found = try reading({ () throws(HostError) in try FileSystem.status(of: path) }) else {
                throw .notFound
            }
            status = found
            // Without a name it is a version that another process has just replaced.
        } while status.links == 0
        guard status.kind == .regular else { throw .cannotWrite("\(path) is not a regular file") }
        guard status.links == 1 else {
            throw .cannotWrite("\(path) has \(status.links) names (hard links), and only one would be renewed")
        }
        guard status.owner == FileSystem.effectiveUser else {
            throw .cannotWrite("\(path) belongs to another user (id \(status.owner))")
        }
        let isOneMount = try reading { () throws(HostError) in
            let file = try File(path, .reading)
            let folder = try File(FileSystem.folder(of: path), .reading)
            return file.mountID == folder.mountID
        }
        guard isOneMount else { throw .cannotWrite("\(path) is mounted as a single file; mount its folder instead") }
    }

    /// Takes the lock, waiting for at most `wait`, and opens the vault for writing.
    package func session(
        unlocking secret: UnlockSecret, wait: Duration
    ) async throws(VaultError) -> VaultSession {
        guard try existing() != nil else { throw .notFound }
        try checkReplaceable()
        let lock = try openLock()
        let clock = ContinuousClock()
        let deadline = clock.now + wait
        var pause = Duration.milliseconds(5)
        while true {
            if try writing({ () throws(HostError) in try lock.tryLock() }) { break }
            guard clock.now + pause <= deadline else { throw .locked(waited: wait) }
            do { try await Task.sleep(for: pause) } catch { throw .locked(waited: wait) }
            pause = min(pause * 2, Self.longestPause)
        }
        return try VaultSession(self, lock: lock, unlocking: secret)
    }

    private func openLock() throws(VaultError) -> File {
        try writing { () throws(HostError) in try File(lockPath, .locking) }
    }
}
