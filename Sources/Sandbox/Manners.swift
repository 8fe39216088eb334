import Tokens

/// Whose ways the sandbox has: what differs between providers, and nothing else.
package enum Manners: String, Sendable, CaseIterable {
    /// RFC 6749, RFC 7636, RFC 7009 and RFC 9700 as they are written.
    case standard
    /// TikTok's Login Kit v2.
    case tiktok

    /// Where a person authorises.
    package var authorizationPath: String { self == .tiktok ? "/v2/auth/authorize/" : "/authorize" }
    /// Where codes and refresh tokens are exchanged.
    package var tokenPath: String { self == .tiktok ? "/v2/oauth/token/" : "/token" }
    /// Where a grant is revoked.
    package var revocationPath: String { self == .tiktok ? "/v2/oauth/revoke/" : "/revoke" }
    /// Where an access token shows that it works.
    package var resourcePath: String { self == .tiktok ? "/v2/user/info/" : "/userinfo" }

    /// What RFC 6749's `client_id` is called.
    var clientParameter: String { self == .tiktok ? "client_key" : "client_id" }
    /// What stands between two scopes.
    var scopeSeparator: Character { self == .tiktok ? "," : " " }

    /// The encoding in which a challenge is wanted; nil where none is taken.
    ///
    /// TikTok wants hexadecimal digits of a desktop app, which is what a loopback redirect is for, and knows no PKCE
    /// for the web.
    func challengeEncoding(redirectURI: String) -> Provider.ChallengeEncoding? {
        guard self == .tiktok else { return .base64URL }
        let isLoopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { host in
            redirectURI.hasPrefix(host) && ":/".contains(redirectURI.dropFirst(host.count).first ?? "/")
        }
        return isLoopback ? .hexadecimal : nil
    }

    /// Whether a text may be a scope's name.
    func accepts(scope: String) -> Bool {
        let others = self == .tiktok ? "._" : "._-:/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return !scope.isEmpty && scope.allSatisfy { ("a"..."z").contains($0) || others.contains($0) }
    }

    /// A code; TikTok's end in what a client that decodes too little or too often breaks.
    func newCode() -> String { randomText(48) + (self == .tiktok ? "*0!6410" : "") }
    /// An access token of the shape that the provider's have.
    func newAccessToken() -> String { self == .tiktok ? "act.\(randomText(56))!6410" : randomText(43) }
    /// A refresh token of the shape that the provider's have.
    func newRefreshToken() -> String { self == .tiktok ? "rft.\(randomText(56))!6410" : randomText(43) }
}

/// Random letters and digits, from the system's generator.
func randomText(_ count: Int) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    var random = SystemRandomNumberGenerator()
    return String((0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] })
}
