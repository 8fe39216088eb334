import OAuth
package import Tokens

/// Under which terms a run asks.
package struct Terms: Sendable {
    /// What makes a token due.
    let policy: RenewalPolicy
    /// Renew what is not due, too.
    let isForced: Bool
    /// Ask once more where the answer to a request was lost, by a person's will.
    let triesAgain: Bool
    /// What must be left of a token, in seconds, beyond the policy.
    let minimumValidity: Int64
    /// From when on the caller has been waiting, in Unix milliseconds: what was asked later was asked for it, too.
    let waitingSince: Int64
    /// How long a run that was told to come back later does so itself.
    package let patience: Duration

    /// Sets the terms; `waitingSince` is a moment before the lock was waited for.
    package init(
        _ policy: RenewalPolicy, waitingSince: Int64, isForced: Bool = false, triesAgain: Bool = false,
        minimumValidity: Int64 = 0, patience: Duration = .seconds(30)
    ) {
        self.policy = policy
        self.waitingSince = waitingSince
        self.isForced = isForced
        self.triesAgain = triesAgain
        self.minimumValidity = minimumValidity
        self.patience = patience
    }

    /// Whether a token set is due: what `refresh`, `get` and `run` go by.
    package func isDue(_ tokens: TokenSet, at now: Int64) -> Bool {
        if tokens.refreshToken == nil, tokens.expiresAt == nil { return false }
        return policy.isDue(tokens, now: now) || !tokens.isValid(for: minimumValidity, at: now)
    }
}

/// Whether a connection is asked for now.
enum Decision {
    /// It is not; this is how things stand.
    case ends(Outcome)
    /// It is: with this token, for the how-manieth time.
    case asks(Registration, Secret, attempt: Int64)

    /// Decides from what is stored. `isRetry` is set for what this very run has asked before and was told to repeat.
    init(
        _ name: RecordName, _ registration: () -> Result<Registration, Problem>, _ terms: Terms,
        in store: any TokenStore, now: Int64, host: String, isRetry: Bool
    ) throws {
        guard let connection = try store.records.connection(name), let tokens = connection.tokens else {
            self = .ends(.notConnected)
            return
        }
        do throws(Problem) {
            let registration = try registration().get()
            guard connection.provider == registration.provider.id else {
                throw Refresh.otherProvider(name, connection, configured: registration.provider.id)
            }
            if isRetry, connection.last?.outcome == Outcome.renewed.name {
                // Another process was answered while this one waited to ask again.
                self = .ends(.renewed)
                return
            }
            if !isRetry, let outcome = Self.news(connection, name, terms, now: now) {
                self = .ends(outcome)
                return
            }
            let standing = Standing(
                name: name, connection: connection, tokens: tokens, terms: terms, isOlder: store.isOlder,
                isSameClient: connection.refusedClient.map { $0 == (try? store.fingerprint(of: registration.whole)) }
                    ?? false, now: now, host: host)
            switch standing.attempt(registration.provider, isRetry: isRetry) {
            case .success(let attempt):
                guard let token = tokens.refreshToken else {
                    let words = "its access token ends, and the provider gave no refresh token"
                    self = .ends(.rejected(Problem(words, hint: Hints.connect(name))))
                    return
                }
                self = .asks(registration, token, attempt: attempt)
            case .failure(let reason): self = .ends(reason.outcome)
            }
        } catch { self = .ends(.misconfigured(error)) }
    }

    /// What another process was answered while this one waited, good or bad: it asks no second time.
    private static func news(
        _ connection: Connection, _ name: RecordName, _ terms: Terms, now: Int64
    ) -> Outcome? {
        guard let last = connection.last, !terms.triesAgain else { return nil }
        // What is dated later than now was so by a clock that has jumped since, and says nothing.
        func isAfter(_ moment: Int64) -> Bool { moment > terms.waitingSince && moment / 1000 <= now }
        let isLater = last.began.map(isAfter) ?? false
        if last.outcome == Outcome.renewed.name {
            // A token that came after the waiting began is fresh, even if it was asked for before.
            let isNew = isLater || isAfter((connection.tokens?.obtainedAt ?? 0) * 1000)
            // Who wants a newer token than the one at hand has it, whoever asked for it.
            if terms.isForced { return isLater || last.ended.map(isAfter) ?? false ? .renewed : nil }
            return isNew ? .notDue : nil
        }
        guard isLater else { return nil }
        return Outcome(named: last.outcome, Problem(last.error ?? "it failed", hint: hint(last.outcome, name)))
    }

    private static func hint(_ outcome: String, _ name: RecordName) -> String {
        switch outcome {
        case "rejected": Hints.connect(name)
        case "misconfigured": Hints.registration(name)
        default: Hints.nextRun
        }
    }
}

/// How one connection stands, and the rules of when it is asked for.
private struct Standing {
    let name: RecordName
    let connection: Connection
    let tokens: TokenSet
    let terms: Terms
    let isOlder: Bool
    /// Whether the registration is the one that the provider refused.
    let isSameClient: Bool
    let now: Int64
    let host: String

    /// Why nothing is asked.
    struct Reason: Error {
        let outcome: Outcome
    }

    /// The number of the try that may be made now.
    func attempt(_ provider: Provider, isRetry: Bool) -> Result<Int64, Reason> {
        switch connection.trouble {
        case .reauthorize where !terms.isForced:
            let words = connection.last?.error ?? "the provider refused the refresh token"
            return .failure(Reason(outcome: .rejected(Problem(words, hint: Hints.connect(name)))))
        case .uncertain: return nextTry(provider)
        case .reauthorize, nil:
            guard terms.isForced || terms.isDue(tokens, at: now) else { return .failure(Reason(outcome: .notDue)) }
        // It was refused before anything was spent, and whoever mends it does not tell: a changed one is asked with at once.
        case .misconfigured where !isSameClient && connection.last?.outcome == "misconfigured":
            return firstTry(provider)
        case .misconfigured: break
        }
        if !isRetry, !terms.isForced, let notBefore = connection.notBefore, Backoff.isPlausible(notBefore, now: now),
            let outcome = left(until: notBefore)
        {
            return .failure(Reason(outcome: outcome))
        }
        return connection.trouble == .misconfigured ? firstTry(provider) : .success(1)
    }

    /// A registration that was refused says nothing of a question that was open before: its rules stand.
    private func firstTry(_ provider: Provider) -> Result<Int64, Reason> {
        connection.question == nil ? .success(1) : nextTry(provider)
    }

    /// A provider that fails is left alone for a while, whoever asks.
    private func left(until notBefore: Int64) -> Outcome? {
        guard let last = connection.last else { return nil }
        let hint =
            "it is asked again after \(Moment.text(notBefore, withSeconds: true)), or now with: tokenkeep refresh --force \(name)"
        return Outcome(named: last.outcome, Problem(last.error ?? "the provider was not available", hint: hint))
    }

    /// Whether the access token has run out: one of which nobody knows when it ends may work for a day.
    private func hasEnded(_ question: Connection.OpenQuestion) -> Bool {
        tokens.presumedEnd == nil ? now >= question.at + Hints.unknownLife : tokens.isExpired(at: now)
    }

    /// The rules for a question that was never answered. A blind second try can itself set off the provider's reuse
    /// detection and end a family that lives.
    private func nextTry(_ provider: Provider) -> Result<Int64, Reason> {
        let question = connection.question ?? Connection.OpenQuestion(at: 0, host: host, attempt: 1)
        func wait(_ hint: String) -> Result<Int64, Reason> {
            .failure(Reason(outcome: .uncertain(Problem(Hints.asked(question, by: host), hint: hint))))
        }
        // Both sides of the first try must be over: the request may still be on its way.
        let isOver = !(question.at - 60..<question.at + 2).contains(now)
        let notBefore = connection.notBefore.flatMap { Backoff.isPlausible($0, now: now) ? $0 : nil } ?? 0
        let earliest = max(isOver ? now : question.at + 2, notBefore)
        if terms.triesAgain {
            return isOver ? .success(question.nextAttempt) : wait("wait 2 s, and run it again")
        }
        if isOlder || connection.isFromOldCopy {
            return wait(
                "it comes from an old copy of the vault, so it is not asked again by itself: put the newest copy back, or authorise it again: tokenkeep connect \(name); or once more, at your own risk: \(Hints.tryAgain(name))"
            )
        }
        if question.host != host {
            return wait("refresh it there, or try it once more from here: \(Hints.tryAgain(name))")
        }
        if provider.rotation == .keeps {
            return now >= earliest ? .success(question.nextAttempt) : wait(Hints.nextRun)
        }
        guard question.attempt < 2 else {
            return wait(Hints.tried(name))
        }
        let isInGrace = provider.gracePeriod.map { (question.at - 60...question.at + $0).contains(now) } ?? false
        guard isInGrace || hasEnded(question) else {
            return wait(Hints.waiting(tokens, name, question))
        }
        guard isInGrace ? isOver : now >= earliest else {
            return wait("the first run after \(Moment.text(earliest, withSeconds: true)) tries once more")
        }
        return .success(question.nextAttempt)
    }
}

extension Outcome {
    /// The outcome of that name; nil where it is none that has a problem.
    fileprivate init?(named name: String, _ problem: Problem) {
        switch name {
        case "rejected": self = .rejected(problem)
        case "unavailable": self = .unavailable(problem)
        case "uncertain": self = .uncertain(problem)
        case "misconfigured": self = .misconfigured(problem)
        default: return nil
        }
    }
}
