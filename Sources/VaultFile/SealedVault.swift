package import Sealing
package import Tokens

/// A vault in memory, open: the header as it stands in the file, the vault key, the records.
package struct OpenVault: Sendable {
    /// The header.
    package var header: VaultHeader
    /// 32 bytes, new at every key epoch.
    package var vaultKey: Secret
    /// The records.
    package var records: Records
    /// The label of the slot that opened it.
    package let openedBy: String

    /// A vault that has not been written yet.
    package init(header: VaultHeader, vaultKey: Secret, records: Records, openedBy: String) {
        self.header = header
        self.vaultKey = vaultKey
        self.records = records
        self.openedBy = openedBy
    }

    /// Opens a file, in the order of FORMAT §4: fields, slot, header, payload. Nothing is released before the last tag.
    /// `authentic` is handed the header when it is known to be the writer's, before the payload is opened.
    package init(
        _ file: [UInt8], with secret: UnlockSecret, profile: ScryptProfile = .standard,
        authentic: (VaultHeader) throws(VaultError) -> Void = { _ throws(VaultError) in }
    ) throws(VaultError) {
        let header = try VaultHeader(parsing: file, allowing: profile.allowed)
        let (label, key) = try header.unlock(with: secret)
        try self.init(file, header: header, vaultKey: key, openedBy: label, authentic: authentic)
    }

    /// Opens a file whose vault key is known.
    init(
        _ file: [UInt8], header: VaultHeader, vaultKey: Secret, openedBy: String,
        authentic: (VaultHeader) throws(VaultError) -> Void = { _ throws(VaultError) in }
    ) throws(VaultError) {
        let macStart = header.size - VaultHeader.macSize
        let mac = try Derivation.headerMAC(Array(file[..<macStart]), vaultKey: vaultKey)
        guard equalInConstantTime(mac.span, file.span.extracting(macStart..<header.size)) else { throw .headerAltered }
        try authentic(header)
        let payload = file.span.extracting(header.size..<file.count)
        let keys = try Derivation.payload(
            vaultKey, salt: Array(file[header.size..<header.size + 32]), prefix: Array(file[..<header.size]))
        let records = try keys.withSpan { keys throws(VaultError) in
            guard equalInConstantTime(keys.extracting(44..<76), payload.extracting(32..<64)) else {
                throw .payloadAltered
            }
            let plaintext: SecretBuffer
            do throws(SealingError) {
                plaintext = try AESGCM.open(
                    payload.extracting(64..<payload.count), key: keys.extracting(0..<32),
                    nonce: keys.extracting(32..<44))
            } catch .notAuthentic { throw VaultError.payloadAltered } catch {
                throw VaultError.cryptography("\(error)")
            }
            return try plaintext.withSpan { plaintext throws(VaultError) in try Plaintext.decode(plaintext) }
        }
        self.init(header: header, vaultKey: vaultKey, records: records, openedBy: openedBy)
    }

    /// What opens the vault again without paying for it again.
    package func known(or secret: UnlockSecret) -> UnlockSecret {
        if case .known(_, let secret) = secret { return known(or: secret) }
        let known = UnlockSecret.Known(
            vaultID: header.vaultID, epoch: header.epoch, vaultKey: vaultKey, label: openedBy,
            slot: header.slots.first { $0.label == openedBy }?.id)
        return .known(known, secret)
    }

    /// The whole file: header, authentication code, payload.
    package func sealed(randomness: Randomness = .system) throws(VaultError) -> [UInt8] {
        let plaintext = try Plaintext.encode(records)
        let payloadSize = 32 + 32 + plaintext.count + AESGCM.tagSize
        var file = header.encoded(payloadSize: payloadSize)
        file += try Derivation.headerMAC(file, vaultKey: vaultKey)
        let salt = randomness.bytes(32)
        let keys = try Derivation.payload(vaultKey, salt: salt, prefix: file)
        file += salt
        let rest = try keys.withSpan { keys throws(VaultError) in
            var rest = [UInt8](copying: keys.extracting(44..<76))
            rest += try sealing { () throws(SealingError) in
                try plaintext.withSpan { plaintext throws(SealingError) in
                    try AESGCM.seal(
                        plaintext, key: keys.extracting(0..<32), nonce: keys.extracting(32..<44))
                }
            }
            return rest
        }
        return file + rest
    }
}

extension VaultHeader {
    /// Finds the slot that a secret opens, and the vault key in it.
    func unlock(with secret: UnlockSecret) throws(VaultError) -> (label: String, vaultKey: Secret) {
        switch secret {
        case .known(let known, let secret):
            // Another epoch has another vault key.
            guard known.vaultID == vaultID, known.epoch == epoch else { return try unlock(with: secret) }
            return (known.label, known.vaultKey)
        case .rawKey, .passphrase:
            for slot in slots where slot.kind == (secret.isPassphrase ? .passphrase : .rawKey) {
                if let vaultKey = try vaultKey(in: slot, with: secret) { return (slot.label, vaultKey) }
            }
            throw secret.isPassphrase ? .wrongPassphrase : .wrongKey
        }
    }

    /// The vault key in one slot; nil where that is not the secret's.
    func vaultKey(in slot: KeySlot, with secret: UnlockSecret) throws(VaultError) -> Secret? {
        switch (secret.itself, slot.kind) {
        case (.rawKey(let key), .rawKey):
            let id = try Derivation.keyID(of: key, vaultID: vaultID)
            return equalInConstantTime(slot.keyID.span, id.span) ? try open(slot, ikm: key, idMatches: true) : nil
        case (.passphrase(let passphrase), .passphrase):
            let ikm = try Derivation.scrypt(passphrase, vaultID: vaultID, salt: slot.salt, cost: slot.cost)
            return try open(slot, ikm: ikm, idMatches: false)
        default: return nil
        }
    }

    /// The vault key in a slot; nil when the commitment does not match and nothing said that it should.
    private func open(_ slot: KeySlot, ikm: Secret, idMatches: Bool) throws(VaultError) -> Secret? {
        let context = Derivation.slotContext(vaultID: vaultID, epoch: epoch, fields: slot.fields)
        let keys = try Derivation.wrap(ikm, salt: slot.salt, context: context)
        return try keys.withSpan { keys throws(VaultError) -> Secret? in
            guard equalInConstantTime(keys.extracting(32..<64), slot.commitment.span) else {
                if idMatches { throw .slotDamaged(label: slot.label) }
                return nil
            }
            do throws(SealingError) {
                return Secret(
                    try AESGCM.open(
                        slot.sealedKey.span, key: keys.extracting(0..<32), nonce: Self.zeroNonce.span,
                        authenticating: context.span))
            } catch .notAuthentic { throw VaultError.slotDamaged(label: slot.label) } catch {
                throw VaultError.cryptography("\(error)")
            }
        }
    }

    /// Safe here and nowhere else: a slot's wrap key comes from 32 fresh random bytes and seals once.
    private static let zeroNonce = [UInt8](repeating: 0, count: 12)

    /// Wraps the vault key in a new slot for `secret`.
    package func newSlot(
        for secret: UnlockSecret, label: String, id: UInt32, vaultKey: Secret, at now: UInt64,
        profile: ScryptProfile = .standard, randomness: Randomness = .system
    ) throws(VaultError) -> KeySlot {
        let salt = randomness.bytes(32)
        func seal(_ ikm: Secret, _ fields: [UInt8]) throws(VaultError) -> [UInt8] {
            let context = Derivation.slotContext(vaultID: vaultID, epoch: epoch, fields: fields)
            let keys = try Derivation.wrap(ikm, salt: salt, context: context)
            return try keys.withSpan { keys throws(VaultError) in
                let sealed = try sealing { () throws(SealingError) in
                    try vaultKey.withSpan { vaultKey throws(SealingError) in
                        try AESGCM.seal(
                            vaultKey, key: keys.extracting(0..<32), nonce: Self.zeroNonce.span,
                            authenticating: context.span)
                    }
                }
                return [UInt8](copying: keys.extracting(32..<64)) + sealed
            }
        }
        switch secret {
        case .known(_, let secret):
            return try newSlot(
                for: secret, label: label, id: id, vaultKey: vaultKey, at: now, profile: profile,
                randomness: randomness)
        case .rawKey(let key):
            return try KeySlot(
                kind: 1, id: id, createdAt: now, cost: nil, salt: salt,
                keyID: Derivation.keyID(of: key, vaultID: vaultID), label: label
            ) { fields throws(VaultError) in try seal(key, fields) }
        case .passphrase(let passphrase):
            let cost = profile.new
            let ikm = try Derivation.scrypt(passphrase, vaultID: vaultID, salt: salt, cost: cost)
            return try KeySlot(
                kind: 2, id: id, createdAt: now, cost: cost, salt: salt, keyID: [UInt8](repeating: 0, count: 8),
                label: label
            ) { fields throws(VaultError) in try seal(ikm, fields) }
        }
    }
}
