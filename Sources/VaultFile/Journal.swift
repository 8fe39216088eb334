import Host
import Sealing
import Tokens

/// What has been asked and answered since the vault's last commit (FORMAT §6): a header and sealed frames.
enum Journal {
    static let headerSize = 64
    static let largestFrame = 2 << 20
    private static let magic: [UInt8] = [0x89, 0x54, 0x4B, 0x4A, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A header for a journal that starts from this vault.
    static func header(for vault: VaultHeader, id: [UInt8]) -> [UInt8] {
        var bytes = magic
        bytes.append(bigEndian: UInt16(1))
        bytes.append(bigEndian: UInt16(0))
        bytes.append(bigEndian: vault.epoch)
        bytes += vault.vaultID
        bytes.append(bigEndian: vault.generation)
        return bytes + id + [UInt8](repeating: 0, count: 8)
    }

    /// Seals one frame.
    static func seal(
        _ frame: Secret, index: Int, header: [UInt8], vaultKey: Secret, randomness: Randomness
    ) throws(VaultError) -> [UInt8] {
        var bytes: [UInt8] = []
        let salt = randomness.bytes(32)
        bytes.append(bigEndian: UInt32(salt.count + frame.count + AESGCM.tagSize))
        let length = bytes
        bytes += salt
        let keys = try Derivation.journalFrame(vaultKey, salt: salt, header: header, index: UInt64(index))
        bytes += try sealing { () throws(SealingError) in
            try keys.withSpan { keys throws(SealingError) in
                try frame.withSpan { frame throws(SealingError) in
                    try AESGCM.seal(
                        frame, key: keys.extracting(0..<32), nonce: keys.extracting(32..<44),
                        authenticating: length.span)
                }
            }
        }
        return bytes
    }

    /// What a journal that was found has to do with the vault that was opened.
    enum Finding {
        /// It continues this vault: its frames, and whether a tail did not open.
        case continues([Secret], unreadTail: Bool)
        /// It was committed already; its removal is what a crash left undone.
        case committed
    }

    /// Reads a journal that was found beside a vault.
    static func read(_ file: [UInt8], beside vault: VaultHeader, vaultKey: Secret) throws(VaultError) -> Finding {
        // A crash between making the file and writing its header leaves nothing that could have been asked.
        guard file.contains(where: { $0 != 0 }) else { return .committed }
        guard file.count >= headerSize else { return .continues([], unreadTail: true) }
        guard file.starts(with: magic) else { throw .journalDamaged("it is not a journal") }
        let bytes = file.span
        guard bytes.integer(at: 8) == UInt16(1) else { throw .unsupported("the journal's version") }
        guard bytes.integer(at: 10) == UInt16(0), file[56..<64].allSatisfy({ $0 == 0 }) else {
            throw .journalDamaged("a reserved field is set")
        }
        guard file[16..<32] == vault.vaultID[...] else { throw .journalDamaged("it belongs to another vault") }
        let epoch: UInt32 = bytes.integer(at: 12)
        let base: UInt64 = bytes.integer(at: 32)
        if (epoch, base) < (vault.epoch, vault.generation) { return .committed }
        guard (epoch, base) == (vault.epoch, vault.generation) else {
            throw .olderThanJournal(vault: vault.generation, journal: base)
        }
        return try frames(file, vaultKey: vaultKey)
    }

    private static func frames(_ file: [UInt8], vaultKey: Secret) throws(VaultError) -> Finding {
        let header = Array(file[..<headerSize])
        var frames: [Secret] = []
        var position = headerSize
        var index = 0
        var isBroken = false
        while position < file.count {
            guard file.count - position >= 4 else {
                isBroken = isBroken || file[position...].contains { $0 != 0 }
                break
            }
            let length = Int(file.span.integer(at: position) as UInt32)
            let end = position + 4 + length
            guard length >= 48, length <= largestFrame, end <= file.count else {
                // Space that was reserved and not used is zeros to the end; anything else is a tail that was torn.
                isBroken = isBroken || file[position...].contains { $0 != 0 }
                break
            }
            if let frame = try open(file, position..<end, index: index, header: header, vaultKey: vaultKey) {
                guard !isBroken else { throw .journalDamaged("a frame does not open") }
                frames.append(frame)
            } else {
                isBroken = true
            }
            position = end
            index += 1
        }
        return .continues(frames, unreadTail: isBroken)
    }

    private static func open(
        _ file: [UInt8], _ range: Range<Int>, index: Int, header: [UInt8], vaultKey: Secret
    ) throws(VaultError) -> Secret? {
        let start = range.lowerBound
        let salt = Array(file[start + 4..<start + 36])
        let keys = try Derivation.journalFrame(vaultKey, salt: salt, header: header, index: UInt64(index))
        let bytes = file.span
        return try keys.withSpan { keys throws(VaultError) -> Secret? in
            do throws(SealingError) {
                return Secret(
                    try AESGCM.open(
                        bytes.extracting(start + 36..<range.upperBound), key: keys.extracting(0..<32),
                        nonce: keys.extracting(32..<44), authenticating: bytes.extracting(start..<start + 4)))
            } catch .notAuthentic { return nil } catch { throw VaultError.cryptography("\(error)") }
        }
    }
}
