import Testing
import Tokens

@Suite struct RenewalPolicyTests {
    private static let start: Int64 = 1_767_225_600
    private static let (minute, hour): (Int64, Int64) = (60, 3600)

    /// Lifetime, interval, and the margin: the time before the end from which on, exclusively, a token is due.
    @Test(
        arguments: [
            (2 * hour, nil, 1440), (2 * hour, 30 * minute, 2700), (2 * hour, 12 * hour, 5760),
            (24 * hour, nil, 17280), (24 * hour, 30 * minute, 17280), (24 * hour, 12 * hour, 64800),
            (15 * minute, nil, 600), (15 * minute, 30 * minute, 720), (15 * minute, 12 * hour, 720),
            (60, nil, 48), (60, 30 * minute, 48), (5, nil, 4), (5, 12 * hour, 4),
        ] as [(Int64, Int64?, Int64)])
    func aTokenIsDueExactlyWhenLessThanTheMarginIsLeft(lifetime: Int64, interval: Int64?, margin: Int64) {
        let policy = RenewalPolicy(interval: interval)
        let tokens = TokenSet(accessToken: nil, obtainedAt: Self.start, expiresAt: Self.start + lifetime)
        let edge = Self.start + lifetime - margin
        #expect(!policy.isDue(tokens, now: edge))
        #expect(policy.isDue(tokens, now: edge + 1))
        #expect(policy.dueAt(tokens) == edge + 1)
    }

    @Test func aTokenOfOneSecondIsDueAtItsEndAndNotBefore() {
        let tokens = TokenSet(accessToken: nil, obtainedAt: Self.start, expiresAt: Self.start + 1)
        for interval in [nil, 30 * Self.minute, 12 * Self.hour] {
            #expect(!RenewalPolicy(interval: interval).isDue(tokens, now: Self.start))
            #expect(RenewalPolicy(interval: interval).isDue(tokens, now: Self.start + 1))
        }
    }

    /// The rule in tenths of a second, where it needs no rounding.
    @Test func everySecondOfEveryLifetimeFollowsTheRule() {
        for interval: Int64? in [nil, 1, 7, 401, 1800, 43200] {
            let policy = RenewalPolicy(interval: interval)
            for lifetime in Array(1...80) + [599, 600, 601, 749, 750, 751, 2999, 3001, 3004, 7203] as [Int64] {
                let tokens = TokenSet(accessToken: nil, obtainedAt: 1000, expiresAt: 1000 + lifetime)
                let margin = min(max(6000, 2 * lifetime, 15 * (interval ?? 0)), 8 * lifetime)
                let wrong = (0...lifetime).filter { left in
                    policy.isDue(tokens, now: 1000 + lifetime - left) != (10 * left < margin)
                }
                #expect(wrong.isEmpty, "lifetime \(lifetime), interval \(String(describing: interval))")
            }
        }
    }

    @Test func aTokenOfWhichNothingIsKnownIsDueAtOnce() {
        let policy = RenewalPolicy(interval: nil)
        #expect(policy.dueAt(TokenSet(accessToken: Secret("imported"))) == nil)
        #expect(policy.isDue(TokenSet(accessToken: Secret("imported")), now: 0))
    }

    @Test func withoutAnEndAnHourIsAssumed() {
        let tokens = TokenSet(accessToken: nil, obtainedAt: Self.start)
        #expect(RenewalPolicy(interval: nil).dueAt(tokens) == Self.start + 3600 - 720 + 1)
        #expect(RenewalPolicy(interval: 30 * Self.minute).dueAt(tokens) == Self.start + 3600 - 2700 + 1)
        #expect(RenewalPolicy(interval: 12 * Self.hour).dueAt(tokens) == Self.start + 3600 - 2880 + 1)
    }

    /// Imported with its end: the lifetime is not known, and the next run may be an interval away.
    @Test func withoutABeginningTheIntervalCountsAndTheLifetimeDoesNot() {
        let tokens = TokenSet(accessToken: nil, expiresAt: Self.start)
        #expect(RenewalPolicy(interval: nil).dueAt(tokens) == Self.start - 600 + 1)
        #expect(RenewalPolicy(interval: 30 * Self.minute).dueAt(tokens) == Self.start - 2700 + 1)
        #expect(RenewalPolicy(interval: 12 * Self.hour).dueAt(tokens) == Self.start - 64800 + 1)
    }

    @Test func aTokenThatEndsBeforeItBeginsIsDueFromTheBeginning() {
        for end in [Self.start, Self.start - 1, 0] {
            let tokens = TokenSet(accessToken: nil, obtainedAt: Self.start, expiresAt: end)
            #expect(RenewalPolicy(interval: nil).isDue(tokens, now: Self.start))
        }
    }

    @Test func noTimeHoweverStrangeIsATrap() {
        let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, 600, 1 << 53, .max - 1, .max]
        for end in extremes {
            for interval in extremes {
                let policy = RenewalPolicy(interval: interval)
                _ = policy.isDue(TokenSet(accessToken: nil, expiresAt: end), now: end)
                _ = policy.isDue(TokenSet(accessToken: nil, obtainedAt: end), now: end)
                for start in extremes {
                    _ = policy.isDue(TokenSet(accessToken: nil, obtainedAt: start, expiresAt: end), now: start)
                }
            }
        }
        let policy = RenewalPolicy(interval: nil)
        #expect(policy.isDue(TokenSet(accessToken: nil, expiresAt: .min), now: Self.start))
        #expect(!policy.isDue(TokenSet(accessToken: nil, expiresAt: .max), now: Self.start))
        #expect(!policy.isDue(TokenSet(accessToken: nil, obtainedAt: Self.start - 1, expiresAt: .max), now: Self.start))
    }
}
