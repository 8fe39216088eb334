/// How long a provider that is not available is left alone.
enum Backoff {
    /// What is committed for every process, in seconds: a provider's `Retry-After`, of which at most an hour is believed;
    /// else half a minute, twice as long with each failure in a row, at most a quarter of an hour.
    static func wait(failures: Int64, retryAfter: Int64?) -> Int64 {
        if let retryAfter { return min(max(1, retryAfter), longest) }
        return min(900, 30 << min(max(0, failures - 1), 5))
    }

    /// In seconds.
    private static let longest: Int64 = 3600

    /// Whether a moment from which on may be asked again is one to wait for: later than any that is ever set was set by a
    /// clock that has jumped back since.
    static func isPlausible(_ notBefore: Int64, now: Int64) -> Bool { (now + 1...now + longest).contains(notBefore) }

    /// What is committed when nothing was sent, in seconds: the provider knows of nothing.
    static let unsent: Int64 = 5

    /// How often one run asks again for one connection.
    static let tries = 3

    /// What the run that asked waits before it asks again: what the provider wants, and any part of 2, 4 or 8 s more, so
    /// that those who failed together do not come back together.
    static func pause(before retry: Int, retryAfter: Int64?) -> Duration {
        .seconds(min(max(0, retryAfter ?? 0), longest)) + .milliseconds(Int.random(in: 0...(1000 << min(retry, 3))))
    }
}
