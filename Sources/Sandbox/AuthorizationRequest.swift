import LocalServer
import Tokens

/// A request at the authorization endpoint that may be put before a person (RFC 6749 §4.1.1).
struct AuthorizationRequest: Sendable {
    /// Why it may not.
    enum Refusal: Error {
        /// Client or redirect URI cannot be trusted, so nothing is redirected (RFC 6749 §4.1.2.1).
        case page(outcome: String, words: String)
        /// The client is told by redirect.
        case redirect(uri: String, state: String?, OAuthError)
    }

    /// The registered redirect URI that was named.
    let redirectURI: String
    /// What the client gets back unchanged.
    let state: String
    /// The scopes that are asked for.
    let scopes: [String]
    /// The PKCE challenge (RFC 7636 §4.3); nil only where none is taken.
    let challenge: String?

    /// Checks a query against the one registration.
    init(query: String, _ options: SandboxOptions) throws(Refusal) {
        let manners = options.manners
        guard let fields = FormFields(decoding: query) else {
            throw .page(outcome: "invalid_request", words: "The address has a percent sign that escapes nothing.")
        }
        guard fields.all(manners.clientParameter) == [SandboxOptions.clientID] else {
            throw .page(
                outcome: "invalid_client",
                words: "\(manners.clientParameter) has to be \(SandboxOptions.clientID), and there once.")
        }
        let wanted = fields.all("redirect_uri")
        guard wanted.count == 1, let uri = options.redirectURIs.first(where: { $0.utf8.elementsEqual(wanted[0].utf8) })
        else {
            throw .page(
                outcome: "redirect_uri_mismatch",
                words: "redirect_uri has to be one that is registered, character for character: "
                    + options.redirectURIs.joined(separator: ", "))
        }
        redirectURI = uri
        let state = fields.value("state")
        do throws(OAuthError) {
            guard !fields.repeatsName else { throw OAuthError(.invalidRequest, "a parameter stands twice") }
            guard let type = fields.value("response_type") else {
                throw OAuthError(.invalidRequest, "response_type is missing")
            }
            guard type == "code" else { throw OAuthError(.unsupportedResponseType, "response_type is not code") }
            guard let state else { throw OAuthError(.invalidRequest, "state is missing") }
            self.state = state
            scopes = try Self.scopes(fields.value("scope"), manners)
            challenge = try Self.challenge(fields, manners.challengeEncoding(redirectURI: uri))
        } catch {
            throw .redirect(uri: uri, state: state, error)
        }
    }

    private static func scopes(_ text: String?, _ manners: Manners) throws(OAuthError) -> [String] {
        let scopes = (text ?? "").split(separator: manners.scopeSeparator, omittingEmptySubsequences: false)
        guard scopes.allSatisfy({ manners.accepts(scope: String($0)) }), Set(scopes).count == scopes.count else {
            let separator = manners == .tiktok ? "commas" : "blanks"
            throw OAuthError(.invalidScope, "scope has to be names, each once, separated by \(separator)")
        }
        return scopes.map(String.init)
    }

    private static func challenge(
        _ fields: FormFields, _ encoding: Provider.ChallengeEncoding?
    ) throws(OAuthError) -> String? {
        let challenge = fields.value("code_challenge")
        let method = fields.value("code_challenge_method")
        guard let encoding else {
            guard challenge == nil, method == nil else {
                throw OAuthError(.invalidRequest, "code_challenge is not taken for this redirect_uri")
            }
            return nil
        }
        // Without a method the challenge would be the verifier itself (RFC 7636 §4.3).
        guard let challenge, method == "S256" else {
            throw OAuthError(.invalidRequest, "code_challenge with code_challenge_method S256 is required")
        }
        let isWellFormed =
            switch encoding {
            case .hexadecimal: challenge.utf8.count == 64 && challenge.allSatisfy { "0123456789abcdef".contains($0) }
            case .base64URL: challenge.utf8.count == 43 && Base64.decode(challenge.utf8.span, .url) != nil
            }
        guard isWellFormed else {
            let wanted = encoding == .hexadecimal ? "64 lower-case hex digits" : "43 characters of base64url"
            throw OAuthError(.invalidRequest, "code_challenge has to be \(wanted)")
        }
        return challenge
    }

    /// The redirect with these fields and `state` (RFC 6749 §4.1.2).
    static func redirect(to uri: String, state: String?, _ fields: [(name: String, value: String)]) -> String {
        let fields = FormFields(fields + (state.map { [("state", $0)] } ?? []))
        return uri + (uri.contains("?") ? "&" : "?") + fields.encoded
    }
}

extension FormFields {
    /// A parameter; one without a value counts as left out (RFC 6749 §3.1).
    func value(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
