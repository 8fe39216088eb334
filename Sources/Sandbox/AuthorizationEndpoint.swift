import LocalServer

/// The authorization endpoint (RFC 6749 §3.1) and the page on which a person decides.
extension AuthorizationServer {
    /// Where the decision is posted.
    static let consentPath = "/sandbox/consent"

    /// Checks a request and asks the person, or approves at once.
    func authorize(_ request: LocalRequest) -> LocalResponse {
        do throws(AuthorizationRequest.Refusal) {
            let wanted = try AuthorizationRequest(query: request.query, options)
            statistics.count(.authorize, "ok")
            return options.approves ? approve(wanted, scopes: wanted.scopes, status: 302) : ask(wanted)
        } catch {
            switch error {
            case .page(let outcome, let words):
                statistics.count(.authorize, outcome)
                return BrowserPage(.failed, "This request is refused", [words]).response(status: 400)
            case .redirect(let uri, let state, let error):
                statistics.count(.authorize, error.code.rawValue)
                return Self.redirect(to: uri, state: state, error.fields, status: 302)
            }
        }
    }

    private func ask(_ wanted: AuthorizationRequest) -> LocalResponse {
        let id = randomText(43)
        let now = now()
        consents = consents.filter { $0.value.until > now }
        consents[id] = (wanted, now + Grants.codeLifetime)
        // The id can be neither guessed nor read by another site, so no other site can approve in a person's name.
        return BrowserPage(
            .question, "Let \(SandboxOptions.clientID) in?",
            ["This is the sandbox, a provider on your own machine. The app asks for:"],
            form: .init(
                action: Self.consentPath, hidden: [("id", id)], boxes: wanted.scopes.map { ("scope", $0) },
                buttons: [("decision", "approve", "Approve"), ("decision", "deny", "Deny")])
        ).response()
    }

    /// Takes the person's decision, once.
    func decide(_ request: LocalRequest) -> LocalResponse {
        guard let form = FormFields(decoding: request.body), let decision = form["decision"],
            let consent = consents.removeValue(forKey: form["id"] ?? ""), consent.until > now()
        else {
            statistics.count(.consent, "invalid_request")
            return BrowserPage(
                .failed, "This page is no longer good",
                ["A decision can be sent once, within ten minutes. Start again from the app."]
            ).response(status: 400)
        }
        let ticked = form.all("scope")
        let scopes = consent.request.scopes.filter(ticked.contains)
        guard decision == "approve", !scopes.isEmpty else {
            statistics.count(.consent, "access_denied")
            return Self.redirect(
                to: consent.request.redirectURI, state: consent.request.state,
                OAuthError(.accessDenied, "the person said no").fields, status: 303)
        }
        statistics.count(.consent, "ok")
        return approve(consent.request, scopes: scopes, status: 303)
    }

    private func approve(_ wanted: AuthorizationRequest, scopes: [String], status: Int) -> LocalResponse {
        let fields: [(name: String, value: String)]
        do {
            let now = now()
            let code = try change { grants in grants.approve(wanted, scopes: scopes, now: now) }
            let granted = scopes.joined(separator: String(options.manners.scopeSeparator))
            fields = [("code", code)] + (options.manners == .tiktok ? [("scopes", granted)] : [])
        } catch {
            fields = error.fields
        }
        return Self.redirect(to: wanted.redirectURI, state: wanted.state, fields, status: status)
    }

    /// After a form it is 303, so that the browser never posts the form on to the client (RFC 9700 §4.12).
    private static func redirect(
        to uri: String, state: String?, _ fields: [(name: String, value: String)], status: Int
    ) -> LocalResponse {
        LocalResponse(
            status: status,
            headers: [
                ("Location", AuthorizationRequest.redirect(to: uri, state: state, fields)),
                ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer"),
            ])
    }
}
