package import OAuth
package import Tokens

/// Trades what a person brings for tokens, with the same care as a refresh, for it works once: an authorisation code
/// (RFC 6749 §4.1.3), or a refresh token that another program held (§6).
///
/// What is pending has been committed before: if the process dies here, the journal's intent names it by fingerprint, and
/// the next run knows whose answer it holds. The tokens that there were stand until there is a complete answer.
package struct CodeExchange: Sendable {
    private let batch: Batch

    /// Sets who asks.
    package init(_ batch: Batch) {
        self.batch = batch
    }

    /// Exchanges the code of a callback that has been checked against the pending authorisation.
    package func run(
        _ code: Secret, for name: RecordName, _ registration: Registration, on store: any TokenStore
    ) async throws -> Outcome {
        try await trade(name, registration, on: store) { pending in
            .exchange(registration, code: code, redirectURI: pending.redirectURI, verifier: pending.verifier)
        }
    }

    /// Uses the pending refresh token once.
    package func adopt(
        _ name: RecordName, _ registration: Registration, on store: any TokenStore
    ) async throws -> Outcome {
        try await trade(name, registration, on: store) { pending in .refresh(registration, with: pending.state) }
    }

    private func trade(
        _ name: RecordName, _ registration: Registration, on store: any TokenStore,
        _ request: (Connection.PendingAuthorization) -> TokenRequest
    ) async throws -> Outcome {
        guard let pending = try store.records.connection(name)?.pending else { return .notConnected }
        let ask = Ask(
            name: name, fingerprint: try store.fingerprint(of: pending.state), attempt: 1, at: batch.now,
            host: batch.host)
        let client = try store.fingerprint(of: registration.whole)
        let question = Batch.Question(ask: ask, request: request(pending), client: client)
        return try await batch.run([question], on: store)[0]?.outcome ?? .notConnected
    }
}
