package import Sealing
package import Tokens

/// Proof Key for Code Exchange (RFC 7636).
package enum PKCE {
    /// How a challenge is written down.
    package typealias Encoding = Provider.ChallengeEncoding

    /// A new verifier: 32 random bytes as 43 characters (RFC 7636 §4.1).
    package static func verifier() -> Secret {
        Secret(SecretBuffer(randomCount: 32).withSpan { Base64.encode($0, .url) })
    }

    /// The S256 challenge for a verifier (RFC 7636 §4.2).
    package static func challenge(for verifier: Secret, encoding: Encoding) throws(SealingError) -> String {
        let digest = try verifier.withSpan { span throws(SealingError) in try SHA256.digest(of: span) }
        switch encoding {
        case .hexadecimal: return hexadecimal(digest.span)
        case .base64URL: return Base64.encode(digest.span, .url).withSpan { String(validating: $0) ?? "" }
        }
    }
}
