import Config
import Host
import OAuth
import Renewal
import Tokens
import VaultFile

extension Workplace {
    /// The records after what is due has been renewed; a token that is still good is enough when that fails.
    func freshRecords(_ only: [String], _ renewal: RenewalOptions) async throws -> Records {
        let start = ThisProcess.milliseconds
        var vault = try await read()
        if !renewal.isOffline { vault = await noteStagedOpening(vault) }
        let names = try connections(only, in: vault.records)
        let now = ThisProcess.now
        let tokens = try names.compactMap { try vault.records.connection($0)?.tokens }
        // Whoever has a token that works waits for no provider that is busy.
        let terms = Terms(
            policy, waitingSince: start,
            patience: tokens.contains { $0.isExpired(at: now) } ? .seconds(30) : .zero)
        guard tokens.contains(where: { terms.isDue($0, at: now) }), !renewal.isOffline, let config else {
            try requireValid(names, in: vault.records, [:], renewal)
            return vault.records
        }
        let known = names.filter { config.connections[$0] != nil }
        guard !known.isEmpty else {
            try requireValid(names, in: vault.records, [:], renewal)
            return vault.records
        }
        let outcomes: [(name: RecordName, outcome: Outcome)], renewed: Records
        do { (outcomes, renewed, _) = try await refresh(batch(renewal), terms, known, config) } catch let
            failure as Failure
        {
            // Whatever stands in the way of a renewal, a token that works is enough; another process may have brought one.
            let now = try await read().records
            let ended = try names.filter { name in
                guard let tokens = try now.connection(name)?.tokens else { return false }
                return tokens.isExpired(at: ThisProcess.now) && !tokens.hasUnknownEnd
            }
            guard ended.isEmpty
            else { throw failure }
            Console.say("tokenkeep: \(failure.message); the access tokens are still valid\nhint: \(failure.hint)")
            return now
        }
        // Apps that read an output have the new token, too, though another one may keep this command from starting.
        if outcomes.contains(where: { $0.outcome == .renewed }) { await rewriteOutputs() }
        return try await naming(try self.vault().path) {
            try requireValid(names, in: renewed, Dictionary(outcomes.map { ($0.name, $0.outcome) }) { $1 }, renewal)
            return renewed
        }
    }

    /// Goes on, with a line, where a renewal failed and the token is still good; ends where it is not.
    private func requireValid(
        _ names: [RecordName], in records: Records, _ outcomes: [RecordName: Outcome], _ renewal: RenewalOptions
    ) throws {
        for name in names {
            guard let tokens = try records.connection(name)?.tokens else { continue }
            let problem = outcomes[name]?.problem
            if let problem, tokens.hasUnknownEnd {
                Console.say(
                    "\(name): \(problem.message); nobody has told when its access token ends\nhint: \(problem.hint)")
                continue
            }
            if tokens.isExpired(at: ThisProcess.now) {
                if renewal.isOffline { throw Failure.staleOffline(name, tokens, isShort: false) }
                throw Failure(
                    outcomes[name]?.status ?? .personNeeded,
                    "\(name): its access token has expired" + (problem.map { ", and \($0.message)" } ?? ""),
                    hint: problem?.hint ?? "tokenkeep refresh \(name)")
            }
            if let problem {
                Console.say("\(name): \(problem.message); its access token is still valid\nhint: \(problem.hint)")
            }
        }
    }
}
