package import OAuth
package import Tokens

/// The story of a refresh: lock → what a dead run left → what is due → ask → keep → commit → unlock, batch by batch.
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

    /// How many connections one batch asks for at the most.
    private static let batchSize = 256
    /// How long the lock is left to others between two batches.
    private static let breath = Duration.milliseconds(100)

    private let batch: Batch
    private let terms: Terms

    /// Sets who asks, and when something is due.
    package init(_ batch: Batch, _ terms: Terms) {
        (self.batch, self.terms) = (batch, terms)
    }

    /// Renews what is due of the connections that `names` gives, in as many batches as it takes. `open` takes the lock,
    /// which is held as long as its store lives: between two batches nobody holds it. `each` is told of every outcome
    /// when it is committed. Returns the last store, still locked, for what has to follow under the same lock.
    ///
    /// When a later batch cannot begin, and `obstacle` knows why, what came before counts: the outcomes of the rest say so,
    /// and there is no store. Throws `Stopped` when it was asked to stop before all was done.
    package func run<Store: TokenStore>(
        _ names: (Records) throws -> [RecordName],
        registration: (RecordName, Records) -> Result<Registration, Problem>, opening open: () async throws -> Store,
        obstacle: (any Error) -> Problem? = { _ in nil },
        each: (RecordName, Outcome, Records?) -> Void = { _, _, _ in }
    ) async throws -> (outcomes: [(name: RecordName, outcome: Outcome)], store: Store?) {
        var state: Progress?
        while true {
            do {
                if let store = try await round(&state, names, registration, open, each) {
                    return (state?.outcomes ?? [], store)
                }
            } catch {
                guard var rest = state, let problem = obstacle(error) else { throw error }
                for name in rest.pending { each(name, rest.giveUp(name, problem), nil) }
                return (rest.outcomes, nil)
            }
            // Nobody holds the lock here, and there is nothing that is not committed.
            try await Task.sleep(for: max(Self.breath, state?.pause ?? .zero))
        }
    }

    /// From lock to unlock; with the store, and the lock, when nothing is left to do.
    private func round<Store: TokenStore>(
        _ state: inout Progress?, _ names: (Records) throws -> [RecordName],
        _ registration: (RecordName, Records) -> Result<Registration, Problem>, _ open: () async throws -> Store,
        _ each: (RecordName, Outcome, Records?) -> Void
    ) async throws -> Store? {
        let store = try await open()
        var now = try state ?? Progress(names(store.records))
        try await pass(&now, registration, on: store, patience: terms.patience) { each($0, $1, store.records) }
        state = now
        if batch.stop.isWanted() { throw Stopped() }
        return now.pause == nil ? store : nil
    }

    /// Renews what is due of `targets`, in one batch. The caller holds the lock as long as `store` lives.
    package func run(_ targets: [Target], on store: any TokenStore) async throws -> [(
        name: RecordName, outcome: Outcome
    )] {
        let registrations = Dictionary(targets.map { ($0.name, $0.registration) }) { first, _ in first }
        var state = Progress(targets.map(\.name))
        try await pass(
            &state, { name, _ in registrations[name] ?? .failure(Problem("it is not asked for", hint: "")) }, on: store,
            patience: .zero
        ) { _, _ in }
        return state.outcomes
    }

    /// One batch.
    private func pass(
        _ state: inout Progress, _ registration: (RecordName, Records) -> Result<Registration, Problem>,
        on store: any TokenStore, patience: Duration, each: (RecordName, Outcome) -> Void
    ) async throws {
        // What a run that died was answered comes first: it may be that nothing is due any more.
        let found = try batch.settleLeftBehind(on: store)
        var questions: [Batch.Question] = []
        var rest: [RecordName] = []
        // Where there is room for none, the batch says so before anything is asked.
        lazy var limit = min(Self.batchSize, max(1, store.capacity))
        for name in state.pending {
            guard questions.isEmpty || questions.count < limit, state.isTurn(of: name) else {
                rest.append(name)
                continue
            }
            let decision = try Decision(
                name, { registration(name, store.records) }, terms, in: store, now: batch.now,
                host: batch.host, isRetry: state.isRetry(name))
            switch decision {
            case .ends(let outcome):
                // A token that came out of the journal is news, though it was asked for by another run.
                let news = outcome == .notDue ? found.last { $0.name == name }?.outcome ?? outcome : outcome
                state.end(name, news)
                each(name, news)
            case .asks(let registration, let token, let attempt):
                let ask = Ask(
                    name: name, fingerprint: try store.fingerprint(of: token), attempt: attempt, at: batch.now,
                    host: batch.host)
                questions.append(
                    Batch.Question(
                        ask: ask, request: .refresh(registration, with: token),
                        client: try store.fingerprint(of: registration.whole)))
            }
        }
        if !questions.isEmpty {
            let results = try await batch.run(questions, on: store)
            for (question, settled) in zip(questions, results) {
                let name = question.ask.name
                state.note(name, settled, patience: patience)
                if state.isPending(name) {
                    rest.append(name)
                } else if let settled {
                    each(name, settled.outcome)
                }
            }
        }
        state.pending = rest
    }

    /// Marks what an old copy of the store holds, until it is renewed: what was asked on other copies is not known, so no
    /// question about it is ever asked again by itself. The next commit makes the copy the newest, with the marks.
    package static func distrust(oldCopy store: any TokenStore) throws {
        for name in store.records.names {
            guard var connection = try store.records.connection(name), connection.tokens != nil else { continue }
            connection.isFromOldCopy = true
            store.records.set(name, connection: connection)
        }
    }

    /// The config is the authority, and a token is not sent to a provider that did not give it.
    package static func otherProvider(
        _ name: RecordName, _ connection: Connection?, configured provider: String
    ) -> Problem {
        Problem(
            "the config says provider \(provider), but its tokens are from \(connection?.provider ?? "another")",
            hint:
                "correct provider in [connections.\(Hints.key(name))], or authorise it anew: tokenkeep connect \(name)")
    }
}

/// How far a run has come.
private struct Progress {
    /// What was asked for, each name once: a second request would present a token that the first has spent.
    private let names: [RecordName]
    private var ended: [RecordName: Outcome] = [:]
    /// What is asked for again, when, and how often it has been.
    private var again: [RecordName: (at: ContinuousClock.Instant, retries: Int, outcome: Outcome)] = [:]
    private let start = ContinuousClock.now
    var pending: [RecordName]

    init(_ names: [RecordName]) {
        var seen: Set<RecordName> = []
        self.names = names.filter { seen.insert($0).inserted }
        pending = self.names
    }

    /// In the order in which they were asked for.
    var outcomes: [(name: RecordName, outcome: Outcome)] { names.map { ($0, ended[$0] ?? .notDue) } }

    func isRetry(_ name: RecordName) -> Bool { again[name] != nil }

    func isTurn(of name: RecordName) -> Bool { again[name].map { $0.at <= .now } ?? true }

    func isPending(_ name: RecordName) -> Bool { ended[name] == nil }

    mutating func end(_ name: RecordName, _ outcome: Outcome) { ended[name] = outcome }

    /// Ends what cannot be asked for any more in this run.
    mutating func giveUp(_ name: RecordName, _ problem: Problem) -> Outcome {
        let outcome = again[name]?.outcome ?? .unavailable(problem)
        ended[name] = outcome
        return outcome
    }

    /// Ends what came to its end; what was turned away comes again while the run's patience lasts.
    mutating func note(_ name: RecordName, _ settled: Batch.Settled?, patience: Duration) {
        guard let settled else { return }
        let retries = (again[name]?.retries ?? 0) + 1
        guard let wish = settled.again, retries <= Backoff.tries else { return end(name, settled.outcome) }
        let at = ContinuousClock.now + Backoff.pause(before: retries, retryAfter: wish.retryAfter)
        guard at - start <= patience else { return end(name, settled.outcome) }
        again[name] = (at, retries, settled.outcome)
    }

    /// How long until there is something to do; nil when all is done.
    var pause: Duration? { pending.map { again[$0]?.at ?? .now }.min().map { $0 - .now } }
}
