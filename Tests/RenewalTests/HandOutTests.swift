import Exports
import Host
import Renewal
import Sealing
import Testing
import Tokens
import VaultFile

/// The files that a refresh leaves for apps, from a real vault.
struct HandOutTests {
    private func item(
        _ place: Place, _ file: String, include: [String]? = nil, after: String? = nil
    ) throws -> HandOut.Item {
        let format = try #require(try ExportFormat.named(file.hasSuffix(".json") ? "json" : "commonjs"))
        return HandOut.Item(
            output: Output(path: place.folder + "/" + file, format: format), include: include,
            after: after.map { AfterCommand(["sh", "-c", $0], folder: place.folder) })
    }

    private func run(
        _ items: [HandOut.Item], _ session: VaultSession, tells: Bool = true,
        record: ((OutputDigests) throws -> Void)? = nil
    ) async throws -> [HandOut.Report] {
        let notes = OutputNotes(path: session.path + ".outputs")
        let handOut = HandOut(items, notes: notes, environment: Place.environment) { bytes in
            bytes.withSpan { span in (try? SHA256.digest(of: span)).map { hexadecimal($0.span) } ?? "" }
        }
        let selection = try Selection(session.records, clientSecrets: [])
        var written = try await handOut.run(selection, known: try OutputDigests(session.records)) { digests in
            try digests.store(in: &session.records)
            try session.commit()
            try record?(digests)
        }
        if let notRecorded = written.notRecorded { throw notRecorded }
        if !tells { return written.reports }
        failures.ends = await handOut.tell(&written).map(\.failure.end)
        return written.reports
    }

    /// How the commands ended that failed in the last run.
    private final class Failures {
        var ends: [ChildProcess.End] = []
    }
    private let failures = Failures()

    private func text(_ place: Place, _ file: String) throws -> String? {
        try FileSystem.contents(of: place.folder + "/" + file, limit: 1 << 20)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private func set(_ value: String, _ session: VaultSession) throws {
        try session.records.set(try #require(RecordName("KEY")), secret: Secret(value), at: 1)
        try session.commit()
    }

    @Test func onlyBytesThatDifferAreWrittenAndOnlyThenIsTheAppTold() async throws {
        let place = try await Place.make()
        try await place.connect()
        let session = try await place.session()
        let items = [
            try item(place, "a.js", after: "echo a >> told"),
            try item(place, "b.json", include: ["KEY"], after: "echo b >> told"),
        ]
        try set("1", session)
        #expect(try await run(items, session).map(\.changed) == [true, true])
        let generation = session.vault.header.generation
        #expect(try await run(items, session).map(\.changed) == [false, false])
        #expect(session.vault.header.generation == generation, "what is known already is not recorded again")
        #expect(try await place.refresh(session) == .renewed)
        #expect(try await run(items, session).map(\.changed) == [true, false])
        #expect(try text(place, "told") == "a\nb\na\n")
        let token = try #require(try place.stored()?.tokens?.accessToken?.revealed())
        #expect(try text(place, "a.js")?.contains(token) == true)
        #expect(try text(place, "a.js")?.contains("rft.") == false, "no refresh token leaves unnamed")
    }

    @Test func whatWasPlannedFromAnOlderVaultIsNotWritten() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        let items = [try item(place, "a.js", after: "echo a >> told"), try item(place, "b.json")]
        await #expect(throws: OutdatedSelection.self) { try await outdated(items, session) }
        #expect(try text(place, "a.js") == nil && text(place, "b.json") == nil && text(place, "told") == nil)
    }

    private func outdated(_ items: [HandOut.Item], _ session: VaultSession) async throws {
        _ = try await run(items, session) { _ in throw OutdatedSelection() }
    }

    @Test func oneThatCannotBeWrittenStopsNoOther() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        try FileSystem.replace(place.folder + "/foreign.js", with: Array("mine".utf8).span, mode: 0o600)
        let reports = try await run(
            [
                try item(place, "missing/a.js"), try item(place, "foreign.js"),
                try item(place, "c.js", after: "exit 3"),
                try item(place, "d.json", include: ["KEY", "NOT_THERE"]),
            ], session)
        #expect(reports.map(\.changed) == [false, false, true, true])
        #expect(reports.map { $0.failure != nil } == [true, true, false, false])
        #expect(failures.ends == [.exited(3)] && reports[3].missing == ["NOT_THERE"])
        #expect(try text(place, "foreign.js") == "mine")
    }

    /// A death between the record and the write, several in a row: each time the file is older than what is recorded.
    @Test func aFileWithoutAFirstLineStaysOursHoweverOftenItsWriteFails() async throws {
        struct Death: Error {}
        let place = try await Place.make()
        let session = try await place.session()
        let items = [try item(place, "a.json")]
        try set("0", session)
        _ = try await run(items, session)
        let first = try text(place, "a.json")
        for value in ["1", "2", "3", "4"] {
            try set(value, session)
            await #expect(throws: Death.self) { try await run(items, session) { _ in throw Death() } }
            #expect(try text(place, "a.json") == first, "it is recorded before it is written")
        }
        let report = try await run(items, session)[0]
        #expect(report.changed && report.failure == nil)
        #expect(try text(place, "a.json")?.contains("\"4\"") == true)
        // A file that somebody else has changed since is still nobody's of ours.
        try FileSystem.replace(place.folder + "/a.json", with: Array("{}".utf8).span, mode: 0o600)
        #expect(try await run(items, session)[0].failure == .notOurs(path: place.folder + "/a.json"))
    }

    @Test func anAppThatCouldNotBeToldIsToldByTheNextRunThatCan() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        let items = [
            try item(place, "a.js", after: "test -e ready && echo a >> told"),
            try item(place, "b.js", after: "echo b >> told"), try item(place, "c.js"),
        ]
        for _ in 0..<3 {
            _ = try await run(items, session)
            #expect(failures.ends == [.exited(1)])
        }
        #expect(try text(place, "told") == "b\n", "only whose command failed is tried again")
        try FileSystem.replace(place.folder + "/ready", with: Array("yes".utf8).span, mode: 0o600)
        #expect(try await run(items, session).map(\.changed) == [false, false, false])
        #expect(try text(place, "told") == "b\na\n" && failures.ends.isEmpty)
        _ = try await run(items, session)
        #expect(try text(place, "told") == "b\na\n", "and when it succeeded it is not")
    }

    /// A death between the write and the end of the commands.
    @Test func anAppIsToldOfAFileThatARunWroteWhichDiedThen() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        let items = [try item(place, "a.js", after: "echo a >> told"), try item(place, "b.js")]
        _ = try await run(items, session, tells: false)
        #expect(try text(place, "told") == nil && text(place, "a.js") != nil)
        _ = try await run(items, session)
        _ = try await run(items, session)
        #expect(try text(place, "told") == "a\n")
        // One that is not to be told any more is not, and is not remembered.
        try set("2", session)
        _ = try await run(items, session, tells: false)
        _ = try await run([try item(place, "a.js")], session)
        #expect(OutputNotes(path: session.path + ".outputs").read().isEmpty)
    }

    @Test func whatIsNotedOfAnOutputThatIsNoneAnyMoreIsForgottenButNotAnotherConfigs() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        let notes = OutputNotes(path: session.path + ".outputs", config: "/another")
        let locked = try notes.lock()
        var state = OutputNotes.State()
        (state.untold, state.halfWritten) = (["/theirs": "1"], ["/theirs"])
        state.configs = ["/theirs": "/another"]
        try locked.write(state)
        locked.release()
        let items = [try item(place, "a.js", after: "echo a >> told"), try item(place, "b.js")]
        _ = try await run(items, session, tells: false)
        #expect(notes.read().untold.count == 2)
        _ = try await run([items[1]], session)
        #expect(notes.read() == state)
        _ = try await run(items, session)
        #expect(try text(place, "told") == nil, "no byte has changed since it is an output again")
    }

    /// Between the plan and the write another run has put its lines into the file.
    @Test func aMergedFileThatChangedMeanwhileIsPlannedAnew() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        let path = place.folder + "/.env"
        let format = try #require(try ExportFormat.named("dotenv"))
        let items = [
            try item(place, "a.json"),
            HandOut.Item(
                output: Output(path: path, format: format, isMerged: true), include: nil,
                after: AfterCommand(["sh", "-c", "echo env >> told"], folder: place.folder)),
        ]
        for (value, lines, isTold) in [("1", "PORT=1\n", true), ("2", "PORT=2\n", true), ("3", nil, false)] {
            try set(value, session)
            let reports = try await run(items, session) { _ in
                // Somebody's own line, or what another run of ours would write.
                let old = try text(place, ".env") ?? ""
                let new = lines.map { $0 + old } ?? old.replacing("'2'", with: "'3'")
                try FileSystem.replace(path, with: Array(new.utf8).span, mode: 0o600)
            }
            #expect(reports[1].failure == nil && reports[1].changed == isTold)
            #expect(try text(place, ".env")?.contains("KEY='\(value)'\n") == true)
        }
        #expect(try text(place, ".env")?.hasPrefix("PORT=2\nPORT=1\n#") == true)
        #expect(try text(place, "told") == "env\nenv\n", "whoever wrote it tells of it")
    }

    @Test func whereNoAppIsToldNothingIsNoted() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        _ = try await run([try item(place, "a.js"), try item(place, "b.json")], session)
        #expect(try FileSystem.status(of: session.path + ".outputs") == nil)
    }

    @Test func whereNothingCanBeNotedTheFilesAreWrittenAndTheAppsAreTold() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        #expect(FileSystem.makePrivate(folder: session.path + ".outputs"))
        _ = try await run([try item(place, "a.js", after: "echo a >> told; exit 3")], session)
        #expect(try text(place, "told") == "a\n" && failures.ends == [.exited(3)])
        #expect(try text(place, "a.js")?.contains("\"1\"") == true)
    }

    @Test func recordingKeepsWhatElseTheRecordHolds() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        try set("1", session)
        var object = JSONObject()
        object.set("kind", "outputs")
        object.set("later", "kept")
        session.records.set(.outputs, object)
        _ = try await run([try item(place, "a.json")], session)
        #expect(try session.records.object(.outputs)?.text("later") == "kept")
    }
}
