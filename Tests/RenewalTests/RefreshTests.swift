import Host
import OAuth
import Renewal
import Sandbox
import Testing
import Tokens
import VaultFile

/// A refresh against a real provider, over real HTTP, in a real vault.
struct RefreshTests {
    @Test(arguments: Manners.allCases)
    func whatIsDueIsRenewedRotatedAndStored(manners: Manners) async throws {
        let place = try await Place.make(manners)
        try await place.connect()
        let old = try #require(try place.stored()?.tokens)
        let session = try await place.session()
        #expect(try await place.refresh(session, force: false) == .notDue)
        #expect(try await place.count() == 0, "what is not due costs no request")

        place.advance(6000)
        #expect(try await place.refresh(session, force: false) == .renewed)
        let new = try #require(try place.stored()?.tokens)
        #expect(new.accessToken != old.accessToken && new.refreshToken != old.refreshToken)
        #expect(new.expiresAt == place.now + 7200 && new.obtainedAt == place.now)
        #expect(new.scopes == ["user.info.basic"])
        if manners == .tiktok {
            #expect(new.refreshExpiresAt == place.now + 180 * 86400 && new.extras["open_id"] == old.extras["open_id"])
        }
        #expect(
            try place.stored()?.last
                == .init(at: place.now, outcome: "renewed", began: place.now * 1000, ended: place.now * 1000))
        #expect(try await place.count("refresh", "ok") == 1)
        #expect(try place.hasJournal == false)
    }

    /// A fault of the sandbox at the refresh, the outcome, what is in the way from then on, and the answers kept.
    struct Fault: Sendable {
        let kind: String
        let outcome: String
        var trouble: Connection.Trouble?
        var unread = 0
    }

    @Test(arguments: [
        Fault(kind: "error-200", outcome: "unavailable"),
        Fault(kind: "rate-limit", outcome: "unavailable"),
        Fault(kind: "http-500", outcome: "uncertain", trouble: .uncertain, unread: 1),
        Fault(kind: "html", outcome: "uncertain", trouble: .uncertain, unread: 1),
        Fault(kind: "truncated", outcome: "uncertain", trouble: .uncertain, unread: 1),
        Fault(kind: "drop", outcome: "uncertain", trouble: .uncertain),
        Fault(kind: "slow", outcome: "uncertain", trouble: .uncertain),
        Fault(kind: "string-expires", outcome: "renewed"),
        Fault(kind: "oversize", outcome: "renewed"),
        Fault(kind: "no-refresh-token", outcome: "renewed"),
    ])
    func onlyACompleteAnswerChangesAToken(fault: Fault) async throws {
        let place = try await Place.make(faults: ["\(fault.kind):2"])
        try await place.connect()
        let old = try #require(try place.stored()?.tokens)
        let session = try await place.session()
        let batch = place.batch(timeout: fault.kind == "slow" ? .milliseconds(600) : .seconds(30))
        #expect(try await place.refresh(session, by: batch)?.name == fault.outcome)
        let after = try #require(try place.stored())
        #expect(after.trouble == fault.trouble && after.unread.count == fault.unread)
        #expect((after.tokens == old) == (fault.outcome != "renewed"))
        #expect(
            (after.tokens?.refreshToken == old.refreshToken)
                == (fault.kind != "string-expires" && fault.kind != "oversize"))
        if fault.outcome == "renewed" { #expect(after.tokens?.expiresAt == place.now + 7200) }
        #expect(try place.hasJournal == false)

        // Due, and the access token still good.
        place.advance(6000)
        let next = try await place.refresh(session, force: false)
        #expect(next?.name == (fault.trouble == nil ? "renewed" : "uncertain"))
        // A request that was given up has left, and may be read by the sandbox only now.
        var asked = try await place.count()
        for _ in 0..<500 where asked < 1 { asked = try await place.count() }
        #expect(asked == (fault.trouble == nil ? 2 : 1), "a family that may live is not asked again")
    }

    @Test func aSpentTokenIsTriedOnceMoreAtTheEndAndThenAPersonIsNeeded() async throws {
        let place = try await Place.make(faults: ["drop:2"])
        try await place.connect()
        let session = try await place.session()
        _ = try await place.refresh(session)
        place.advance(7200)
        #expect(try await place.refresh(session, force: false)?.name == "rejected")
        #expect(try place.stored()?.trouble == .reauthorize && place.stored()?.tokens?.refreshToken != nil)
        #expect(try await place.refresh(session, force: false)?.name == "rejected")
        #expect(try await place.count() == 2, "no request is made with what was refused")
    }

    @Test func aRefusedClientIsAskedForAgainWhenItIsMended() async throws {
        let place = try await Place.make(.standard)
        try await place.connect()
        let old = try place.stored()?.tokens
        let wrong = Registration(
            provider: place.registration.provider, clientID: place.registration.clientID, clientSecret: Secret("no"),
            redirectURI: nil, scopes: [], variables: place.registration.variables)
        let session = try await place.session()
        guard case .misconfigured(let problem) = try await place.refresh(session, with: wrong) else {
            Issue.record("it is not said")
            return
        }
        #expect(problem.message.contains("invalid_client") && !problem.message.contains("no\""))
        #expect(try place.stored()?.tokens == old && place.stored()?.trouble == .misconfigured)
        place.advance(6000)
        #expect(try await place.refresh(session, force: false) == .renewed)
        #expect(try place.stored()?.trouble == nil)
    }

    @Test func whatWasNotSentCostsNothing() async throws {
        let place = try await Place.make()
        try await place.connect()
        let old = try place.stored()?.tokens
        await place.sandbox.stop()
        let session = try await place.session()
        #expect(try await place.refresh(session)?.name == "unavailable")
        let after = try place.stored()
        #expect(after?.tokens == old && after?.trouble == nil && after?.question == nil)
        #expect(try place.hasJournal == false)
    }

    @Test func aNameGivenTwiceIsAskedForOnce() async throws {
        let place = try await Place.make(.standard)
        try await place.connect()
        let session = try await place.session()
        let target = Refresh.Target(name: place.name, registration: .success(place.registration))
        let outcomes = try await Refresh(place.batch, place.terms(force: true))
            .run([target, target], on: session)
        #expect(outcomes.map(\.outcome) == [.renewed])
        #expect(try await place.count() == 1)
        #expect(try await place.families("revoked") == 0)
    }

    @Test func whatWasNeverConnectedIsPassedOverThoughItCouldNotBeAsked() async throws {
        let place = try await Place.make()
        let session = try await place.session()
        let target = Refresh.Target(name: place.name, registration: .failure(Problem("no secret", hint: "set it")))
        let refresh = Refresh(place.batch, place.terms())
        #expect(try await refresh.run([target], on: session).map(\.outcome) == [.notConnected])
    }

    @Test func twoRunsAtOnceAskOnce() async throws {
        let place = try await Place.make()
        try await place.connect()
        place.advance(6000)
        @Sendable func run() async throws -> Outcome? {
            try await place.refresh(try await place.session(), force: false)
        }
        async let one = run()
        async let other = run()
        let outcomes = try await [one?.name, other?.name]
        #expect(outcomes.contains("renewed") && outcomes.contains("not_due"))
        #expect(try await place.count() == 1)
    }

    @Test func oneThatFailsStopsNoOther() async throws {
        // Requests 1 to 3 are the connections'.
        let place = try await Place.make(faults: ["drop:5"])
        let names = try ["a", "b", "c"].map { try #require(RecordName($0)) }
        for name in names { try await place.connect(name) }
        let before = try names.map { try place.stored($0)?.tokens }
        let session = try await place.session()
        let outcomes = try await Refresh(place.batch, place.terms(force: true))
            .run(names.map { Refresh.Target(name: $0, registration: .success(place.registration)) }, on: session)
        #expect(outcomes.map(\.name) == names)
        #expect(outcomes.map(\.outcome.name).sorted() == ["renewed", "renewed", "uncertain"])
        for ((name, outcome), old) in zip(outcomes, before) {
            #expect((try place.stored(name)?.tokens == old) == (outcome != .renewed))
        }
    }

    @Test func anAnswerThatTheVaultCannotTakeIsInTheJournalAndTheNextRunFinishes() async throws {
        let place = try await Place.make()
        try await place.connect()
        let old = try place.stored()?.tokens
        let path = place.vault.path
        let bytes = try #require(try FileSystem.contents(of: path, limit: 1 << 20))
        let other = try VaultFile(path: place.folder + "/other")
        try other.create(unlocking: place.key, label: "main") {}
        let foreign = try #require(try FileSystem.contents(of: other.path, limit: 1 << 20))
        do {
            let session = try await place.session()
            // A program that takes no lock puts another file in the vault's place while the request is under way.
            let batch = place.batch { try? FileSystem.replace(path, with: foreign.span, mode: 0o600) }
            let error = await #expect(throws: VaultError.self) { try await place.refresh(session, by: batch) }
            guard case .kept = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        #expect(try FileSystem.contents(of: path, limit: 1 << 20) == foreign, "what is not ours is not replaced")
        try FileSystem.replace(path, with: bytes.span, mode: 0o600)
        #expect(try place.stored()?.tokens == old)
        let session = try await place.session()
        #expect(try await place.refresh(session, force: false) == .renewed)
        #expect(try place.stored()?.tokens?.refreshToken != old?.refreshToken)
        #expect(try await place.count() == 1 && place.hasJournal == false)
    }
}
