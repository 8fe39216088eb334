import OAuth
import Tokens

/// What a person has allowed, and the codes and tokens that stand for it.
///
/// A value, so that an attempt can be made on a copy and kept only when it is stored.
struct Grants: Sendable {
    /// A code that was given out (RFC 6749 §4.1.2).
    struct Code: Sendable {
        /// The redirect URI that it went to.
        var redirectURI: String
        /// The challenge that its verifier has to answer.
        var challenge: String?
        /// What the person allowed.
        var scopes: [String]
        /// From when on it is refused.
        var expiresAt: Int64
        /// Whether it was presented.
        var isSpent = false
        /// The family that it began.
        var family: Int?
    }

    /// All tokens that descend from one approval (RFC 9700 §4.14.2).
    struct Family: Sendable {
        /// What the person allowed.
        var scopes: [String]
        /// Whether all of it is dead.
        var isRevoked = false
        /// The one refresh token that is good.
        var refreshToken: String?
        /// From when on that one is refused.
        var refreshExpiresAt: Int64 = 0
        /// The refresh tokens that were good once.
        var spent: Set<String> = []
        /// Every access token, and when it expires.
        var accessTokens: [String: Int64] = [:]
    }

    /// What a successful request at the token endpoint gives.
    struct Issue: Sendable, Equatable {
        /// The new access token.
        var accessToken: String
        /// The new refresh token; nil when the old one stays good.
        var refreshToken: String?
        /// What the access token is for.
        var scopes: [String]
    }

    /// How long a code is good (RFC 6749 §4.1.2 recommends ten minutes at most).
    static let codeLifetime: Int64 = 600

    /// Whose tokens they look like.
    let manners: Manners
    /// The seconds that an access token is good.
    let accessLifetime: Int64
    /// The seconds that a refresh token is good.
    let refreshLifetime: Int64
    /// Every code that was given out.
    var codes: [String: Code] = [:]
    /// Every approval that was exchanged for tokens.
    var families: [Family] = []

    /// Nothing granted yet.
    init(_ options: SandboxOptions) {
        manners = options.manners
        accessLifetime = options.accessLifetime
        refreshLifetime = options.refreshLifetime
    }

    /// Gives out a code for what a person approved.
    mutating func approve(_ request: AuthorizationRequest, scopes: [String], now: Int64) -> String {
        let code = manners.newCode()
        codes[code] = Code(
            redirectURI: request.redirectURI, challenge: request.challenge, scopes: scopes,
            expiresAt: now + Self.codeLifetime)
        return code
    }

    /// Exchanges a code; presented once, it is spent, whatever comes of it.
    mutating func exchange(
        code text: String, redirectURI: String, verifier: String?, withRefreshToken: Bool, now: Int64
    ) throws(OAuthError) -> Issue {
        guard var code = codes[text] else { throw OAuthError(.invalidGrant, "the code is unknown") }
        guard !code.isSpent else {
            // RFC 6749 §4.1.2: somebody else may have used it first, so what it gave dies as well.
            if let family = code.family { families[family].isRevoked = true }
            throw OAuthError(.invalidGrant, "the code was used before; what it gave is revoked")
        }
        code.isSpent = true
        codes[text] = code
        guard now < code.expiresAt else { throw OAuthError(.invalidGrant, "the code has expired") }
        guard redirectURI.utf8.elementsEqual(code.redirectURI.utf8) else {
            throw OAuthError(.invalidGrant, "redirect_uri is not the one of the authorization request")
        }
        try check(verifier, code)
        families.append(Family(scopes: code.scopes))
        codes[text]?.family = families.count - 1
        return issue(family: families.count - 1, scopes: code.scopes, rotating: withRefreshToken, now: now)
    }

    private func check(_ verifier: String?, _ code: Code) throws(OAuthError) {
        switch (code.challenge, verifier) {
        case (nil, nil): return
        // RFC 9700 §2.1.1: or an attacker could take PKCE out of a request unseen.
        case (nil, _?): throw OAuthError(.invalidGrant, "code_verifier without a code_challenge before")
        case (_?, nil): throw OAuthError(.invalidGrant, "code_verifier is missing")
        case (let challenge?, let verifier?):
            guard let encoding = manners.challengeEncoding(redirectURI: code.redirectURI),
                (43...128).contains(verifier.utf8.count),
                let actual = try? PKCE.challenge(for: Secret(verifier), encoding: encoding),
                actual.utf8.elementsEqual(challenge.utf8)
            else { throw OAuthError(.invalidGrant, "code_verifier does not match the code_challenge") }
        }
    }

    /// Exchanges a refresh token; with `rotating` the old one is dead from here on.
    mutating func refresh(
        token: String, scopes: [String]?, rotating: Bool, now: Int64
    ) throws(OAuthError) -> Issue {
        if let family = families.firstIndex(where: { $0.spent.contains(token) }) {
            // RFC 9700 §4.14.2: it cannot be told which of the two holders is the thief.
            families[family].isRevoked = true
            throw OAuthError(.invalidGrant, "the refresh token was used before; all tokens of this grant are revoked")
        }
        guard let family = families.firstIndex(where: { $0.refreshToken == token }) else {
            throw OAuthError(.invalidGrant, "the refresh token is unknown")
        }
        guard !families[family].isRevoked else { throw OAuthError(.invalidGrant, "the grant is revoked") }
        guard now < families[family].refreshExpiresAt else {
            throw OAuthError(.invalidGrant, "the refresh token has expired")
        }
        let granted = families[family].scopes
        guard (scopes ?? []).allSatisfy(granted.contains) else {
            throw OAuthError(.invalidScope, "a scope was not granted")
        }
        return issue(family: family, scopes: scopes ?? granted, rotating: rotating, now: now)
    }

    private mutating func issue(family: Int, scopes: [String], rotating: Bool, now: Int64) -> Issue {
        let accessToken = manners.newAccessToken()
        families[family].accessTokens[accessToken] = now + accessLifetime
        guard rotating else { return Issue(accessToken: accessToken, refreshToken: nil, scopes: scopes) }
        let refreshToken = manners.newRefreshToken()
        if let old = families[family].refreshToken { families[family].spent.insert(old) }
        families[family].refreshToken = refreshToken
        families[family].refreshExpiresAt = now + refreshLifetime
        return Issue(accessToken: accessToken, refreshToken: refreshToken, scopes: scopes)
    }

    /// Revokes the whole grant of a token, and says whether there was one.
    mutating func revoke(token: String, accessTokenOnly: Bool) -> Bool {
        guard
            let family = families.firstIndex(where: { family in
                family.accessTokens[token] != nil || (!accessTokenOnly && family.refreshToken == token)
            })
        else { return false }
        families[family].isRevoked = true
        return true
    }

    /// Whether an access token opens the resource.
    func accepts(accessToken: String, now: Int64) -> Bool {
        families.contains { !$0.isRevoked && now < $0.accessTokens[accessToken, default: 0] }
    }
}
