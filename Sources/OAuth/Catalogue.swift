package import Tokens

/// The providers that are known, as data.
package enum Catalogue {
    /// The provider of that name.
    package static func provider(_ id: String) -> Provider? { all.first { $0.id == id } }

    /// Every entry, by name.
    package static let all: [Provider] = [sandbox, sandboxTikTok, tikTok]

    /// What is taken for an answer's shape when a record names a provider that this program does not know.
    package static func unknown(_ id: String) -> Provider {
        Provider(id: id, displayName: id, authorizationEndpoint: "", tokenEndpoint: "")
    }

    /// TikTok's Login Kit v2, from its developer documentation of November 2026.
    ///
    /// The token and revocation URLs end with a slash, errors can come with status 200, and a refresh kills the refresh
    /// token that it was asked with. A lifetime is never assumed: TikTok changed them from 24 h and 365 d to 2 h and
    /// 180 d. The challenge is hexadecimal for desktop apps, which are those that redirect to loopback; web apps send
    /// none.
    private static let tikTok = tikTokManners(
        id: "tiktok", displayName: "TikTok", authorization: "https://www.tiktok.com",
        token: "https://open.tiktokapis.com")

    /// The project's own sandbox with TikTok's manners.
    private static let sandboxTikTok = tikTokManners(
        id: "sandbox-tiktok", displayName: "Sandbox (TikTok's manners)", authorization: "{base_url}",
        token: "{base_url}", variables: ["base_url": nil])

    /// The project's own sandbox, which keeps to RFC 6749, RFC 7636 and RFC 9700.
    private static let sandbox = Provider(
        id: "sandbox", displayName: "Sandbox", authorizationEndpoint: "{base_url}/authorize",
        tokenEndpoint: "{base_url}/token", revocation: ("{base_url}/revoke", .refreshToken),
        variables: ["base_url": nil], rotation: .rotates)

    private static func tikTokManners(
        id: String, displayName: String, authorization: String, token: String, variables: [String: String?] = [:]
    ) -> Provider {
        Provider(
            id: id, displayName: displayName, authorizationEndpoint: authorization + "/v2/auth/authorize/",
            tokenEndpoint: token + "/v2/oauth/token/", revocation: (token + "/v2/oauth/revoke/", .accessToken),
            variables: variables, clientIDParameter: "client_key", scopeSeparator: ",",
            loopbackChallenge: .hexadecimal, otherChallenge: nil, rotation: .rotates,
            refreshLifetimeMember: "refresh_expires_in", subjectMember: "open_id", extraMembers: ["open_id"],
            logIDMember: "log_id")
    }
}
