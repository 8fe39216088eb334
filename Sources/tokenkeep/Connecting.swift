import Config
import Host
import LocalServer
import OAuth
import Renewal
import Tokens
import VaultFile

/// One authorisation, from the URL to the tokens.
struct Connecting: Sendable {
    let name: RecordName
    let place: Workplace
    let renewal: RenewalOptions

    /// Makes the URL, and keeps `state` and verifier sealed in the vault until the person is back.
    func begin() async throws -> Authorization {
        let session = try await place.open()
        return try await place.naming(session.path) {
            try session.records.refuseSecret(name)
            let registration = try registration(session.records)
            let redirectURI = try redirectURI()
            let authorization = try Authorization(registration, redirectURI: redirectURI, now: ThisProcess.now)
            var connection = try session.records.connection(name) ?? Connection(provider: registration.provider.id)
            connection.pending = authorization.pending
            connection.pending?.provider = registration.provider.id
            session.records.set(name, connection: connection)
            try session.commit()
            return authorization
        }
    }

    /// Waits at the redirect URI itself for what the browser brings back.
    func inBrowser() async throws {
        let redirectURI = try redirectURI()
        guard let address = RedirectURI(loopback: redirectURI) else {
            throw Failure(
                .misconfigured, "\(name): nobody can listen on the redirect URI \(redirectURI)",
                hint: "use: tokenkeep connect \(name) --print-url, or register one on http://127.0.0.1:PORT/…")
        }
        let result = CallbackResult()
        let state = AwaitedState()
        let listener: CallbackListener
        do throws(BindError) {
            // First the listener: a port that is taken must not cost an authorisation.
            listener = try await CallbackListener.start(
                host: address.host, port: address.port, path: address.path,
                isExpected: { query in
                    let isExpected = await state.isOf(query)
                    if !isExpected { place.say("something that is no answer to this authorisation was turned away") }
                    return isExpected
                }, page: { query in await page(for: query, result) })
        } catch {
            throw Failure(
                .misconfigured, "\(name): \(error)",
                hint: "\(error.hint); or use: tokenkeep connect \(name) --print-url")
        }
        let authorization: Authorization
        do { authorization = try await begin() } catch {
            await listener.stop()
            throw error
        }
        await state.set(authorization.pending.state)
        if await !openBrowser(authorization.url) {
            try Console.print(authorization.url)
            place.say("open that address in a browser on this machine; waiting at \(redirectURI)")
        }
        do throws(CallbackListener.Failure) {
            _ = try await listener.query(within: .seconds(Authorization.lifetime))
        } catch { throw Failure(.personNeeded, "\(name): \(error)", hint: error.hint) }
        try await result.get()
    }

    /// Where the provider sends the browser back to, as the config says.
    private func redirectURI() throws -> String {
        guard let redirectURI = try place.requiredConfig().connections[name]?.redirectURI else {
            throw Failure(
                .misconfigured, "\(name): its section has no redirect_uri",
                hint: "add the one that is registered at the provider: redirect_uri = \"…\"")
        }
        if let problem = RedirectURI.problem(with: redirectURI) {
            throw Failure(.misconfigured, "\(name): \(problem.message)", hint: problem.hint)
        }
        return redirectURI
    }

    private func page(for query: String, _ result: CallbackResult) async -> BrowserPage {
        do {
            guard let callback = Callback(query: query) else {
                throw Failure(
                    .personNeeded, "\(name): the browser brought back neither a code nor an error",
                    hint: "run it again: tokenkeep connect \(name)")
            }
            try await finish(callback)
            await result.set(.success(()))
            return BrowserPage(
                .success, "\(name) is connected",
                ["tokenkeep has the tokens and keeps them fresh."])
        } catch {
            let failure = Failure(error)
            await result.set(.failure(failure))
            return BrowserPage(
                .failed, "\(name) was not connected",
                [failure.message, "The terminal says what to do next."])
        }
    }

    /// Whether a browser was opened; never without a terminal.
    private func openBrowser(_ url: String) async -> Bool {
        guard ThisProcess.isTerminal(2), ThisProcess.isTerminal(0) else { return false }
        let environment = ThisProcess.environmentForOthers
        let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"].contains { environment[$0]?.isEmpty == false }
        guard hasDisplay else { return false }
        let opener = environment["BROWSER"].flatMap { $0.isEmpty ? nil : $0 } ?? "xdg-open"
        place.say("opening a browser; should none appear, use: tokenkeep connect \(name) --print-url")
        let end = await ChildProcess.run(
            [opener, url], environment: environment, streams: .quiet, timeout: .seconds(10)
        ).end
        return end == .exited(0) || end == .timedOut
    }

    /// Checks what was brought back against what was asked, and trades the code for tokens.
    func finish(_ callback: Callback) async throws {
        let session = try await place.open()
        try await place.naming(session.path) {
            let pending = try pending(session.records)
            guard let state = callback.state, state == pending.state else {
                throw Failure(
                    .personNeeded,
                    "\(name): the answer's state is \(callback.state == nil ? "missing" : "another one"): it does not belong to the last URL that was made",
                    hint: "use the newest URL, or make one: tokenkeep connect \(name) --print-url")
            }
            if let error = callback.error {
                // Whose trouble it is (RFC 6749 §4.1.2.1): the provider's, the person's, or else the registration's.
                let (status, hint): (Failure.Status, String) =
                    switch error.code {
                    case "server_error", "temporarily_unavailable":
                        (.unavailable, "authorise again later: tokenkeep connect \(name)")
                    case "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type",
                        "invalid_client":
                        (.misconfigured, "compare \(TOMLText.section(of: name)) with the app at the provider")
                    default: (.personNeeded, "authorise again and agree: tokenkeep connect \(name)")
                    }
                let secrets = [pending.state, pending.verifier, callback.code].compactMap(\.self)
                var connection = try session.records.connection(name)
                connection?.pending = nil
                if let connection { session.records.set(name, connection: connection) }
                try session.commit()
                throw Failure(
                    status, "\(name): the provider answered \(error.words(hiding: secrets))", hint: hint)
            }
            guard let code = callback.code else {
                throw Failure(
                    .personNeeded, "\(name): the answer holds no code",
                    hint: "authorise again: tokenkeep connect \(name)")
            }
            try await exchange(code, pending, session)
        }
    }

    /// Takes a code without its `state`; the verifier that only this vault has binds it to the pending authorisation.
    func finish(code: Secret) async throws {
        let session = try await place.open()
        try await place.naming(session.path) {
            let pending = try pending(session.records)
            let others = try session.records.names.filter { other in
                guard let pending = try session.records.connection(other)?.pending else { return false }
                return other != name && pending.grant == .code && pending.verifier != nil
                    && pending.expiresAt > ThisProcess.now
            }
            guard others.isEmpty else {
                throw Failure(
                    .wrongUse, "\(name): the code could be for \(others[0]) as well, which waits for one too",
                    hint:
                        "paste the whole address, whose state tells them apart: tokenkeep connect \(name) --callback -")
            }
            guard pending.verifier != nil else {
                throw Failure(
                    .wrongUse, "\(name): a code alone is taken only where PKCE binds it, and here it does not",
                    hint: "paste the whole address: tokenkeep connect \(name) --callback -")
            }
            try await exchange(code, pending, session)
        }
    }

    private func pending(_ records: Records) throws -> Connection.PendingAuthorization {
        try records.refuseSecret(name)
        let again = "make a new URL: tokenkeep connect \(name) --print-url"
        guard let pending = try records.connection(name)?.pending, pending.grant == .code else {
            throw Failure(
                .personNeeded,
                "\(name): no authorisation is pending; its answer was used already, or none was asked for", hint: again)
        }
        guard ThisProcess.now < pending.expiresAt else {
            throw Failure(
                .personNeeded, "\(name): the authorisation was begun more than 15 minutes ago and has expired",
                hint: again)
        }
        return pending
    }

    private func exchange(
        _ code: Secret, _ pending: Connection.PendingAuthorization, _ session: VaultSession
    ) async throws {
        let registration = try registration(session.records)
        let provider = try pending.provider ?? session.records.connection(name)?.provider
        guard provider == registration.provider.id else {
            throw Failure(
                .misconfigured,
                "\(name): the authorisation was begun at \(provider ?? "another provider"), and the config says provider \(registration.provider.id)",
                hint:
                    "correct provider in \(TOMLText.section(of: name)), or make a new URL: tokenkeep connect \(name) --print-url"
            )
        }
        let outcome = try await CodeExchange(place.batch(renewal)).run(code, for: name, registration, on: session)
        try await conclude(outcome, wanted: pending.scopes, session)
    }

    /// What the connection asks with.
    func registration(_ records: Records) throws -> Registration {
        do { return try place.requiredConfig().registration(of: name, in: records).get() } catch let problem as Problem
        {
            throw Failure(.misconfigured, "\(name): \(problem.message)", hint: problem.hint)
        }
    }

    /// Says how it ended, and what is missing.
    func conclude(_ outcome: Outcome, wanted: [String], _ session: VaultSession) async throws {
        if let problem = outcome.problem, let status = outcome.status {
            throw Failure(status, "\(name): \(problem.message)", hint: problem.hint)
        }
        guard let tokens = try session.records.connection(name)?.tokens else { return }
        let now = ThisProcess.now
        var words = "\(name) is connected"
        if let left = Validity(tokens, now: now) { words += "; the access token is valid for \(left.words)" }
        if let end = tokens.refreshExpiresAt { words += ", the refresh token for \(Moment.length(end - now))" }
        place.say(words)
        if place.config?.outputs.isEmpty == false { place.say("write its tokens for the apps with: tokenkeep export") }
        let granted = tokens.scopes ?? wanted
        let missing = wanted.filter { !granted.contains($0) }
        if !missing.isEmpty {
            Console.say(
                "\(name): these scopes were not granted: \(missing.joined(separator: ", "))\nhint: allow them for the app at the provider, then: tokenkeep connect \(name)"
            )
        }
        if tokens.refreshToken == nil {
            Console.say(
                "\(name): the provider gave no refresh token, so a person is needed when the access token ends\nhint: ask for the scope or access type that brings one, then: tokenkeep connect \(name)"
            )
        }
    }
}

/// What an answer has to bring back, once that is known.
private actor AwaitedState {
    private var state: Secret?

    func set(_ state: Secret) { self.state = state }

    func isOf(_ query: String) -> Bool { state != nil && Callback(query: query)?.state == state }
}

/// How the exchange behind the browser's page went.
private actor CallbackResult {
    private var result: Result<Void, Failure>?

    func set(_ result: Result<Void, Failure>) { self.result = result }

    func get() throws {
        try result?.get()
    }
}
