package import OAuth
package import Tokens

/// The unit of safety: intents, requests, answers and one commit, in this order and no other.
///
/// The provider may forget the old refresh token the moment it answers. So at every step it is true that whatever could
/// be lost by dying here is on the disk already:
///
/// 1. intents durable, for as many requests as go out at once: what is about to be spent is known, even if nothing else
///    ever is;
/// 2. each answer durable before it is parsed, and in the same write the intent of the request that takes its place: a
///    crash in the parser, or a wrong parser, costs no token, and a dead run leaves no more questions open than requests
///    were under way;
/// 3. one commit of all answers: until it is done the journal stands, and the next run would apply it;
/// 4. only then does anybody see a new token.
package struct Batch: Sendable {
    /// How many requests are under way at once.
    package struct Width: Sendable {
        /// In all, 1 to 16.
        let all: Int
        /// To one host.
        let perHost: Int

        /// Up to 16, and 4 of them to one host.
        package static let standard = Width(all: 16, perHost: 4)

        /// So many in all, and to one host if it must be.
        package init(_ width: Int) { self.init(all: width, perHost: width) }

        private init(all: Int, perHost: Int) { (self.all, self.perHost) = (all, perHost) }
    }

    /// One request of a batch.
    struct Question {
        let ask: Ask
        let request: TokenRequest
        /// The fingerprint of the registration that asks.
        let client: String
    }

    /// What became of one request.
    struct Settled {
        let outcome: Outcome
        /// Set where the provider has not looked at the request, and it may be sent again: how many seconds the provider
        /// wants to be left alone, if it says.
        let again: Again?
        /// For the log; nil where there is no such connection any more.
        var event: LogEvent?
    }

    /// That a request may be sent again.
    struct Again {
        let retryAfter: Int64?
    }

    /// Sends one request, once.
    package let send: @Sendable (TokenRequest) async -> TokenEndpoint.Response
    /// The time, in Unix milliseconds.
    let clock: @Sendable () -> Int64
    /// This machine, hashed, as the intents name it.
    let host: String
    let stop: StopRequests
    private let width: Width
    /// How long a batch starts requests.
    private let startLimit: Duration
    /// Told how many of how many requests have ended.
    private let progress: @Sendable (Int, Int) -> Void
    /// Told what became of requests, when that is committed or will not be; it cannot fail.
    private let log: @Sendable ([LogEvent]) -> Void

    /// Sets who asks, and how many at once.
    package init(
        host: String, width: Width = .standard, startLimit: Duration = .seconds(5), stop: StopRequests = .none,
        clock: @escaping @Sendable () -> Int64, progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
        log: @escaping @Sendable ([LogEvent]) -> Void = { _ in },
        send: @escaping @Sendable (TokenRequest) async -> TokenEndpoint.Response
    ) {
        self.host = host
        self.width = width
        self.startLimit = startLimit
        self.stop = stop
        self.clock = clock
        self.progress = progress
        self.log = log
        self.send = send
    }

    /// The time, in Unix seconds.
    var now: Int64 { clock() / 1000 }

    /// Asks, keeps, commits. The results come in the order of `questions`; nil for those whose turn did not come.
    ///
    /// A signal to stop is heeded between requests: what is under way is waited for, kept and committed.
    func run(_ questions: [Question], on store: any TokenStore) async throws -> [Settled?] {
        // What a dead run left is merged and committed first: there is no second journal.
        precondition(store.leftBehind.isEmpty)
        stop.hold()
        defer { stop.release() }
        let opened = ContinuousClock.now
        var lanes = Lanes(questions.map(\.request.host), width: width.all, perHost: width.perHost)
        var asked: [(index: Int, ask: Ask, began: Int64, sent: ContinuousClock.Instant)] = []
        func next() -> Int? {
            guard let index = lanes.next() else { return nil }
            let began = clock()
            asked.append((index, questions[index].ask.sent(at: began / 1000), began, .now))
            return asked.count - 1
        }
        while next() != nil {}
        // Step 1. When this throws nothing was asked, and nothing has changed.
        try store.begin(asked.map(\.ask), room: questions.count)
        var settled = [Settled?](repeating: nil, count: questions.count)
        var notKept: (any Error)?
        await withTaskGroup(of: (Int, TokenEndpoint.Response).self) { group in
            func start(_ number: Int) {
                let request = questions[asked[number].index].request
                group.addTask { (number, await send(request)) }
            }
            for number in asked.indices { start(number) }
            var ended = 0
            // The children only ask; this task alone writes.
            for await (number, response) in group {
                let (index, ask, began, sent) = asked[number]
                lanes.end(index)
                let mayAsk = notKept == nil && !stop.isWanted() && ContinuousClock.now - opened < startLimit
                let successor = mayAsk ? next() : nil
                // Step 2. A failure here stops no sibling, and the commit may still save the answer.
                do {
                    try store.keep(response.reply, forAsk: number, then: successor.map { asked[$0].ask })
                    if let successor { start(successor) }
                } catch { notKept = error }
                let settlement = Settlement(
                    sent: questions[index].request.secrets, client: questions[index].client, began: began,
                    clock: clock(), host: host)
                settled[index] = settlement.settle(ask, response, in: store)
                settled[index]?.event?.duration = (ContinuousClock.now - sent).milliseconds
                ended += 1
                progress(ended, questions.count)
            }
        }
        // Step 3.
        do { try commit(settled.compactMap { $0?.event }, to: store) } catch { throw notKept ?? error }
        return settled
    }

    private func commit(_ events: [LogEvent], to store: any TokenStore) throws {
        do { try store.commit() } catch {
            log(events.map { $0.uncommitted })
            throw error
        }
        log(events)
    }

    /// Merges what a dead run was answered, and commits it. Returns what became of each connection.
    package func settleLeftBehind(on store: any TokenStore) throws -> [(name: RecordName, outcome: Outcome)] {
        guard !store.leftBehind.isEmpty else { return [] }
        let settlement = Settlement(sent: nil, client: nil, began: nil, clock: clock(), host: host)
        let settled = store.leftBehind.map { ask, reply in
            let response = TokenEndpoint.Response(reply: reply, problem: nil)
            return (name: ask.name, settled: settlement.settle(ask, response, in: store))
        }
        try commit(settled.compactMap(\.settled.event), to: store)
        return settled.map { ($0.name, $0.settled.outcome) }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// Signals that ask the process to stop, as far as a batch has to know of them.
package struct StopRequests: Sendable {
    /// From now on they are noted, and do not end the process.
    let hold: @Sendable () -> Void
    /// From now on they end the process again.
    let release: @Sendable () -> Void
    /// Whether one was noted.
    let isWanted: @Sendable () -> Bool

    /// Nobody asks.
    package static let none = StopRequests(hold: {}, release: {}, isWanted: { false })

    /// Connects a batch with the process's signals.
    package init(
        hold: @escaping @Sendable () -> Void, release: @escaping @Sendable () -> Void,
        isWanted: @escaping @Sendable () -> Bool
    ) {
        (self.hold, self.release, self.isWanted) = (hold, release, isWanted)
    }
}

/// A run ended early because it was asked to stop; all that was answered is committed.
package struct Stopped: Error {
    /// A signal came between two requests.
    package static let notedMeanwhile = Stopped()
}
