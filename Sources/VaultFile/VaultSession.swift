import Host
import Sealing
package import Tokens

/// A vault that this process holds the lock of, from lock to unlock.
///
/// On the disk, at every moment: either no journal stands, and the vault is all that is known; or a journal stands, and
/// vault and journal together are all that is known. No step lets go of the one before the other holds it.
package final class VaultSession: TokenStore {
    /// The vault as the last commit left it, with `records` as they are now.
    package private(set) var vault: OpenVault
    /// What a dead run asked and was answered. Merging it into `records` and committing is the caller's first duty.
    package private(set) var leftBehind: [(ask: Ask, reply: Reply)] = []
    /// The files to which journals were put aside that could not be read to their end.
    package let keptAside: [String]
    /// Whether the vault was older, when it was opened, than the one last seen on this machine.
    package let isOlder: Bool
    /// The key epoch that was seen, where the vault is of an earlier one: what took a key away is undone in it.
    package let laterEpoch: UInt32?

    let file: VaultFile
    private let lock: File
    private var isClosed = false
    /// The journal that this session writes.
    private var journal: JournalWriter?
    /// The files of dead runs that go with the next commit.
    private var journals: [String]
    /// The file's beginning as this process read or wrote it last: the header, and the payload's salt, which is another one
    /// at every write.
    private(set) var storedStart: [UInt8]
    /// The beginning of the version that was prepared last.
    private var comingStart: [UInt8]?
    /// Whether that has got the vault's name.
    private var isRenamed = false

    init(_ file: VaultFile, lock: consuming File, unlocking secret: UnlockSecret) throws(VaultError) {
        self.file = file
        self.lock = lock
        let bytes = try file.bytes()
        (vault, isOlder) = try file.open(bytes, with: secret)
        storedStart = Self.start(of: bytes, vault.header)
        let epoch = isOlder ? file.pin(of: vault.header.vaultID)?.epoch : nil
        laterEpoch = epoch.flatMap { [epoch = vault.header.epoch] in $0 > epoch ? $0 : nil }
        let left = try LeftBehind(of: file, vault)
        (leftBehind, journals, keptAside) = (left.asks, left.files, left.keptAside)
    }

    private static func start(of bytes: [UInt8], _ header: VaultHeader) -> [UInt8] {
        Array(bytes[..<(header.size + Pin.saltSize)])
    }

    /// Lets others have the lock; nothing can be asked or written from here on.
    package func close() {
        isClosed = true
        lock.unlock()
    }

    /// The vault's real path.
    package var path: String { file.path }

    /// The records.
    package var records: Records {
        get { vault.records }
        set { vault.records = newValue }
    }

    /// The keyed fingerprint of a token.
    package func fingerprint(of token: Secret) throws -> String {
        try Derivation.fingerprint(of: token, vaultKey: vault.vaultKey)
    }

    /// Whether the file is still the one that was opened or written last.
    package var isCurrent: Bool { (try? file.bytes().starts(with: storedStart)) ?? false }

    /// Which version has the vault's name.
    package enum Standing {
        /// The one from before the last change, or that change's.
        case before, after
        /// It cannot be seen, or is another program's.
        case unknown
    }

    /// Which version has the vault's name when a change has failed: it may be only the last sync that did.
    package var standing: Standing {
        guard let bytes = try? file.bytes() else { return isRenamed ? .after : .unknown }
        if let comingStart, bytes.starts(with: comingStart) { return .after }
        return bytes.starts(with: storedStart) ? .before : .unknown
    }

    /// Whether a journal stands that has not been committed.
    var hasJournal: Bool { journal != nil || !journals.isEmpty }

    /// How many answers of 1 MiB the format's largest vault has room for beside what is in it: an answer that cannot be read is
    /// kept in base64.
    package var capacity: Int {
        let size = vault.records.all.reduce(0) { $0 + $1.json.count + $1.name.text.utf8.count + 2 }
        return max(0, Plaintext.largestBody - size - 4096) / (JournalFrame.largestBody / 3 * 4 + 4096)
    }

    // MARK: Asking

    /// Makes the first intents durable, and sets space aside for `room` requests and their answers.
    ///
    /// Before: no journal; the vault is all that is known. After: journal with these intents, file and folder synced;
    /// whatever dies now, the next run knows what may have been spent. When it fails nothing has been asked.
    package func begin(_ asks: [Ask], room: Int) throws {
        precondition(!isClosed, "another process may have the lock")
        precondition(!hasJournal, "a journal that was found is committed before another one is begun")
        // A record that no commit would take must not be found only when the answers are there.
        do throws(RecordError) { try vault.records.check() } catch { throw VaultError.record(error) }
        if (try? FileSystem.status(of: temporary, followingLinks: false))?.kind == .folder {
            throw VaultError.cannotWrite("\(temporary) is a folder")
        }
        guard room <= capacity else {
            throw VaultError.cannotWrite("the answers could make the vault larger than 256 MiB")
        }
        let id = file.randomness.bytes(16)
        let header = Journal.header(for: vault.header, id: id)
        let intents = try seal(asks.map(JournalFrame.encode), from: 0, header)
        let name = VaultFile.rescueName(vault.header.vaultID, journalID: id)
        do throws(HostError) {
            journal = try JournalWriter(
                at: file.journalPath, header: header, intents: intents, count: asks.count, room: room,
                refuges: file.refuges.map { FileSystem.path(name, from: $0) })
        } catch { throw VaultError.cannotWrite("\(error)") }
    }

    /// Makes one reply durable, and with it the intent of the request that is sent next.
    ///
    /// Before: the intent of the reply's request is on the disk, the answer in this process only, and the next request is
    /// not sent. After: answer and next intent are on the disk, too. When it fails the next request is not to be sent.
    package func keep(_ reply: Reply, forAsk index: Int, then next: Ask?) throws {
        guard let journal else { preconditionFailure("a reply without an intent") }
        let answer = JournalFrame.encode(reply, ask: journal.frameOfAsk[index])
        let frames = [answer, next.map(JournalFrame.encode)].compactMap(\.self)
        guard !frames.isEmpty else { return }
        let bytes = try seal(frames, from: journal.frames, journal.header)
        do throws(HostError) {
            try journal.append(bytes, count: frames.count, hasIntent: next != nil)
        } catch { throw VaultError.notKept("\(error)") }
    }

    private func seal(_ frames: [Secret], from index: Int, _ header: [UInt8]) throws(VaultError) -> [UInt8] {
        var bytes: [UInt8] = []
        for (place, frame) in frames.enumerated() {
            bytes += try Journal.seal(
                frame, index: index + place, header: header, vaultKey: vault.vaultKey, randomness: file.randomness)
        }
        return bytes
    }

    // MARK: Committing

    /// Replaces the vault by one with the records as they are now.
    ///
    /// Before: the old vault and the journal, if there is one. Between rename and removal: the new vault, and a journal
    /// of a lower generation, which the next run removes. After: the new vault alone.
    package func commit() throws {
        try commit(sealing: vault)
    }

    /// Replaces the vault as `commit()` does, and takes `step` in between: when the next version is whole on the disk, and
    /// only its renaming is left. For what cannot be undone and must not be followed by a disk that is full.
    ///
    /// Before the step: the old vault, and the new one under another name. When the step fails: the old one alone.
    package func commit(after step: () async throws -> Void) async throws {
        let next = try prepare(vault)
        do { try await step() } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
        try publish(next)
    }

    /// Replaces the vault by `next`, one generation later, when `step` has taken what is on the disk for good.
    ///
    /// Before the step: the old vault, and the new one whole under another name. When the step fails: the old one alone.
    func commit(sealing next: OpenVault, after step: ([UInt8]) throws -> Void = { _ in }) throws {
        let next = try prepare(next)
        do { try step(next.bytes) } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
        try publish(next)
    }

    /// A version of the vault that is on the disk, and not yet under the vault's name.
    private struct NextVersion {
        let vault: OpenVault
        /// The file.
        let bytes: [UInt8]
    }

    private func prepare(_ next: OpenVault) throws -> NextVersion {
        precondition(!isClosed, "another process may have the lock")
        do throws(RecordError) { try next.records.check() } catch { throw VaultError.record(error) }
        (comingStart, isRenamed) = (nil, false)
        var next = next
        next.header.generation = vault.header.generation + 1
        // An old copy that the person goes on with becomes newer than what was seen.
        if isOlder, let pin = file.pin(of: vault.header.vaultID) {
            next.header.generation = max(next.header.generation, pin.generation + 1)
        }
        next.header.writtenAt = UInt64(max(0, file.now()))
        do throws(VaultError) {
            guard next.header.generation <= VaultHeader.largest else {
                throw .cannotWrite("it has had as many generations as there can be")
            }
            let bytes = try next.sealed(randomness: file.randomness)
            try write(bytes, of: next)
            comingStart = Self.start(of: bytes, next.header)
            return NextVersion(vault: next, bytes: bytes)
        } catch { throw failure(error) }
    }

    private func publish(_ next: NextVersion) throws {
        do throws(VaultError) {
            guard try file.bytes().starts(with: storedStart) else { throw .replacedMeanwhile }
            try writing { () throws(HostError) in
                try FileSystem.rename(temporary, to: file.path)
                isRenamed = true
                try FileSystem.syncFolder(of: file.path)
            }
        } catch {
            try? FileSystem.remove(temporary)
            throw failure(error)
        }
        storedStart = Self.start(of: next.bytes, next.vault.header)
        vault = next.vault
        leftBehind = []
        // The vault holds all of it now. A removal that fails leaves a journal of a lower generation: harmless.
        if let journal { journals += journal.paths }
        journal = nil
        for path in journals { try? FileSystem.remove(path) }
        journals = []
        file.movePin(to: next.vault.header, next.bytes)
    }

    /// With a journal the answers are safe and the next run finishes; without one nothing has happened.
    private func failure(_ error: VaultError) -> VaultError {
        guard hasJournal else { return error }
        var path = journal?.path ?? journals.first ?? file.journalPath
        switch error {
        case .cannotWrite(let reason), .cryptography(let reason): return .kept(reason, path)
        case .unreadable(let error): return .kept("\(error)", path)
        case .replacedMeanwhile, .notFound, .malformed, .notAVault:
            // Beside a vault of a later generation it would be taken for committed; as a rescued one it is not.
            if path == file.journalPath, let header = journal?.header {
                let name = VaultFile.rescueName(vault.header.vaultID, journalID: Array(header[40..<56]))
                let refuge = FileSystem.path(name, from: FileSystem.folder(of: file.path))
                if (try? FileSystem.rename(path, to: refuge)) != nil { path = refuge }
            }
            return .kept("another program replaced it", path)
        default: return error
        }
    }

    /// One name, and only the lock's holder uses it: what a dead run left there is not the vault, and goes.
    private var temporary: String { file.path + ".next" }

    private func write(_ bytes: [UInt8], of next: OpenVault) throws(VaultError) {
        do throws(VaultError) {
            try writing { () throws(HostError) in
                try FileSystem.remove(temporary)
                let made = try File(temporary, .creating(mode: 0o600))
                try made.write(bytes.span)
                try made.sync()
            }
            // What is on the disk is what counts: it is read back and opened before it takes the vault's place.
            let written = try reading { () throws(HostError) in
                try FileSystem.contents(of: temporary, limit: VaultFile.largestFile) ?? []
            }
            guard written == bytes, (try? next.opensAgain(written, allowing: file.profile.allowed)) == true else {
                throw .cannotWrite("\(temporary) does not hold what was written to it")
            }
        } catch {
            try? FileSystem.remove(temporary)
            throw error
        }
    }
}

extension OpenVault {
    /// Whether a file opens with this vault's key and holds as many records.
    fileprivate func opensAgain(_ bytes: [UInt8], allowing costs: Set<ScryptCost>) throws(VaultError) -> Bool {
        let header = try VaultHeader(parsing: bytes, allowing: costs)
        let again = try OpenVault(bytes, header: header, vaultKey: vaultKey, openedBy: openedBy)
        return again.header == header && again.records.all.count == records.all.count
    }
}
