package import Sealing

/// One way to unlock the vault: 176 bytes of the header (FORMAT §1), kept as they are and looked into by field.
package struct KeySlot: Sendable, Equatable {
    /// The size of a slot in bytes.
    static let size = 176

    /// What opens a slot.
    package enum Kind: Sendable, Equatable {
        /// A raw key of 32 bytes.
        case rawKey
        /// A passphrase, by way of scrypt.
        case passphrase
        /// A kind of a later version: kept byte for byte, never used.
        case reserved(UInt8)
    }

    /// The slot as it stands in the file.
    let bytes: [UInt8]

    /// What opens it.
    package var kind: Kind {
        switch bytes[0] {
        case 1: .rawKey
        case 2: .passphrase
        default: .reserved(bytes[0])
        }
    }
    /// Its number, unique for the vault's life.
    package var id: UInt32 { bytes.span.integer(at: 4) }
    /// When it was made, in Unix seconds; the format sets no limit, and what is later than all is taken for the latest.
    package var createdAt: Int64 { Int64(clamping: bytes.span.integer(at: 8) as UInt64) }
    /// What its scrypt costs; a passphrase slot's only.
    package var cost: ScryptCost {
        ScryptCost(log2N: bytes.span.integer(at: 16), r: bytes.span.integer(at: 20), p: bytes.span.integer(at: 24))
    }
    /// The name a person gave it.
    package var label: String { String(decoding: bytes[72..<96].prefix { $0 != 0 }, as: UTF8.self) }

    var salt: ArraySlice<UInt8> { bytes[32..<64] }
    var keyID: ArraySlice<UInt8> { bytes[64..<72] }
    /// The fields before the commitment, which authenticate it.
    var fields: ArraySlice<UInt8> { bytes[0..<96] }
    var commitment: ArraySlice<UInt8> { bytes[96..<128] }
    var sealedKey: ArraySlice<UInt8> { bytes[128..<176] }

    /// Reads a slot and refuses whatever the format does not allow.
    init(_ bytes: [UInt8], allowing costs: Set<ScryptCost>) throws(VaultError) {
        self.bytes = bytes
        guard bytes[72..<96].drop(while: Self.isLabelByte).allSatisfy({ $0 == 0 }), bytes[72] != 0 else {
            throw .malformed("a key slot's label")
        }
        func zeros(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy { $0 == 0 } }
        switch kind {
        case .reserved: return
        case .rawKey:
            guard zeros(16..<28) else { throw .malformed("a key slot's unused fields") }
        case .passphrase:
            guard costs.contains(cost) else { throw .malformed("a key slot asks for a cost that is not allowed") }
            guard zeros(64..<72) else { throw .malformed("a key slot's unused fields") }
        }
        guard zeros(1..<4), zeros(28..<32) else { throw .malformed("a key slot's reserved fields") }
    }

    /// Puts a slot together from its parts; the label is one that `isLabel` takes, or a staged key's.
    init(
        kind: UInt8, id: UInt32, createdAt: UInt64, cost: ScryptCost?, salt: [UInt8], keyID: [UInt8], label: String,
        sealing: (_ fields: [UInt8]) throws(VaultError) -> [UInt8]
    ) throws(VaultError) {
        var fields: [UInt8] = [kind, 0, 0, 0]
        fields.append(bigEndian: id)
        fields.append(bigEndian: createdAt)
        fields.append(bigEndian: cost?.log2N ?? 0)
        fields.append(bigEndian: cost?.r ?? 0)
        fields.append(bigEndian: cost?.p ?? 0)
        fields.append(bigEndian: UInt32(0))
        fields += salt + keyID + Array(label.utf8)
        fields += [UInt8](repeating: 0, count: 96 - fields.count)
        bytes = try fields + sealing(fields)
    }

    /// Whether a person may give a slot this name; `.next` at the end is kept for staged keys.
    package static func isLabel(_ text: String) -> Bool {
        (1...24).contains(text.utf8.count) && text.utf8.allSatisfy(isLabelByte) && !text.hasSuffix(".next")
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension Span<UInt8> {
    /// The unsigned big-endian integer at an offset.
    func integer<T: FixedWidthInteger & UnsignedInteger>(at offset: Int) -> T {
        (0..<T.bitWidth / 8).reduce(0) { $0 << 8 | T(self[offset + $1]) }
    }
}

extension [UInt8] {
    /// Appends an integer's bytes, the highest first.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}
