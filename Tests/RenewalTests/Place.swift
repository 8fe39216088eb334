import Glibc
import Host
import OAuth
import Renewal
import Sandbox
import Synchronization
import Testing
import Tokens
import VaultFile

/// A real vault in a folder of its own, a real sandbox, and what is needed to connect the one with the other.
///
/// Both live by one clock, which stands still until a test moves it.
final class Place: Sendable {
    /// The folder, which goes with its owner.
    let folder: String
    let vault: VaultFile
    let key = UnlockSecret.newRawKey()
    let sandbox: SandboxProvider
    let registration: Registration
    let name: RecordName
    private let clock: Clock

    private final class Clock: Sendable {
        private let seconds = Atomic<Int64>(ThisProcess.now)
        var now: Int64 { seconds.load(ordering: .relaxed) }
        func advance(_ time: Int64) { seconds.add(time, ordering: .relaxed) }
    }

    private init(
        folder: String, vault: VaultFile, sandbox: SandboxProvider, registration: Registration, name: RecordName,
        clock: Clock
    ) {
        self.folder = folder
        self.vault = vault
        self.sandbox = sandbox
        self.registration = registration
        self.name = name
        self.clock = clock
    }

    /// Makes both; the sandbox consents at once.
    static func make(_ manners: Manners = .tiktok, faults: [String] = []) async throws -> Place {
        var options = SandboxOptions()
        options.manners = manners
        options.approves = true
        options.faults = try faults.map { try SandboxFault(parsing: $0) }
        let clock = Clock()
        let sandbox = try await SandboxProvider.start(options, now: { clock.now })
        let made = await ChildProcess.run(["mktemp", "-d"], environment: Self.environment)
        let folder = String(decoding: made.output.dropLast(), as: UTF8.self)
        let entry = manners == .tiktok ? "sandbox-tiktok" : "sandbox"
        let place = Place(
            folder: folder, vault: try VaultFile(path: folder + "/v"), sandbox: sandbox,
            registration: Registration(
                provider: try #require(Catalogue.provider(entry)), clientID: Secret(SandboxOptions.clientID),
                clientSecret: Secret(SandboxOptions.clientSecret), redirectURI: SandboxOptions.defaultRedirectURI,
                scopes: ["user.info.basic"], variables: ["base_url": sandbox.baseURL]),
            name: try #require(RecordName("tiktok")), clock: clock)
        try place.vault.create(unlocking: place.key, label: "main") {}
        return place
    }

    deinit {
        let text = if case .rawKey(let key) = key { (try? KeyText.encode(key).revealed()) ?? "" } else { "" }
        let letGo = FileSystem.folder(of: #filePath) + "/../let-go"
        _ = unsafe system("'\(letGo)' '\(folder)' '\(text)'")
        Task { [sandbox] in await sandbox.stop() }
    }

    /// What commands are run in.
    static let environment = ["PATH": "/usr/bin:/bin"]

    var now: Int64 { clock.now }

    func terms(force: Bool = false) -> Terms {
        Terms(RenewalPolicy(interval: nil), waitingSince: now * 1000, isForced: force)
    }

    /// The same client with another secret.
    func registration(withSecret secret: String) -> Registration {
        Registration(
            provider: registration.provider, clientID: registration.clientID, clientSecret: Secret(secret),
            redirectURI: registration.redirectURI, scopes: registration.scopes, variables: registration.variables)
    }

    func advance(_ time: Int64) { clock.advance(time) }

    func session() async throws -> VaultSession { try await vault.session(unlocking: key, wait: .seconds(30)) }

    /// Who asks, over real HTTP; `then` is run when an answer has come.
    func batch(timeout: Duration = .seconds(30), then: @escaping @Sendable () -> Void = {}) -> Batch {
        let clock = clock
        let endpoint = TokenEndpoint(timeout: timeout, userAgent: "test", now: { clock.now })
        return Batch(host: "here", clock: { clock.now * 1000 }) { request in
            let response = await endpoint.send(request)
            then()
            return response
        }
    }

    var batch: Batch { batch() }

    /// What `refresh` does to the connection.
    func refresh(
        _ session: VaultSession, force: Bool = true, with registration: Registration? = nil, by batch: Batch? = nil
    ) async throws -> Outcome? {
        let target = Refresh.Target(name: name, registration: .success(registration ?? self.registration))
        return try await Refresh(batch ?? self.batch, terms(force: force)).run([target], on: session).first?.outcome
    }

    /// Authorises as a person would, up to the code, and leaves the authorisation pending in the vault.
    func pendingCode(of name: RecordName? = nil) async throws -> Secret {
        let session = try await session()
        let name = name ?? self.name
        let authorization = try Authorization(
            registration, redirectURI: SandboxOptions.defaultRedirectURI, now: now)
        var connection = try session.records.connection(name) ?? Connection(provider: registration.provider.id)
        connection.pending = authorization.pending
        session.records.set(name, connection: connection)
        try session.commit()
        let address = try await curl("-o", "/dev/null", "-w", "%{redirect_url}", authorization.url)
        return try #require(Callback(pasted: String(decoding: address, as: UTF8.self))?.code)
    }

    func connect(_ name: RecordName? = nil) async throws {
        let code = try await pendingCode(of: name)
        let session = try await session()
        let outcome = try await CodeExchange(batch).run(code, for: name ?? self.name, registration, on: session)
        #expect(outcome == .renewed)
    }

    /// Changes the stored connection, as a commit of its own.
    func change(_ change: (inout Connection) -> Void) async throws {
        let session = try await session()
        var connection = try #require(try session.records.connection(name))
        change(&connection)
        session.records.set(name, connection: connection)
        try session.commit()
    }

    /// Sends what a refresh would send, and returns the ask and what the provider answered: a run up to its death.
    func ask(_ session: VaultSession) async throws -> (Ask, TokenEndpoint.Response) {
        let token = try #require(try session.records.connection(name)?.tokens?.refreshToken)
        let ask = Ask(
            name: name, fingerprint: try session.fingerprint(of: token), attempt: 1, at: now, host: "here")
        try session.begin([ask])
        return (ask, await batch.send(.refresh(registration, with: token)))
    }

    func stored(_ name: RecordName? = nil) throws -> Connection? {
        try vault.read(unlocking: key).records.connection(name ?? self.name)
    }

    /// What a run would find if this one died now: the asks in a copy of the vault and its journal.
    func leftBehind(in copy: String) async throws -> [Ask] {
        _ = await ChildProcess.run(
            [
                "sh", "-c",
                "rm -rf '\(copy)' && mkdir '\(copy)' && cp '\(vault.path)' '\(vault.path).journal' '\(copy)'",
            ],
            environment: Self.environment)
        return try await VaultFile(path: copy + "/v").session(unlocking: key, wait: .zero).leftBehind.map(\.ask)
    }

    var hasJournal: Bool { get throws { try FileSystem.status(of: vault.path + ".journal") != nil } }

    /// How many requests the sandbox has seen of a kind, by outcome.
    func count(_ kind: String = "refresh", _ outcome: String = "total") async throws -> Int64 {
        let statistics = try await statistics()
        return try statistics.object("requests")?.object(kind)?.integer(outcome) ?? 0
    }

    /// How many grants are `alive` or `revoked`.
    func families(_ state: String) async throws -> Int64? {
        let statistics = try await statistics()
        return try statistics.object("families")?.integer(state)
    }

    private func statistics() async throws -> JSONObject {
        let answer = try await curl(sandbox.baseURL + "/sandbox/stats")
        return try JSONObject(parsing: answer.span, rules: .answer)
    }

    private func curl(_ arguments: String...) async throws -> [UInt8] {
        let ended = await ChildProcess.run(["curl", "-s"] + arguments, environment: Self.environment)
        try #require(ended.end == .exited(0))
        return ended.output
    }
}
