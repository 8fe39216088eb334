import Host
import Sealing
import Tokens
import VaultFile

/// The vault's file, and what stands in it once it is open.
enum VaultTarget {
    /// The vault of FORMAT §7, which no input alters, and its file.
    static let (file, vault): ([UInt8], OpenVault) = {
        let path = FileSystem.folder(of: #filePath) + "/../VaultFileTests/Vectors/known-answer.vault"
        guard let file = try? FileSystem.contents(of: path, limit: 1 << 20),
            let vault = try? OpenVault(file, with: rawKey)
        else { fatalError("\(path) does not open") }
        return (file, vault)
    }()
    private static let rawKey = UnlockSecret.rawKey(Secret(Array(0x40...0x5F)))
    private static let randomness = Randomness { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
    /// Salt and commitment.
    private static let beginning = 64

    /// A whole file: once as it came, and once with length, code and payload made to fit, so that what stands behind them is
    /// reached. In the place of the ciphertext the input then holds the plaintext. No passphrase is tried: scrypt is slow.
    static func feedFile(_ input: [UInt8]) throws {
        for file in [input, try sealed(input)].compactMap(\.self) {
            _ = try? OpenVault(file, with: rawKey)
            if let open = try? OpenVault(file, with: vault.known(or: rawKey)) { try check(open) }
        }
    }

    /// The body of a plaintext: its length, its padding and all around it fit.
    static func feedRecords(_ input: [UInt8]) throws {
        let size = (0..<4).map { UInt8(truncatingIfNeeded: input.count >> (24 - 8 * $0)) }
        let start = Array(file[..<(96 + 176 * Int(file[11]) + beginning)])
        guard let file = try sealed(start + size + input + [UInt8](repeating: 0, count: AESGCM.tagSize)) else {
            fatalError("a file that is too short")
        }
        if let open = try? OpenVault(file, with: vault.known(or: rawKey)) { try check(open) }
    }

    /// What opens can be written and opens again as the same; what decodes can be written and decodes again.
    private static func check(_ open: OpenVault) throws {
        let again = try OpenVault(open.sealed(randomness: randomness), with: open.known(or: rawKey))
        precondition(again.header == open.header, "another header was written")
        precondition(again.records.all.elementsEqual(open.records.all) { $0 == $1 }, "other records were written")
        var records = open.records
        for name in records.names {
            guard let connection = try? records.connection(name) else { continue }
            records.set(name, connection: connection)
            guard let written = try records.connection(name) else { preconditionFailure("a connection is gone") }
            precondition(written.tokens == connection.tokens && written.pending == connection.pending)
        }
        guard (try? open.records.check()) != nil else { return }
        try records.check()
    }

    /// The file with all that authenticates it made anew by FORMAT §2; nil when it is too short for a payload.
    private static func sealed(_ input: [UInt8]) throws -> [UInt8]? {
        guard input.count > 11, (1...8).contains(input[11]) else { return nil }
        let start = 64 + 176 * Int(input[11])
        let payload = start + 32
        guard input.count >= payload + beginning + AESGCM.tagSize else { return nil }
        var plaintext = Array(input[(payload + beginning)...].dropLast(AESGCM.tagSize))
        plaintext += [UInt8](repeating: 0, count: (4096 - plaintext.count % 4096) % 4096)
        let size = beginning + plaintext.count + AESGCM.tagSize
        var file = Array(input[..<start])
        file.replaceSubrange(56..<64, with: (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) })
        let codeKey = try code(.sha512, vault.vaultKey, Array("tokenkeep/v1/header".utf8) + [1])
        file += try code(.sha256, Secret(Array(codeKey[..<32])), file)
        let info = try Array("tokenkeep/v1/payload".utf8) + SHA256.digest(of: file.span)
        let salt = Array(input[payload..<payload + 32])
        let keys = try vault.vaultKey.withSpan { key in
            try HKDF.derive(from: key, salt: salt.span, info: info.span, count: 76)
        }
        return try keys.withSpan { keys in
            try file + salt + [UInt8](copying: keys.extracting(44..<76))
                + AESGCM.seal(plaintext.span, key: keys.extracting(0..<32), nonce: keys.extracting(32..<44))
        }
    }

    private static func code(_ hash: HMAC.Hash, _ key: Secret, _ message: [UInt8]) throws -> [UInt8] {
        try key.withSpan { key in
            try HMAC.code(hash, key: key, message: message.span).withSpan { [UInt8](copying: $0) }
        }
    }
}
