import OAuth
import Renewal
import Testing
import Tokens
import VaultFile

/// What a run that died leaves, and what the next one makes of it.
struct CrashTests {
    @Test func anAnswerInTheJournalOfADeadRunIsMerged() async throws {
        let place = try await Place.make()
        try await place.connect()
        let before = try place.stored()?.tokens
        do {
            let dead = try await place.session()
            try dead.keep(try await place.ask(dead).1.reply, forAsk: 0)
        }
        #expect(try place.stored()?.tokens == before, "nothing is committed yet")
        let session = try await place.session()
        #expect(session.leftBehind.count == 1)
        #expect(try await place.refresh(session, force: false) == .renewed)
        let after = try place.stored()?.tokens
        #expect(after?.refreshToken != before?.refreshToken && after?.refreshToken != nil)
        #expect(try await place.refresh(session) == .renewed, "the family lives")
    }

    @Test func anIntentWithoutAnAnswerMayBeSpentAndIsSaid() async throws {
        let place = try await Place.make()
        try await place.connect()
        do {
            let dead = try await place.session()
            _ = try await place.ask(dead)
        }
        let session = try await place.session()
        guard case .uncertain(let problem)? = try await place.refresh(session, force: false) else {
            Issue.record("it is not said")
            return
        }
        #expect(problem.message.contains("may be spent") && problem.hint.contains("tokenkeep connect tiktok"))
        #expect(try place.stored()?.question?.attempt == 1)
    }

    @Test func anAnswerForATokenThatWasReplacedIsKeptAside() async throws {
        let place = try await Place.make()
        try await place.connect()
        let session = try await place.session()
        let (ask, response) = try await place.ask(session)
        try session.keep(response.reply, forAsk: 0)
        var connection = try #require(try session.records.connection(place.name))
        connection.tokens?.refreshToken = Secret("newer")
        session.records.set(place.name, connection: connection)
        #expect(ask.attempt == 1)
        // As a journal would be settled whose vault has gone on: the newer token stands.
        let later = try await settleAgain(session, place, ask, response)
        #expect(later.tokens?.refreshToken == Secret("newer") && later.unread.count == 1)
    }

    private func settleAgain(
        _ session: VaultSession, _ place: Place, _ ask: Ask, _ response: TokenEndpoint.Response
    ) async throws -> Connection {
        let store = Left(session, [(ask, response.reply)])
        _ = try place.batch.settleLeftBehind(on: store)
        return try #require(try session.records.connection(place.name))
    }

    @Test func aCodesAnswerInTheJournalOfADeadRunConnects() async throws {
        let place = try await Place.make()
        let code = try await place.pendingCode()
        do {
            let dead = try await place.session()
            let pending = try #require(try dead.records.connection(place.name)?.pending)
            let ask = Ask(
                name: place.name, fingerprint: try dead.fingerprint(of: pending.state), attempt: 1, at: place.now,
                host: "here")
            try dead.begin([ask])
            let request = TokenRequest.exchange(
                place.registration, code: code, redirectURI: pending.redirectURI, verifier: pending.verifier)
            try dead.keep(await place.batch.send(request).reply, forAsk: 0)
        }
        let session = try await place.session()
        #expect(try place.batch.settleLeftBehind(on: session).map(\.outcome) == [.renewed])
        #expect(try place.stored()?.pending == nil && place.stored()?.tokens?.accessToken != nil)
        #expect(try await place.refresh(session) == .renewed)
    }

    @Test func anUncertainTokenIsTriedOnceWhenItHasRunOutAndNotAgain() async throws {
        let place = try await Place.make(faults: ["drop:2+"])
        try await place.connect()
        let session = try await place.session()
        _ = try await place.refresh(session)
        #expect(try place.stored()?.trouble == .uncertain)
        _ = try await place.refresh(session, force: false)
        #expect(try place.stored()?.question?.attempt == 1, "not while the access token works")
        place.advance(3)
        var connection = try #require(try session.records.connection(place.name))
        connection.tokens?.expiresAt = place.now - 1
        session.records.set(place.name, connection: connection)
        _ = try await place.refresh(session, force: false)
        #expect(try place.stored()?.question?.attempt == 2, "once, for there is nothing left to lose")
        _ = try await place.refresh(session, force: false)
        #expect(try place.stored()?.question?.attempt == 2)
    }

    @Test func aTokenIsNotSentToAnotherProvider() async throws {
        let place = try await Place.make()
        try await place.connect()
        let session = try await place.session()
        var connection = try #require(try session.records.connection(place.name))
        connection.provider = "sandbox"
        session.records.set(place.name, connection: connection)
        guard case .misconfigured? = try await place.refresh(session) else {
            Issue.record("it was asked")
            return
        }
    }
}

/// A session whose vault has gone on since the journal was written, which no run of this program leaves behind.
private final class Left: TokenStore {
    private let session: VaultSession
    private(set) var leftBehind: [(ask: Ask, reply: Reply)]

    init(_ session: VaultSession, _ leftBehind: [(ask: Ask, reply: Reply)]) {
        self.session = session
        self.leftBehind = leftBehind
    }

    var records: Records {
        get { session.records }
        set { session.records = newValue }
    }

    func fingerprint(of token: Secret) throws -> String { try session.fingerprint(of: token) }
    var isOlder: Bool { session.isOlder }
    var isCurrent: Bool { session.isCurrent }
    var capacity: Int { session.capacity }
    func begin(_ asks: [Ask], room: Int) throws { try session.begin(asks, room: room) }
    func keep(_ reply: Reply, forAsk index: Int, then next: Ask?) throws {
        try session.keep(reply, forAsk: index, then: next)
    }
    func commit() throws {
        try session.commit()
        leftBehind = []
    }
}
