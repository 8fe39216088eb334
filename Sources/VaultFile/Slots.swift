import Sealing
import Tokens

/// Why something cannot be done with a vault's key slots. Nothing has changed.
package enum SlotProblem: Error, Equatable {
    /// There is none of that label.
    case notThere(String)
    /// There is one of that label already.
    case taken(String)
    /// The label is not one that a slot of this kind can have.
    case badLabel(String)
    /// A vault has at most eight slots.
    case full
    /// A vault has at most three passphrase slots.
    case tooManyPassphrases
    /// The last slot would go.
    case last
    /// The slot holds a raw key, and a passphrase's was meant.
    case noPassphrase(String)
    /// The slot holds no raw key, and one was meant.
    case noRawKey(String)
    /// Without their secrets the slots cannot be taken along.
    case secretNeeded([String])
    /// That is not the slot's secret.
    case wrongSecret(String)
    /// A slot of a later version's kind cannot be taken along.
    case unknownKind(String)
    /// The new secret opens a slot already.
    case alreadyOpens(String)
    /// What opens the first slot, which stays, opens the second, which goes.
    case opensGone(String, String)
    /// What should open the vault no more still would.
    case stillOpens
    /// A staged key that has not opened the vault yet.
    case notOpenedYet(String)
    /// Slot numbers, or vault keys, have run out.
    case usedUp
}

extension KeySlot {
    /// What a staged key's label ends with.
    package static let stagedSuffix = ".next"

    /// Whether it is a staged key's.
    var isStaged: Bool { label.hasSuffix(Self.stagedSuffix) }

    /// Whether a slot of this label can have a staged one beside it: 19 characters at most.
    package static func canBeStaged(_ label: String) -> Bool {
        isLabel(label) && label.utf8.count + stagedSuffix.utf8.count <= 24
    }
}

/// The slots of the vault in a session, under the vault key that there is.
///
/// Each of these replaces the vault in one commit: before it the slots as they were, after it as they are to be. What
/// `announce` hands out is durable by then; when it fails nothing has changed.
extension VaultSession {
    /// Adds a way to unlock the vault.
    package func addSlot(_ label: String, for secret: UnlockSecret, announce: () throws -> Void) throws {
        guard KeySlot.isLabel(label) else { throw SlotProblem.badLabel(label) }
        try add(label, for: secret, announce: announce)
    }

    /// Adds the key that is to take the place of `label`'s: under its name and `.next`, until `rekey` gives it the name.
    package func stageSlot(_ label: String, for secret: UnlockSecret, announce: () throws -> Void) throws {
        guard try slot(label).kind == .rawKey else { throw SlotProblem.noRawKey(label) }
        guard KeySlot.canBeStaged(label) else { throw SlotProblem.badLabel(label) }
        try add(label + KeySlot.stagedSuffix, for: secret, announce: announce)
    }

    /// Gives a passphrase slot another passphrase. The vault key stays, so a copy that the old one opens is worth as much.
    package func changePassphrase(
        of label: String, to secret: UnlockSecret, announce: () throws -> Void = {}
    ) throws {
        let old = try slot(label)
        guard old.kind == .passphrase else { throw SlotProblem.noPassphrase(label) }
        try vault.requireNew(secret)
        var next = vault
        let slot = try next.newSlot(label, for: secret, id: try next.takeNumber(), at: nil, file)
        next.header.slots = next.header.slots.map { $0 == old ? slot : $0 }
        try commit(sealing: next) { written in
            try prove(written, opensBy: [(slot, secret)], vaultKey: next.vaultKey)
            try announce()
        }
    }

    /// Writes down that a staged key has opened the vault, where one has and that is not known yet.
    package func noteStagedOpening(at now: Int64) throws {
        precondition(leftBehind.isEmpty, "what a dead run left is committed before anything else is")
        guard try vault.isOpenedByNewStagedKey,
            let slot = vault.header.slots.first(where: { $0.label == vault.openedBy })
        else { return }
        var about = try vault.about()
        var opened = try about.object(OpenVault.stagedOpenings) ?? JSONObject()
        opened.set(String(slot.id), now)
        about.set(OpenVault.stagedOpenings, opened)
        records.set(.vault, about)
        try commit()
    }

    func slot(_ label: String) throws(SlotProblem) -> KeySlot {
        guard let slot = vault.header.slots.first(where: { $0.label == label }) else { throw .notThere(label) }
        return slot
    }

    private func add(_ label: String, for secret: UnlockSecret, announce: () throws -> Void) throws {
        var next = vault
        let slots = next.header.slots
        guard slots.allSatisfy({ $0.label != label }) else { throw SlotProblem.taken(label) }
        guard slots.count < 8 else { throw SlotProblem.full }
        guard !secret.isPassphrase || slots.count(where: { $0.kind == .passphrase }) < 3 else {
            throw SlotProblem.tooManyPassphrases
        }
        try vault.requireNew(secret)
        let slot = try next.newSlot(label, for: secret, id: try next.takeNumber(), at: nil, file)
        next.header.slots.append(slot)
        try commit(sealing: next) { written in
            try prove(written, opensBy: [(slot, secret)], vaultKey: next.vaultKey)
            try announce()
        }
    }
}

/// What `_vault` keeps of slots: the next number, and when staged keys first opened the vault.
extension OpenVault {
    /// Slot number → Unix seconds.
    static let stagedOpenings = "staged_opened"

    /// The record of what concerns the whole vault.
    func about() throws -> JSONObject {
        var about = try records.object(.vault) ?? JSONObject()
        about.set("kind", "vault")
        return about
    }

    /// Whether a staged key has opened the vault that is not known yet to have been deployed.
    package var isOpenedByNewStagedKey: Bool {
        get throws {
            guard openedBy.hasSuffix(KeySlot.stagedSuffix) else { return false }
            return try !hasOpened(openedBy)
        }
    }

    /// Whether the staged key of this label has opened the vault where it is deployed.
    package func hasOpened(_ label: String) throws -> Bool {
        guard let slot = header.slots.first(where: { $0.label == label }) else { return false }
        return try about().object(Self.stagedOpenings)?.has(String(slot.id)) ?? false
    }

    /// Takes the number for a new slot; no number is used again.
    mutating func takeNumber() throws -> UInt32 {
        try keepNumbers()
        var about = try about()
        guard let number = try about.integer("next_slot_id").flatMap({ UInt32(exactly: $0) }) else {
            throw SlotProblem.usedUp
        }
        about.set("next_slot_id", Int64(number) + 1)
        records.set(.vault, about)
        return number
    }

    /// Writes down which numbers the slots have used up, before any of them goes.
    mutating func keepNumbers() throws {
        var about = try about()
        let last = header.slots.map(\.id).max() ?? 0
        about.set("next_slot_id", max(try about.integer("next_slot_id") ?? 0, Int64(last) + 1))
        records.set(.vault, about)
    }

    /// Forgets when staged keys opened the vault that are not staged any more.
    mutating func forgetStagedOpenings() throws {
        var about = try about()
        let opened = try about.object(Self.stagedOpenings)
        var kept = JSONObject()
        for id in header.slots.filter(\.isStaged).map({ String($0.id) }) { kept.set(id, try opened?.integer(id)) }
        about.set(Self.stagedOpenings, kept)
        records.set(.vault, about)
    }

    /// Wraps the vault key for a secret; `time` is now when left out.
    func newSlot(
        _ label: String, for secret: UnlockSecret, id: UInt32, at time: UInt64?, _ file: VaultFile
    ) throws(VaultError) -> KeySlot {
        try header.newSlot(
            for: secret, label: label, id: id, vaultKey: vaultKey, at: time ?? UInt64(max(0, file.now())),
            profile: file.profile, randomness: file.randomness)
    }

    /// The secret as one that is known to open a slot of this vault; nil where it does not.
    package func known(_ secret: UnlockSecret, toOpen slot: KeySlot) throws(VaultError) -> UnlockSecret? {
        guard try isOpened(slot, by: secret) else { return nil }
        let known = UnlockSecret.Known(
            vaultID: header.vaultID, epoch: header.epoch, vaultKey: vaultKey, label: slot.label,
            slot: slot.id)
        return .known(known, secret.itself)
    }

    /// Refuses a new secret that a slot has already: two slots of one secret could not be taken away one by one.
    func requireNew(_ secret: UnlockSecret) throws {
        for slot in header.slots where try isOpened(slot, by: secret) { throw SlotProblem.alreadyOpens(slot.label) }
    }

    /// Whether a secret opens this very slot.
    func isOpened(_ slot: KeySlot, by secret: UnlockSecret) throws(VaultError) -> Bool {
        // What opened the vault in this process is not tried again: scrypt takes most of a second.
        if case .known(let known, _) = secret, known.slot == slot.id, known.vaultKey == vaultKey { return true }
        return try header.vaultKey(in: slot, with: secret) == vaultKey
    }
}
