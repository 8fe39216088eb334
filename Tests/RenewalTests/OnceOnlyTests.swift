import OAuth
import Renewal
import Sandbox
import Testing
import Tokens
import VaultFile

/// One request however many want it, and a provider that fails is left alone.
struct OnceOnlyTests {
    /// A run with the lock, from a moment on: what `refresh` does.
    private func run(
        _ place: Place, since: Int64? = nil, force: Bool = false, patience: Duration = .zero
    ) async throws -> Outcome {
        let terms = Terms(
            RenewalPolicy(interval: nil), waitingSince: since ?? place.now * 1000, isForced: force, patience: patience)
        let (outcomes, _) = try await Refresh(place.batch, terms).run(
            { _ in [place.name] }, registration: { _, _ in .success(place.registration) },
            opening: { try await place.session() })
        return outcomes[0].outcome
    }

    @Test func whoWaitedTakesTheOutcomeOfWhatWasAskedMeanwhile() async throws {
        let place = try await Place.make()
        try await place.connect()
        let before = place.now * 1000
        place.advance(7000)
        #expect(try await run(place) == .renewed)
        #expect(try await run(place, since: before) == .notDue)
        #expect(try await run(place, since: before, force: true) == .renewed, "it was renewed after the wish")
        #expect(try await place.count() == 1)
        #expect(try await run(place, force: true) == .renewed)
        #expect(try await place.count() == 2, "a wish that came later is another one")
    }

    @Test(arguments: [("rate-limit", "unavailable"), ("http-500", "uncertain"), ("drop", "uncertain")])
    func aFailureIsTakenTooByThoseWhoWaited(fault: String, outcome: String) async throws {
        let place = try await Place.make(faults: ["\(fault):2+"])
        try await place.connect()
        let before = place.now * 1000
        place.advance(7200)
        #expect(try await run(place).name == outcome)
        let taken = try await run(place, since: before)
        #expect(taken.name == outcome && taken.problem?.hint.isEmpty == false)
        #expect(try await place.count() == 1)
    }

    @Test(arguments: ["rate-limit", "error-200"])
    func aProviderThatFailsIsLeftAloneForAWhileUnlessForced(fault: String) async throws {
        let place = try await Place.make(faults: ["\(fault):2", "\(fault):3"])
        try await place.connect()
        place.advance(7200)
        #expect(try await run(place).name == "unavailable")
        let wait = try #require(try place.stored()?.notBefore) - place.now
        #expect(wait == (fault == "rate-limit" ? 1 : 30), "what the provider asks for, else half a minute")
        let left = try await run(place)
        #expect(left.name == "unavailable" && left.problem?.hint.contains("refresh --force tiktok") == true)
        #expect(try await place.count() == 1, "a storm of jobs does not hammer it")
        #expect(try await run(place, force: true).name == "unavailable")
        #expect(try await place.count() == 2 && place.stored()?.failures == 2)
        place.advance(3600)
        #expect(try await run(place) == .renewed)
        #expect(try place.stored()?.failures == 0 && place.stored()?.notBefore == nil)
    }

    @Test func failuresAreCountedToAHundredWhateverTheVaultSays() async throws {
        let place = try await Place.make(faults: ["error-200:2"])
        try await place.connect()
        try await place.change { $0.failures = .max }
        #expect(try await run(place, force: true).name == "unavailable")
        #expect(try place.stored()?.failures == 100 && place.stored()?.notBefore == place.now + 900)
    }

    @Test func whatWasTurnedAwayIsAskedAgainByTheSameRunWithinItsPatience() async throws {
        let place = try await Place.make(faults: ["rate-limit:2"])
        try await place.connect()
        place.advance(7200)
        #expect(try await run(place, patience: .seconds(30)) == .renewed)
        #expect(try await place.count() == 2)
    }

    @Test func aRegistrationThatWasRefusedIsAskedWithAgainWhenItIsAnotherOrAfterAWhile() async throws {
        let place = try await Place.make()
        try await place.connect()
        func run(_ secret: String, force: Bool = false) async throws -> String {
            let registration = place.registration(withSecret: secret)
            let terms = Terms(
                RenewalPolicy(interval: nil), waitingSince: place.now * 1000, isForced: force, patience: .zero)
            return try await Refresh(place.batch, terms).run(
                { _ in [place.name] }, registration: { _, _ in .success(registration) },
                opening: { try await place.session() }
            ).outcomes[0].outcome.name
        }
        #expect(try await run("wrong", force: true) == "misconfigured")
        for _ in 1...3 { #expect(try await run("wrong") == "misconfigured") }
        #expect(try await place.count() == 1, "a storm of jobs does not hammer it")
        place.advance(30)
        #expect(try await run("wrong") == "misconfigured")
        #expect(try await place.count() == 2)
        #expect(try await run(SandboxOptions.clientSecret) == "renewed", "whoever mends it sees it at once")
        #expect(try place.stored()?.refusedClient == nil && place.stored()?.failures == 0)
    }

    @Test func aMendedRegistrationIsLeftAloneLikeAnyOtherWhenTheProviderIsBusy() async throws {
        let place = try await Place.make(faults: ["rate-limit:3+"])
        try await place.connect()
        try await place.change { connection in
            connection.trouble = .misconfigured
            connection.refusedClient = "another"
            connection.last = .init(at: place.now, outcome: "misconfigured")
        }
        // The second request is answered, so that the third is the busy one.
        _ = try await run(place, force: true)
        place.advance(7200)
        try await place.change { connection in
            connection.trouble = .misconfigured
            connection.refusedClient = "another"
            connection.last = .init(at: place.now - 1, outcome: "misconfigured")
        }
        for _ in 1...3 { #expect(try await run(place).name == "unavailable") }
        #expect(try await place.count() == 2)
    }

    @Test func whatWasNotSentIsAskedAgainWithoutALastingMark() async throws {
        let place = try await Place.make()
        try await place.connect()
        await place.sandbox.stop()
        place.advance(7200)
        #expect(try await run(place).name == "unavailable")
        let after = try #require(try place.stored())
        #expect(after.trouble == nil && after.failures == 0 && after.notBefore == place.now + 5)
    }
}
