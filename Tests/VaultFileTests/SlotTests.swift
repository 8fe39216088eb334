import Sealing
import Testing
import Tokens

@testable import VaultFile

/// Ways to unlock a vault that come and go.
@Suite struct SlotTests {
    private let place: Place
    private let person: UnlockSecret
    private let deploy = UnlockSecret.newRawKey()

    init() throws {
        place = try Place(["A": "kept"])
        person = try UnlockSecret(newPassphrase: Secret("correct horse battery"))
    }

    private func session(_ secret: UnlockSecret? = nil) async throws -> VaultSession {
        try await place.file.session(unlocking: secret ?? place.secret, wait: .seconds(30))
    }

    /// The vault with a slot for a person and one for a deploy beside `main`.
    private func three() async throws {
        let session = try await session()
        try session.addSlot("human", for: person) {}
        try session.addSlot("deploy", for: deploy) {}
    }

    private func read(_ secret: UnlockSecret) throws -> OpenVault { try place.file.read(unlocking: secret) }

    @Test func eachSlotOpensTheVaultAndIsNumbered() async throws {
        try await three()
        for (secret, label) in [(place.secret, "main"), (person, "human"), (deploy, "deploy")] {
            let vault = try read(secret)
            #expect(vault.openedBy == label)
            #expect(try vault.records.text("A") == "kept")
            #expect(vault.header.slots.map(\.id) == [1, 2, 3] && vault.header.epoch == 1)
        }
    }

    @Test func aJobThatHoldsOneKeyLeavesTheOtherSlotsAsTheyAre() async throws {
        try await three()
        let before = try read(person).header.slots
        for value in ["1", "2"] {
            let session = try await session(deploy)
            try session.records.set("B".name, secret: Secret(value), at: Place.now)
            try session.commit()
        }
        let after = try read(person)
        #expect(after.header.slots == before && after.header.generation == 11)
        #expect(try after.records.text("B") == "2")
    }

    @Test func whatIsAddedIsHandedOutFirst() async throws {
        struct BrokenPipe: Error {}
        let before = try place.bytes("vault")
        let session = try await session()
        #expect(throws: BrokenPipe.self) { try session.addSlot("x", for: deploy) { throw BrokenPipe() } }
        #expect(try place.bytes("vault") == before)
        #expect(try await place.names() == ["vault", "vault.lock"])
        // What was to be handed out is on the disk, and no vault's name.
        var seen: [[UInt8]?] = []
        try session.addSlot("x", for: deploy) { seen = [try place.bytes("vault"), try place.bytes("vault.next")] }
        #expect(seen[0] == before && seen[1] != nil)
        #expect(try read(deploy).header.slots.map(\.id) == [1, 2])
    }

    @Test func slotsAreAddedWithinTheFormatsLimits() async throws {
        let session = try await session()
        for label in ["", "a b", String(repeating: "l", count: 25), "cron.next"] {
            #expect(refusal { try session.addSlot(label, for: deploy) {} } == "badLabel")
        }
        #expect(refusal { try session.addSlot("main", for: deploy) {} } == "taken")
        for number in 1...3 {
            try session.addSlot("p\(number)", for: try UnlockSecret(newPassphrase: Secret("passphrase \(number)"))) {}
        }
        #expect(refusal { try session.addSlot("p4", for: person) {} } == "tooManyPassphrases")
        for number in 1...4 { try session.addSlot("k\(number)", for: .newRawKey()) {} }
        #expect(refusal { try session.addSlot("k5", for: .newRawKey()) {} } == "full")
        #expect(try read(place.secret).header.slots.count == 8)
    }

    @Test func aPassphraseIsChangedUnderTheSameVaultKey() async throws {
        try await three()
        let other = try UnlockSecret(newPassphrase: Secret("another passphrase"))
        let session = try await session()
        let before = session.vault
        #expect(refusal { try session.changePassphrase(of: "human", to: person) } == "alreadyOpens")
        #expect(refusal { try session.changePassphrase(of: "deploy", to: other) } == "noPassphrase")
        #expect(refusal { try session.changePassphrase(of: "nobody", to: other) } == "notThere")
        try session.changePassphrase(of: "human", to: other)
        #expect(refusal { try read(person) } == "wrongPassphrase")
        let after = try read(other)
        #expect(after.vaultKey == before.vaultKey && after.header.epoch == 1)
        #expect(after.header.slots.map(\.label) == ["main", "human", "deploy"])
        #expect(after.header.slots.map(\.id) == [1, 4, 3])
        #expect(after.header.slots[0] == before.header.slots[0] && after.header.slots[2] == before.header.slots[2])
    }

    @Test func aNewVaultKeyNeedsTheSecretOfEverySlotThatStays() async throws {
        try await three()
        let session = try await session()
        let before = try place.bytes("vault")
        func rekey(_ fates: [String: SlotFate]) -> String {
            refusal { try session.rekey(fates, now: Place.now) { Issue.record("nothing is handed out") } }
        }
        #expect(rekey(["deploy": .dropped]) == "secretNeeded")
        let main = SlotFate.stays(place.secret, label: "main")
        #expect(rekey(["deploy": .dropped, "main": main]) == "secretNeeded")
        #expect(rekey(["deploy": .dropped, "main": main, "human": .stays(deploy, label: "human")]) == "wrongSecret")
        let wrong = try UnlockSecret(newPassphrase: Secret("not the passphrase"))
        #expect(rekey(["deploy": .dropped, "main": main, "human": .stays(wrong, label: "human")]) == "wrongSecret")
        #expect(rekey(["deploy": .dropped, "main": .dropped, "human": .dropped]) == "last")
        #expect(rekey(["deploy": .dropped, "main": .dropped, "human": .dropped, "x": .dropped]) == "notThere")
        #expect(try place.bytes("vault") == before)
    }

    @Test func whoseSlotIsRemovedOpensTheVaultNoMore() async throws {
        try await three()
        let before = try read(deploy)
        let session = try await session()
        try session.rekey(
            [
                "deploy": .dropped, "main": .stays(place.secret, label: "main"),
                "human": .stays(person, label: "human"),
            ], closedTo: [deploy], now: Place.now + 9
        ) {}
        #expect(refusal { try read(deploy) } == "wrongKey")
        for secret in [place.secret, person] {
            let vault = try read(secret)
            #expect(vault.vaultKey != before.vaultKey)
            #expect(vault.header.epoch == 2 && vault.header.generation == before.header.generation + 1)
            #expect(vault.header.slots.map(\.label) == ["main", "human"])
            #expect(vault.header.slots.map(\.id) == [1, 2], "a secret that stays keeps its number")
            #expect(vault.header.slots.map(\.createdAt) == before.header.slots.prefix(2).map(\.createdAt))
            #expect(vault.header.slots.allSatisfy { !before.header.slots.contains($0) }, "each is wrapped anew")
        }
        try session.addSlot("later", for: .newRawKey()) {}
        #expect(session.vault.header.slots.map(\.id) == [1, 2, 4], "no number is used again")
    }

    @Test func whatADeadRunLeftUnderTheOldKeyGoesWithIt() async throws {
        let session = try await session()
        let copy = try #require(try place.bytes("vault"))
        for name in [".vault.tokenkeep.a1.tmp", "vault.next"] { try place.write(name, copy) }
        try place.write("vault.journal.1.unread", [1])
        try session.rekey(["main": .stays(place.secret, label: "main")], now: 1) {}
        #expect(try await place.names() == ["vault", "vault.journal.1.unread", "vault.lock"])
        // What may hold the only copy of an answer stays, and is named.
        #expect(session.filesPutAside == [place.folder + "/vault.journal.1.unread"])
    }

    @Test func aSecretThatWouldStillOpenItIsNoNewOne() async throws {
        try await three()
        let session = try await session()
        let before = try place.bytes("vault")
        let others: [String: SlotFate] = [
            "main": .stays(place.secret, label: "main"), "deploy": .stays(deploy, label: "deploy"),
        ]
        let same = others.merging(["human": .replaced(person)]) { $1 }
        #expect(refusal { try session.rekey(same, now: 1) {} } == "alreadyOpens")
        #expect(refusal { try session.addSlot("twin", for: person) {} } == "alreadyOpens")
        #expect(refusal { try session.addSlot("twin", for: deploy) {} } == "alreadyOpens")
        // What is known to go is tried on the file that is about to take the vault's place.
        let kept = others.merging(["human": .stays(person, label: "human")]) { $1 }
        #expect(refusal { try session.rekey(kept, closedTo: [deploy], now: 1) {} } == "stillOpens")
        #expect(try place.bytes("vault") == before)
        #expect(try await place.names() == ["vault", "vault.lock"])
    }

    @Test func whoHasTheSecretOfASlotThatGoesKeepsNoOtherOfTheSame() async throws {
        var vault = try read(place.secret)
        for (id, label) in [(UInt32(2), "alice"), (3, "bob")] {
            vault.header.slots.append(try vault.newSlot(label, for: person, id: id, at: nil, place.file))
        }
        try place.write(vault)
        let session = try await session()
        let fates: [String: SlotFate] = [
            "main": .stays(place.secret, label: "main"), "alice": .dropped, "bob": .stays(person, label: "bob"),
        ]
        #expect(refusal { try session.rekey(fates, now: 1) {} } == "opensGone")
        let other = try UnlockSecret(newPassphrase: Secret("bob has one of his own"))
        try session.changePassphrase(of: "bob", to: other)
        try session.rekey(fates.merging(["bob": .stays(other, label: "bob")]) { $1 }, closedTo: [person], now: 1) {}
        #expect(refusal { try read(person) } == "wrongPassphrase")
    }

    @Test func aPassphraseThatWasChangedMeanwhileIsNotBroughtBack() async throws {
        try await three()
        let vault = try read(place.secret)
        let slot = try #require(vault.header.slots.first { $0.label == "human" })
        let known = try #require(try vault.known(person, toOpen: slot))
        let session = try await session()
        try session.changePassphrase(of: "human", to: try UnlockSecret(newPassphrase: Secret("another passphrase"))) {}
        let fates: [String: SlotFate] = [
            "main": .stays(place.secret, label: "main"), "deploy": .dropped, "human": .stays(known, label: "human"),
        ]
        #expect(refusal { try session.rekey(fates, now: 1) {} } == "wrongSecret")
    }

    @Test func aFourthPassphraseIsRefusedHoweverItComes() async throws {
        let session = try await session()
        var fates: [String: SlotFate] = ["main": .replaced(person)]
        for label in ["a", "b", "c"] {
            let secret = try UnlockSecret(newPassphrase: Secret("the passphrase of \(label)"))
            try session.addSlot(label, for: secret) {}
            fates[label] = .stays(secret, label: label)
        }
        #expect(refusal { try session.rekey(fates, now: 1) {} } == "tooManyPassphrases")
    }

    @Test func aSlotOfALaterVersionGoesOnlyWhenItIsNamed() async throws {
        var vault = try read(place.secret)
        var bytes = vault.header.slots[0].bytes
        (bytes[0], bytes[7], bytes[72]) = (9, 77, UInt8(ascii: "l"))
        vault.header.slots.append(try KeySlot(bytes, allowing: []))
        try place.write(vault)
        let session = try await session()
        let main = ["main": SlotFate.stays(place.secret, label: "main")]
        #expect(refusal { try session.rekey(main, now: 1) {} } == "unknownKind")
        try session.commit()
        #expect(try read(place.secret).header.slots[1].bytes == bytes, "a writer keeps it byte for byte")
        try session.rekey(main.merging(["lain": .dropped]) { $1 }, now: 1) {}
        #expect(try read(place.secret).header.slots.map(\.label) == ["main"])
    }

    @Test func aStagedKeyTakesItsPlaceWhenItHasOpenedTheVault() async throws {
        try await three()
        let new = UnlockSecret.newRawKey()
        do {
            let session = try await session()
            #expect(refusal { try session.stageSlot("human", for: new) {} } == "noRawKey")
            #expect(refusal { try session.stageSlot("nobody", for: new) {} } == "notThere")
            try session.stageSlot("deploy", for: new) {}
            #expect(refusal { try session.stageSlot("deploy", for: .newRawKey()) {} } == "taken")
            try session.noteStagedOpening(at: Place.now)
            #expect(try !session.vault.hasOpened("deploy.next"), "another key's opening is not its own")
        }
        // Both open it, for as long as it takes to deploy.
        #expect(try read(deploy).openedBy == "deploy")
        #expect(try read(new).openedBy == "deploy.next")
        #expect(try read(new).isOpenedByNewStagedKey)
        do {
            let session = try await session(new)
            try session.noteStagedOpening(at: Place.now)
            let generation = session.vault.header.generation
            try session.noteStagedOpening(at: Place.now + 1)
            #expect(session.vault.header.generation == generation, "it is written down once")
        }
        #expect(try read(place.secret).hasOpened("deploy.next"))
        try await session().rekey(
            [
                "main": .stays(place.secret, label: "main"), "human": .dropped, "deploy": .dropped,
                "deploy.next": .stays(new, label: "deploy"),
            ], closedTo: [deploy], now: Place.now
        ) {}
        let after = try read(new)
        #expect(after.openedBy == "deploy" && after.header.slots.map(\.id) == [1, 4])
        #expect(refusal { try read(deploy) } == "wrongKey")
        #expect(try after.records.object(.vault)?.has("staged_opened") == false)
    }

    @Test(arguments: ["cron", String(repeating: "l", count: 19), String(repeating: "l", count: 20), "a.next"])
    func labelsOfNineteenCharactersCanBeStaged(_ label: String) {
        #expect(KeySlot.canBeStaged(label) == (label.utf8.count <= 19 && label != "a.next"))
    }
}
