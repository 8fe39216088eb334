/// When an access token is due for renewal.
package struct RenewalPolicy: Sendable {
    /// How often the refresh is run, in seconds; nil when the config does not say.
    package let interval: Int64?

    /// A policy for a schedule.
    package init(interval: Int64?) {
        self.interval = interval
    }

    /// What a token is taken to live when its provider did not say, in seconds.
    package static let assumedLifetime: Int64 = 3600

    /// Whether less is left than the larger of 10 minutes, a fifth of the lifetime and one and a half intervals, but
    /// never more than 80 % of the lifetime. A token of which nothing is known is due at once, and so is one that came at
    /// a time that is yet to come: the clock has jumped, and how much is left of it is not known.
    package func isDue(_ tokens: TokenSet, now: Int64) -> Bool {
        guard let dueAt = dueAt(tokens), !tokens.isFromTheFuture(at: now) else { return true }
        return now >= dueAt
    }

    /// The moment from which on a token is due, in Unix seconds; nil when nothing is known of its life.
    package func dueAt(_ tokens: TokenSet) -> Int64? {
        let start = tokens.obtainedAt.map(Self.bounded)
        guard let end = tokens.expiresAt.map(Self.bounded) ?? start.map({ $0 + Self.assumedLifetime }) else {
            return nil
        }
        // Fractions of a second are rounded up: less than 1.5 s is left when 1 s is.
        var margin = max(600, (Self.bounded(interval ?? 0) * 3 + 1) / 2)
        if let start, start < end {
            let lifetime = end - start
            margin = min(max(margin, (lifetime + 4) / 5), lifetime - lifetime / 5)
        }
        // "Less left than the margin" begins one second after exactly the margin is left.
        return end - margin + 1
    }

    /// What the format can hold as a time, so that no sum of a few can overflow.
    private static func bounded(_ seconds: Int64) -> Int64 { min(max(seconds, 0), 1 << 53 - 1) }
}
