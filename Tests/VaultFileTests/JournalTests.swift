import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// What has been asked and answered, through every way in which a run can end.
@Suite struct JournalTests {
    /// Lets a run of these steps die, and gives the next one.
    private func next(_ place: Place, after run: (VaultSession) throws -> Void) async throws -> VaultSession {
        do {
            let session = try await place.session()
            try run(session)
        }
        return try await place.session()
    }

    @Test func whatARunLeftComesBackAndIsGoneAfterTheCommit() async throws {
        let place = try Place(["c0": "old"])
        let asks = place.asks(3)
        let session = try await next(place) { session in
            try session.begin(asks)
            try session.keep(.unsent, forAsk: 2)
            try session.keep(Place.got("{\"access_token\":\"é\u{0}\"}"), forAsk: 0)
            try session.keep(.missing, forAsk: 1)
        }
        #expect(session.leftBehind.map(\.ask) == asks)
        #expect(
            session.leftBehind.map(\.reply) == [Place.got("{\"access_token\":\"é\u{0}\"}"), .missing, .unsent])
        #expect(session.keptAside.isEmpty)
        #expect(try place.bytes("vault.journal") != nil, "until the commit it stays")
        try session.commit()
        #expect(session.leftBehind.isEmpty)
        #expect(try await place.names() == ["vault", "vault.lock"])
        try session.begin(asks)
        try session.keep(Place.got("again"), forAsk: 0)
        try session.commit()
        #expect(try await place.names() == ["vault", "vault.lock"])
    }

    @Test func intentsAreKnownBeforeAnAnswerComes() async throws {
        let place = try Place()
        let asks = [Ask(name: "tiktok/brand-a".name, fingerprint: "0f", attempt: 2, at: -5, host: "h\"o\\st\n")]
        let session = try await next(place) { try $0.begin(asks) }
        #expect(session.leftBehind.map(\.ask) == asks && session.leftBehind.map(\.reply) == [.missing])
        #expect(try FileSystem.status(of: place.file.journalPath)?.mode == 0o600)
    }

    @Test func ofALongAnswerTheFirstMebibyteIsKept() async throws {
        let place = try Place()
        let session = try await next(place) { session in
            try session.begin(place.asks(2))
            try session.keep(Place.got(String(repeating: "x", count: 1 << 20 + 1)), forAsk: 0)
            try session.keep(Place.got("behind it"), forAsk: 1)
        }
        guard case .got(let answer) = session.leftBehind[0].reply else { throw Missing() }
        #expect(answer.body.count == 1 << 20)
        #expect(session.leftBehind[1].reply == Place.got("behind it"))
    }

    private struct Missing: Error {}

    @Test func aJournalThatCameToNothingIsInNobodysWay() async throws {
        let place = try Place()
        let whole = try await journal(place)
        // Made and not written; made, sized and not written; the header alone, with and without space behind it.
        for bytes in [[], [0, 0, 0], Array(whole[..<64]), Array(whole[..<64]) + [UInt8](repeating: 0, count: 99)] {
            try place.write("vault.journal", bytes)
            let session = try await place.session()
            #expect(session.leftBehind.isEmpty && session.keptAside.isEmpty)
            #expect(try place.bytes("vault.journal") == nil)
            try session.begin(place.asks(1))
            try FileSystem.remove(place.file.journalPath)
        }
    }

    @Test func aBeginningThatIsTornIsPutAsideAndInNobodysWay() async throws {
        let place = try Place()
        let whole = try await journal(place)
        for count in [1, 63, 68, 99] {
            try place.write("vault.journal", Array(whole[..<count]))
            do {
                let session = try await place.session()
                #expect(session.leftBehind.isEmpty && !session.keptAside.isEmpty)
                let aside = try #require(session.keptAside.first)
                #expect(try FileSystem.contents(of: aside, limit: 1 << 20) == Array(whole[..<count]))
                #expect(try FileSystem.status(of: aside)?.mode == 0o600)
                try session.begin(place.asks(1))
                try session.commit()
            }
        }
        let aside = try await place.names().filter { $0.hasSuffix(".unread") }
        #expect(aside.count == 4, "none took another's place")
    }

    @Test func aTornTailIsPutAsideOnceHoweverManyRunsDie() async throws {
        let place = try Place()
        let whole = try await journal(place)
        let used = try #require(whole.lastIndex { $0 != 0 })
        try place.write("vault.journal", Array(whole[..<used]))
        for _ in 1...3 {
            let session = try await place.session()
            #expect(session.leftBehind.map(\.reply) == [Place.got("first"), .missing])
            let aside = try #require(session.keptAside.first)
            #expect(aside.hasPrefix(place.file.journalPath + ".") && aside.hasSuffix(".unread"))
            #expect(try FileSystem.contents(of: aside, limit: 1 << 20) == Array(whole[..<used]))
        }
        try await place.session().commit()
        #expect(try await place.names().count == 3, "vault, lock, and one copy")
        #expect(try await place.session().keptAside.isEmpty)
    }

    @Test func aJournalOfAnEarlierGenerationIsRemoved() async throws {
        let place = try Place()
        let whole = try await journal(place)
        try await place.session().commit()
        try place.write("vault.journal", whole)
        let session = try await place.session()
        #expect(session.leftBehind.isEmpty && session.keptAside.isEmpty)
        #expect(try await place.names() == ["vault", "vault.lock"])
    }

    @Test func aJournalOfALaterGenerationMeansThatTheVaultIsOld() async throws {
        let place = try Place()
        let old = try #require(try place.bytes("vault"))
        let whole = try await journal(place, commits: 2)
        try place.write("vault", old)
        #expect(await refusal { try await place.session() } == "olderThanJournal")
        #expect(try place.bytes("vault.journal") == whole, "and is kept")
    }

    @Test func anEpochComesBeforeEveryGeneration() async throws {
        let place = try Place()
        var vault = try place.vault(generation: 7, epoch: 5)
        func refused(epoch: UInt32, generation: UInt64) async throws -> String {
            (vault.header.epoch, vault.header.generation) = (epoch, generation)
            try place.write("vault.journal", Journal.header(for: vault.header, id: [UInt8](repeating: 1, count: 16)))
            return await refusal { _ = try await place.session() }
        }
        try place.write(vault)
        #expect(try await refused(epoch: 6, generation: 1) == "olderThanJournal")
        #expect(try await refused(epoch: 5, generation: 8) == "olderThanJournal")
        #expect(try await refused(epoch: .max, generation: .max) == "olderThanJournal")
        #expect(try await refused(epoch: 4, generation: .max) == "nothing")
        #expect(try place.bytes("vault.journal") == nil)
    }

    @Test func aJournalThatIsNotThisVaultsIsRefusedAndKept() async throws {
        let place = try Place()
        let whole = try await journal(place)
        for (offset, expected) in [
            (0, "journalDamaged"), (7, "journalDamaged"), (8, "unsupported"), (9, "unsupported"),
            (10, "journalDamaged"), (11, "journalDamaged"), (16, "journalDamaged"), (31, "journalDamaged"),
            (56, "journalDamaged"), (63, "journalDamaged"),
        ] {
            var bytes = whole
            bytes[offset] ^= 1
            try place.write("vault.journal", bytes)
            #expect(await refusal { try await place.session() } == expected, "offset \(offset)")
            #expect(try place.bytes("vault.journal") == bytes)
        }
        #expect(try await place.names() == ["vault", "vault.journal", "vault.lock"])
    }

    @Test func whatStandsInTheWayOfANewJournalIsNotRemoved() async throws {
        let place = try Place()
        let session = try await place.session()
        try place.write("vault.journal", [1, 2, 3])
        #expect(refusal { try session.begin(place.asks(1)) } == "cannotWrite")
        #expect(try place.bytes("vault.journal") == [1, 2, 3])
    }

    @Test(arguments: [
        "{\"t\":\"new\"}", "{\"t\":\"ask\"}", "{\"t\":\"got\",\"ask\":0}", "{\"t\":\"unsent\",\"ask\":1}", "[]", "",
        "{}",
        "{\"t\":\"unsent\",\"ask\":-1}", "{\"t\":\"unsent\",\"ask\":9223372036854775807}", "{\"t\":\"unsent\"}",
        "{\"t\":\"got\",\"ask\":0,\"status\":200,\"at\":1,\"body\":\"not base64\"}",
        "{\"t\":\"ask\",\"name\":\"a b\",\"fp\":\"0\",\"at\":1}",
    ])
    func aFrameOfALaterProgramIsNotSupported(_ json: String) async throws {
        let place = try Place()
        let vault = try place.file.read(unlocking: place.secret)
        let header = Journal.header(for: vault.header, id: [UInt8](repeating: 1, count: 16))
        let frames = [JournalFrame.encode(place.asks(1)[0]), Secret(json)]
        let bytes = try frames.enumerated().reduce(into: header) { bytes, frame in
            bytes += try Journal.seal(
                frame.element, index: frame.offset, header: header, vaultKey: vault.vaultKey, randomness: .system)
        }
        try place.write("vault.journal", bytes)
        #expect(await refusal { try await place.session() } == "unsupported")
        #expect(try place.bytes("vault.journal") == bytes)
    }

    /// A journal of two intents and two answers, as a run left it after that many commits.
    private func journal(_ place: Place, commits: Int = 0) async throws -> [UInt8] {
        let session = try await place.session()
        for _ in 0..<commits { try session.commit() }
        try session.begin(place.asks(2))
        try session.keep(Place.got("first"), forAsk: 0)
        try session.keep(Place.got("second"), forAsk: 1)
        return try #require(try place.bytes("vault.journal"))
    }
}
