import LocalServer
import Tokens

/// Where tokens are brought back: to be revoked, and to be used.
extension AuthorizationServer {
    /// The one person who lives here.
    static let openID = "-000SandboxPerson"

    /// The revocation endpoint (RFC 7009, and TikTok's); either way the whole grant dies.
    func revoke(_ request: LocalRequest) -> LocalResponse {
        let isTikTok = options.manners == .tiktok
        do throws(OAuthError) {
            let form = try clientForm(request)
            guard let token = form.value("token") else { throw OAuthError(.invalidRequest, "token is missing") }
            let isKnown = try change { grants in grants.revoke(token: token, accessTokenOnly: isTikTok) }
            // RFC 7009 §2.2: a token that is none is as good as revoked. TikTok takes access tokens alone.
            guard isKnown || !isTikTok else { throw OAuthError(.invalidRequest, "token is no access token") }
            statistics.count(.revoke, "ok")
            return isTikTok ? .json(200, JSONObject()) : LocalResponse(status: 200)
        } catch {
            statistics.count(.revoke, error.code.rawValue)
            return error.response(options.manners)
        }
    }

    /// A resource that an access token opens (RFC 6750 §2.1).
    func resource(_ request: LocalRequest) -> LocalResponse {
        let credentials = request.header("authorization").first?.split(separator: " ") ?? []
        let isOpen =
            credentials.count == 2 && credentials[0].lowercased() == "bearer"
            && grants.accepts(accessToken: String(credentials[1]), now: now())
        statistics.count(.resource, isOpen ? "ok" : "invalid_token")
        var person = JSONObject()
        var body = JSONObject()
        if options.manners == .tiktok {
            person.set("open_id", isOpen ? Self.openID : nil)
            person.set("display_name", isOpen ? "Sandbox Person" : nil)
            var data = JSONObject()
            data.set("user", person)
            var error = JSONObject()
            error.set("code", isOpen ? "ok" : "access_token_invalid")
            error.set("message", isOpen ? "" : "the access token is invalid, expired or revoked")
            error.set("log_id", newLogID())
            body.set("data", data)
            body.set("error", error)
        } else if isOpen {
            body.set("sub", Self.openID)
            body.set("name", "Sandbox Person")
        } else {
            body.set("error", "invalid_token")
        }
        var response = LocalResponse.json(isOpen ? 200 : 401, body)
        if !isOpen { response.headers.append(("WWW-Authenticate", "Bearer error=\"invalid_token\"")) }
        return response
    }
}
