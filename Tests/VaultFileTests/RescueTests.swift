import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// Answers that find no room beside the vault go to a state folder, sealed as they are in a journal, and the next run
/// finds them there.
@Suite struct RescueTests {
    private let place: Place
    private let folders: [String]

    init() throws {
        place = try Place(["c0": "old", "c1": "old"])
        folders = [place.folder + "/state", place.folder + "/config"]
    }

    private var file: VaultFile {
        get throws {
            try VaultFile(
                path: place.file.path, state: StateFolders(own: [folders[0]], beside: [folders[1]]),
                profile: Place.cheap, now: { Place.now })
        }
    }

    private func open() async throws -> VaultSession {
        try await file.session(unlocking: place.secret, wait: .seconds(30))
    }

    /// A journal with two intents and the answers to some, as bytes, and its name as a rescued one.
    private func journal(answers: [Int], at vault: OpenVault) throws -> (bytes: [UInt8], name: String) {
        let id = Randomness.system.bytes(16)
        let header = Journal.header(for: vault.header, id: id)
        let frames =
            try asks(vault).map(JournalFrame.encode)
            + answers.compactMap { JournalFrame.encode(Place.got("answer-\($0)"), ask: $0) }
        var bytes = header
        for (index, frame) in frames.enumerated() {
            bytes += try Journal.seal(
                frame, index: index, header: header, vaultKey: vault.vaultKey, randomness: .system)
        }
        return (bytes, VaultFile.rescueName(vault.header.vaultID, journalID: id))
    }

    /// Intents for c0 and c1, which have the refresh tokens r0 and r1.
    private func asks(_ vault: OpenVault) throws -> [Ask] {
        try (0..<2).map { index in
            let fingerprint = try Derivation.fingerprint(of: Secret("r\(index)"), vaultKey: vault.vaultKey)
            return Ask(name: "c\(index)".name, fingerprint: fingerprint, attempt: 1, at: Place.now, host: "here")
        }
    }

    private static func connection(_ token: String, obtainedAt: Int64) -> Connection {
        var connection = Connection(provider: "sandbox")
        connection.tokens = TokenSet(accessToken: Secret("t"), obtainedAt: obtainedAt, refreshToken: Secret(token))
        return connection
    }

    private func opened() throws -> OpenVault { try place.file.read(unlocking: place.secret) }

    private func put(_ bytes: [UInt8], _ path: String) async throws {
        try await place.run(["mkdir", "-p", FileSystem.folder(of: path)])
        try FileSystem.replace(path, with: bytes.span, mode: 0o600)
    }

    @Test(arguments: ["state", "config", "."]) func itIsFoundInEveryFolderAndGoesWithTheCommit(folder: String)
        async throws
    {
        let (bytes, name) = try journal(answers: [1], at: opened())
        let path = place.folder + "/" + folder + "/" + name
        try await put(bytes, path)
        do {
            let session = try await open()
            #expect(session.leftBehind.map(\.reply) == [.missing, Place.got("answer-1")])
            #expect(try FileSystem.status(of: path) != nil, "it stays until the vault holds it")
            try session.commit()
        }
        #expect(try FileSystem.status(of: path) == nil)
        #expect(try await open().leftBehind.isEmpty)
    }

    @Test func theJournalBesideTheVaultAndTheFramesThatWentElsewhereAreOne() async throws {
        let vault = try opened()
        let (bytes, name) = try journal(answers: [1, 0], at: vault)
        try place.write("vault.journal", Array(bytes.dropLast(40)))
        try await put(bytes, folders[0] + "/" + name)
        let session = try await open()
        #expect(session.leftBehind.map(\.reply) == [Place.got("answer-0"), Place.got("answer-1")])
        #expect(session.keptAside.isEmpty, "what was cut short here went on there")
        try session.commit()
        #expect(try await place.names().filter { $0.hasPrefix("vault.") } == ["vault.lock"])
    }

    @Test(arguments: [-1, 0, 3600] as [Int64])
    func oneThatTheVaultHasGonePastIsTakenForTokensThatAreStillStoredWhateverTheClock(later: Int64) async throws {
        let (bytes, name) = try journal(answers: [0, 1], at: opened())
        do {
            // c0 was renewed since.
            let session = try await open()
            for (connection, token) in [("c0", "newer"), ("c1", "r1")] {
                session.records.remove(connection.name)
                session.records.set(
                    connection.name, connection: Self.connection(token, obtainedAt: Place.now + later))
            }
            try session.commit()
        }
        try await put(bytes, folders[0] + "/" + name)
        let session = try await open()
        #expect(session.leftBehind.map(\.ask.name) == ["c1".name])
        try session.commit()
        #expect(try FileSystem.status(of: folders[0] + "/" + name) == nil)
    }

    @Test func anIntentThatTheVaultHasGonePastIsNewsUntilALaterOneIsKnown() async throws {
        let (bytes, name) = try journal(answers: [], at: opened())
        for (lastAt, count) in [(Place.now, 1), (Place.now + 1, 0)] {
            do {
                let session = try await open()
                session.records.remove("c0".name)
                var connection = Self.connection("r0", obtainedAt: Place.now - 9)
                connection.last = .init(at: lastAt, outcome: "renewed")
                session.records.set("c0".name, connection: connection)
                try session.commit()
            }
            try await put(bytes, folders[0] + "/" + name)
            let session = try await open()
            #expect(session.leftBehind.map(\.reply) == Array(repeating: .missing, count: count))
            try session.commit()
        }
    }

    @Test func whatDoesNotOpenStaysUnderAnotherNameAndIsSaid() async throws {
        var (bytes, name) = try journal(answers: [0], at: opened())
        bytes[41] ^= 1
        let path = folders[0] + "/" + name
        try await put(bytes, path)
        let session = try await open()
        #expect(session.leftBehind.isEmpty && session.keptAside == [path + ".unread"])
        #expect(try FileSystem.contents(of: path + ".unread", limit: 1 << 20) == bytes)
    }

    @Test func whatStandsBeforeADamagedFrameIsTakenAndACopyStays() async throws {
        var (bytes, name) = try journal(answers: [0, 1], at: opened())
        // In the first answer, which the second follows.
        bytes[bytes.count - 300] ^= 1
        let path = folders[0] + "/" + name
        try await put(bytes, path)
        let session = try await open()
        #expect(session.leftBehind.map(\.reply) == [.missing, Place.got("answer-1")])
        #expect(session.keptAside == [path + ".unread"])
    }

    @Test func whatIsTornIsTakenAsFarAsItOpensAndACopyStays() async throws {
        let (bytes, name) = try journal(answers: [0, 1], at: opened())
        let path = folders[0] + "/" + name
        try await put(Array(bytes.dropLast(5)), path)
        let session = try await open()
        #expect(session.leftBehind.map(\.reply) == [Place.got("answer-0"), .missing])
        #expect(session.keptAside == [path + ".unread"])
        try session.commit()
        #expect(try FileSystem.status(of: path) == nil && FileSystem.status(of: path + ".unread") != nil)
    }

    @Test func oneOfALaterGenerationMeansThatTheVaultIsOld() async throws {
        var vault = try opened()
        vault.header.generation += 1
        let (bytes, name) = try journal(answers: [0], at: vault)
        try await put(bytes, folders[0] + "/" + name)
        #expect(await refusal { try await open() } == "olderThanJournal")
        let accepting = try VaultFile(
            path: place.file.path, state: StateFolders(own: [folders[0]], beside: []), acceptsOlder: true)
        let session = try await accepting.session(unlocking: place.secret, wait: .seconds(30))
        #expect(session.leftBehind.isEmpty)
        try session.commit()
        #expect(try FileSystem.status(of: folders[0] + "/" + name) != nil, "it belongs to a vault that may come back")
    }

    @Test func aPipeOrAnothersFileOfThatNameIsNotWaitedFor() async throws {
        let name = VaultFile.rescueName(try opened().header.vaultID, journalID: [UInt8](repeating: 1, count: 16))
        try await place.run(["mkdir", "-p", folders[0]])
        try await place.run(["mkfifo", folders[0] + "/" + name])
        #expect(try await open().leftBehind.isEmpty)
    }

    @Test func aVaultThatWasReplacedUnderTheLockLeavesTheAnswersWhereTheyAreFound() async throws {
        var newer = try opened()
        newer.header.generation += 5
        newer.records.remove("c0".name)
        newer.records.set("c0".name, connection: Self.connection("r0", obtainedAt: Place.now - 1))
        do {
            let session = try await open()
            try session.begin(asks(newer))
            try session.keep(Place.got("answer-0"), forAsk: 0)
            try place.write(newer)
            #expect(refusal { try session.commit() } == "kept")
        }
        #expect(try place.bytes("vault.journal") == nil, "there it would be taken for committed")
        #expect(try await open().leftBehind.map(\.reply) == [Place.got("answer-0")])
    }
}
