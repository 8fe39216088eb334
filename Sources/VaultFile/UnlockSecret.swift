package import Sealing
@_spi(_Unicode) import Swift
package import Tokens

/// What a person or a job unlocks a vault with.
package enum UnlockSecret: Sendable, Equatable {
    /// 32 bytes.
    case rawKey(Secret)
    /// A passphrase, in Unicode's NFC.
    case passphrase(Secret)
    /// What has opened this vault before in this process, and the vault key that came of it: no slot is tried, and no scrypt
    /// is paid for, as long as that key is the vault's.
    indirect case known(Known, UnlockSecret)

    /// A vault key, and whose it is.
    package struct Known: Sendable, Equatable {
        let vaultID: [UInt8]
        let epoch: UInt32
        let vaultKey: Secret
        let label: String
        /// The slot's number: one that has got another secret under the same label has another number.
        let slot: UInt32?
    }

    /// Takes a passphrase as it was typed or read: UTF-8 without NUL, at most 1,024 bytes, one LF at its end dropped.
    package init(passphrase typed: Secret) throws(VaultError) {
        self = .passphrase(
            try typed.withSpan { span throws(VaultError) in
                let hasNewline = span.count > 0 && span[span.count - 1] == 0x0A
                return try Self.normal(span.extracting(0..<span.count - (hasNewline ? 1 : 0)))
            })
    }

    private static func normal(_ bytes: Span<UInt8>) throws(VaultError) -> Secret {
        guard var text = try? UTF8Span(validating: bytes) else { throw .unusablePassphrase("it is not UTF-8") }
        guard !bytes.isEmpty else { throw .unusablePassphrase("it is empty") }
        guard bytes.indices.allSatisfy({ bytes[$0] != 0 }) else {
            throw .unusablePassphrase("it holds a NUL character")
        }
        guard bytes.count <= 1024 else { throw .unusablePassphrase("it is longer than 1,024 bytes") }
        // Strings, which nobody wipes, are made of what is typed in another form only.
        if text.checkForNFC(quickCheck: false) { return Secret(bytes, isKey: true) }
        var normal = ""
        normal.unicodeScalars.append(contentsOf: String(copying: text)._nfc)
        return Secret(normal.utf8.span, isKey: true)
    }

    /// Takes a passphrase for a new slot, which has at least 12 characters.
    package init(newPassphrase typed: Secret) throws(VaultError) {
        try self.init(passphrase: typed)
        guard case .passphrase(let secret) = self, secret.withSpan({ Self.characters(in: $0) }) >= 12 else {
            throw .unusablePassphrase("it has fewer than 12 characters")
        }
        // At a prompt it would be taken for one.
        guard secret.withSpan({ $0.count < 5 || Secret($0.extracting(0..<5)) != Secret("tkk1_") }) else {
            throw .unusablePassphrase("it begins like a key")
        }
    }

    /// The secret, whether or not it has opened a vault already.
    var itself: UnlockSecret {
        if case .known(_, let secret) = self { return secret.itself }
        return self
    }

    /// Whether it is a passphrase.
    package var isPassphrase: Bool {
        if case .passphrase = itself { return true }
        return false
    }

    private static func characters(in bytes: Span<UInt8>) -> Int {
        guard var rest = (try? UTF8Span(validating: bytes))?.makeCharacterIterator() else { return 0 }
        var count = 0
        while rest.skipForward() > 0 { count += 1 }
        return count
    }

    /// A new raw key.
    package static func newRawKey() -> UnlockSecret {
        .rawKey(Secret(SecretBuffer(randomCount: 32)))
    }
}

/// What scrypt may cost in a vault.
package struct ScryptProfile: Sendable {
    /// What a reader takes.
    package let allowed: Set<ScryptCost>
    /// What a writer uses for a new slot.
    package let new: ScryptCost

    /// The format's closed set (FORMAT §4); the default takes 128 MiB.
    package static let standard = ScryptProfile(
        allowed: [
            ScryptCost(log2N: 17, r: 8, p: 1), ScryptCost(log2N: 18, r: 8, p: 1), ScryptCost(log2N: 16, r: 8, p: 2),
            ScryptCost(log2N: 15, r: 8, p: 3),
        ],
        new: ScryptCost(log2N: 17, r: 8, p: 1))

    /// A profile of another cost. Nothing that a person or a file can reach makes one.
    package init(allowed: Set<ScryptCost>, new: ScryptCost) {
        (self.allowed, self.new) = (allowed, new)
    }
}
