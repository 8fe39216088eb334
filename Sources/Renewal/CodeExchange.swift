package import OAuth
package import Tokens

/// Trades an authorisation code for tokens (RFC 6749 §4.1.3), with the same care as a refresh: a code works once.
package struct CodeExchange: Sendable {
    private let batch: Batch

    /// Sets who asks.
    package init(_ batch: Batch) {
        self.batch = batch
    }

    /// Exchanges the code of a callback that has been checked against the pending authorisation.
    ///
    /// The pending authorisation is committed before: if the process dies here, the journal's intent names its `state`
    /// by fingerprint, and the next run knows whose answer it holds.
    package func run(
        _ code: Secret, for name: RecordName, _ registration: Registration, on store: any TokenStore
    ) async throws -> Outcome {
        guard let pending = try store.records.connection(name)?.pending else { return .notConnected }
        let ask = Ask(
            name: name, fingerprint: try store.fingerprint(of: pending.state), attempt: 1, at: batch.now,
            host: batch.host)
        let request = TokenRequest.exchange(
            registration, code: code, redirectURI: pending.redirectURI, verifier: pending.verifier)
        return try await batch.run([Batch.Question(ask: ask, request: request)], on: store)[0]?.outcome ?? .notConnected
    }
}
