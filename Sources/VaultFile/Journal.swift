import Host
package import Sealing
package import Tokens

/// What has been asked and answered since the vault's last commit (FORMAT §6): a header and sealed frames.
package enum Journal {
    static let headerSize = 64
    /// The largest journal that is read: a batch is at most 191 answers of 1 MiB, in base64.
    static let largestFile = 320 << 20
    /// At how many places behind a frame that does not open another one is looked for: a torn write of an answer has some
    /// 1,500 whose bytes could be a length.
    static let mostPlaces = 4096
    /// The largest length of a frame.
    static let largestFrame = 2 << 20
    /// The smallest frame: length, salt, an empty text, tag.
    private static let smallestFrame = 4 + 32 + AESGCM.tagSize
    private static let magic: [UInt8] = [0x89, 0x54, 0x4B, 0x4A, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A header for a journal that starts from this vault.
    package static func header(for vault: VaultHeader, id: [UInt8]) -> [UInt8] {
        var bytes = magic
        bytes.append(bigEndian: UInt16(1))
        bytes.append(bigEndian: UInt16(0))
        bytes.append(bigEndian: vault.epoch)
        bytes += vault.vaultID
        bytes.append(bigEndian: vault.generation)
        return bytes + id + [UInt8](repeating: 0, count: 8)
    }

    /// Seals one frame.
    package static func seal(
        _ frame: Secret, index: Int, header: [UInt8], vaultKey: Secret, randomness: Randomness
    ) throws(VaultError) -> [UInt8] {
        var bytes: [UInt8] = []
        let salt = randomness.bytes(32)
        let size = salt.count + frame.count + AESGCM.tagSize
        guard size <= largestFrame else { throw .notKept("it is larger than a frame can be") }
        bytes.append(bigEndian: UInt32(size))
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

    /// What a journal that was found holds.
    package struct Finding {
        /// The frames that open, and their numbers.
        package var frames: [(index: Int, frame: Secret)] = []
        /// Whether anything does not open, but for space that was not used.
        package var isTorn = false
        /// Whether the vault has gone on since: its removal is what a crash left undone.
        var isCommitted = false
        /// The journal's id; nil where there is none.
        var id: [UInt8]?
    }

    /// Reads a journal that was found beside a vault.
    ///
    /// The intents were on the disk before the first request was sent, and each answer, in one write with the intent that took
    /// its place, before the next. So a power cut leaves one write torn, of which any sectors may be missing: behind what does
    /// not open there may be intents, never an answer. An answer there means damage; with `isRescued` what opens is taken all
    /// the same.
    package static func read(
        _ file: [UInt8], beside vault: VaultHeader, vaultKey: Secret, isRescued: Bool = false
    ) throws(VaultError) -> Finding {
        // A crash between making the file and writing its header leaves nothing that could have been asked.
        guard let last = file.lastIndex(where: { $0 != 0 }) else { return Finding() }
        guard file.count >= headerSize, file[..<headerSize].contains(where: { $0 != 0 }) else {
            return Finding(isTorn: true)
        }
        guard file.starts(with: magic) else { throw .journalDamaged("it is not a journal", rescue: nil) }
        let bytes = file.span
        guard bytes.integer(at: 8) == UInt16(1) else { throw .unsupported("the journal's version") }
        guard bytes.integer(at: 10) == UInt16(0), file[56..<64].allSatisfy({ $0 == 0 }) else {
            throw .journalDamaged("a reserved field is set", rescue: nil)
        }
        guard file[16..<32] == vault.vaultID[...] else {
            throw .journalDamaged("it belongs to another vault", rescue: nil)
        }
        let epoch: UInt32 = bytes.integer(at: 12)
        let base: UInt64 = bytes.integer(at: 32)
        guard (epoch, base) <= (vault.epoch, vault.generation) else {
            throw .olderThanJournal(vault: vault.generation, journal: base)
        }
        // One that was committed is read as well: where its header was altered, its frames do not open.
        var finding = Finding(
            isCommitted: (epoch, base) < (vault.epoch, vault.generation), id: Array(file[40..<56]))
        var position = headerSize
        while let end = end(ofFrameAt: position, in: file),
            let frame = try open(file, position..<end, index: finding.frames.count, vaultKey: vaultKey)
        {
            finding.frames.append((finding.frames.count, frame))
            position = end
        }
        finding.isTorn = last >= position
        guard finding.isTorn, isRescued || !finding.isCommitted else { return finding }
        let behind = try frames(in: file, from: position, to: last, behind: finding.frames.count, vaultKey: vaultKey)
        guard isRescued || !behind.contains(where: { !JournalFrame.isAsk($0.frame) }) else {
            throw .journalDamaged(
                "a frame does not open", rescue: VaultFile.rescueName(vault.vaultID, journalID: Array(file[40..<56])))
        }
        finding.frames += behind
        return finding
    }

    /// The frames that open behind one that does not. What was altered may be a length, which then tells nothing: every
    /// place is tried, for any of the next 64 frames, up to a number of places that only a crafted file has.
    private static func frames(
        in file: [UInt8], from start: Int, to last: Int, behind index: Int, vaultKey: Secret
    ) throws(VaultError) -> [(index: Int, frame: Secret)] {
        var (frames, position, next): ([(index: Int, frame: Secret)], Int, Int) = ([], start, index + 1)
        var left = mostPlaces
        places: while position <= last, left > 0 {
            if let end = end(ofFrameAt: position, in: file) {
                left -= 1
                for number in next..<next + 64 {
                    guard let frame = try open(file, position..<end, index: number, vaultKey: vaultKey, isGuess: true)
                    else {
                        continue
                    }
                    frames.append((number, frame))
                    (position, next) = (end, number + 1)
                    continue places
                }
            }
            position += 1
        }
        return frames
    }

    /// Where a frame ends; nil when there can be none.
    private static func end(ofFrameAt start: Int, in file: [UInt8]) -> Int? {
        guard file.count - start >= smallestFrame else { return nil }
        let length = Int(file.span.integer(at: start) as UInt32)
        return length >= smallestFrame - 4 && length <= min(largestFrame, file.count - start - 4)
            ? start + 4 + length : nil
    }

    /// Opens a frame; nil where it does not open. A guess is looked at by its first bytes before all of it is worked through.
    private static func open(
        _ file: [UInt8], _ range: Range<Int>, index: Int, vaultKey: Secret, isGuess: Bool = false
    ) throws(VaultError) -> Secret? {
        let start = range.lowerBound
        let salt = Array(file[start + 4..<start + 36])
        let header = Array(file[..<headerSize])
        let keys = try Derivation.journalFrame(vaultKey, salt: salt, header: header, index: UInt64(index))
        let bytes = file.span
        return try keys.withSpan { keys throws(VaultError) -> Secret? in
            do throws(SealingError) {
                if isGuess {
                    let begins = try AESGCM.decryption(
                        of: bytes.extracting(start + 36..<range.upperBound), beginsWith: Array("{\"".utf8).span,
                        key: keys.extracting(0..<32), nonce: keys.extracting(32..<44))
                    guard begins else { return nil }
                }
                return Secret(
                    try AESGCM.open(
                        bytes.extracting(start + 36..<range.upperBound), key: keys.extracting(0..<32),
                        nonce: keys.extracting(32..<44), authenticating: bytes.extracting(start..<start + 4)))
            } catch .notAuthentic { return nil } catch { throw VaultError.cryptography("\(error)") }
        }
    }
}
