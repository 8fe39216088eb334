import Host
import Sealing
import Tokens

/// What becomes of a key slot when the vault gets a new key.
package enum SlotFate: Sendable {
    /// What opens it opens it again; it may get another label.
    case stays(UnlockSecret, label: String)
    /// Another secret takes its place, under the same label and a new number.
    case replaced(UnlockSecret)
    /// It goes.
    case dropped
}

extension VaultSession {
    /// Gives the vault a new vault key, at a later epoch, and wraps it for the slots that stay. Every slot needs a fate;
    /// `closedTo` is what is known of the secrets that go.
    ///
    /// Before: no journal, and the vault opens with the old secrets. Then the new vault is whole on the disk under another
    /// name, each secret that stays is proved to open it and what goes to fail, and `announce` hands out what is new: when
    /// any of that fails, nothing has changed. After: the vault opens with the new secrets alone. At every moment the file
    /// opens with the old secrets or with the new ones, never with neither.
    package func rekey(
        _ fates: [String: SlotFate], closedTo secrets: [UnlockSecret] = [], now: Int64, announce: () throws -> Void
    ) throws {
        precondition(!hasJournal, "a journal is committed before its key goes")
        let old = vault
        for label in fates.keys { _ = try slot(label) }
        // Later than every one that was seen here: an old copy that is gone on with must not come to an epoch that keys which
        // were taken away have.
        let last = max(old.header.epoch, file.highestEpoch(of: old.header.vaultID))
        guard last < .max else { throw SlotProblem.usedUp }
        var next = old
        try next.keepNumbers()
        next.header.epoch = last + 1
        next.header.slots = []
        next.vaultKey = Secret(SecretBuffer(randomCount: 32))
        let gone = old.header.slots.filter { if case .stays = fates[$0.label] { false } else { true } }
        var ways: [(slot: KeySlot, secret: UnlockSecret)] = []
        for slot in old.header.slots {
            switch fates[slot.label] {
            case .dropped: break
            case .stays(let secret, let label):
                guard try old.isOpened(slot, by: secret) else { throw SlotProblem.wrongSecret(slot.label) }
                for other in gone where try old.isOpened(other, by: secret) {
                    throw SlotProblem.opensGone(slot.label, other.label)
                }
                let new = try next.newSlot(label, for: secret, id: slot.id, at: UInt64(slot.createdAt), file)
                ways.append((new, secret))
            case .replaced(let secret):
                try old.requireNew(secret)
                let new = try next.newSlot(
                    slot.label, for: secret, id: try next.takeNumber(), at: UInt64(max(0, now)), file)
                ways.append((new, secret))
            case nil:
                if case .reserved = slot.kind { throw SlotProblem.unknownKind(slot.label) }
                throw SlotProblem.secretNeeded([slot.label])
            }
        }
        guard !ways.isEmpty else { throw SlotProblem.last }
        guard ways.count(where: \.secret.isPassphrase) <= 3 else { throw SlotProblem.tooManyPassphrases }
        next.header.slots = ways.map(\.slot)
        try next.forgetStagedOpenings()
        try next.expose(at: now)
        try commit(sealing: next) { written in
            try prove(written, opensBy: ways, vaultKey: next.vaultKey)
            try prove(written, isClosedTo: secrets, and: old)
            try announce()
        }
        guard try file.bytes().starts(with: storedStart) else { throw VaultError.replacedMeanwhile }
        // What the program itself has made of the vault under its old key, and a run that died has left.
        try? FileSystem.removeAbandoned(beside: path)
    }

    /// Opens a vault's file by each way that there should be.
    func prove(
        _ bytes: [UInt8], opensBy ways: [(slot: KeySlot, secret: UnlockSecret)], vaultKey: Secret
    ) throws(VaultError) {
        let header = try VaultHeader(parsing: bytes, allowing: file.profile.allowed)
        for (slot, secret) in ways {
            guard header.slots.contains(slot), try header.vaultKey(in: slot, with: secret) == vaultKey else {
                throw .cannotWrite("the key slot \(slot.label) does not open what was written")
            }
        }
    }

    /// Tries what must open a vault's file no more: the old vault key, the old slots, the secrets.
    private func prove(_ bytes: [UInt8], isClosedTo secrets: [UnlockSecret], and old: OpenVault) throws {
        let header = try VaultHeader(parsing: bytes, allowing: file.profile.allowed)
        let isClosed = { (step: () throws -> Void) in
            do { try step() } catch VaultError.wrongKey, VaultError.wrongPassphrase, VaultError.headerAltered { return }
            throw SlotProblem.stillOpens
        }
        try isClosed { _ = try OpenVault(bytes, header: header, vaultKey: old.vaultKey, openedBy: old.openedBy) }
        for secret in secrets { try isClosed { _ = try header.unlock(with: secret.itself) } }
        guard header.slots.allSatisfy({ !old.header.slots.contains($0) }) else { throw SlotProblem.stillOpens }
    }

    /// Files that this program has put aside and that the old vault key still opens: they may hold an answer that no other
    /// file holds, so they are named and not removed.
    package var filesPutAside: [String] {
        let rescued = hexadecimal(vault.header.vaultID.span) + "."
        let beside = file.journalPath + "."
        return file.refuges.flatMap { folder in
            FileSystem.names(in: folder).filter { name in
                name.hasSuffix(".unread")
                    && (name.hasPrefix(rescued) || FileSystem.path(name, from: folder).hasPrefix(beside))
            }.map { FileSystem.path($0, from: folder) }
        }
    }
}
