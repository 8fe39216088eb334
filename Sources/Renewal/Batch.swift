package import OAuth
package import Tokens

/// The unit of safety: intents, requests, answers and one commit, in this order and no other.
///
/// The provider may forget the old refresh token the moment it answers. So at every step it is true that whatever could
/// be lost by dying here is on the disk already:
///
/// 1. intents durable: what is about to be spent is known, even if nothing else ever is;
/// 2. each answer durable before it is parsed: a crash in the parser, or a wrong parser, costs no token;
/// 3. one commit of all answers: until it is done the journal stands, and the next run would apply it;
/// 4. only then does anybody see a new token.
package struct Batch: Sendable {
    /// Sends one request, once.
    package let send: @Sendable (TokenRequest) async -> TokenEndpoint.Response
    /// The time, in Unix seconds.
    let now: @Sendable () -> Int64
    /// This machine, hashed, as the intents name it.
    let host: String
    /// How many requests are under way at once.
    let width: Int

    /// Sets who asks, and how many at once.
    package init(
        host: String, width: Int = 4, now: @escaping @Sendable () -> Int64,
        send: @escaping @Sendable (TokenRequest) async -> TokenEndpoint.Response
    ) {
        self.host = host
        self.width = max(1, width)
        self.now = now
        self.send = send
    }

    /// Asks, keeps, commits. The outcomes come in the order of `asks`.
    func run(
        _ asks: [(ask: Ask, request: TokenRequest)], on store: any TokenStore
    ) async throws -> [Outcome] {
        // What a dead run left is merged and committed first: there is no second journal.
        precondition(store.leftBehind.isEmpty)
        // Step 1. When this throws nothing was asked, and nothing has changed.
        try store.begin(asks.map(\.ask))
        var outcomes = [Outcome?](repeating: nil, count: asks.count)
        var notKept: (any Error)?
        await withTaskGroup(of: (Int, TokenEndpoint.Response).self) { group in
            var next = 0
            func start() {
                guard next < asks.count else { return }
                let (index, request) = (next, asks[next].request)
                next += 1
                group.addTask { (index, await send(request)) }
            }
            for _ in 0..<width { start() }
            // The children only ask; this task alone writes.
            for await (index, response) in group {
                // Step 2. A failure here stops no sibling, and the commit may still save the answer.
                do { try store.keep(response.reply, forAsk: index) } catch { notKept = error }
                let (ask, request) = asks[index]
                outcomes[index] = Settlement.settle(ask, response, sent: request.secrets, in: store)
                start()
            }
        }
        // Step 3.
        do { try store.commit() } catch { throw notKept ?? error }
        return outcomes.map { $0 ?? .notDue }
    }

    /// Merges what a dead run was answered, and commits it. Returns what became of each connection.
    package func settleLeftBehind(on store: any TokenStore) throws -> [(name: RecordName, outcome: Outcome)] {
        guard !store.leftBehind.isEmpty else { return [] }
        let outcomes = store.leftBehind.map { ask, reply in
            (
                ask.name,
                Settlement.settle(ask, TokenEndpoint.Response(reply: reply, problem: nil), sent: nil, in: store)
            )
        }
        try store.commit()
        return outcomes
    }
}
