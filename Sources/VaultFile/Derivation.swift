import Sealing
import Tokens

/// The keys that are made of keys (FORMAT §2). `label` is what every input begins with.
enum Derivation {
    static let label = Array("tokenkeep/v1".utf8)

    /// PRF(k, info, n): HKDF-Expand's first block on a key that is uniform already.
    static func prf(_ key: Secret, _ info: String, _ data: Secret, count: Int, isKey: Bool = false) throws(VaultError)
        -> SecretBuffer
    {
        // The data may be a token, so the message is put together in memory that is wiped.
        let message = Secret(joining: [Secret(label), Secret(info), data, Secret([1])])
        return try sealing { () throws(SealingError) in
            let code = try key.withSpan { key throws(SealingError) in
                try message.withSpan { message throws(SealingError) in
                    try HMAC.code(.sha512, key: key, message: message, isKey: isKey)
                }
            }
            return code.withSpan { SecretBuffer($0.extracting(0..<count), isKey: isKey) }
        }
    }

    /// A raw key finds its slot by this, without trying each.
    static func keyID(of rawKey: Secret, vaultID: [UInt8]) throws(VaultError) -> [UInt8] {
        try prf(rawKey, "/key-id", Secret(vaultID), count: 8).withSpan { [UInt8](copying: $0) }
    }

    /// The fingerprint of a token, 32 hexadecimal digits.
    static func fingerprint(of token: Secret, vaultKey: Secret) throws(VaultError) -> String {
        try prf(vaultKey, "/fingerprint", token, count: 16).withSpan { hexadecimal($0) }
    }

    /// What a slot's seal and commitment authenticate beside themselves.
    static func slotContext(vaultID: [UInt8], epoch: UInt32, fields: some Sequence<UInt8>) -> [UInt8] {
        var context = label + Array("/slot".utf8) + vaultID
        context.append(bigEndian: epoch)
        return context + Array(fields)
    }

    /// The key material of a passphrase; takes 128 MiB and most of a second at the usual cost.
    static func scrypt(
        _ passphrase: Secret, vaultID: [UInt8], salt: some Sequence<UInt8>, cost: ScryptCost
    ) throws(VaultError) -> Secret {
        let salt = label + Array("/scrypt".utf8) + vaultID + Array(salt)
        return Secret(
            try sealing { () throws(SealingError) in
                try passphrase.withSpan { passphrase throws(SealingError) in
                    try Scrypt.derive(from: passphrase, salt: salt.span, cost: cost, count: 32)
                }
            })
    }

    /// The wrap key (32 bytes) and the commitment (32) of a slot.
    static func wrap(_ ikm: Secret, salt: some Sequence<UInt8>, context: [UInt8]) throws(VaultError) -> SecretBuffer {
        let salt = Array(salt)
        return try hkdf(ikm, salt: salt, info: context, count: 64)
    }

    /// The header's authentication code.
    static func headerMAC(_ header: [UInt8], vaultKey: Secret) throws(VaultError) -> [UInt8] {
        let key = try prf(vaultKey, "/header", Secret(""), count: 32, isKey: true)
        return try sealing { () throws(SealingError) in
            try key.withSpan { key throws(SealingError) in
                try HMAC.code(.sha256, key: key, message: header.span).withSpan { [UInt8](copying: $0) }
            }
        }
    }

    /// The payload's key (32 bytes), nonce (12) and commitment (32); `prefix` is every byte before the payload.
    static func payload(_ vaultKey: Secret, salt: [UInt8], prefix: [UInt8]) throws(VaultError) -> SecretBuffer {
        try hkdf(vaultKey, salt: salt, info: label + Array("/payload".utf8) + digest(of: prefix), count: 76)
    }

    /// A journal frame's key (32 bytes) and nonce (12).
    static func journalFrame(
        _ vaultKey: Secret, salt: [UInt8], header: [UInt8], index: UInt64
    ) throws(VaultError) -> SecretBuffer {
        var info = label + Array("/journal".utf8)
        info += try digest(of: header)
        info.append(bigEndian: index)
        return try hkdf(vaultKey, salt: salt, info: info, count: 44)
    }

    private static func digest(of bytes: [UInt8]) throws(VaultError) -> [UInt8] {
        try sealing { () throws(SealingError) in try SHA256.digest(of: bytes.span) }
    }

    private static func hkdf(
        _ ikm: Secret, salt: [UInt8], info: [UInt8], count: Int
    ) throws(VaultError) -> SecretBuffer {
        try sealing { () throws(SealingError) in
            try ikm.withSpan { ikm throws(SealingError) in
                try HKDF.derive(from: ikm, salt: salt.span, info: info.span, count: count)
            }
        }
    }
}

/// Runs a cryptographic step; a failure of the library, not of what is checked, becomes a vault's error.
func sealing<R: ~Copyable>(_ step: () throws(SealingError) -> R) throws(VaultError) -> R {
    do { return try step() } catch { throw .cryptography("\(error)") }
}
