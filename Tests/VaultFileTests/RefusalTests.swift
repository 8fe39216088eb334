import Sealing
import Testing
import Tokens

@testable import VaultFile

/// What a reader refuses, and that it tells the classes of FORMAT §4 apart.
@Suite struct RefusalTests {
    /// One way to spoil the known answer, and the class of the refusal.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: String
        let spoil: @Sendable (inout [UInt8]) -> Void

        init(_ what: String, _ expected: String, _ spoil: @escaping @Sendable (inout [UInt8]) -> Void) {
            (testDescription, self.expected, self.spoil) = (what, expected, spoil)
        }

        /// Puts bytes at an offset.
        static func put(_ what: String, at offset: Int, _ bytes: [UInt8], _ expected: String = "malformed") -> Fault {
            Fault(what, expected) { $0.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
        }
    }

    private static let first = 64
    private static let second = 64 + 176

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: value)
        return bytes
    }

    static let fields: [Fault] =
        (0..<8).map { .put("magic \($0)", at: $0, [0], "notAVault") }
        + [
            Fault("a text-mode copy", "notAVault") { $0.remove(at: 4) },
            Fault("nothing at all", "notAVault") { $0 = [] },
            .put("version 0", at: 8, [0, 0], "unsupported"), .put("version 2", at: 8, [0, 2], "unsupported"),
            .put("version 257", at: 8, [1, 1], "unsupported"), .put("suite 0", at: 10, [0], "unsupported"),
            .put("suite 2", at: 10, [2], "unsupported"), .put("no slot", at: 11, [0]), .put("one slot", at: 11, [1]),
            .put("three slots", at: 11, [3]), .put("nine slots", at: 11, [9]), .put("255 slots", at: 11, [255]),
            .put("generation 0", at: 32, bigEndian(0)), .put("generation 2^53", at: 32, bigEndian(1 << 53)),
            .put("generation 2^64 - 1", at: 32, bigEndian(.max)), .put("epoch 0", at: 40, [0, 0, 0, 0]),
            .put("written at 2^53", at: 48, bigEndian(1 << 53)), .put("length 0", at: 56, bigEndian(0)),
            .put("length - 1", at: 56, bigEndian(4175)), .put("length + 1", at: 56, bigEndian(4177)),
            .put("length 2^63", at: 56, bigEndian(1 << 63)), .put("length 2^64 - 1", at: 56, bigEndian(.max)),
            .put("length as if it overflowed", at: 56, bigEndian(.max - 447)),
            Fault("no whole block") { bytes in
                bytes.removeLast()
                bytes.replaceSubrange(56..<64, with: bigEndian(4175))
            },
            Fault("a byte behind the blocks") { bytes in
                bytes.append(0)
                bytes.replaceSubrange(56..<64, with: bigEndian(4177))
            },
            Fault("no block") { bytes in
                bytes.removeLast(4096)
                bytes.replaceSubrange(56..<64, with: bigEndian(80))
            },
        ]
        + (0..<32).map { bit in Fault("flag \(bit)") { $0[12 + bit / 8] = 1 << UInt8(bit % 8) } }
        + (44..<48).map { .put("reserved at \($0)", at: $0, [128]) }

    static let slots: [Fault] =
        [1, 2, 3, 28, 29, 30, 31].flatMap { offset in
            [first, second].map { .put("slot's reserved at \(offset)", at: $0 + offset, [1]) }
        }
        + (16..<28).map { .put("a raw key's cost at \($0)", at: first + $0, [1]) }
        + (64..<72).map { .put("a passphrase's key id at \($0)", at: second + $0, [1]) }
        + [
            (0, 8, 1), (16, 8, 1), (17, 8, 2), (17, 9, 1), (18, 8, 2), (15, 8, 1), (16, 8, 3), (63, 8, 1),
            (255, 255, 255),
        ]
        .map { log2N, r, p in
            .put("cost \(log2N), \(r), \(p)", at: second + 16, [0, 0, 0, log2N, 0, 0, 0, r, 0, 0, 0, p])
        }
        + [
            .put("a cost of 2^32 - 1", at: second + 16, [255, 255, 255, 255]),
            .put("equal ids", at: second + 4, [0, 0, 0, 1]),
            Fault("equal labels") { $0.replaceSubrange(second + 72..<second + 96, with: $0[first + 72..<first + 96]) },
            .put("no label", at: first + 72, [0, 0, 0, 0]), .put("a label that begins later", at: first + 72, [0]),
            .put("a blank in a label", at: first + 73, [0x20]), .put("a slash in a label", at: first + 73, [0x2F]),
            .put("é in a label", at: first + 73, [0xC3, 0xA9]), .put("a tab in a label", at: first + 73, [9]),
            .put("a letter behind a label's end", at: first + 95, [0x61]),
            .put("a byte behind a label's end", at: first + 80, [1]),
        ]

    @Test(arguments: fields + slots)
    func whatTheFormatDoesNotAllowIsRefusedBeforeAnyKeyIsTried(_ fault: Fault) throws {
        var bytes = try KnownAnswer.bytes()
        fault.spoil(&bytes)
        #expect(refusal { try OpenVault(bytes, with: try KnownAnswer.key()) } == fault.expected)
        #expect(refusal { try OpenVault(bytes, with: .newRawKey()) } == fault.expected, "with any key")
        #expect(refusal { try VaultHeader(parsing: bytes, allowing: ScryptProfile.standard.allowed) } == fault.expected)
    }

    static let alterations: [Fault] = [
        .put("vault id", at: 16, [0], "wrongKey"), .put("key id", at: first + 64, [0], "wrongKey"),
        .put("slot's time", at: first + 8, [1], "slotDamaged"), .put("slot's id", at: first + 4, [1], "slotDamaged"),
        .put("slot's salt", at: first + 32, [0], "slotDamaged"), .put("label", at: first + 72, [0x43], "slotDamaged"),
        .put("epoch", at: 40, [0, 0, 0, 2], "slotDamaged"),
        Fault("slot's commitment", "slotDamaged") { $0[first + 96] ^= 1 },
        Fault("slot's seal", "slotDamaged") { $0[first + 128] ^= 1 },
        Fault("slot's tag", "slotDamaged") { $0[first + 175] ^= 1 },
        Fault("the other slot's commitment", "headerAltered") { $0[second + 96] ^= 1 },
        .put("generation", at: 32, bigEndian(8), "headerAltered"), .put("time", at: 48, bigEndian(1), "headerAltered"),
        Fault("authentication code", "headerAltered") { $0[second + 176] ^= 1 },
        Fault("payload's salt", "payloadAltered") { $0[second + 208] ^= 1 },
        Fault("payload's commitment", "payloadAltered") { $0[second + 240] ^= 1 },
        Fault("ciphertext", "payloadAltered") { $0[second + 272] ^= 1 },
        Fault("tag", "payloadAltered") { $0[$0.count - 1] ^= 1 },
    ]

    @Test(arguments: alterations) func whatWasAlteredIsNamed(_ fault: Fault) throws {
        var bytes = try KnownAnswer.bytes()
        fault.spoil(&bytes)
        #expect(refusal { try OpenVault(bytes, with: try KnownAnswer.key()) } == fault.expected)
    }

    @Test func aWrongKeyAndAWrongPassphraseAreNotDamage() throws {
        #expect(refusal { try OpenVault(try KnownAnswer.bytes(), with: .newRawKey()) } == "wrongKey")
        let place = try Place()
        var vault = try place.vault()
        let right = try UnlockSecret(newPassphrase: Secret("correct horse battery"))
        vault.header.slots.append(
            try vault.header.newSlot(
                for: right, label: "p", id: 2, vaultKey: vault.vaultKey, at: 1, profile: Place.cheap))
        let bytes = try vault.sealed()
        #expect(try OpenVault(bytes, with: right, profile: Place.cheap).openedBy == "p")
        let wrong = try UnlockSecret(passphrase: Secret("correct horse batterz"))
        #expect(refusal { try OpenVault(bytes, with: wrong, profile: Place.cheap) } == "wrongPassphrase")
        #expect(refusal { try OpenVault(try place.vault().sealed(), with: wrong) } == "wrongPassphrase")
    }

    @Test func threePassphrasesAreTriedInTurnAndAFourthIsRefused() throws {
        var vault = try Place().vault()
        for number in 1...4 {
            vault.header.slots.append(
                try vault.header.newSlot(
                    for: try UnlockSecret(newPassphrase: Secret("passphrase number \(number)")), label: "p\(number)",
                    id: UInt32(10 + number), vaultKey: vault.vaultKey, at: 1, profile: Place.cheap))
            let secret = try UnlockSecret(passphrase: Secret("passphrase number \(number)"))
            let bytes = try vault.sealed()
            if number < 4 {
                #expect(try OpenVault(bytes, with: secret, profile: Place.cheap).openedBy == "p\(number)")
            } else {
                #expect(refusal { try OpenVault(bytes, with: secret, profile: Place.cheap) } == "malformed")
            }
        }
    }

    @Test func eightSlotsAreTheMost() throws {
        var vault = try Place().vault()
        for number: UInt32 in 2...9 {
            let secret = UnlockSecret.newRawKey()
            vault.header.slots.append(
                try vault.header.newSlot(
                    for: secret, label: "slot-\(number)", id: number, vaultKey: vault.vaultKey, at: 1))
            let bytes = try vault.sealed()
            #expect(refusal { try OpenVault(bytes, with: secret) } == (number < 9 ? "nothing" : "malformed"))
        }
    }

    @Test func aSlotOfALaterKindIsKeptByteForByteAndNeverUsed() async throws {
        let place = try Place()
        let mine = try place.vault().header.slots[0]
        // It says of everything but kind, id and label what no slot of this version may.
        var later = [UInt8](repeating: 0xEE, count: KeySlot.size)
        later.replaceSubrange(0..<8, with: [3, 7, 7, 7, 0, 0, 0, 9])
        later.replaceSubrange(72..<96, with: Array("later".utf8) + [UInt8](repeating: 0, count: 19))
        // And one looks like a slot of this place's key, but for its kind.
        var alike = mine.bytes
        alike.replaceSubrange(0..<8, with: [4, 0, 0, 0, 0, 0, 0, 10])
        alike.replaceSubrange(72..<76, with: Array("lost".utf8))
        let slots = try [later, alike].map { try KeySlot($0, allowing: []) }
        try place.write(try place.vault(more: slots))
        let session = try await place.session()
        #expect(session.vault.openedBy == "main")
        try session.records.set("A".name, secret: Secret("x"), at: 1)
        try session.commit()
        let after = try place.file.read(unlocking: place.secret)
        #expect(after.header.slots.map(\.bytes).dropFirst() == [later, alike])
        #expect(after.header.slots[1].kind == .reserved(3) && after.header.slots[1].label == "later")
        var alone = try place.vault()
        alone.header.slots = slots
        #expect(refusal { try OpenVault(try alone.sealed(), with: place.secret) } == "wrongKey")
    }
}

extension RefusalTests.Fault {
    init(_ what: String, _ spoil: @escaping @Sendable (inout [UInt8]) -> Void) { self.init(what, "malformed", spoil) }
}
