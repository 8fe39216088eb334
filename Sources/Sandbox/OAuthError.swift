import LocalServer
import Tokens

/// An error answer (RFC 6749 §4.1.2.1 and §5.2).
struct OAuthError: Error, Equatable {
    /// The error codes that are told.
    enum Code: String {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case invalidScope = "invalid_scope"
        case unsupportedGrantType = "unsupported_grant_type"
        case unsupportedResponseType = "unsupported_response_type"
        case accessDenied = "access_denied"
        case temporarilyUnavailable = "temporarily_unavailable"
        case serverError = "server_error"
        case rateLimitExceeded = "rate_limit_exceeded"
    }

    /// The code, for the client.
    let code: Code
    /// The words, for the people who write it.
    let description: String

    /// Makes an error.
    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The error as a redirect tells it (RFC 6749 §4.1.2.1).
    var fields: [(name: String, value: String)] { [("error", code.rawValue), ("error_description", description)] }

    /// The error as the token endpoint tells it.
    func response(_ manners: Manners, status: Int? = nil) -> LocalResponse {
        var body = JSONObject()
        body.set("error", code.rawValue)
        body.set("error_description", description)
        if manners == .tiktok { body.set("log_id", newLogID()) }
        // RFC 6749 §5.2: 400, and 401 where the client could not be authenticated. TikTok's client is always in the
        // body, where nothing is gained by naming a scheme.
        let isChallenge = code == .invalidClient && manners == .standard
        let usual = code == .serverError ? 500 : isChallenge ? 401 : 400
        var response = LocalResponse.json(status ?? usual, body)
        if isChallenge { response.headers.append(("WWW-Authenticate", "Basic realm=\"sandbox\"")) }
        return response
    }
}

/// What TikTok's support would find a request by.
func newLogID() -> String { "sandbox" + randomText(13) }

extension LocalResponse {
    /// An answer that no cache may keep (RFC 6749 §5.1).
    static func json(_ status: Int, _ body: JSONObject) -> LocalResponse {
        LocalResponse(
            status: status,
            headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")],
            body: body.encoded().revealedBytes())
    }
}
