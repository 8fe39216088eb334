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
    /// The file to which a journal's torn tail was put aside, where there was one.
    package private(set) var unreadTail: String?

    /// Whether the vault is older than the one last seen on this machine.
    package private(set) var isOlder = false

    let file: VaultFile
    private let lock: File
    private var journal: OpenJournal?
    /// The header in the file as it was when this process read or wrote it last.
    private var storedHeader: [UInt8]

    init(_ file: VaultFile, lock: consuming File, unlocking secret: UnlockSecret) throws(VaultError) {
        self.file = file
        self.lock = lock
        let bytes = try file.bytes()
        vault = try OpenVault(bytes, with: secret, profile: file.profile)
        storedHeader = Array(bytes[..<vault.header.size])
        try findJournal()
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

    // MARK: What a dead run left

    private func findJournal() throws(VaultError) {
        let found = try reading { () throws(HostError) in
            try FileSystem.status(of: file.journalPath, followingLinks: false)
        }
        guard let found else { return }
        guard found.kind == .regular else { throw .journalDamaged("it is not a regular file") }
        let bytes = try reading { () throws(HostError) in
            try FileSystem.contents(of: file.journalPath, limit: 1 << 30) ?? []
        }
        let finding = try Journal.read(bytes, beside: vault.header, vaultKey: vault.vaultKey)
        leftBehind = finding.isCommitted ? [] : try JournalFrame.decode(finding.frames)
        // A copy is on the disk before the journal can be removed: what does not open is never thrown away.
        if finding.isTorn { unreadTail = try keepAside(bytes) }
        // Intents come before all else: without one nothing was asked, and there is nothing to commit.
        if leftBehind.isEmpty {
            try writing { () throws(HostError) in try FileSystem.remove(file.journalPath) }
        } else {
            journal = .found
        }
    }

    private func keepAside(_ bytes: [UInt8]) throws(VaultError) -> String {
        try writing { () throws(HostError) in
            // The journal's own time: however many runs die before the commit, they make one copy.
            var time = try FileSystem.status(of: file.journalPath)?.modified ?? file.now()
            var path: String { "\(file.journalPath).\(time).unread" }
            while try FileSystem.status(of: path) != nil,
                (try? FileSystem.contents(of: path, limit: bytes.count)) != bytes
            { time += 1 }
            try FileSystem.replace(path, with: bytes.span, mode: 0o600)
            return path
        }
    }

    /// Whether a journal stands that has not been committed.
    var hasJournal: Bool { journal != nil }

    // MARK: Asking

    /// Makes the first intents durable, and sets space aside for `room` requests and their answers.
    ///
    /// Before: no journal; the vault is all that is known. After: journal with these intents, file and folder synced;
    /// whatever dies now, the next run knows what may have been spent. When it fails nothing has been asked.
    package func begin(_ asks: [Ask], room: Int) throws {
        precondition(!hasJournal, "a journal that was found is committed before another one is begun")
        // A record that no commit would take must not be found only when the answers are there.
        do throws(RecordError) { try vault.records.check() } catch { throw VaultError.record(error) }
        let size = vault.records.all.reduce(0) { $0 + $1.json.count + $1.name.text.utf8.count + 2 }
        guard size + room * OpenJournal.roomPerAnswer <= Plaintext.largestBody else {
            throw VaultError.cannotWrite("the answers could make the vault larger than 256 MiB")
        }
        let header = Journal.header(for: vault.header, id: file.randomness.bytes(16))
        var bytes = header
        for (index, ask) in asks.enumerated() {
            bytes += try Journal.seal(
                JournalFrame.encode(ask), index: index, header: header, vaultKey: vault.vaultKey,
                randomness: file.randomness)
        }
        let open: File
        // Not removed when it cannot be made: whose it is that stands there is not known.
        do throws(HostError) { open = try File(file.journalPath, .creating(mode: 0o600)) } catch {
            throw VaultError.cannotWrite("\(error)")
        }
        do throws(HostError) {
            try open.write(bytes.span)
            try open.reserve(Int64(bytes.count + room * OpenJournal.roomPerAnswer))
            try open.sync()
            try FileSystem.syncFolder(of: file.journalPath)
            journal = .begun(
                JournalFile(file: open, header: header, frameOfAsk: Array(asks.indices), end: Int64(bytes.count)))
        } catch {
            // Nothing was asked, so a journal that holds intents only must not stay and claim otherwise.
            try? FileSystem.remove(file.journalPath)
            throw VaultError.cannotWrite("\(error)")
        }
    }

    /// Makes one reply durable, and with it the intent of the request that is sent next.
    ///
    /// Before: the intent of the reply's request is on the disk, the answer in this process only, and the next request is
    /// not sent. After: answer and next intent are on the disk, too. When it fails the next request is not to be sent.
    package func keep(_ reply: Reply, forAsk index: Int, then next: Ask?) throws {
        guard case .begun(let open) = journal else { preconditionFailure("a reply without an intent") }
        let answer = JournalFrame.encode(reply, ask: open.frameOfAsk[index])
        let frames = [answer, next.map(JournalFrame.encode)].compactMap(\.self)
        guard !frames.isEmpty else { return }
        var bytes: [UInt8] = []
        for (place, frame) in frames.enumerated() {
            bytes += try Journal.seal(
                frame, index: open.frames + place, header: open.header, vaultKey: vault.vaultKey,
                randomness: file.randomness)
        }
        do throws(HostError) {
            // At its place, not behind what came last: a frame that was cut short by a full disk is written over.
            try open.file.write(bytes.span, at: open.end)
            try open.file.syncData()
        } catch {
            // What this descriptor says from now on is not to be trusted: the next answer gets another.
            if let other = try? File(file.journalPath, .writing) { open.file = other }
            throw VaultError.notKept("\(error)")
        }
        open.frames += frames.count
        open.end += Int64(bytes.count)
        if next != nil { open.frameOfAsk.append(open.frames - 1) }
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

    /// Replaces the vault by `next`, one generation later.
    package func commit(sealing next: OpenVault) throws { try publish(try prepare(next)) }

    /// A version of the vault that is on the disk, and not yet under the vault's name.
    private struct NextVersion {
        let vault: OpenVault
        /// The header as it is in the file.
        let header: [UInt8]
    }

    private func prepare(_ next: OpenVault) throws -> NextVersion {
        do throws(RecordError) { try next.records.check() } catch { throw VaultError.record(error) }
        var next = next
        next.header.generation = vault.header.generation + 1
        next.header.writtenAt = UInt64(max(0, file.now()))
        do throws(VaultError) {
            guard next.header.generation <= VaultHeader.largest else {
                throw .cannotWrite("it has had as many generations as there can be")
            }
            let bytes = try next.sealed(randomness: file.randomness)
            try write(bytes, of: next)
            return NextVersion(vault: next, header: Array(bytes[..<next.header.size]))
        } catch { throw failure(error) }
    }

    private func publish(_ next: NextVersion) throws {
        do throws(VaultError) {
            guard try file.bytes().starts(with: storedHeader) else { throw .replacedMeanwhile }
            try writing { () throws(HostError) in
                try FileSystem.rename(temporary, to: file.path)
                try FileSystem.syncFolder(of: file.path)
            }
        } catch {
            try? FileSystem.remove(temporary)
            throw failure(error)
        }
        storedHeader = next.header
        vault = next.vault
        leftBehind = []
        // The vault holds all of it now. A removal that fails leaves a journal of a lower generation: harmless.
        journal = nil
        try? FileSystem.remove(file.journalPath)
    }

    /// With a journal the answers are safe and the next run finishes; without one nothing has happened.
    private func failure(_ error: VaultError) -> VaultError {
        guard hasJournal else { return error }
        return switch error {
        case .cannotWrite(let reason), .cryptography(let reason): .kept(reason)
        case .unreadable(let error): .kept("\(error)")
        case .replacedMeanwhile, .notFound, .malformed, .notAVault: .kept("another program replaced it")
        default: error
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

/// The journal of a session.
private enum OpenJournal {
    /// What is set aside for each answer; a larger one finds its space or does not.
    static let roomPerAnswer = 16 << 10

    /// One that a dead run left, read and not committed yet.
    case found
    /// One that this session began.
    case begun(JournalFile)
}

/// The journal that is being written.
private final class JournalFile {
    var file: File
    let header: [UInt8]
    /// How many frames it has.
    var frames: Int
    /// The number of the frame with each ask.
    var frameOfAsk: [Int]
    /// Where the next frame begins.
    var end: Int64

    init(file: consuming File, header: [UInt8], frameOfAsk: [Int], end: Int64) {
        self.file = file
        self.header = header
        frames = frameOfAsk.count
        self.frameOfAsk = frameOfAsk
        self.end = end
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
