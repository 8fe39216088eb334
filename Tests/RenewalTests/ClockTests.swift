import OAuth
import Renewal
import Testing
import Tokens

/// A machine's clock that jumps makes no token look fresher than it can be, and stops nobody for long.
struct ClockTests {
    private static let day: Int64 = 86_400

    private func run(_ place: Place) async throws -> Outcome {
        let terms = Terms(
            RenewalPolicy(interval: nil), waitingSince: place.now * 1000, isForced: false, patience: .zero)
        return try await Refresh(place.batch, terms).run(
            { _ in [place.name] }, registration: { _, _ in .success(place.registration) },
            opening: { try await place.session() }
        ).outcomes[0].outcome
    }

    @Test(arguments: [0, 1, 60, 61, 86_400] as [Int64]) func noTokenLooksFresherThanWhenItCame(jump: Int64) {
        let tokens = TokenSet(
            accessToken: Secret("a"), obtainedAt: 1_000_000, expiresAt: 1_007_200, refreshToken: Secret("r"))
        let now = 1_000_000 - jump
        #expect(tokens.isValid(for: 7200, at: now) && !tokens.isValid(for: 7201, at: now))
        #expect(tokens.isFromTheFuture(at: now) == (jump > 60))
        #expect(RenewalPolicy(interval: nil).isDue(tokens, now: now) == (jump > 60))
    }

    @Test func aTokenFromTheFutureIsRenewedOnceAndThenDatedByTheClockAsItIs() async throws {
        let place = try await Place.make()
        try await place.connect()
        place.advance(-Self.day)
        // What was asked "later" than this run's beginning is no news: it was dated by another clock.
        #expect(try await run(place) == .renewed)
        #expect(try await run(place) == .notDue)
        #expect(try await place.count() == 1)
        #expect(try place.stored()?.tokens?.obtainedAt == place.now)
    }

    @Test func nobodyIsLeftAloneUntilAClockThatJumpedBackCatchesUp() async throws {
        let place = try await Place.make(faults: ["error-200:2"])
        try await place.connect()
        place.advance(7200)
        #expect(try await run(place).name == "unavailable")
        place.advance(-Self.day)
        #expect(try await run(place) == .renewed)
    }

    @Test func aQuestionFromTheFutureIsNotWaitedFor() async throws {
        let place = try await Place.make(faults: ["drop:2"])
        try await place.connect()
        place.advance(7200)
        #expect(try await run(place).name == "uncertain")
        try await place.change { connection in
            connection.question?.at += Self.day
            connection.last = nil
            connection.notBefore = nil
        }
        _ = try await run(place)
        #expect(try await place.count() == 2, "it is asked once more, as it would be by a clock that never jumped")
    }
}
