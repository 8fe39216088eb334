import Sealing
import Tokens

extension VaultSession {
    /// Gives a vault of one slot a new vault key, one epoch later, sealed for `secret` alone.
    ///
    /// `announce` hands out the new key and is called before the vault is replaced: when it fails, nothing has changed.
    /// At every moment the file opens with the old key or with the new one, never with neither.
    package func rotateKey(
        for secret: UnlockSecret, now: Int64, announce: () throws -> Void
    ) throws {
        precondition(!hasJournal, "a journal is committed before its key goes")
        guard let old = vault.header.slots.first, vault.header.slots.count == 1 else {
            throw VaultError.unsupported("rotating a vault of more than one key slot")
        }
        var next = vault
        let about = try records.object(.vault) ?? JSONObject()
        let free = max(try about.integer("next_slot_id") ?? 0, Int64(old.id) + 1)
        guard next.header.epoch < .max, let id = UInt32(exactly: free) else {
            throw VaultError.cannotWrite("its key cannot be changed any more often")
        }
        next.header.epoch += 1
        next.vaultKey = Secret(SecretBuffer(randomCount: 32))
        next.header.slots = [
            try next.header.newSlot(
                for: secret, label: old.label, id: id, vaultKey: next.vaultKey, at: UInt64(max(0, now)),
                profile: file.profile, randomness: file.randomness)
        ]
        var aboutNext = about
        aboutNext.set("kind", "vault")
        aboutNext.set("next_slot_id", free + 1)
        next.records.set(.vault, aboutNext)
        try announce()
        try commit(sealing: next)
    }
}
