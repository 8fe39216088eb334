/// What a provider answered for one connection (RFC 6749 §5.1), with the times made absolute.
package struct TokenSet: Sendable, Equatable {
    /// The access token; nil only while a refresh token that was handed in has not been exchanged yet.
    package var accessToken: Secret?
    /// How the access token is to be used; nearly always `Bearer`.
    package var tokenType: String?
    /// When the provider answered, in Unix seconds; unknown for a token that was imported.
    package var obtainedAt: Int64?
    /// When the access token ends, in Unix seconds; unknown when the provider did not say.
    package var expiresAt: Int64?
    /// What the next access token is asked with.
    package var refreshToken: Secret?
    /// When the refresh token ends, in Unix seconds.
    package var refreshExpiresAt: Int64?
    /// The scopes that were granted.
    package var scopes: [String]?
    /// Whose account it is, as the provider numbers it.
    package var subject: String?
    /// Further members of the answer that the provider's entry names, such as `open_id`.
    package var extras: [String: Secret]

    /// Makes a token set; all but the access token may be unknown.
    package init(
        accessToken: Secret?, tokenType: String? = nil, obtainedAt: Int64? = nil, expiresAt: Int64? = nil,
        refreshToken: Secret? = nil, refreshExpiresAt: Int64? = nil, scopes: [String]? = nil, subject: String? = nil,
        extras: [String: Secret] = [:]
    ) {
        self.accessToken = accessToken
        self.tokenType = tokenType
        self.obtainedAt = obtainedAt
        self.expiresAt = expiresAt
        self.refreshToken = refreshToken
        self.refreshExpiresAt = refreshExpiresAt
        self.scopes = scopes
        self.subject = subject
        self.extras = extras
    }

    /// The token set after a refresh answered `new`: what the answer leaves out stays as it was (RFC 6749 §6).
    package func refreshed(by new: TokenSet) -> TokenSet {
        var merged = new
        merged.tokenType = new.tokenType ?? tokenType
        merged.refreshToken = new.refreshToken ?? refreshToken
        // The old end belongs to the old refresh token: it stays only where that one stays.
        if new.refreshToken == nil || new.refreshToken == refreshToken {
            merged.refreshExpiresAt = new.refreshExpiresAt ?? refreshExpiresAt
        }
        merged.scopes = new.scopes ?? scopes
        merged.subject = new.subject ?? subject
        merged.extras = extras.merging(new.extras) { $1 }
        return merged
    }
}

extension TokenSet {
    /// When the access token is taken to end, in Unix seconds: when the provider said, else an assumed lifetime after
    /// it came; nil when not even that is known, or when nothing could replace it.
    package var presumedEnd: Int64? {
        if let expiresAt { return expiresAt }
        guard refreshToken != nil else { return nil }
        return obtainedAt.map { $0 + RenewalPolicy.assumedLifetime }
    }

    /// Whether the access token is known to be good for that many seconds from `now` on.
    ///
    /// One that has no end and cannot be renewed is good. A clock that jumped back makes none look fresher than it was when
    /// it came.
    package func isValid(for seconds: Int64, at now: Int64) -> Bool {
        guard accessToken != nil else { return false }
        guard let end = presumedEnd else { return refreshToken == nil }
        let now = max(now, obtainedAt ?? now)
        return end > now && end - now >= seconds
    }

    /// Whether it came more than a minute after `now`: the clock that it was dated by was ahead, or this one has jumped back.
    package func isFromTheFuture(at now: Int64) -> Bool { (obtainedAt ?? now) > max(now, now &+ 60) }

    /// Whether there is an access token of which nobody has told when it ends.
    package var hasUnknownEnd: Bool { accessToken != nil && presumedEnd == nil }

    /// Whether the access token has run out, as far as that is known.
    package func isExpired(at now: Int64) -> Bool { !isValid(for: 0, at: now) }
}
