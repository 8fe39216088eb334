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
            place.asks(2).map(JournalFrame.encode)
            + answers.compactMap { JournalFrame.encode(Place.got("answer-\($0)"), ask: $0) }
        var bytes = header
        for (index, frame) in frames.enumerated() {
            bytes += try Journal.seal(
                frame, index: index, header: header, vaultKey: vault.vaultKey, randomness: .system)
        }
        return (bytes, VaultFile.rescueName(vault.header.vaultID, journalID: id))
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

    @Test func oneThatTheVaultHasGonePastIsTakenOnlyForWhatIsNewer() async throws {
        let (bytes, name) = try journal(answers: [0, 1], at: opened())
        do {
            // c0 was renewed since, c1 has an older token.
            let session = try await open()
            for (connection, obtained) in [("c0", Place.now + 1), ("c1", Place.now - 1)] {
                session.records.remove(connection.name)
                var record = Connection(provider: "sandbox")
                record.tokens = TokenSet(accessToken: Secret("t"), obtainedAt: obtained)
                session.records.set(connection.name, connection: record)
            }
            try session.commit()
        }
        try await put(bytes, folders[0] + "/" + name)
        let session = try await open()
        #expect(session.leftBehind.map(\.ask.name) == ["c1".name])
        try session.commit()
        #expect(try FileSystem.status(of: folders[0] + "/" + name) == nil)
    }

    @Test func whatDoesNotOpenStaysUnderAnotherNameAndIsSaid() async throws {
        var (bytes, name) = try journal(answers: [0], at: opened())
        bytes[100] ^= 1
        let path = folders[0] + "/" + name
        try await put(bytes, path)
        let session = try await open()
        #expect(session.leftBehind.isEmpty && session.keptAside == [path + ".unread"])
        #expect(try FileSystem.contents(of: path + ".unread", limit: 1 << 20) == bytes)
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
        var record = Connection(provider: "sandbox")
        record.tokens = TokenSet(accessToken: Secret("t"), obtainedAt: Place.now - 1)
        newer.records.remove("c0".name)
        newer.records.set("c0".name, connection: record)
        do {
            let session = try await open()
            try session.begin(place.asks(2))
            try session.keep(Place.got("answer-0"), forAsk: 0)
            try place.write(newer)
            #expect(refusal { try session.commit() } == "kept")
        }
        #expect(try place.bytes("vault.journal") == nil, "there it would be taken for committed")
        #expect(try await open().leftBehind.map(\.reply) == [Place.got("answer-0")])
    }
}
