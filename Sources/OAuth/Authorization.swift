package import Sealing
package import Tokens

/// An authorisation request: the URL that a person opens, and what must be remembered until he is back.
package struct Authorization: Sendable {
    /// How long the person has, in seconds.
    package static let lifetime: Int64 = 15 * 60

    /// The URL to open (RFC 6749 §4.1.1).
    package let url: String
    /// What the return is checked against.
    package let pending: Connection.PendingAuthorization

    /// Makes a request with a fresh `state` of 32 random bytes and, where the provider takes it, a PKCE challenge.
    package init(_ registration: Registration, redirectURI: String, now: Int64) throws(SealingError) {
        let provider = registration.provider
        let state = PKCE.verifier()
        let encoding = RedirectURI.isLoopback(redirectURI) ? provider.loopbackChallenge : provider.otherChallenge
        let verifier = encoding.map { _ in PKCE.verifier() }
        var query = FormBody()
        query.append(provider.clientIDParameter, registration.clientID)
        query.append("response_type", "code")
        query.append("redirect_uri", redirectURI)
        if !registration.scopes.isEmpty {
            query.append("scope", registration.scopes.joined(separator: provider.scopeSeparator))
        }
        query.append("state", state)
        if let verifier, let encoding {
            query.append("code_challenge", try PKCE.challenge(for: verifier, encoding: encoding))
            query.append("code_challenge_method", "S256")
        }
        let endpoint = registration.endpoint(provider.authorizationEndpoint)
        url = endpoint + (endpoint.contains("?") ? "&" : "?") + (query.encoded.revealed() ?? "")
        pending = Connection.PendingAuthorization(
            state: state, verifier: verifier, redirectURI: redirectURI, scopes: registration.scopes,
            expiresAt: now + Self.lifetime)
    }
}

/// What the person brought back from the provider: the redirect's query (RFC 6749 §4.1.2).
package struct Callback: Sendable {
    /// The code, decoded once.
    package let code: Secret?
    /// The `state`.
    package let state: Secret?
    /// The provider's refusal.
    package let error: ProviderError?

    /// Takes a whole address, or its query alone; nil when there is nothing of a callback in it.
    package init?(pasted text: String) {
        var query = text.trimmingBlanks.utf8[...]
        // An address has no `=` before its scheme's colon, a query has one before any colon or question mark in it.
        let isAddress = !query.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "?") }.contains(UInt8(ascii: "="))
        if isAddress {
            guard let mark = query.firstIndex(of: UInt8(ascii: "?")) else { return nil }
            query = query[query.index(after: mark)...]
        }
        // Providers of the Meta family end the address with `#_`.
        self.init(query: String(decoding: query.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self))
    }

    /// Takes a query as a listener got it.
    package init?(query: String) {
        var fields: [String: Secret] = [:]
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]), let value = Self.decode(parts.count > 1 ? parts[1] : "".utf8[...])
            else { return nil }
            // A parameter must not stand twice (RFC 6749 §3.1); of two, none is to be believed.
            guard fields.updateValue(Secret(value), forKey: String(decoding: name, as: UTF8.self)) == nil else {
                return nil
            }
        }
        // One without a value counts as left out (RFC 6749 §3.1).
        fields = fields.filter { !$0.value.isEmpty }
        guard fields["code"] != nil || fields["error"] != nil else { return nil }
        code = fields["code"]
        state = fields["state"]
        error = fields["error"].map { [fields] in
            ProviderError(code: $0, detail: fields["error_description"], logID: fields["log_id"])
        }
    }

    /// Percent-decodes once, `+` as a blank; nil when an escape is cut short.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(Substring(text).utf8) }

    private static func decode(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                // `UInt8` alone would take `+1`.
                guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let blanks: (Character) -> Bool = { $0.isWhitespace }
        return String(drop(while: blanks).reversed().drop(while: blanks).reversed())
    }
}
