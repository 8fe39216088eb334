import Host
import Tokens

/// What runs that died have left: the journal beside the vault, and answers that were rescued elsewhere.
struct LeftBehind {
    /// What was asked, and what came back.
    var asks: [(ask: Ask, reply: Reply)] = []
    /// Files that go when all of it is committed.
    var files: [String] = []
    /// Files that could not be read to their end, under the names by which they are kept.
    var keptAside: [String] = []

    /// Looks beside the vault and in every state folder. What the vault holds already is removed here.
    ///
    /// Nothing that holds an answer goes before that answer is in the vault, durably: the folder is synced first, for the
    /// rename that put it there may be the last thing that a dead run did.
    init(of file: VaultFile, _ vault: OpenVault) throws(VaultError) {
        let journal = try Self.journal(file, vault)
        for path in file.rescued(vault.header.vaultID) {
            guard let finding = try read(path, vault, acceptsOlder: file.acceptsOlder) else { continue }
            try take(finding, vault, isRescued: true)
            files.append(path)
            // What was cut short beside the vault went on here.
            if let id = finding.id, id == journal?.finding.id { isContinued = true }
        }
        if let (bytes, finding) = journal {
            // A copy is on the disk before the journal can be removed: what does not open is never thrown away.
            if finding.isTorn, !isContinued { keptAside.append(try Self.keepAside(bytes, file)) }
            try take(finding, vault, isRescued: false)
            files.append(file.journalPath)
        }
        guard asks.isEmpty, !files.isEmpty else { return }
        try writing { () throws(HostError) in
            try FileSystem.syncFolder(of: file.path)
            for path in files { try FileSystem.remove(path) }
        }
        files = []
    }

    private var isContinued = false

    /// Adds what a journal tells. Two may hold the same intents, one of them with more answers.
    private mutating func take(
        _ finding: Journal.Finding, _ vault: OpenVault, isRescued: Bool
    ) throws(VaultError) {
        if finding.isCommitted, !isRescued { return }
        for found in try JournalFrame.decode(finding.frames, isTorn: finding.isTorn) {
            // One that the vault has gone past may have been out of reach when it did.
            if finding.isCommitted, !Self.isNews(found, vault) { continue }
            if let place = asks.firstIndex(where: { $0.ask == found.ask }) {
                if asks[place].reply == .missing { asks[place].reply = found.reply }
            } else {
                asks.append(found)
            }
        }
    }

    private static func journal(
        _ file: VaultFile, _ vault: OpenVault
    ) throws(VaultError) -> (bytes: [UInt8], finding: Journal.Finding)? {
        let found = try reading { () throws(HostError) in
            try FileSystem.status(of: file.journalPath, followingLinks: false)
        }
        guard let found else { return nil }
        guard found.kind == .regular else { throw .journalDamaged("it is not a regular file", rescue: nil) }
        guard found.size <= Journal.largestFile else {
            throw .journalTooLarge(limit: Journal.largestFile)
        }
        let bytes = try reading { () throws(HostError) in
            try FileSystem.contents(of: file.journalPath, limit: Journal.largestFile) ?? []
        }
        do throws(VaultError) {
            return (bytes, try Journal.read(bytes, beside: vault.header, vaultKey: vault.vaultKey))
        } catch .olderThanJournal where file.acceptsOlder {
            // What it continues is not here; its answers belong to tokens that this vault has never had.
            return (bytes, Journal.Finding(isTorn: true, isCommitted: true))
        }
    }

    /// A rescued journal; nil where it is not for this vault as it is now.
    private mutating func read(
        _ path: String, _ vault: OpenVault, acceptsOlder: Bool
    ) throws(VaultError) -> Journal.Finding? {
        guard let status = (try? FileSystem.status(of: path, followingLinks: false)) ?? nil, status.kind == .regular,
            status.owner == FileSystem.effectiveUser
        else { return nil }
        let aside = path + ".unread"
        guard status.size <= Journal.largestFile else {
            if (try? FileSystem.rename(path, to: aside)) != nil { keptAside.append(aside) }
            return nil
        }
        guard let bytes = (try? FileSystem.contents(of: path, limit: Journal.largestFile)) ?? nil
        else { return nil }
        do throws(VaultError) {
            let finding = try Journal.read(
                bytes, beside: vault.header, vaultKey: vault.vaultKey, isRescued: true)
            if !finding.isTorn { return finding }
            // A copy of what does not open stays; what does open is taken.
            if !finding.frames.isEmpty, putAside(path, bytes) { return finding }
        } catch .olderThanJournal(let vault, let journal) {
            if acceptsOlder { return nil }
            throw .olderThanJournal(vault: vault, journal: journal)
        } catch .journalDamaged { /* kept, below */  }
        // Sealed before the key was changed, or not ours: it is not looked at again, and it stays.
        if (try? FileSystem.rename(path, to: aside)) != nil { keptAside.append(aside) }
        return nil
    }

    private mutating func putAside(_ path: String, _ bytes: [UInt8]) -> Bool {
        let aside = path + ".unread"
        guard (try? FileSystem.replace(aside, with: bytes.span, mode: 0o600)) != nil else { return false }
        keptAside.append(aside)
        return true
    }

    /// Whether the vault has not been told: what was asked with is still what is stored. Clocks do not decide it. An intent
    /// without an answer is news only where no later one is known.
    private static func isNews(_ found: (ask: Ask, reply: Reply), _ vault: OpenVault) -> Bool {
        guard let connection = (try? vault.records.connection(found.ask.name)) ?? nil else { return false }
        let isStored = [connection.tokens?.refreshToken, connection.pending?.state].contains { token in
            token.map { (try? Derivation.fingerprint(of: $0, vaultKey: vault.vaultKey)) == found.ask.fingerprint }
                ?? false
        }
        switch found.reply {
        case .got: return isStored
        case .missing:
            return isStored && connection.question?.at ?? -1 < found.ask.at && connection.last?.at ?? 0 <= found.ask.at
        case .unsent: return false
        }
    }

    private static func keepAside(_ bytes: [UInt8], _ file: VaultFile) throws(VaultError) -> String {
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
}
