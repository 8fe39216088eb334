import LocalServer
import Tokens

/// The token endpoint (RFC 6749 §3.2) and all that can go wrong there.
extension AuthorizationServer {
    /// Answers one request, under the fault that is due.
    func token(_ request: LocalRequest) async -> LocalResponse {
        tokenRequests += 1
        let fault = options.faults.first { $0.applies(to: tokenRequests) }?.kind
        let kind = Self.kind(of: request)
        let manners = options.manners
        switch fault {
        case .http500:
            statistics.count(kind, "http-500")
            return .text(500, "the sandbox was told to fail")
        case .rateLimit:
            statistics.count(kind, "rate-limit")
            var response = OAuthError(.rateLimitExceeded, "too many requests").response(manners, status: 429)
            response.headers.append(("Retry-After", "1"))
            return response
        case .error200:
            statistics.count(kind, "error-200")
            return OAuthError(.temporarilyUnavailable, "the sandbox was told to fail").response(manners, status: 200)
        default: break
        }

        var response: LocalResponse
        var outcome = fault?.rawValue ?? "ok"
        do throws(OAuthError) {
            let issue = try grant(request, rotating: fault != .noRefreshToken)
            response = .json(200, answer(issue, fault))
        } catch {
            response = error.response(manners)
            outcome = fault?.rawValue ?? error.code.rawValue
        }
        statistics.count(kind, outcome)
        switch fault {
        case .html:
            return BrowserPage(.failed, "We will be back soon", ["The sandbox was told to fail."]).response()
        case .drop: return .dropped
        case .truncated: response.delivery = .half
        case .oversize: response.body += repeatElement(UInt8(ascii: " "), count: 2 << 20)
        case .slow:
            // Ends early when the client goes away or the server stops.
            do { try await Task.sleep(for: options.slowness) } catch { return .dropped }
        default: break
        }
        return response
    }

    private static func kind(of request: LocalRequest) -> Statistics.Kind {
        switch FormFields(decoding: request.body)?["grant_type"] {
        case "authorization_code": .codeExchange
        case "refresh_token": .refresh
        default: .otherGrant
        }
    }

    private func grant(_ request: LocalRequest, rotating: Bool) throws(OAuthError) -> Grants.Issue {
        let form = try clientForm(request)
        func required(_ name: String) throws(OAuthError) -> String {
            guard let value = form.value(name) else { throw OAuthError(.invalidRequest, "\(name) is missing") }
            return value
        }
        let now = now()
        switch try required("grant_type") {
        case "authorization_code":
            let (code, redirectURI) = (try required("code"), try required("redirect_uri"))
            return try change { grants throws(OAuthError) in
                try grants.exchange(
                    code: code, redirectURI: redirectURI, verifier: form.value("code_verifier"),
                    withRefreshToken: rotating, now: now)
            }
        case "refresh_token":
            let token = try required("refresh_token")
            let scopes = form.value("scope")?.split(separator: options.manners.scopeSeparator).map(String.init)
            return try change { grants throws(OAuthError) in
                try grants.refresh(token: token, scopes: scopes, rotating: rotating, now: now)
            }
        default: throw OAuthError(.unsupportedGrantType, "grant_type is neither authorization_code nor refresh_token")
        }
    }

    /// The successful answer (RFC 6749 §5.1, and TikTok's).
    private func answer(_ issue: Grants.Issue, _ fault: SandboxFault.Kind?) -> JSONObject {
        var body = JSONObject()
        func set(_ name: String, seconds: Int64) {
            if fault == .stringExpires { body.set(name, String(seconds)) } else { body.set(name, seconds) }
        }
        body.set("access_token", issue.accessToken)
        body.set("token_type", "Bearer")
        set("expires_in", seconds: options.accessLifetime)
        body.set("refresh_token", issue.refreshToken)
        body.set("scope", issue.scopes.joined(separator: String(options.manners.scopeSeparator)))
        if options.manners == .tiktok {
            body.set("open_id", Self.openID)
            if issue.refreshToken != nil { set("refresh_expires_in", seconds: options.refreshLifetime) }
        }
        return body
    }
}
