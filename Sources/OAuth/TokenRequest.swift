package import Tokens

/// A request to a provider's token or revocation endpoint: where, and which fields.
package struct TokenRequest: Sendable {
    /// The endpoint's URL.
    package let url: String
    /// The body, form-encoded: it holds what is spent.
    package let body: Secret
    /// The secrets in it, which no message may repeat.
    package let secrets: [Secret]

    /// Asks for new tokens with a refresh token (RFC 6749 §6).
    package static func refresh(_ registration: Registration, with token: Secret) -> TokenRequest {
        exchange(registration) { form in
            form.append("grant_type", "refresh_token")
            form.append("refresh_token", token)
        }
    }

    /// Asks for tokens with an authorisation code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    package static func exchange(
        _ registration: Registration, code: Secret, redirectURI: String, verifier: Secret?
    ) -> TokenRequest {
        exchange(registration) { form in
            form.append("grant_type", "authorization_code")
            form.append("code", code)
            form.append("redirect_uri", redirectURI)
            if let verifier { form.append("code_verifier", verifier) }
        }
    }

    /// Asks the provider to forget a token (RFC 7009 §2.1); nil where the provider has no such endpoint or the
    /// connection no such token.
    package static func revoke(_ registration: Registration, _ tokens: TokenSet) -> TokenRequest? {
        guard let revocation = registration.provider.revocation else { return nil }
        let token =
            switch revocation.token {
            case .accessToken: tokens.accessToken
            case .refreshToken: tokens.refreshToken ?? tokens.accessToken
            }
        guard let token else { return nil }
        return TokenRequest(registration, to: revocation.endpoint) { form in form.append("token", token) }
    }

    /// The host that it goes to; all of the URL where that has none.
    package var host: String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { $0 != "/" && $0 != "?" })
    }

    private static func exchange(_ registration: Registration, _ fields: (inout FormBody) -> Void) -> TokenRequest {
        TokenRequest(registration, to: registration.provider.tokenEndpoint, fields)
    }

    private init(_ registration: Registration, to endpoint: String, _ fields: (inout FormBody) -> Void) {
        var form = FormBody()
        form.append(registration.provider.clientIDParameter, registration.clientID)
        if let secret = registration.clientSecret { form.append("client_secret", secret) }
        fields(&form)
        url = registration.endpoint(endpoint)
        body = form.encoded
        secrets = form.secrets
    }
}
