import Host
import OAuth
import Renewal
import Sandbox
import Sealing
import Testing
import Tokens
import VaultFile

/// A real vault in a folder of its own, a real sandbox, and a connection between them.
private struct Place {
    let vault: VaultFile
    let key: UnlockSecret
    let sandbox: SandboxProvider
    let registration: Registration
    let name: RecordName

    init(faults: [String] = []) async throws {
        var options = SandboxOptions()
        options.manners = .tiktok
        options.approves = true
        options.faults = try faults.map { try SandboxFault(parsing: $0) }
        sandbox = try await SandboxProvider.start(options, now: { ThisProcess.now })
        let made = await ChildProcess.run(["mktemp", "-d"], environment: ["PATH": "/usr/bin:/bin"])
        let folder = String(decoding: made.output.dropLast(), as: UTF8.self)
        vault = try VaultFile(path: folder + "/v")
        key = .newRawKey()
        try vault.create(unlocking: key, label: "main") {}
        name = try #require(RecordName("tiktok"))
        registration = Registration(
            provider: try #require(Catalogue.provider("sandbox-tiktok")), clientID: Secret(SandboxOptions.clientID),
            clientSecret: Secret(SandboxOptions.clientSecret), redirectURI: SandboxOptions.defaultRedirectURI,
            scopes: ["user.info.basic"], variables: ["base_url": sandbox.baseURL])
    }

    func session() async throws -> VaultSession { try await vault.session(unlocking: key, wait: .seconds(5)) }

    var batch: Batch {
        let endpoint = TokenEndpoint(timeout: .seconds(5), userAgent: "test", now: { ThisProcess.now })
        return Batch(host: "here", now: { ThisProcess.now }) { await endpoint.send($0) }
    }

    func refresh(_ session: VaultSession, force: Bool = true) async throws -> Outcome? {
        let target = Refresh.Target(name: name, registration: .success(registration))
        return try await Refresh(batch, policy: RenewalPolicy(interval: nil), isForced: force)
            .run([target], on: session).first?.outcome
    }

    /// Authorises as a person would, up to the code, and leaves the authorisation pending in the vault.
    func pendingCode() async throws -> Secret {
        let session = try await session()
        let authorization = try Authorization(
            registration, redirectURI: SandboxOptions.defaultRedirectURI, now: ThisProcess.now)
        var connection = Connection(provider: registration.provider.id)
        connection.pending = authorization.pending
        session.records.set(name, connection: connection)
        try session.commit()
        let browser = await ChildProcess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{redirect_url}", authorization.url],
            environment: ["PATH": "/usr/bin:/bin"])
        return try #require(Callback(pasted: String(decoding: browser.output, as: UTF8.self))?.code)
    }

    func connect() async throws {
        let code = try await pendingCode()
        let session = try await session()
        #expect(try await CodeExchange(batch).run(code, for: name, registration, on: session) == .renewed)
    }

    /// Sends what a refresh would send, and returns the ask and what the provider answered: a run up to its death.
    func ask(_ session: VaultSession) async throws -> (Ask, TokenEndpoint.Response) {
        let token = try #require(try session.records.connection(name)?.tokens?.refreshToken)
        let ask = Ask(
            name: name, fingerprint: try session.fingerprint(of: token), attempt: 1, at: ThisProcess.now, host: "here")
        try session.begin([ask])
        return (ask, await batch.send(.refresh(registration, with: token)))
    }

    func stored() throws -> Connection? { try vault.read(unlocking: key).records.connection(name) }
}

/// What a run that died leaves, and what the next one makes of it.
struct CrashTests {
    @Test func anAnswerInTheJournalOfADeadRunIsMerged() async throws {
        let place = try await Place()
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
        let place = try await Place()
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
        let place = try await Place()
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
        let place = try await Place()
        let code = try await place.pendingCode()
        do {
            let dead = try await place.session()
            let pending = try #require(try dead.records.connection(place.name)?.pending)
            let ask = Ask(
                name: place.name, fingerprint: try dead.fingerprint(of: pending.state), attempt: 1, at: ThisProcess.now,
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
        let place = try await Place(faults: ["drop:2+"])
        try await place.connect()
        let session = try await place.session()
        _ = try await place.refresh(session)
        #expect(try place.stored()?.trouble == .uncertain)
        _ = try await place.refresh(session, force: false)
        #expect(try place.stored()?.question?.attempt == 1, "not while the access token works")
        var connection = try #require(try session.records.connection(place.name))
        connection.tokens?.expiresAt = ThisProcess.now - 1
        session.records.set(place.name, connection: connection)
        _ = try await place.refresh(session, force: false)
        #expect(try place.stored()?.question?.attempt == 2, "once, for there is nothing left to lose")
        _ = try await place.refresh(session, force: false)
        #expect(try place.stored()?.question?.attempt == 2)
    }

    @Test func aTokenIsNotSentToAnotherProvider() async throws {
        let place = try await Place()
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
    func begin(_ asks: [Ask]) throws { try session.begin(asks) }
    func keep(_ reply: Reply, forAsk index: Int) throws { try session.keep(reply, forAsk: index) }
    func commit() throws {
        try session.commit()
        leftBehind = []
    }
}
