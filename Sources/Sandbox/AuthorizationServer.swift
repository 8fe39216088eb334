import LocalServer
import Tokens

/// The provider behind the sandbox's addresses: all its state, one request at a time.
actor AuthorizationServer {
    /// What the sandbox was told.
    let options: SandboxOptions
    /// The time in Unix seconds.
    let now: @Sendable () -> Int64
    private let save: @Sendable ([UInt8]) throws -> Void
    /// What was granted; `change` alone changes it.
    private(set) var grants: Grants
    /// The authorisations that a person looks at, by an id that cannot be guessed, and until when each is kept.
    var consents: [String: (request: AuthorizationRequest, until: Int64)] = [:]
    /// What came and how it ended.
    var statistics = Statistics()
    /// The requests at the token endpoint, by which faults are counted.
    var tokenRequests = 0

    /// Makes the provider; see `SandboxProvider.start`.
    init(
        _ options: SandboxOptions, grants: Grants, now: @escaping @Sendable () -> Int64,
        save: @escaping @Sendable ([UInt8]) throws -> Void
    ) {
        self.options = options
        self.grants = grants
        self.now = now
        self.save = save
    }

    /// Answers one request.
    func answer(_ request: LocalRequest) async -> LocalResponse {
        if request.path == "/sandbox/stats" { return .json(200, statistics.object(grants)) }
        do {
            try await Task.sleep(for: options.latency)
        } catch {
            return .dropped
        }
        let manners = options.manners
        switch (request.method, request.path) {
        case ("GET", manners.authorizationPath): return authorize(request)
        case ("POST", Self.consentPath): return decide(request)
        case ("POST", manners.tokenPath): return await token(request)
        case ("POST", manners.revocationPath): return revoke(request)
        case ("GET", manners.resourcePath): return resource(request)
        case (_, manners.authorizationPath), (_, manners.resourcePath): return Self.onlyTakes("GET")
        case (_, Self.consentPath), (_, manners.tokenPath), (_, manners.revocationPath):
            return Self.onlyTakes("POST")
        default:
            let paths = [
                manners.authorizationPath, manners.tokenPath, manners.revocationPath, manners.resourcePath,
                "/sandbox/stats",
            ]
            return .text(404, "nothing here; the paths are \(paths.joined(separator: " "))")
        }
    }

    private static func onlyTakes(_ method: String) -> LocalResponse {
        var response = LocalResponse.text(405, "only \(method)")
        response.headers.append(("Allow", method))
        return response
    }

    /// Makes a change to the grants: stored before anybody is told of it, or not made at all.
    ///
    /// An error that the change itself ends with is told after what it changed is stored: a spent token that was
    /// presented again revokes its family. Nothing is awaited on the way, so of two requests with one token the
    /// second meets the first one's outcome.
    func change<T>(_ body: (inout Grants) throws(OAuthError) -> T) throws(OAuthError) -> T {
        var changed = grants
        let result: Result<T, OAuthError>
        do { result = .success(try body(&changed)) } catch { result = .failure(error) }
        do {
            try save(changed.record)
        } catch {
            throw OAuthError(.serverError, "the sandbox could not write its state file")
        }
        grants = changed
        return try result.get()
    }

    /// Takes the form of a request by the one registered client (RFC 6749 §2.3.1 and §3.2).
    func clientForm(_ request: LocalRequest) throws(OAuthError) -> FormFields {
        let type = request.header("content-type").first?.split(separator: ";").first?.lowercased()
        guard type == "application/x-www-form-urlencoded" else {
            throw OAuthError(.invalidRequest, "the body has to be application/x-www-form-urlencoded")
        }
        guard let form = FormFields(decoding: request.body) else {
            throw OAuthError(.invalidRequest, "the body has a percent sign that escapes nothing")
        }
        guard !form.repeatsName else { throw OAuthError(.invalidRequest, "a parameter stands twice") }
        let name = options.manners.clientParameter
        let isClient =
            switch request.header("authorization").first {
            case let credential? where options.manners == .standard:
                // One way to authenticate a request (RFC 6749 §2.3), and this is how the one client's looks.
                credential == "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ=" && form.value("client_secret") == nil
            default:
                form.value(name) == SandboxOptions.clientID
                    && form.value("client_secret") == SandboxOptions.clientSecret
            }
        guard isClient else { throw OAuthError(.invalidClient, "\(name) or client_secret is wrong or missing") }
        return form
    }
}
