import OAuth
import Renewal
import Synchronization
import Testing
import Tokens
import VaultFile

/// A run as a sequence of batches: how many at once, for how long, and what happens between two of them.
struct BatchTests {
    /// Counts what is under way, and what was at most.
    private final class Gauge: Sendable {
        private let counts = Mutex((now: 0, most: 0, all: 0))
        func enter() {
            counts.withLock {
                $0.now += 1
                $0.all += 1
                $0.most = max($0.most, $0.now)
            }
        }
        func leave() { counts.withLock { $0.now -= 1 } }
        var most: Int { counts.withLock { $0.most } }
        var all: Int { counts.withLock { $0.all } }
    }

    /// Connections that are due, without a provider behind them.
    private func place(_ count: Int) async throws -> (Place, [RecordName]) {
        let place = try await Place.make()
        let names = try (0..<count).map { try #require(RecordName("c\($0)")) }
        let session = try await place.session()
        for name in names {
            var connection = Connection(provider: "sandbox-tiktok")
            connection.tokens = TokenSet(
                accessToken: Secret("a"), obtainedAt: place.now - 7200, expiresAt: place.now,
                refreshToken: Secret("r-\(name)"))
            session.records.set(name, connection: connection)
        }
        try session.commit()
        return (place, names)
    }

    /// Answers with new tokens.
    private static func answer(_ place: Place) -> TokenEndpoint.Response {
        let body = Secret(#"{"access_token":"new","refresh_token":"newer","expires_in":7200}"#)
        return .init(reply: .got(Answer(status: 200, date: nil, at: place.now, body: body)), problem: nil)
    }

    private func registration(_ place: Place, host: String) -> Registration {
        Registration(
            provider: place.registration.provider, clientID: Secret("id"), clientSecret: nil, redirectURI: nil,
            scopes: [],
            variables: ["base_url": "https://\(host)"])
    }

    @Test func noMoreIsAskedInOneBatchThanTheStoreHasRoomFor() async throws {
        let (place, names) = try await place(5)
        let batch = Batch(host: "here", clock: { place.now * 1000 }) { _ in Self.answer(place) }
        var opened = 0
        let (outcomes, _) = try await Refresh(batch, place.terms()).run(
            { _ in names }, registration: { _, _ in .success(registration(place, host: "h.example")) },
            opening: {
                opened += 1
                return Nearly(full: try await place.session())
            })
        #expect(outcomes.allSatisfy { $0.outcome == .renewed } && opened == 3)
    }

    @Test func whatCameBeforeCountsWhenALaterBatchCannotBegin() async throws {
        struct Locked: Error {}
        let (place, names) = try await place(5)
        let batch = Batch(host: "here", clock: { place.now * 1000 }) { _ in Self.answer(place) }
        var opened = 0
        let run = Refresh(batch, place.terms())
        let open = { () async throws -> Nearly in
            opened += 1
            if opened == 2 { throw Locked() }
            return Nearly(full: try await place.session())
        }
        var told: [RecordName] = []
        let (outcomes, store) = try await run.run(
            { _ in names }, registration: { _, _ in .success(registration(place, host: "h.example")) }, opening: open,
            obstacle: { $0 is Locked ? Problem("its turn did not come", hint: "again") : nil },
            each: { name, _, _ in told.append(name) })
        #expect(
            store == nil
                && outcomes.map(\.outcome.name) == ["renewed", "renewed"] + Array(repeating: "unavailable", count: 3))
        #expect(told.count == 5)
        // At the very beginning nothing came before.
        opened = 1
        do {
            _ = try await run.run(
                { _ in names }, registration: { _, _ in .failure(Problem("", hint: "")) }, opening: open)
            Issue.record("it began")
        } catch is Locked { opened = 0 }
    }

    @Test(arguments: [(hosts: 1, width: 0, most: 4), (8, 0, 16), (1, 3, 3), (2, 16, 16), (3, 0, 12)])
    func noMoreThanTheWidthIsUnderWayNorMoreThanItsShareToOneHost(hosts: Int, width: Int, most: Int) async throws {
        let (place, names) = try await place(40)
        let gauge = Gauge()
        let batch = Batch(
            host: "here", width: width == 0 ? .standard : Batch.Width(width), clock: { place.now * 1000 }
        ) { _ in
            gauge.enter()
            // Until all that may come have come, or nobody else does.
            for _ in 0..<2000 where gauge.most < most { await Task.yield() }
            gauge.leave()
            return Self.answer(place)
        }
        let (outcomes, _) = try await Refresh(batch, place.terms()).run(
            { _ in names },
            registration: { name, _ in
                .success(registration(place, host: "h\(names.firstIndex(of: name)! % hosts).example"))
            }, opening: { try await place.session() })
        #expect(outcomes.count == 40 && outcomes.allSatisfy { $0.outcome == .renewed })
        #expect(gauge.most == most && gauge.all == 40)
    }

    @Test func aBatchStartsNothingAfterItsTimeAndTheNextOneGoesOnAfterAnUnlock() async throws {
        let (place, names) = try await place(9)
        let gauge = Gauge()
        let batch = Batch(
            host: "here", width: Batch.Width(4), startLimit: .zero, clock: { place.now * 1000 }
        ) { _ in
            gauge.enter()
            return Self.answer(place)
        }
        var generations: [UInt64] = []
        let (outcomes, last) = try await Refresh(batch, place.terms()).run(
            { _ in names }, registration: { _, _ in .success(registration(place, host: "h.example")) },
            opening: {
                // Nobody holds the lock between two batches.
                let session = try await place.vault.session(unlocking: place.key, wait: .milliseconds(5))
                generations.append(session.vault.header.generation)
                return session
            })
        #expect(outcomes.allSatisfy { $0.outcome == .renewed } && gauge.all == 9)
        #expect(generations == [2, 3, 4] && last?.vault.header.generation == 5, "one commit a batch")
        #expect(try place.hasJournal == false)
    }

    @Test func aRunOfManyTakesAsManyAtATimeAsTheirLargestAnswersWouldFit() async throws {
        let (place, names) = try await place(600)
        let batch = Batch(host: "here", width: Batch.Width(16), clock: { place.now * 1000 }) { _ in Self.answer(place) }
        var opened = 0
        let (outcomes, _) = try await Refresh(batch, place.terms()).run(
            { _ in names }, registration: { _, _ in .success(registration(place, host: "h.example")) },
            opening: {
                opened += 1
                return try await place.session()
            })
        #expect(outcomes.count == 600 && outcomes.allSatisfy { $0.outcome == .renewed })
        #expect(opened == 4, "191 answers of 1 MiB fit in a vault")
    }

    @Test func theIntentOfARequestIsOnTheDiskBeforeItIsSentAndNoSooner() async throws {
        let (place, names) = try await place(5)
        let counts = Mutex<[Int]>([])
        let batch = Batch(host: "here", width: Batch.Width(1), clock: { place.now * 1000 }) { _ in
            // What a run that finds this journal would learn: all that were asked, and no more.
            let copy = place.folder + "/copy"
            let asked = try? await place.leftBehind(in: copy)
            counts.withLock { $0.append(asked?.count ?? -1) }
            return Self.answer(place)
        }
        _ = try await Refresh(batch, place.terms()).run(
            { _ in names }, registration: { _, _ in .success(registration(place, host: "h.example")) },
            opening: { try await place.session() })
        #expect(counts.withLock { $0 } == [1, 2, 3, 4, 5])
    }

    @Test func aStopAsksNoMoreAndKeepsWhatIsUnderWay() async throws {
        let (place, names) = try await place(9)
        let gauge = Gauge()
        let isStopped = Atomic(false)
        let held = Atomic(0)
        let stop = StopRequests(
            hold: { held.add(1, ordering: .relaxed) }, release: { held.subtract(1, ordering: .relaxed) },
            isWanted: { isStopped.load(ordering: .relaxed) })
        let batch = Batch(host: "here", width: Batch.Width(2), stop: stop, clock: { place.now * 1000 }) { _ in
            gauge.enter()
            #expect(held.load(ordering: .relaxed) == 1)
            if gauge.all == 2 { isStopped.store(true, ordering: .relaxed) }
            while !isStopped.load(ordering: .relaxed) { await Task.yield() }
            return Self.answer(place)
        }
        var told: [RecordName] = []
        await #expect(throws: Stopped.self) {
            _ = try await Refresh(batch, place.terms()).run(
                { _ in names }, registration: { _, _ in .success(registration(place, host: "h.example")) },
                opening: { try await place.session() }, each: { name, _, _ in told.append(name) })
        }
        #expect(gauge.all == 2 && held.load(ordering: .relaxed) == 0)
        #expect(told == Array(names[..<2]))
        for name in names[..<2] { #expect(try place.stored(name)?.tokens?.accessToken == Secret("new")) }
        for name in names[2...] { #expect(try place.stored(name)?.tokens?.accessToken == Secret("a")) }
        #expect(try place.hasJournal == false)
    }
}

/// A session that has room for two more answers.
private final class Nearly: TokenStore {
    private let session: VaultSession

    init(full session: VaultSession) { self.session = session }

    var records: Records {
        get { session.records }
        set { session.records = newValue }
    }
    var leftBehind: [(ask: Ask, reply: Reply)] { session.leftBehind }
    var isOlder: Bool { session.isOlder }
    var isCurrent: Bool { session.isCurrent }
    let capacity = 2
    func fingerprint(of token: Secret) throws -> String { try session.fingerprint(of: token) }
    func begin(_ asks: [Ask], room: Int) throws { try session.begin(asks, room: room) }
    func keep(_ reply: Reply, forAsk index: Int, then next: Ask?) throws {
        try session.keep(reply, forAsk: index, then: next)
    }
    func commit() throws { try session.commit() }
}
