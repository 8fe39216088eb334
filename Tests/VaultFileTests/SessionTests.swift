import Glibc
import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// One vault, one writer at a time, from lock to unlock.
@Suite struct SessionTests {
    @Test func aCommitIsOneGenerationAndLeavesTheVaultAlone() async throws {
        let place = try Place(["A": "old"])
        try place.write("vault.next", [1, 2, 3])  // what a run that was killed left
        do {
            let session = try await place.session()
            for generation: UInt64 in [8, 9] {
                try session.records.set("A".name, secret: Secret("new \(generation)"), at: 1)
                try session.commit()
                let after = try place.file.read(unlocking: place.secret)
                #expect(after.header.generation == generation && after.header.epoch == 1)
                #expect(after.header.writtenAt == UInt64(Place.now))
                #expect(try after.records.text("A") == "new \(generation)")
            }
        }
        #expect(try await place.names() == ["vault", "vault.lock"])
        for name in ["vault", "vault.lock"] {
            #expect(try FileSystem.status(of: place.folder + "/" + name)?.mode == 0o600)
        }
    }

    @Test func whatIsNotCommittedDoesNotLast() async throws {
        let place = try Place(["A": "old"])
        let before = try place.bytes("vault")
        try await place.session().records.set("A".name, secret: Secret("new"), at: 1)
        #expect(try place.bytes("vault") == before)
    }

    @Test func thereIsOneSessionAtATime() async throws {
        let place = try Place()
        var first: VaultSession? = try await place.session()
        #expect(await refusal { try await place.session(wait: .zero) } == "locked")
        #expect(await refusal { try await place.session(wait: .milliseconds(60)) } == "locked")
        _ = first?.path
        first = nil
        #expect(await refusal { try await place.session() } == "nothing")
        #expect(try place.bytes("vault.lock") == [], "the file of the lock stays")
    }

    @Test func whoWaitsGetsTheLockAndWhatWasCommitted() async throws {
        let place = try Place(["A": "old"])
        var first: VaultSession? = try await place.session()
        try first?.records.set("A".name, secret: Secret("new"), at: 1)
        async let second = try await place.session(wait: .seconds(30)).records.text("A")
        await Task.yield()
        try first?.commit()
        first = nil
        #expect(try await second == "new")
    }

    @Test func aSessionThatDoesNotOpenLetsGoOfTheLock() async throws {
        let place = try Place()
        let wrong = await refusal { try await place.file.session(unlocking: .newRawKey(), wait: .seconds(30)) }
        #expect(wrong == "wrongKey")
        #expect(await refusal { try await place.session() } == "nothing")
    }

    @Test func readersCreateNothingAndDoNotWait() async throws {
        let place = try Place(["A": "old"])
        _ = try place.file.read(unlocking: place.secret)
        #expect(try await place.names() == ["vault"])
        let session = try await place.session()
        try session.begin(place.asks(1))
        let names = try await place.names()
        #expect(try place.file.read(unlocking: place.secret).records.text("A") == "old")
        #expect(try place.file.readHeader().generation == 7)
        #expect(try await place.names() == names && names == ["vault", "vault.journal", "vault.lock"])
        withExtendedLifetime(session) {}
    }

    @Test func behindASymbolicLinkEverythingStandsBesideTheRealFile() async throws {
        let place = try Place(["A": "old"])
        try await place.run(["sh", "-c", "mkdir far && ln -s ../vault far/link && ln -s far near"])
        let file = try VaultFile(path: place.folder + "/near/link")
        #expect(file.path == place.file.path)
        do {
            let session = try await file.session(unlocking: place.secret, wait: .seconds(30))
            try session.begin(place.asks(1))
            #expect(try await place.run(["ls", "-A", "far"]) == "link\n")
            #expect(try await place.names() == ["far", "near", "vault", "vault.journal", "vault.lock"])
            try session.commit()
        }
        #expect(try FileSystem.linkTarget(of: place.folder + "/far/link") == "../vault")
        #expect(try file.readHeader().generation == 8)
    }

    @Test func whatCouldNotBeReplacedIsNotOpenedForWriting() async throws {
        let place = try Place()
        try await place.run(["ln", "vault", "other"])
        #expect(await refusal { try await place.session() } == "cannotWrite")
        try await place.run(["sh", "-c", "rm vault && mkdir vault"])
        #expect(await refusal { try await place.session() } == "cannotWrite")
        try await place.run(["rmdir", "vault"])
        #expect(await refusal { try await place.session() } == "notFound")
        #expect(try await place.names() == ["other"], "and no lock was made")
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
    func anotherOwnersVaultIsReadAndNotWritten() async throws {
        let place = try Place()
        try await place.run(["chown", "1000", "vault"])
        #expect(await refusal { try await place.session() } == "cannotWrite")
        #expect(refusal { try place.file.read(unlocking: place.secret) } == "nothing")
    }

    @Test(arguments: ["vault.lock", "vault.journal", "vault.next"])
    func aLinkInTheWayIsNotFollowed(_ name: String) async throws {
        let place = try Place()
        try place.write("bystander", [7])
        try await place.run(["ln", "-s", "bystander", name])
        _ = await refusal {
            let session = try await place.session()
            try session.begin(place.asks(1))
            try session.commit()
        }
        #expect(try place.bytes("bystander") == [7])
    }

    @Test func aVaultThatAnotherProgramReplacedIsNotOverwritten() async throws {
        let place = try Place(["A": "old"])
        for isAsked in [false, true] {
            let session = try await place.session()
            if isAsked { try session.begin(place.asks(1)) }
            let theirs = try place.vault().sealed()
            try place.write("vault", theirs)
            #expect(refusal { try session.commit() } == (isAsked ? "kept" : "replacedMeanwhile"))
            #expect(try place.bytes("vault") == theirs)
            #expect(try place.bytes("vault.next") == nil)
            #expect(try place.bytes("vault.journal") == nil, "beside another vault it would stand in the way")
            #expect(try await place.names().count == (isAsked ? 3 : 2), "vault, lock, and what was asked")
        }
    }

    @Test(arguments: ["rm vault", "rm vault && mkdir vault", "truncate -s 3 vault"])
    func withAnswersInTheJournalAnyObstacleMeansThatTheyAreKept(_ obstacle: String) async throws {
        let place = try Place()
        let session = try await place.session()
        try session.begin(place.asks(1))
        try session.keep(Place.got("token"), forAsk: 0)
        try await place.run(["sh", "-c", obstacle])
        #expect(refusal { try session.commit() } == "kept")
        let prefix = VaultFile.rescueName(session.vault.header.vaultID, journalID: [])
        let names = try await place.names()
        let name = try #require(names.first { $0.hasPrefix(prefix) })
        let kept = try #require(try place.bytes(name))
        let finding = try Journal.read(kept, beside: session.vault.header, vaultKey: session.vault.vaultKey)
        #expect(try JournalFrame.decode(finding.frames).map(\.reply) == [Place.got("token")])
    }

    @Test func noMoreIsBegunThanTheLargestAnswersWouldHaveRoomFor() async throws {
        let place = try Place()
        let session = try await place.session()
        // 256 MiB, and for each answer 1 MiB in base64 and what stands around it.
        #expect(session.capacity == 191)
        #expect(refusal { try session.begin(place.asks(1), room: 192) } == "cannotWrite")
        #expect(try place.bytes("vault.journal") == nil)
        session.records = Records(sorted: [("A".name, Secret([UInt8](repeating: 0x20, count: 200 << 20)))])
        #expect(session.capacity == 41)
        session.records = Records()
        try session.begin(place.asks(1), room: 191)
        try session.commit()
    }

    @Test func whatNoCommitWouldTakeIsFoundBeforeAnythingIsAsked() async throws {
        let place = try Place()
        var records = Records()
        try records.set("A".name, secret: Secret("x"), at: 1)
        let broken = Records(sorted: records.all + [("B".name, Secret("{\"kind\":\"secret\"}"))])
        try place.write(try place.vault(broken))
        let session = try await place.session()
        #expect(refusal { try session.begin(place.asks(1)) } == "record")
        #expect(refusal { try session.commit() } == "record")
        #expect(try await place.names() == ["vault", "vault.lock"])
    }

    @Test func theLastGenerationIsTheLast() async throws {
        let place = try Place()
        try place.write(try place.vault(generation: VaultHeader.largest))
        #expect(refusal { try place.file.read(unlocking: place.secret) } == "nothing")
        let session = try await place.session()
        #expect(refusal { try session.commit() } == "cannotWrite")
    }

    @Test func aNewVaultNeverTakesAnothersPlace() async throws {
        let place = try Place()
        let before = try place.bytes("vault")
        var announced = 0
        let made = refusal {
            try place.file.create(unlocking: place.secret, label: "main") { announced += 1 }
        }
        #expect(made == "alreadyThere" && announced == 0)
        #expect(try place.bytes("vault") == before)
        // Not even one that appears while the key is handed out.
        let other = try VaultFile(path: place.folder + "/other", profile: Place.cheap)
        let raced = refusal {
            try other.create(unlocking: place.secret, label: "main") { try place.write("other", [1]) }
        }
        #expect(raced == "alreadyThere")
        #expect(try place.bytes("other") == [1])
        try await place.run(["ln", "-s", "nowhere", "dangling"])
        let dangling = try VaultFile(path: place.folder + "/dangling", profile: Place.cheap)
        #expect(refusal { try dangling.create(unlocking: place.secret, label: "main") {} } == "alreadyThere")
        #expect(try await place.names() == ["dangling", "other", "vault"])
    }

    @Test func aKeyThatCannotBeHandedOutMakesNoVault() async throws {
        struct BrokenPipe: Error {}
        let place = try Place()
        let other = try VaultFile(path: place.folder + "/other", profile: Place.cheap)
        #expect(throws: BrokenPipe.self) {
            try other.create(unlocking: place.secret, label: "main") { throw BrokenPipe() }
        }
        #expect(try await place.names() == ["vault"])
        try other.create(unlocking: try UnlockSecret(newPassphrase: Secret(Place.passphrase)), label: "main") {}
        let vault = try other.read(unlocking: try UnlockSecret(passphrase: Secret(Place.passphrase)))
        #expect(vault.header.generation == 1 && vault.header.epoch == 1 && vault.records.all.isEmpty)
        #expect(try FileSystem.status(of: other.path)?.mode == 0o600)
        #expect(try await place.names() == ["other", "vault"])
    }
}
