import Sealing
import Testing
import Tokens

@testable import VaultFile

/// What the holder of a key that is gone could read, and can do with the vault key that he has.
@Suite struct ExposureTests {
    private let place: Place
    private let other = UnlockSecret.newRawKey()

    init() throws {
        place = try Place(["A": "1", "B": "2"])
    }

    private func connection(_ refreshToken: String) throws -> Connection {
        var object = JSONObject()
        object.set("kind", "connection")
        object.set("provider", "tiktok")
        object.set("access_token", "access")
        object.set("refresh_token", refreshToken)
        return try Connection(object)
    }

    /// Which names are exposed since when, and which of them are not any more.
    private func exposures(_ vault: OpenVault) throws -> [String] {
        try vault.exposures().map { "\($0.name) \($0.at - Place.now)\($0.isReplaced ? " anew" : "")" }
    }

    private func rekey(_ session: VaultSession, at time: Int64) throws {
        try session.rekey(["main": .stays(place.secret, label: "main")], now: Place.now + time) {}
    }

    @Test func whatCouldBeReadIsKnownUntilItHasBeenIssuedAnew() async throws {
        let session = try await place.session()
        session.records.set("t/one".name, connection: try connection("r1"))
        #expect(try exposures(session.vault).isEmpty)
        try rekey(session, at: 1)
        #expect(try exposures(session.vault) == ["A 1", "B 1", "t/one 1"])
        // Written again with the same value it is as exposed as before, and a new one is not.
        try session.records.set("A".name, secret: Secret("1"), at: Place.now + 2)
        try session.records.set("B".name, secret: Secret("3"), at: Place.now + 2)
        session.records.set("t/one".name, connection: try connection("r2"))
        try session.records.set("C".name, secret: Secret("4"), at: Place.now + 2)
        try session.commit()
        #expect(try exposures(place.file.read(unlocking: place.secret)) == ["A 1", "B 1 anew", "t/one 1 anew"])
        // The next key that goes could read all of it until then.
        try rekey(session, at: 5)
        #expect(try exposures(session.vault) == ["A 5", "B 5", "C 5", "t/one 5"])
        session.records.remove("A".name)
        #expect(try exposures(session.vault) == ["B 5", "C 5", "t/one 5"])
        // No value stands there, nor anything that tells it without the vault's key.
        let about = try #require(try session.records.object(.vault)).encoded().revealed() ?? ""
        for value in ["r2", "access", "\"4\"", "\"3\""] { #expect(!about.contains(value)) }
    }

    @Test func whoGoesOnWithAnOldCopyComesToNoEpochThatWas() async throws {
        let state = StateFolders(own: [place.folder + "/state"], beside: [])
        func session(accepting: Bool = false) async throws -> VaultSession {
            let file = try VaultFile(
                path: place.folder + "/vault", state: state, acceptsOlder: accepting, profile: Place.cheap,
                now: { Place.now })
            return try await file.session(unlocking: place.secret, wait: .seconds(30))
        }
        func rekey(_ session: VaultSession) throws -> UInt32 {
            try session.rekey(["main": .stays(place.secret, label: "main")], now: Place.now) {}
            return session.vault.header.epoch
        }
        let old = try #require(try place.bytes("vault"))
        #expect(try await rekey(session()) == 2)
        #expect(try await rekey(session()) == 3)
        try place.write("vault", old)
        do {
            let session = try await session(accepting: true)
            #expect(session.laterEpoch == 3)
            try session.commit()
            try session.commit()
        }
        // The pin has gone back with it; what was taken away at epochs 2 and 3 must not fit again.
        #expect(try await session().vault.header.epoch == 1)
        #expect(try await rekey(session()) == 4)
    }

    @Test func aVaultForgedWithARemovedKeyIsRefusedWhereTheVaultWasSeen() async throws {
        let state = StateFolders(own: [place.folder + "/state"], beside: [])
        func file(accepting: Bool = false) throws -> VaultFile {
            try VaultFile(
                path: place.folder + "/vault", state: state, acceptsOlder: accepting, profile: Place.cheap,
                now: { Place.now })
        }
        // The thief's slot goes; he has kept what it told him, and a copy of the vault.
        let stolen: OpenVault
        do {
            let session = try await file().session(unlocking: place.secret, wait: .seconds(30))
            try session.addSlot("thief", for: other) {}
            stolen = try file().read(unlocking: other)
            try session.rekey(
                ["main": .stays(place.secret, label: "main"), "thief": .dropped], closedTo: [other], now: Place.now
            ) {}
        }
        let good = try #require(try place.bytes("vault"))
        for generation: UInt64 in [stolen.header.generation, 1000, VaultHeader.largest] {
            // Under the old epoch he has all that it takes: the vault key, and the slots of those who stayed.
            var forged = stolen
            forged.header.generation = generation
            forged.header.slots = stolen.header.slots.filter { $0.label == "main" }
            try forged.records.set("A".name, secret: Secret("forged"), at: Place.now)
            try place.write(forged)
            let alone = try VaultFile(path: place.folder + "/vault", profile: Place.cheap)
            #expect(try alone.read(unlocking: place.secret).records.text("A") == "forged", "the key itself cannot tell")
            #expect(refusal { try file().read(unlocking: place.secret) } == "older")
            #expect(
                await refusal {
                    try await file().session(unlocking: place.secret, wait: .seconds(30)).commit()
                } == "older")
            // Of a later epoch he has no slot that those who stayed could open.
            forged.header.epoch += 2
            try place.write(forged)
            #expect(refusal { try alone.read(unlocking: place.secret) } == "slotDamaged")
            #expect(refusal { try alone.read(unlocking: other) } == "wrongKey")
        }
        try place.write("vault", good)
        #expect(try file().read(unlocking: place.secret).records.text("A") == "1")
    }
}
