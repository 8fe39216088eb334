import Config
import Host
import OAuth
import Renewal
import Tokens
import VaultFile

extension Connecting {
    /// Takes over a refresh token that another program held, by using it once.
    ///
    /// Before it is sent it is in the vault: as the connection's own where there was none, else as one that is tried, for a
    /// mistyped token must not cost the one that works.
    func adopt(_ token: Secret) async throws {
        let session = try await place.open()
        try await place.naming(session.path) {
            try session.records.refuseSecret(name)
            let registration = try registration(session.records)
            var connection = try session.records.connection(name) ?? Connection(provider: registration.provider.id)
            // The token that is stored is asked with as it always is: what is known of it decides.
            let isStored = connection.tokens?.refreshToken == token
            let isFirst = connection.tokens == nil
            let before = connection.pending
            if isFirst {
                connection.provider = registration.provider.id
                connection.tokens = TokenSet(accessToken: nil, refreshToken: token)
                connection.trouble = nil
                connection.question = nil
                connection.notBefore = nil
            } else if !isStored {
                connection.pending = Connection.PendingAuthorization(
                    state: token, grant: .refreshToken, provider: registration.provider.id,
                    expiresAt: ThisProcess.now + Authorization.lifetime)
            }
            session.records.set(name, connection: connection)
            try session.commit()
            let batch = place.batch(renewal)
            let outcome: Outcome
            if isFirst || isStored {
                let terms = Terms(place.policy, waitingSince: ThisProcess.milliseconds, isForced: true)
                let target = Refresh.Target(name: name, registration: .success(registration))
                outcome = try await Refresh(batch, terms).run([target], on: session)[0].outcome
            } else {
                outcome = try await CodeExchange(batch).adopt(name, registration, on: session)
                if outcome != .renewed { try putBack(before, session) }
            }
            try await conclude(outcome, wanted: registration.scopes, session)
        }
    }

    /// A refresh token that was not taken is not tried again: whoever handed it in has it. What was pending before is.
    private func putBack(_ pending: Connection.PendingAuthorization?, _ session: VaultSession) throws {
        guard var connection = try session.records.connection(name), connection.pending != pending else { return }
        connection.pending = pending
        session.records.set(name, connection: connection)
        try session.commit()
    }
}
