import Config
import Exports
import Host
import Renewal
import Synchronization
import Tokens
import VaultFile

/// Keeps what a command was given up to date: renews what is due, and notices what others have renewed.
actor Watcher {
    /// What a look at the vault has shown.
    struct Look {
        /// The values, where one that the command was given has changed.
        let changed: [ExportValue]?
        /// When to look again at the latest, in Unix seconds, unless the vault changes before.
        let next: Int64
    }

    private let place: Workplace
    private let renewal: RenewalOptions
    private let only: [String]
    private var given: [ExportValue]
    /// What was said of each connection, and under names that none has of the vault and of renewing: once is enough.
    private var said: [String: String] = [:]
    private let stop = Mutex((isWanted: false, isAsking: false))

    init(_ place: Workplace, _ renewal: RenewalOptions, _ only: [String], given: [ExportValue]) {
        (self.place, self.renewal, self.only, self.given) = (place, renewal, only, given)
    }

    /// Asks providers nothing more, for the command has ended; tells whether there is an answer to wait for.
    nonisolated func end() -> Bool {
        stop.withLock { stop in
            stop.isWanted = true
            return stop.isAsking
        }
    }

    /// Renews what is due, and compares. What stands in the way is said once; the command goes on.
    func look() async -> Look {
        var next = ThisProcess.now + Self.pause
        do {
            let path = try place.vault().path
            var (records, isRenewed) = (try await place.read().records, false)
            do {
                (records, isRenewed) = try await renewed(records)
                say(" ", nil)
            } catch is Stopped {
                return Look(changed: nil, next: next)
            } catch { complain(" ", error) }
            // Also where this process cannot renew: others may have.
            next = try await place.naming(path) { try nextMoment(records) }
            let values = try await place.naming(path) { try place.chosen(only, of: records) }
            say("", nil)
            let byName = Dictionary(values.map { ($0.name, $0.value) }) { first, _ in first }
            let isChanged = given.contains { byName[$0.name] != $0.value }
            // An app that reads an output has what this process has renewed, also where the command was given none of it.
            if isRenewed || isChanged { await place.rewriteOutputs() }
            guard isChanged else { return Look(changed: nil, next: next) }
            given = values
            return Look(changed: values, next: next)
        } catch {
            complain("", error)
            return Look(changed: nil, next: next)
        }
    }

    /// How long a connection that could not be renewed is left alone where its provider says nothing, in seconds.
    private static let pause: Int64 = 60

    private var terms: Terms { Terms(place.policy, waitingSince: ThisProcess.milliseconds, patience: .zero) }

    /// The connections that this process can renew for the command.
    private func connections(_ records: Records) throws -> [RecordName] {
        guard !renewal.isOffline, let config = place.config else { return [] }
        // Where the choice has become impossible, by a name that is gone or given twice, all are kept fresh.
        let chosen = try? place.connections(only, in: records)
        return try (chosen ?? records.names.filter { try records.connection($0) != nil })
            .filter { config.connections[$0] != nil }
    }

    private func renewed(_ records: Records) async throws -> (records: Records, isRenewed: Bool) {
        let terms = terms
        let names = try connections(records)
        let isDue = try names.contains { name in
            try records.connection(name)?.tokens.map { terms.isDue($0, at: ThisProcess.now) } ?? false
        }
        guard isDue, let config = place.config else { return (records, false) }
        let stop = StopRequests(
            hold: { self.stop.withLock { $0.isAsking = true } },
            release: { self.stop.withLock { $0.isAsking = false } },
            isWanted: { self.stop.withLock { $0.isWanted } })
        let (outcomes, records, _) = try await place.refresh(place.batch(renewal, stop: stop), terms, names, config)
        for (name, outcome) in outcomes {
            guard let problem = outcome.problem, let tokens = try records.connection(name)?.tokens else {
                say(name.text, nil)
                continue
            }
            let end = tokens.isExpired(at: ThisProcess.now) && !tokens.hasUnknownEnd ? "has expired" : "is still valid"
            // A provider's words may be others each time; what they mean counts.
            say(
                name.text, "\(name): \(problem.message); its access token \(end)\nhint: \(problem.hint)",
                meaning: outcome.name + end)
        }
        return (records, outcomes.contains { $0.outcome == .renewed })
    }

    private func nextMoment(_ records: Records) throws -> Int64 {
        let now = ThisProcess.now
        let moments = try connections(records).compactMap { name -> Int64? in
            guard let connection = try records.connection(name), let tokens = connection.tokens else { return nil }
            guard terms.isDue(tokens, at: now) else { return place.policy.dueAt(tokens) }
            // What is dated later than an hour from now was so by a clock that has jumped back.
            return connection.notBefore.flatMap { (now + 1...now + 3600).contains($0) ? $0 : nil } ?? now + Self.pause
        }
        return moments.min() ?? .max
    }

    private func complain(_ subject: String, _ error: any Error) {
        let failure = Failure(error, vault: place.newVaultPath)
        say(subject, "tokenkeep: \(failure.message); the command goes on with what it has\nhint: \(failure.hint)")
    }

    private func say(_ subject: String, _ words: String?, meaning: String? = nil) {
        let meaning = meaning ?? words
        if let words, said[subject] != meaning { Console.say(words) }
        said[subject] = meaning
    }
}

extension Workplace {
    /// The connections whose values `--only` chooses, all without it.
    func connections(_ only: [String], in records: Records) throws -> [RecordName] {
        let chosen = try chosen(only, of: records).map(\.name)
        return try records.names.filter { name in
            guard let tokens = try records.connection(name)?.tokens else { return false }
            let names = tokens.exportNames(of: name)
            return only.isEmpty || chosen.contains { names.contains($0) }
        }
    }

    /// Writes the outputs that differ after a renewal, and says what went wrong: an app may be about to read them.
    func rewriteOutputs() async {
        guard let config, !config.outputs.isEmpty else { return }
        do {
            // Under the lock whoever has renewed is waited for: mostly a `refresh`, which writes them itself. What cannot be
            // locked may still be read.
            let handed: HandedOut, records: Records
            if let session = try? await open() {
                records = session.records
                handed = try await handOut(session, allowTracked: false)
            } else {
                (handed, records) = try await handOut()
            }
            _ = complain(handed, records)
        } catch { Console.complain("outputs", Failure(error, vault: newVaultPath)) }
    }
}
