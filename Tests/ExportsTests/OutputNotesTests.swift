import Exports
import Host
import Testing

/// What runs note beside the vault for the runs after them.
@Suite struct OutputNotesTests {
    private static func state(_ untold: [String: String], _ halfWritten: Set<String> = []) -> OutputNotes.State {
        var state = OutputNotes.State()
        (state.untold, state.halfWritten) = (untold, halfWritten)
        return state
    }

    private static func note(_ state: OutputNotes.State, _ place: Place) throws {
        let notes = try OutputNotes(path: place.path("notes")).lock()
        try notes.write(state)
        notes.release()
    }

    @Test func whatIsNotedIsThereUntilItIsForgottenAndThenTheFileIsEmpty() async throws {
        try await Place.with { place in
            let notes = OutputNotes(path: place.path("notes"))
            #expect(notes.read().isEmpty)
            #expect(try await place.names() == [], "looking makes no file")
            let state = Self.state(["/a \"b\"\n": "1", "/c": "2"], ["/d"])
            try Self.note(state, place)
            #expect(notes.read() == state)
            #expect(try FileSystem.status(of: place.path("notes"))?.mode == 0o600)
            let telling = try #require(try notes.beginTelling())
            for path in ["/c", "/none"] { try telling.forget(path, "1") }
            #expect(notes.read() == state, "it was noted anew by another run")
            try telling.forget("/a \"b\"\n", "1")
            try telling.forget("/c", "2")
            #expect(notes.read() == Self.state([:], ["/d"]))
            try Self.note(OutputNotes.State(), place)
            #expect(try place.text("notes") == "" && notes.read().isEmpty)
        }
    }

    /// A death in the middle of a write, at each byte: the version before it counts, and the next is found behind it.
    @Test func aLineThatWasCutShortCountsForNothing() async throws {
        try await Place.with { place in
            let (first, second) = (Self.state(["/a": "1"]), Self.state(["/a": "2", "/b": "3"], ["/c"]))
            try Self.note(first, place)
            let before = try #require(try place.text("notes"))
            try Self.note(second, place)
            let after = try #require(try place.text("notes"))
            for cut in before.utf8.count..<after.utf8.count - 1 {
                for zeros in [0, 30] {
                    try place.write("notes", Array(after.utf8.prefix(cut)) + [UInt8](repeating: 0, count: zeros))
                    // Only the closing brace is missing at the most: without it there is no object.
                    let isWhole = cut == after.utf8.count - 1
                    #expect(OutputNotes(path: place.path("notes")).read() == (isWhole ? second : first), "\(cut)")
                    try Self.note(second, place)
                    #expect(OutputNotes(path: place.path("notes")).read() == second, "\(cut)")
                }
            }
        }
    }

    @Test func aFileThatNeverEmptiesDoesNotGrowForEver() async throws {
        try await Place.with { place in
            for number in 0..<1500 { try Self.note(Self.state(["/fails": "1", "/works": "\(number)"]), place) }
            #expect(try #require(try FileSystem.status(of: place.path("notes"))).size < 70_000)
            #expect(OutputNotes(path: place.path("notes")).read().untold == ["/fails": "1", "/works": "1499"])
        }
    }

    @Test func aFileThatOthersCanWriteIsNotBelieved() async throws {
        try await Place.with { place in
            try Self.note(Self.state(["/a": "1"], ["/b"]), place)
            try await place.run("chmod", "620", "notes")
            #expect(OutputNotes(path: place.path("notes")).read().isEmpty)
            try await place.run("sh", "-c", "chmod 600 notes; mv notes other; ln -s other notes")
            #expect(OutputNotes(path: place.path("notes")).read().isEmpty, "nor one that a link leads to")
        }
    }

    @Test func whoeverNotesWaitsForTheOneBefore() async throws {
        try await Place.with { place in
            let path = place.path("notes")
            let held = try OutputNotes(path: path).lock()
            let other = try File(path, .locking)
            #expect(try !other.tryLock())
            held.release()
            #expect(try other.tryLock())
        }
    }

    @Test func onlyOneTellsAndLetsGoOnlyWhenNothingNewIsNoted() async throws {
        try await Place.with { place in
            let notes = OutputNotes(path: place.path("notes"))
            try Self.note(Self.state(["/a": "1", "/other": "1"]), place)
            let telling = try #require(try notes.beginTelling())
            #expect(try telling.untold(of: ["/a"], but: [], isEnd: false) == ["/a": "1"])
            try Self.note(Self.state(["/a": "2", "/other": "1"]), place)
            #expect(try telling.untold(of: ["/a"], but: ["1"], isEnd: false) == ["/a": "2"])
            #expect(try notes.beginTelling() == nil)
            #expect(try telling.untold(of: ["/a"], but: ["1", "2"], isEnd: false) == [:])
            let next = try #require(try notes.beginTelling())
            #expect(try next.untold(of: ["/a"], but: [], isEnd: true) == [:] && notes.beginTelling() != nil)
        }
    }

    @Test func oneThatIsLeftOpenToOthersIsNotWritten() async throws {
        try await Place.with { place in
            try place.write("notes", "", mode: 0o620)
            #expect(throws: HostError.self) { try OutputNotes(path: place.path("notes")).lock() }
        }
    }
}
