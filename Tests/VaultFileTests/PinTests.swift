import Glibc
import Host
import Testing
import Tokens

@testable import VaultFile

/// The newest version that was seen on this machine tells an old copy from the vault (FORMAT §4).
@Suite struct PinTests {
    private let place: Place
    private let state: String

    init() throws {
        place = try Place(["A": "old"])
        state = place.folder + "/state"
    }

    private func file(
        _ folders: [String]? = nil, path: String = "vault", accepting: Bool = false, at now: Int64 = Place.now
    ) throws -> VaultFile {
        try VaultFile(
            path: place.folder + "/" + path, state: StateFolders(own: folders ?? [state], beside: []),
            acceptsOlder: accepting, profile: Place.cheap, now: { now })
    }

    private func write(_ file: VaultFile, _ value: String) async throws {
        let session = try await file.session(unlocking: place.secret, wait: .seconds(30))
        try session.records.set("A".name, secret: Secret(value), at: 1)
        try session.commit()
    }

    private func read(_ file: VaultFile) throws -> String? {
        try file.read(unlocking: place.secret).records.text("A")
    }

    @Test func anOlderCopyIsRefusedByReadersAndWritersWithBothPairsOfNumbers() async throws {
        let file = try file()
        let old = try #require(try place.bytes("vault"))
        try await write(file, "new")
        try place.write("vault", old)
        for step in [{ _ = try self.read(file) }, { try await write(file, "lost") }] as [() async throws -> Void] {
            do {
                try await step()
                Issue.record("an older copy was taken")
            } catch VaultError.older(let vault, let seen, let newer) {
                #expect(vault == (1, 7) && seen == (1, 8) && newer == nil)
            }
        }
        #expect(try place.bytes("vault") == old)
    }

    @Test func theNewerCopyIsNamedAsLongAsItIsWhereItWasSeen() async throws {
        try await write(try file(), "new")
        try place.write("copy", try place.vaultOfGeneration(before: place.bytes("vault")))
        do {
            _ = try read(try file(path: "copy"))
            Issue.record("an older copy was taken")
        } catch VaultError.older(_, _, let newer) { #expect(newer == place.folder + "/vault") }
        try FileSystem.remove(place.folder + "/vault")
        do { _ = try read(try file(path: "copy")) } catch VaultError.older(_, _, let newer) { #expect(newer == nil) }
    }

    @Test(arguments: [0, 1] as [Int64]) func anotherVersionOfTheSameGenerationIsAFork(later: Int64) async throws {
        let old = try #require(try place.bytes("vault"))
        try await write(try file(), "here")
        let here = try #require(try place.bytes("vault"))
        try place.write("vault", old)
        try await write(try file([], at: Place.now + later), "here, too")
        do {
            _ = try read(try file())
            Issue.record("a fork was taken")
        } catch VaultError.older(let vault, let seen, _) { #expect(vault == (1, 8) && seen == (1, 8)) }
        try place.write("vault", here)
        #expect(try read(try file()) == "here")
    }

    @Test func whoReadsWhileAnotherWritesIsToldOfNoOldCopy() async throws {
        let file = try file()
        try await write(file, "0")
        // A key is a matter of a moment, so the moment between file and pin is met by trying often.
        async let writing: Void = {
            for value in 1...200 { try await write(file, String(value)) }
        }()
        var reads = 0
        while try read(file) != "200" { reads += 1 }
        try await writing
        #expect(reads > 0)
    }

    @Test func theEpochCountsBeforeTheGeneration() throws {
        func pin(_ epoch: UInt32, _ generation: UInt64, _ mac: UInt8) -> Pin {
            let header = VaultHeader(
                vaultID: [UInt8](repeating: 0, count: 16), generation: generation, epoch: epoch, writtenAt: 0, slots: []
            )
            return Pin(header, file: [UInt8](repeating: mac, count: header.size + Pin.saltSize), path: "")
        }
        func isOld(_ epoch: UInt32, _ generation: UInt64, _ mac: UInt8) -> Bool {
            pin(2, 5, 1).isNewer(than: pin(epoch, generation, mac))
        }
        #expect(isOld(1, 1 << 52, 1), "who holds a removed key can forge any generation under the old epoch")
        #expect(isOld(2, 4, 1) && isOld(2, 5, 2))
        #expect(!isOld(2, 5, 1) && !isOld(2, 6, 2) && !isOld(3, 1, 2))
    }

    @Test func whoGoesOnWithAnOldCopyMakesItTheNewestAtItsNextWrite() async throws {
        let old = try #require(try place.bytes("vault"))
        for value in ["1", "2", "3"] { try await write(try file(), value) }
        try place.write("vault", old)
        let accepting = try file(accepting: true)
        #expect(try read(accepting) == "old")
        #expect(refusal { try read(try file()) } == "older", "a read alone does not move the pin")
        do {
            let session = try await accepting.session(unlocking: place.secret, wait: .seconds(30))
            #expect(session.isOlder)
            try session.commit()
        }
        #expect(try file().readHeader().generation == 11)
        #expect(try read(try file()) == "old")
    }

    @Test func theHighestOfSeveralPinsCountsAndAllAreMoved() async throws {
        let other = place.folder + "/other"
        try await write(try file(), "1")
        let old = try #require(try place.bytes("vault"))
        // Only this folder is known, as to a job without HOME; then both.
        try await write(try file([other]), "2")
        try place.write("vault", old)
        #expect(refusal { try read(try file([state, other])) } == "older")
        #expect(refusal { try read(try file()) } == "nothing")
        let accepting = try VaultFile(
            path: place.file.path, state: StateFolders(own: [state, other], beside: []), acceptsOlder: true)
        try await write(accepting, "3")
        for folder in [state, other] {
            #expect(try file([folder]).pin(of: try file().readHeader().vaultID)?.generation == 10)
        }
    }

    @Test func aJobThatKnowsOneStateFolderIsProtectedByAShellThatKnowsTwo() async throws {
        let (first, second) = (place.folder + "/shell", place.folder + "/usual")
        let old = try #require(try place.bytes("vault"))
        try await write(try file([first, second]), "new")
        try place.write("vault", old)
        for folders in [[first], [second], [second, first]] {
            #expect(refusal { try read(try file(folders)) } == "older")
        }
    }

    @Test(arguments: [0o777, 0o770]) func aFolderThatOthersMayWriteToIsNotBelieved(mode: mode_t) async throws {
        let old = try #require(try place.bytes("vault"))
        try await write(try file(), "new")
        try place.write("vault", old)
        unsafe chmod(state, mode)
        #expect(refusal { try read(try file()) } == "nothing")
        #expect(!StateFolders(own: [state], beside: []).keepPins)
        unsafe chmod(state, 0o700)
        #expect(refusal { try read(try file()) } == "older")
    }

    @Test func onePinThatCannotBeMovedIsOutdoneByAHigherOneElsewhere() async throws {
        let other = place.folder + "/other"
        try await write(try file([state, other]), "1")
        let old = try #require(try place.bytes("vault"))
        #expect(try file([state, other]).isNoted(try file().readHeader()))
        // A folder stands where the pin goes, so that not even root can replace it.
        let pin = state + "/" + hexID(try file().readHeader()) + ".pin"
        try FileSystem.remove(pin)
        try await place.run(["mkdir", pin])
        try await write(try file([state]), "2")
        #expect(try !file([state]).isNoted(try file().readHeader()), "and who has no other folder is told")
        try await write(try file([state, other]), "3")
        try place.write("vault", old)
        #expect(refusal { try read(try file([state, other])) } == "older")
    }

    @Test(arguments: ["", "{", #"{"epoch":1}"#, #"{"epoch":-1,"generation":8,"mac":"00","path":"","schema":1}"#])
    func aPinThatCannotBeReadIsNoneAndIsReplaced(_ text: String) async throws {
        try await write(try file(), "1")
        let name = "state/" + hexID(try file().readHeader()) + ".pin"
        try place.write(name, Array(text.utf8))
        #expect(try read(try file()) == "1")
        try await write(try file(), "2")
        #expect(try file().pin(of: try file().readHeader().vaultID)?.generation == 9)
    }

    @Test func thePinIsAPrivateFileInAPrivateFolder() async throws {
        try await write(try file(), "1")
        let name = state + "/" + hexID(try file().readHeader()) + ".pin"
        #expect(try FileSystem.status(of: state)?.mode == 0o700)
        #expect(try FileSystem.status(of: name)?.mode == 0o600)
    }

    @Test func whereNoFolderCanBeMadeTheVaultIsWrittenAllTheSame() async throws {
        try await write(try file(["/proc/no/such/folder", "/dev/null/x"]), "new")
        #expect(try read(try file()) == "new")
    }

    private func hexID(_ header: VaultHeader) -> String {
        header.vaultID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension Place {
    /// The same vault, one generation before.
    fileprivate func vaultOfGeneration(before bytes: [UInt8]?) throws -> [UInt8] {
        var vault = try OpenVault(try #require(bytes), with: secret)
        vault.header.generation -= 1
        return try vault.sealed()
    }
}
