import OAuth
import Tokens

/// What one reply does to its connection: the same whether it has just come or is read from a dead run's journal.
enum Settlement {
    /// Merges a reply into the store's records, which is not a commit, and tells what became of it.
    ///
    /// Nothing but a complete answer changes a token. `sent` are the secrets of the request; of a dead run's, which is
    /// gone, they are looked for in the vault.
    static func settle(
        _ ask: Ask, _ response: TokenEndpoint.Response, sent: [Secret]?, in store: any TokenStore
    ) -> Outcome {
        guard var connection = (try? store.records.connection(ask.name)) ?? nil else { return .notConnected }
        let provider = Catalogue.provider(connection.provider) ?? Catalogue.unknown(connection.provider)
        let spent = Spent(ask, connection, store)
        let secrets = (sent ?? store.records.secrets) + connection.secrets
        let outcome: Outcome
        switch response.reply {
        case .got(let answer):
            outcome = take(answer, ask, spent, response.problem, provider, secrets, &connection)
        case .unsent:
            let problem = response.problem ?? Problem("the request was not sent", hint: Hints.nextRun)
            outcome = .unavailable(problem)
        case .missing:
            let why = response.problem?.message ?? "the process ended before the answer came"
            outcome = unanswered(why, ask, spent, provider, &connection)
        }
        connection.last = Connection.LastAttempt(
            at: ask.at, outcome: outcome.name, error: outcome.problem?.message)
        store.records.set(ask.name, connection: connection)
        return outcome
    }

    /// What a request spends.
    private enum Spent {
        /// The refresh token that is stored now.
        case refreshToken
        /// The authorisation that is pending now.
        case authorization
        /// Something that has been replaced since: its answer must not be merged over what is newer.
        case something

        init(_ ask: Ask, _ connection: Connection, _ store: any TokenStore) {
            func isAsked(_ token: Secret?) -> Bool {
                token.map { (try? store.fingerprint(of: $0)) == ask.fingerprint } ?? false
            }
            if isAsked(connection.pending?.state) {
                self = .authorization
            } else if isAsked(connection.tokens?.refreshToken) {
                self = .refreshToken
            } else {
                self = .something
            }
        }
    }

    private static func take(
        _ answer: Answer, _ ask: Ask, _ spent: Spent, _ trouble: Problem?, _ provider: Provider, _ secrets: [Secret],
        _ connection: inout Connection
    ) -> Outcome {
        switch TokenAnswer(answer, from: provider) {
        case .tokens(let tokens):
            switch spent {
            case .refreshToken: connection.tokens = connection.tokens?.refreshed(by: tokens) ?? tokens
            case .authorization: connection.tokens = tokens
            case .something:
                connection.keepUnread(answer)
                return .uncertain(
                    Problem(
                        "an answer came for a token that has been replaced since; it is kept aside", hint: Hints.nextRun
                    ))
            }
            connection.pending = spent == .authorization ? nil : connection.pending
            connection.trouble = nil
            connection.question = nil
            return .renewed
        case .error(let error):
            if spent == .authorization { connection.pending = nil }
            return refused(error.words(hiding: secrets), error.code, answer, ask, spent, provider, &connection)
        case .unreadable(let what):
            let why =
                trouble.map { "\($0.message) (\(what))" } ?? "the answer was \(what), with HTTP status \(answer.status)"
            if answer.status == 429 {
                return .unavailable(
                    Problem("too many requests: \(why)", hint: Hints.again(ask.name, spent == .authorization)))
            }
            // It may hold the only copy of a token: it is kept as it came.
            connection.keepUnread(answer)
            return unanswered(why, ask, spent, provider, &connection)
        }
    }

    private static func refused(
        _ words: String, _ code: String, _ answer: Answer, _ ask: Ask, _ spent: Spent, _ provider: Provider,
        _ connection: inout Connection
    ) -> Outcome {
        let words = "\(provider.displayName) answered \(words)"
        let unavailable = Outcome.unavailable(
            Problem(words, hint: Hints.again(ask.name, spent == .authorization)))
        switch code {
        case "invalid_grant", "access_denied", "bad_refresh_token", "bad_verification_code":
            if spent == .refreshToken { connection.trouble = .reauthorize }
            return .rejected(Problem(words, hint: Hints.connect(ask.name)))
        // It has not looked at the request.
        case "temporarily_unavailable", "slow_down", "rate_limit_exceeded": return unavailable
        // It broke over it, at an unknown place: before the token was spent, or after.
        case "server_error", "internal_error": return unanswered(words, ask, spent, provider, &connection)
        default:
            if answer.status >= 500 { return unanswered(words, ask, spent, provider, &connection) }
            if answer.status == 429 { return unavailable }
            if spent == .refreshToken { connection.trouble = .misconfigured }
            return .misconfigured(
                Problem(
                    words,
                    hint:
                        "compare client_id, client secret and scopes of [connections.\(Hints.key(ask.name))] with the app at the provider"
                ))
        }
    }

    /// Asked, and nothing came that can be used: harmless where the old token stays good.
    private static func unanswered(
        _ why: String, _ ask: Ask, _ spent: Spent, _ provider: Provider, _ connection: inout Connection
    ) -> Outcome {
        switch spent {
        case .something: return .unavailable(Problem(why, hint: Hints.nextRun))
        case .authorization:
            // A code works once, and whether it still does is not known: the person goes again.
            connection.pending = nil
            return .uncertain(Problem(why, hint: Hints.connect(ask.name)))
        case .refreshToken where provider.rotation == .keeps: return .unavailable(Problem(why, hint: Hints.nextRun))
        case .refreshToken:
            connection.trouble = .uncertain
            connection.question = Connection.OpenQuestion(at: ask.at, host: ask.host, attempt: ask.attempt)
            return .uncertain(Hints.uncertain(why, ask.name, connection))
        }
    }
}

extension Connection {
    fileprivate mutating func keepUnread(_ answer: Answer) {
        let body = Secret(answer.body.withSpan { Base64.encode($0, .standard) })
        keepUnread(UnreadAnswer(at: answer.at, status: answer.status, body: body))
    }
}

extension Connection {
    /// What was or will be sent for it.
    fileprivate var secrets: [Secret] {
        [tokens?.refreshToken, tokens?.accessToken, pending?.state, pending?.verifier].compactMap(\.self)
    }
}

extension Records {
    /// All values that a person keeps in it.
    fileprivate var secrets: [Secret] { names.compactMap { (try? secret($0)) ?? nil } }
}

/// What mends what.
enum Hints {
    static let nextRun = "nothing is lost; the next run tries again"

    static func connect(_ name: RecordName) -> String { "authorise it again: tokenkeep connect \(name)" }

    /// Who tries again: the next run, or with a code a person.
    static func again(_ name: RecordName, _ isAuthorization: Bool) -> String {
        isAuthorization ? connect(name) : nextRun
    }

    /// A connection's name as a key of the config.
    static func key(_ name: RecordName) -> String {
        name.text.contains("/") || name.text.contains(".") ? "\"\(name)\"" : name.text
    }

    /// What is known when an answer never came, and what happens next.
    static func uncertain(_ why: String, _ name: RecordName, _ connection: Connection) -> Problem {
        let asked = connection.question.map { " (try \($0.attempt))" } ?? ""
        let message = "asked\(asked), and \(why); the refresh token may be spent"
        guard (connection.question?.attempt ?? 1) < 2 else { return Problem(message, hint: connect(name)) }
        return Problem(
            message,
            hint:
                "its access token works until it expires, then refresh tries once more; or now: tokenkeep connect \(name)"
        )
    }
}
