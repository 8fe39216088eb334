import Host
import OAuth
import Renewal
import Synchronization
import Testing
import Tokens
import VaultFile

/// Every request leaves one line in the log, of names, numbers and fingerprints.
struct LogEventTests {
    private final class Lines: Sendable {
        private let all = Mutex<[String]>([])
        func add(_ events: [LogEvent]) {
            all.withLock { lines in lines += events.compactMap { $0.object.encoded().revealed() } }
        }
        var texts: [String] { all.withLock { $0 } }
        var objects: [JSONObject] {
            get throws { try texts.map { try JSONObject(parsing: Array($0.utf8).span, rules: .record) } }
        }
    }

    private func batch(_ place: Place, _ lines: Lines, then: @escaping @Sendable () -> Void = {}) -> Batch {
        let endpoint = TokenEndpoint(timeout: .seconds(30), userAgent: "test", now: { [now = place.now] in now })
        return Batch(
            host: "here", clock: { [now = place.now] in now * 1000 }, log: { lines.add($0) }
        ) { request in
            let response = await endpoint.send(request)
            then()
            return response
        }
    }

    @Test func aRenewalTellsWhichTokenBecameWhich() async throws {
        let place = try await Place.make()
        try await place.connect()
        let lines = Lines()
        let session = try await place.session()
        let old = try #require(try session.records.connection(place.name)?.tokens?.refreshToken)
        _ = try await place.refresh(session, by: batch(place, lines))
        let new = try #require(try session.records.connection(place.name)?.tokens?.refreshToken)
        let event = try #require(try lines.objects.first)
        #expect(try event.text("event") == "refresh" && event.text("outcome") == "renewed")
        #expect(try event.text("class") == "tokens" && event.integer("status") == 200 && event.integer("attempt") == 1)
        #expect(try event.text("fp_before") == session.fingerprint(of: old))
        #expect(try event.text("fp_after") == session.fingerprint(of: new))
        #expect(try event.integer("at") == place.now && event.integer("duration_ms") ?? -1 >= 0)
        #expect(!event.has("committed"))
        for token in [old, new] { #expect(!lines.texts[0].contains(try #require(token.revealed()))) }
    }

    @Test(
        arguments: [
            ("http-500", "uncertain", "unreadable", 500), ("error-200", "unavailable", "error", 200),
            ("rate-limit", "unavailable", "turned_away", 429), ("html", "uncertain", "unreadable", 200),
            ("drop", "uncertain", "missing", nil),
        ] as [(String, String, String, Int64?)])
    func aFailureTellsWhatCameBack(fault: String, outcome: String, kind: String, status: Int64?) async throws {
        let place = try await Place.make(faults: ["\(fault):2"])
        try await place.connect()
        let lines = Lines()
        let session = try await place.session()
        _ = try await place.refresh(session, by: batch(place, lines))
        let event = try #require(try lines.objects.first)
        #expect(try event.text("outcome") == outcome && event.text("class") == kind, "\(lines.texts)")
        #expect(try event.integer("status") == status)
        #expect(try event.text("fp_before") == event.text("fp_after"))
        if kind == "error" { #expect(try event.text("error") != nil && event.text("log_id") != nil) }
    }

    @Test func whatTheVaultCouldNotTakeIsSaidToWait() async throws {
        let place = try await Place.make()
        try await place.connect()
        let lines = Lines()
        do {
            let session = try await place.session()
            let vault = place.vault.path
            let dead = batch(place, lines) { try? FileSystem.rename(vault, to: vault + ".away") }
            await #expect(throws: VaultError.self) { try await place.refresh(session, by: dead) }
            try FileSystem.rename(vault + ".away", to: vault)
        }
        let session = try await place.session()
        _ = try batch(place, lines).settleLeftBehind(on: session)
        let (first, second) = (try lines.objects[0], try lines.objects[1])
        #expect(first.has("committed") && !second.has("committed"))
        #expect(try first.text("outcome") == "renewed" && second.text("outcome") == "renewed")
        #expect(try first.text("fp_after") == second.text("fp_after"))
    }
}
