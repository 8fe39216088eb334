import Sealing

/// Everything of a vault that stands before its payload, but for the authentication code (FORMAT §1).
package struct VaultHeader: Sendable, Equatable {
    /// The largest generation and time: what every JSON reader takes for a whole number.
    static let largest: UInt64 = 1 << 53 - 1
    /// The largest payload: 256 MiB and 8 KiB.
    static let largestPayload = 256 << 20 + 8 << 10
    /// The smallest payload: salt, commitment, one block, tag.
    static let smallestPayload = 32 + 32 + 4096 + 16
    static let macSize = 32
    private static let magic: [UInt8] = [0x89, 0x54, 0x4B, 0x56, 0x0D, 0x0A, 0x1A, 0x0A]

    /// 16 random bytes for the vault's life.
    package var vaultID: [UInt8]
    /// Counts the writes.
    package var generation: UInt64
    /// Counts the vault keys.
    package var epoch: UInt32
    /// When this generation was written, in Unix seconds.
    package var writtenAt: UInt64
    /// The ways to unlock, 1 to 8.
    package var slots: [KeySlot]

    /// The size in bytes, with the authentication code.
    var size: Int { 64 + KeySlot.size * slots.count + Self.macSize }

    /// The bytes that the authentication code covers.
    func encoded(payloadSize: Int) -> [UInt8] {
        var bytes = Self.magic
        bytes.append(bigEndian: UInt16(1))
        bytes += [1, UInt8(slots.count)]
        bytes.append(bigEndian: UInt32(0))
        bytes += vaultID
        bytes.append(bigEndian: generation)
        bytes.append(bigEndian: epoch)
        bytes.append(bigEndian: UInt32(0))
        bytes.append(bigEndian: writtenAt)
        bytes.append(bigEndian: UInt64(payloadSize))
        return slots.reduce(into: bytes) { $0 += $1.bytes }
    }

    /// A new header for a new vault or a new generation.
    init(vaultID: [UInt8], generation: UInt64, epoch: UInt32, writtenAt: UInt64, slots: [KeySlot]) {
        self.vaultID = vaultID
        self.generation = generation
        self.epoch = epoch
        self.writtenAt = writtenAt
        self.slots = slots
    }

    /// Reads a header, and with it checks every size and fixed field of the file; no key is needed for that.
    init(parsing file: [UInt8], allowing costs: Set<ScryptCost>) throws(VaultError) {
        guard file.starts(with: Self.magic) else { throw .notAVault }
        let bytes = file.span
        guard file.count >= 12 else { throw .malformed("the file is cut short") }
        let version: UInt16 = bytes.integer(at: 8)
        guard version == 1 else { throw .unsupported("format version \(version)") }
        guard file[10] == 1 else { throw .unsupported("cipher suite \(file[10])") }
        let count = Int(file[11])
        guard (1...8).contains(count) else { throw .malformed("\(count) key slots") }
        let headerSize = 96 + KeySlot.size * count
        guard file.count >= headerSize else { throw .malformed("the file is cut short") }
        guard bytes.integer(at: 12) == UInt32(0) else { throw .malformed("a flag is set") }
        guard bytes.integer(at: 44) == UInt32(0) else { throw .malformed("a reserved field is set") }
        vaultID = Array(file[16..<32])
        generation = bytes.integer(at: 32)
        epoch = bytes.integer(at: 40)
        writtenAt = bytes.integer(at: 48)
        guard (1...Self.largest).contains(generation) else { throw .malformed("the generation") }
        guard epoch >= 1 else { throw .malformed("the key epoch") }
        guard writtenAt <= Self.largest else { throw .malformed("the time of writing") }
        let payload: UInt64 = bytes.integer(at: 56)
        guard payload == UInt64(file.count - headerSize) else {
            throw .malformed(
                payload > UInt64(file.count - headerSize) ? "the file is cut short" : "the file is too long")
        }
        guard payload >= Self.smallestPayload, payload <= Self.largestPayload, (payload - 80) % 4096 == 0 else {
            throw .malformed("the payload's length")
        }
        slots = []
        for index in 0..<count {
            let start = 64 + KeySlot.size * index
            slots.append(try KeySlot(Array(file[start..<start + KeySlot.size]), allowing: costs))
        }
        guard Set(slots.map(\.id)).count == count else { throw .malformed("two key slots of one number") }
        guard Set(slots.map(\.label)).count == count else { throw .malformed("two key slots of one label") }
        guard slots.count(where: { $0.kind == .passphrase }) <= 3 else { throw .malformed("too many passphrase slots") }
    }
}
