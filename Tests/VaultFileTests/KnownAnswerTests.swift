import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// The vault of FORMAT §7 and the values that it is made of.
enum KnownAnswer {
    static let keyText = "tkk1_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8_42741b7a"
    static let passphrase = "correct horse battery staple"

    /// The file.
    static func bytes() throws -> [UInt8] {
        let path = FileSystem.folder(of: #filePath) + "/Vectors/known-answer.vault"
        return try #require(try FileSystem.contents(of: path, limit: 1 << 20))
    }

    /// What opens slot 1.
    static func key() throws -> UnlockSecret { .rawKey(try KeyText.decode(Secret(keyText))) }

    /// That many bytes that count up.
    static func counting(from first: UInt8) -> Randomness {
        Randomness { count in (0..<count).map { first + UInt8($0) } }
    }
}

@Suite struct KnownAnswerTests {
    private func check(_ vault: OpenVault) throws {
        #expect(vault.header.generation == 7 && vault.header.epoch == 1 && vault.header.writtenAt == 1_767_225_600)
        #expect(vault.header.vaultID == Array(0x10...0x1F) && vault.vaultKey == Secret(Array(0x20...0x3F)))
        #expect(vault.header.slots.map(\.label) == ["cron", "human"] && vault.header.slots.map(\.id) == [1, 2])
        #expect(vault.records.names.map(\.text) == ["GREETING"])
        #expect(try vault.records.text("GREETING") == "hello")
    }

    @Test func itIsTheFileThatTheFormatNames() throws {
        let bytes = try KnownAnswer.bytes()
        #expect(bytes.count == 4624)
        let digest = try SHA256.digest(of: bytes.span)
        #expect(hexadecimal(digest.span) == "3a3e4e461c05e072e81e0e35146e096338a9dd45fe3389500dbb5862b35f2c27")
    }

    @Test func itOpensWithItsRawKey() throws {
        let vault = try OpenVault(try KnownAnswer.bytes(), with: try KnownAnswer.key())
        try check(vault)
        #expect(vault.openedBy == "cron")
    }

    @Test func itOpensWithItsPassphrase() throws {
        let secret = try UnlockSecret(passphrase: Secret(KnownAnswer.passphrase + "\n"))
        let vault = try OpenVault(try KnownAnswer.bytes(), with: secret)
        try check(vault)
        #expect(vault.openedBy == "human")
    }

    @Test func theWriterMakesItByteForByte() throws {
        let time: UInt64 = 1_767_225_600
        let key = Secret(Array(0x20...0x3F))
        var header = VaultHeader(vaultID: Array(0x10...0x1F), generation: 7, epoch: 1, writtenAt: time, slots: [])
        header.slots = [
            try header.newSlot(
                for: .rawKey(Secret(Array(0x40...0x5F))), label: "cron", id: 1, vaultKey: key, at: time,
                randomness: KnownAnswer.counting(from: 0x60)),
            try header.newSlot(
                for: try UnlockSecret(newPassphrase: Secret(KnownAnswer.passphrase)), label: "human", id: 2,
                vaultKey: key, at: time, randomness: KnownAnswer.counting(from: 0x80)),
        ]
        var greeting = JSONObject()
        greeting.set("kind", "secret")
        greeting.set("value", "hello")
        var records = Records()
        records.set("GREETING".name, greeting)
        let vault = OpenVault(header: header, vaultKey: key, records: records, openedBy: "cron")
        #expect(try vault.sealed(randomness: KnownAnswer.counting(from: 0xA0)) == (try KnownAnswer.bytes()))
    }

    @Test func aFlippedBitAnywhereIsRefused() throws {
        let (bytes, key) = (try KnownAnswer.bytes(), try KnownAnswer.key())
        var kinds: [String: Int] = [:]
        for index in bytes.indices {
            var altered = bytes
            altered[index] ^= 1
            let kind = refusal { try OpenVault(altered, with: key) }
            kinds[kind, default: 0] += 1
            #expect(kind != "nothing", "byte \(index)")
        }
        // The classes, so that no field drifts from one to another unseen. Of the header's 64 bytes: magic 8; version,
        // suite 3; vault id 16, which the raw key's id depends on; the rest is malformed or altered.
        #expect(kinds["notAVault"] == 8 && kinds["unsupported"] == 3 && kinds["payloadAltered"] == 4176)
        #expect(kinds.values.reduce(0, +) == 4624)
    }

    @Test func everyPrefixAndWhatHasMoreBehindItAreRefused() throws {
        let (bytes, key) = (try KnownAnswer.bytes(), try KnownAnswer.key())
        for count in bytes.indices {
            let expected = count < 8 ? "notAVault" : "malformed"
            #expect(refusal { try OpenVault(Array(bytes[..<count]), with: key) } == expected, "\(count) bytes")
        }
        #expect(refusal { try OpenVault(bytes + [0], with: key) } == "malformed")
        #expect(refusal { try OpenVault(bytes + bytes, with: key) } == "malformed")
    }
}
