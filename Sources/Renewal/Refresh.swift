package import OAuth
package import Tokens

/// The story of a refresh: what is due → ask → keep → hand out.
package struct Refresh: Sendable {
    /// One connection of the config: what it asks with, or why it cannot.
    package struct Target: Sendable {
        /// The connection.
        package let name: RecordName
        /// What it asks with.
        package let registration: Result<Registration, Problem>

        /// Names a connection to look after.
        package init(name: RecordName, registration: Result<Registration, Problem>) {
            (self.name, self.registration) = (name, registration)
        }
    }

    private let batch: Batch
    private let policy: RenewalPolicy
    /// Renew what is not due, too.
    private let isForced: Bool
    /// What must be left of a token, in seconds, beyond the policy.
    private let minimumValidity: Int64

    /// Sets when something is due.
    package init(_ batch: Batch, policy: RenewalPolicy, isForced: Bool = false, minimumValidity: Int64 = 0) {
        self.batch = batch
        self.policy = policy
        self.isForced = isForced
        self.minimumValidity = minimumValidity
    }

    /// Renews what is due of `targets`. The caller holds the lock as long as `store` lives.
    package func run(_ targets: [Target], on store: any TokenStore) async throws -> [(
        name: RecordName, outcome: Outcome
    )] {
        // A name given twice is asked for once: a second request would present a token that the first has spent.
        var names: Set<RecordName> = []
        let targets = targets.filter { names.insert($0.name).inserted }
        // What a run that died was answered comes first: it may be that nothing is due any more.
        let found = try batch.settleLeftBehind(on: store)
        let now = batch.now()
        var outcomes: [Outcome] = []
        var asks: [(ask: Ask, request: TokenRequest)] = []
        var places: [Int] = []
        for target in targets {
            switch try decide(target, in: store, now: now) {
            case .ends(let outcome):
                // A token that came out of the journal is news, though it was asked for by another run.
                outcomes.append(
                    outcome == .notDue ? found.last { $0.name == target.name }?.outcome ?? outcome : outcome)
            case .asks(let ask, let request):
                places.append(outcomes.count)
                outcomes.append(.notDue)
                asks.append((ask, request))
            }
        }
        if !asks.isEmpty {
            for (place, outcome) in zip(places, try await batch.run(asks, on: store)) { outcomes[place] = outcome }
        }
        return zip(targets, outcomes).map { ($0.name, $1) }
    }

    private enum Decision {
        case ends(Outcome)
        case asks(Ask, TokenRequest)
    }

    private func decide(_ target: Target, in store: any TokenStore, now: Int64) throws -> Decision {
        guard let connection = try store.records.connection(target.name), let tokens = connection.tokens else {
            return .ends(.notConnected)
        }
        let registration: Registration
        switch target.registration {
        case .success(let found): registration = found
        case .failure(let problem): return .ends(.misconfigured(problem))
        }
        guard connection.provider == registration.provider.id else {
            return .ends(.misconfigured(Self.otherProvider(target.name, connection, registration)))
        }
        let attempt: Int64
        switch connection.trouble {
        case .reauthorize where !isForced:
            let words = connection.last?.error ?? "the provider refused the refresh token"
            return .ends(.rejected(Problem(words, hint: Hints.connect(target.name))))
        case .uncertain where !isForced:
            // A blind second try can set off the provider's reuse detection and end a family that lives. So: not
            // while the access token works, then once, for then there is nothing left to lose.
            let tried = connection.question?.attempt ?? 1
            guard tokens.isExpired(at: now), tried < 2 else {
                return .ends(.uncertain(Hints.uncertain("no answer came that could be read", target.name, connection)))
            }
            attempt = tried + 1
        case .misconfigured:
            // It was refused before anything was spent, and whoever mends the config does not tell.
            attempt = 1
        default:
            guard isForced || isNeeded(tokens, now: now) else { return .ends(.notDue) }
            attempt = (connection.question?.attempt ?? 0) + 1
        }
        guard let refreshToken = tokens.refreshToken else {
            let words = "its access token ends, and the provider gave no refresh token"
            return .ends(.rejected(Problem(words, hint: Hints.connect(target.name))))
        }
        let ask = Ask(
            name: target.name, fingerprint: try store.fingerprint(of: refreshToken), attempt: attempt, at: now,
            host: batch.host)
        return .asks(ask, .refresh(registration, with: refreshToken))
    }

    private func isNeeded(_ tokens: TokenSet, now: Int64) -> Bool {
        if tokens.refreshToken == nil, tokens.expiresAt == nil { return false }
        return policy.isDue(tokens, now: now) || !tokens.isValid(for: minimumValidity, at: now)
    }

    /// The config is the authority, and a token is not sent to a provider that did not give it.
    package static func otherProvider(
        _ name: RecordName, _ connection: Connection?, _ registration: Registration
    ) -> Problem {
        Problem(
            "the config says provider \(registration.provider.id), but its tokens are from \(connection?.provider ?? "another")",
            hint:
                "correct provider in [connections.\(Hints.key(name))], or authorise it anew: tokenkeep connect \(name)")
    }
}
