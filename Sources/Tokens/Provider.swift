/// A kind of OAuth server, described by data.
package struct Provider: Sendable {
    /// How a PKCE challenge is written down (RFC 7636 §4.2, and TikTok's own way).
    package enum ChallengeEncoding: Sendable, Equatable {
        /// base64url without padding, as RFC 7636 has it.
        case base64URL
        /// Lower-case hexadecimal digits.
        case hexadecimal
    }

    /// What a refresh does to the refresh token that it was asked with.
    package enum Rotation: Sendable, Equatable {
        /// The old one is dead once the provider has answered.
        case rotates
        /// The old one stays good.
        case keeps
        /// Not known: treated as if it rotated.
        case unknown
    }

    /// Which token is sent to the revocation endpoint.
    package enum Revocation: Sendable, Equatable {
        /// The access token.
        case accessToken
        /// The refresh token, as RFC 7009 §2.1 prefers.
        case refreshToken
    }

    /// The name in the config.
    package let id: String
    /// The name for people.
    package let displayName: String
    /// Where a person authorises; may hold `{variables}`.
    package let authorizationEndpoint: String
    /// Where codes and refresh tokens are exchanged.
    package let tokenEndpoint: String
    /// Where tokens are revoked, and which one is sent there.
    package let revocation: (endpoint: String, token: Revocation)?
    /// The variables of the endpoints, each with the value it has when the config gives none.
    package let variables: [String: String?]
    /// What the provider calls RFC 6749's `client_id`.
    package let clientIDParameter: String
    /// What stands between two scopes.
    package let scopeSeparator: String
    /// The challenge for a redirect URI on loopback; nil where PKCE is not taken.
    package let loopbackChallenge: ChallengeEncoding?
    /// The challenge for any other redirect URI.
    package let otherChallenge: ChallengeEncoding?
    /// What a refresh does to the refresh token.
    package let rotation: Rotation
    /// For how many seconds after a refresh the old refresh token is still taken; nil where that is not known.
    package let gracePeriod: Int64?
    /// The member with the refresh token's lifetime in seconds, where the provider tells it.
    package let refreshLifetimeMember: String?
    /// The member that says whose account it is.
    package let subjectMember: String?
    /// Members of an answer that are kept as extras.
    package let extraMembers: [String]
    /// The member of an error answer by which the provider's support finds the request.
    package let logIDMember: String?
    /// Whether a client without a secret is taken.
    package let allowsPublicClients: Bool

    /// Describes a provider; what is left out is RFC 6749's way.
    package init(
        id: String, displayName: String, authorizationEndpoint: String, tokenEndpoint: String,
        revocation: (endpoint: String, token: Revocation)? = nil, variables: [String: String?] = [:],
        clientIDParameter: String = "client_id", scopeSeparator: String = " ",
        loopbackChallenge: ChallengeEncoding? = .base64URL, otherChallenge: ChallengeEncoding? = .base64URL,
        rotation: Rotation = .unknown, gracePeriod: Int64? = nil, refreshLifetimeMember: String? = nil,
        subjectMember: String? = nil,
        extraMembers: [String] = [], logIDMember: String? = nil, allowsPublicClients: Bool = false
    ) {
        self.id = id
        self.displayName = displayName
        self.authorizationEndpoint = authorizationEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.revocation = revocation
        self.variables = variables
        self.clientIDParameter = clientIDParameter
        self.scopeSeparator = scopeSeparator
        self.loopbackChallenge = loopbackChallenge
        self.otherChallenge = otherChallenge
        self.rotation = rotation
        self.gracePeriod = gracePeriod
        self.refreshLifetimeMember = refreshLifetimeMember
        self.subjectMember = subjectMember
        self.extraMembers = extraMembers
        self.logIDMember = logIDMember
        self.allowsPublicClients = allowsPublicClients
    }
}
