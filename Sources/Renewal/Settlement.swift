import OAuth
import Tokens

/// What one reply does to its connection: the same whether it has just come or is read from a dead run's journal.
struct Settlement {
    /// The secrets of the request; of a dead run's, which is gone, they are looked for in the vault.
    let sent: [Secret]?
    /// The fingerprint of the registration that asks; nil where that is not known.
    let client: String?
    /// When it was about to be sent, in Unix milliseconds; nil when that is not known.
    let began: Int64?
    /// The time, in Unix milliseconds.
    let clock: Int64
    /// This machine, hashed.
    let host: String

    /// The time, in Unix seconds.
    private var now: Int64 { clock / 1000 }

    /// Merges a reply into the store's records, which is not a commit, and tells what became of it.
    ///
    /// Nothing but a complete answer changes a token.
    func settle(_ ask: Ask, _ response: TokenEndpoint.Response, in store: any TokenStore) -> Batch.Settled {
        guard var connection = (try? store.records.connection(ask.name)) ?? nil else {
            return Batch.Settled(outcome: .notConnected, again: nil, event: nil)
        }
        let spent = Spent(ask, connection, store)
        let provider = (spent.isPending ? connection.pending?.provider : nil) ?? connection.provider
        var one = One(
            ask: ask, spent: spent, provider: Catalogue.provider(provider) ?? Catalogue.unknown(provider),
            secrets: (sent ?? store.records.secrets) + connection.secrets, retryAfter: response.retryAfter, host: host,
            isCurrent: { store.isCurrent })
        let outcome: Outcome
        switch response.reply {
        case .got(let answer): outcome = one.take(answer, response.problem, &connection)
        case .unsent:
            one.isWanted = Batch.Again(retryAfter: nil)
            one.said = .unsent
            outcome = .unavailable(response.problem ?? Problem("the request was not sent", hint: Hints.nextRun))
        case .missing:
            outcome = one.unanswered(
                response.problem?.message ?? "the process ended before the answer came", &connection)
        }
        // What came of an attempt to replace them says nothing of the tokens that stand.
        if spent == .refreshToken && outcome != .notDue || outcome == .renewed || connection.tokens == nil {
            connection.last = Connection.LastAttempt(
                at: ask.at, outcome: outcome.name, error: outcome.problem?.message, began: began,
                ended: began == nil ? nil : clock)
        }
        if spent == .refreshToken { leaveAlone(&connection, outcome, response, one.isWanted?.retryAfter) }
        if case .got = response.reply { connection.skew = response.clockSkew.flatMap { abs($0) > 60 ? $0 : nil } }
        store.records.set(ask.name, connection: connection)
        return Batch.Settled(
            outcome: outcome, again: one.isWanted, event: event(one, outcome, response, connection, store))
    }

    private func event(
        _ one: One, _ outcome: Outcome, _ response: TokenEndpoint.Response, _ connection: Connection,
        _ store: any TokenStore
    ) -> LogEvent {
        let status: Int64? = if case .got(let answer) = response.reply { answer.status } else { nil }
        return LogEvent(
            ask: one.ask, kind: one.spent == .code ? .authorize : .refresh, outcome: outcome,
            replyClass: one.isWanted != nil && status != nil ? .turnedAway : one.said, status: status,
            error: one.error?.parts(hiding: one.secrets),
            after: connection.tokens?.refreshToken.flatMap { try? store.fingerprint(of: $0) }, at: now)
    }

    /// Sets until when nobody asks again.
    private func leaveAlone(
        _ connection: inout Connection, _ outcome: Outcome, _ response: TokenEndpoint.Response, _ retryAfter: Int64?
    ) {
        switch (outcome, response.reply) {
        case (.unavailable, .unsent): connection.notBefore = now + Backoff.unsent
        case (.unavailable, _), (.uncertain, .got), (.misconfigured, _):
            connection.failures = min(max(0, connection.failures), 99) + 1
            connection.notBefore = now + Backoff.wait(failures: connection.failures, retryAfter: retryAfter)
            // Whoever mends the registration wants to see at once that it is mended.
            if case .misconfigured = outcome { connection.refusedClient = client }
        case (.notDue, _), (.notConnected, _): break
        case (.renewed, _):
            connection.notBefore = nil
            connection.failures = 0
            connection.refusedClient = nil
        case (.rejected, _), (.uncertain, _): connection.notBefore = nil
        }
    }
}

extension TokenSet {
    /// Whether an answer that came out of a journal late has been overtaken: the refresh token is the same before and after,
    /// and this access token came later.
    fileprivate func isNewer(than answer: TokenSet) -> Bool {
        (answer.refreshToken == nil || answer.refreshToken == refreshToken)
            && obtainedAt ?? 0 > answer.obtainedAt ?? 0
    }
}

/// What a request spends.
private enum Spent {
    /// The refresh token that is stored now.
    case refreshToken
    /// The authorisation that is pending now.
    case code
    /// The refresh token that was handed in, and is tried now.
    case handedIn
    /// Something that has been replaced since: its answer must not be merged over what is newer.
    case something

    init(_ ask: Ask, _ connection: Connection, _ store: any TokenStore) {
        func isAsked(_ token: Secret?) -> Bool {
            token.map { (try? store.fingerprint(of: $0)) == ask.fingerprint } ?? false
        }
        if isAsked(connection.tokens?.refreshToken) {
            self = .refreshToken
        } else if let pending = connection.pending, isAsked(pending.state) {
            self = pending.grant == .code ? .code : .handedIn
        } else {
            self = .something
        }
    }

    /// Whether it would replace the tokens that there are.
    var isPending: Bool { self == .code || self == .handedIn }
}

/// The settlement of one reply.
private struct One {
    let ask: Ask
    let spent: Spent
    let provider: Provider
    /// What no message may repeat.
    let secrets: [Secret]
    /// After how many seconds the provider wants to be asked again, if it said.
    let retryAfter: Int64?
    let host: String
    /// Whether the store is as it was read.
    let isCurrent: () -> Bool
    /// Set where the provider has not looked at the request.
    var isWanted: Batch.Again?
    /// What came back.
    var said = LogEvent.Class.missing
    /// The provider's refusal.
    var error: ProviderError?

    mutating func take(_ answer: Answer, _ trouble: Problem?, _ connection: inout Connection) -> Outcome {
        switch TokenAnswer(answer, from: provider) {
        case .tokens(let tokens):
            said = .tokens
            if spent == .refreshToken, let stored = connection.tokens, stored.isNewer(than: tokens) { return .notDue }
            switch spent {
            case .refreshToken: connection.tokens = connection.tokens?.refreshed(by: tokens) ?? tokens
            case .code: connection.tokens = tokens
            case .handedIn:
                connection.tokens = TokenSet(accessToken: nil, refreshToken: connection.pending?.state)
                    .refreshed(by: tokens)
            case .something:
                connection.keepUnread(answer)
                return .uncertain(
                    Problem(
                        "an answer came for a token that has been replaced since; it is kept aside", hint: Hints.nextRun
                    ))
            }
            if spent.isPending {
                connection.provider = provider.id
                connection.pending = nil
                connection.notBefore = nil
                connection.failures = 0
            }
            connection.trouble = nil
            connection.question = nil
            connection.isFromOldCopy = false
            return .renewed
        case .error(let error):
            (said, self.error) = (.error, error)
            if spent.isPending { connection.pending = nil }
            return refused(error.words(hiding: secrets), error.code, answer, &connection)
        case .unreadable(let what):
            said = .unreadable
            let why =
                trouble.map { "\($0.message) (\(what))" } ?? "the answer was \(what), with HTTP status \(answer.status)"
            if isTurnedAway(answer) { return turnedAway(why, answer) }
            // It may hold the only copy of a token: it is kept as it came.
            connection.keepUnread(answer)
            return unanswered(why, &connection)
        }
    }

    /// Whether the provider says that it has not looked at the request (RFC 6585 §4; RFC 9110 §15.6.4).
    private func isTurnedAway(_ answer: Answer) -> Bool {
        answer.status == 429 || answer.status == 503 && retryAfter != nil
    }

    /// Who tries again: the next run, or a person.
    private var again: String {
        switch spent {
        case .code: Hints.connect(ask.name)
        case .handedIn: Hints.handIn(ask.name)
        case .refreshToken, .something: Hints.nextRun
        }
    }

    private mutating func turnedAway(_ words: String, _ answer: Answer) -> Outcome {
        isWanted = Batch.Again(retryAfter: retryAfter)
        let words = answer.status == 429 ? "too many requests: \(words)" : words
        return .unavailable(Problem(words, hint: again))
    }

    private mutating func refused(
        _ words: String, _ code: Secret, _ answer: Answer, _ connection: inout Connection
    ) -> Outcome {
        let words = "\(provider.displayName) answered \(words)"
        switch code {
        case "invalid_grant", "access_denied", "bad_refresh_token", "bad_verification_code":
            // What is stored is looked at again: the token that was refused may no longer be the one that counts.
            guard spent != .something, isCurrent() else {
                let words = "\(words), of a token that has been replaced since"
                return .unavailable(Problem(words, hint: Hints.nextRun))
            }
            if spent == .refreshToken { connection.trouble = .reauthorize }
            return .rejected(Problem(words, hint: Hints.connect(ask.name)))
        case _ where isTurnedAway(answer): return turnedAway(words, answer)
        // It broke over it, at an unknown place: before the token was spent, or after.
        case _ where answer.status >= 500: return unanswered(words, &connection)
        case "server_error", "internal_error": return unanswered(words, &connection)
        // It has not looked at the request.
        case "temporarily_unavailable", "slow_down", "rate_limit_exceeded":
            return .unavailable(Problem(words, hint: again))
        default:
            if spent == .refreshToken { connection.trouble = .misconfigured }
            return .misconfigured(Problem(words, hint: Hints.registration(ask.name)))
        }
    }

    /// Asked, and nothing came that can be used: harmless where the old token stays good.
    func unanswered(_ why: String, _ connection: inout Connection) -> Outcome {
        switch spent {
        case .something: return .unavailable(Problem(why, hint: Hints.nextRun))
        case .code, .handedIn:
            // It works once, and whether it still does is not known: the person goes again. What stood before stands.
            connection.pending = nil
            return .uncertain(Problem(why, hint: again))
        case .refreshToken where provider.rotation == .keeps: return .unavailable(Problem(why, hint: Hints.nextRun))
        case .refreshToken:
            let question = Connection.OpenQuestion(at: ask.at, host: ask.host, attempt: ask.attempt, why: why)
            connection.trouble = .uncertain
            connection.question = question
            let hint =
                ask.attempt < 2 && !connection.isFromOldCopy
                ? Hints.waiting(connection.tokens, ask.name, question) : Hints.tried(ask.name)
            return .uncertain(Problem(Hints.asked(question, by: host), hint: hint))
        }
    }
}

extension Connection {
    fileprivate mutating func keepUnread(_ answer: Answer) {
        let body = Secret(answer.body.withSpan { Base64.encode($0, .standard) })
        keepUnread(UnreadAnswer(at: answer.at, status: answer.status, body: body))
    }

    /// What was or will be sent for it.
    fileprivate var secrets: [Secret] {
        [tokens?.refreshToken, tokens?.accessToken, pending?.state, pending?.verifier].compactMap(\.self)
    }
}

extension Records {
    /// All values that a person keeps in it.
    fileprivate var secrets: [Secret] { names.compactMap { (try? secret($0)) ?? nil } }
}
