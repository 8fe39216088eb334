import Sealing
import Testing
import Tokens

@testable import VaultFile

/// A new vault key, and a new way to it.
@Suite struct KeyRotationTests {
    private func rotate(_ session: VaultSession, _ secret: UnlockSecret) throws {
        try session.rekey(["main": .replaced(secret)], now: Place.now + 5) {}
    }

    @Test func theOldKeyFailsAndTheNewOneOpens() async throws {
        let place = try Place(["A": "kept"])
        let before = try place.file.read(unlocking: place.secret)
        let new = UnlockSecret.rawKey(Place.newKey)
        try await rotate(place.session(), new)
        #expect(refusal { try place.file.read(unlocking: place.secret) } == "wrongKey")
        let after = try place.file.read(unlocking: new)
        #expect(after.vaultKey != before.vaultKey)
        #expect(after.header.epoch == 2 && after.header.generation == 8)
        #expect(after.header.vaultID == before.header.vaultID)
        let slot = try #require(after.header.slots.first)
        #expect(after.header.slots.count == 1 && slot.label == "main" && slot.id == 2)
        #expect(slot.createdAt == Place.now + 5)
        #expect(try after.records.text("A") == "kept")
        #expect(try await place.names() == ["vault", "vault.lock"])
    }

    @Test func theSessionGoesOnUnderTheNewKey() async throws {
        let place = try Place()
        let new = UnlockSecret.rawKey(Place.newKey)
        do {
            let session = try await place.session()
            let before = try session.fingerprint(of: Secret("t"))
            try rotate(session, new)
            #expect(try session.fingerprint(of: Secret("t")) != before)
            try session.begin(place.asks(1))
            try session.keep(Place.got("answer"), forAsk: 0)
        }
        let next = try await place.file.session(unlocking: new, wait: .seconds(30))
        #expect(next.leftBehind.map(\.reply) == [Place.got("answer")])
    }

    @Test func aSlotsNumberIsNeverUsedAgain() async throws {
        let place = try Place()
        var secret = place.secret
        for id: UInt32 in 2...4 {
            let new = id == 3 ? place.secret : .rawKey(Place.newKey)
            let session = try await place.file.session(unlocking: secret, wait: .seconds(30))
            try rotate(session, new)
            #expect(session.vault.header.slots.map(\.id) == [id] && session.vault.header.epoch == id)
            secret = new
        }
        let session = try await place.file.session(unlocking: secret, wait: .seconds(30))
        let vaults = try #require(try session.records.object(.vault))
        #expect(try vaults.integer("next_slot_id") == 5)
        // Slots that are gone have used up numbers that no slot shows any more.
        var more = vaults
        more.set("next_slot_id", 70)
        more.set("later", "kept")
        session.records.set(.vault, more)
        try rotate(session, place.secret)
        #expect(session.vault.header.slots.map(\.id) == [70])
        #expect(try session.records.object(.vault)?.text("later") == "kept")
    }

    @Test(arguments: [Int64(UInt32.max) + 1, .max - 1, .max]) func numbersThatRanOutAreSaid(_ next: Int64) async throws
    {
        let place = try Place()
        let session = try await place.session()
        var object = JSONObject()
        object.set("kind", "vault")
        object.set("next_slot_id", next)
        session.records.set(.vault, object)
        #expect(refusal { try rotate(session, .newRawKey()) } == "usedUp")
    }

    @Test func theLastEpochAndTheLastSlotAreTheLast() async throws {
        let place = try Place()
        try place.write(try place.vault(epoch: .max))
        #expect(await refusal { try await rotate(place.session(), .newRawKey()) } == "usedUp")
        var vault = try place.vault()
        vault.header.slots = [
            try vault.header.newSlot(for: place.secret, label: "main", id: .max, vaultKey: vault.vaultKey, at: 1)
        ]
        try place.write(vault)
        #expect(await refusal { try await rotate(place.session(), .newRawKey()) } == "usedUp")
    }

    @Test func aKeyThatCannotBeHandedOutChangesNothing() async throws {
        struct BrokenPipe: Error {}
        let place = try Place(["A": "kept"])
        let before = try place.bytes("vault")
        let session = try await place.session()
        #expect(throws: BrokenPipe.self) {
            try session.rekey(["main": .replaced(.newRawKey())], now: 1) { throw BrokenPipe() }
        }
        #expect(try place.bytes("vault") == before)
        try session.commit()
        #expect(try place.file.read(unlocking: place.secret).header.epoch == 1)
    }

    @Test func aPassphraseTakesTheNewSlotAtTheCostOfThisVault() async throws {
        let place = try Place()
        let new = try UnlockSecret(newPassphrase: Secret(Place.passphrase))
        try await rotate(place.session(), new)
        let slot = try #require(try place.file.read(unlocking: new).header.slots.first)
        #expect(slot.kind == .passphrase && slot.cost == Place.cheap.new)
    }
}
