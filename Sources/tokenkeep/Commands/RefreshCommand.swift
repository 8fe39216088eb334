import ArgumentParser
import Config
import Host
import Renewal
import Tokens
import VaultFile

struct RefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "Renew what is due, then rewrite the outputs: the cron job.",
        discussion: "Silent when all is well. Example: */30 * * * * tokenkeep --config /srv/app/tokenkeep.toml refresh")

    @OptionGroup var options: VaultOptions
    @OptionGroup var renewal: RenewalOptions

    @Argument(help: "Connections; all of the config when left out.")
    var names: [String] = []

    @Flag(help: "Renew what is not due, too.")
    var force = false

    @Flag(
        help: "Ask once more where an answer was lost, though the provider may end the authorisation; names are needed."
    )
    var tryAgain = false

    @Option(
        help: ArgumentHelp(
            "How many requests go out at once, 1 to 16; 16, and 4 of them to one host, when left out.",
            valueName: "n"))
    var width: Int?

    @Flag(help: "Write outputs that git does not ignore, too.")
    var allowTracked = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard width.map((1...16).contains) ?? true else { throw ValidationError("--width is 1 to 16") }
        guard !tryAgain || !names.isEmpty else { throw ValidationError("--try-again needs the names of connections") }
        guard !tryAgain || !force else { throw ValidationError("--try-again and --force exclude each other") }
    }

    func run() async throws {
        try renewal.requireOnline()
        let place = try Workplace(options)
        let config = try place.requiredConfig()
        let names = try names.map { try RecordName(typed: $0) }
        var statuses: [Failure.Status] = []
        let terms = Terms(
            place.policy, waitingSince: ThisProcess.milliseconds, isForced: force, triesAgain: tryAgain)
        let batch = place.batch(renewal, width: width.map { Batch.Width($0) } ?? .standard) { done, all in
            if !options.quiet { Console.progress("\(done) of \(all) asked") }
        }
        var told: [(name: RecordName, outcome: Outcome)] = []
        do {
            let (outcomes, records, session) = try await place.refresh(batch, terms, names, config) {
                name, outcome, records in
                told.append((name, outcome))
                if let status = report(name, outcome, records) { statuses.append(status) }
            }
            let handed = await handOut(records, session, place, &statuses)
            if json { try Console.print(Self.object(outcomes, handed.reports, records)) }
        } catch  where json && !told.isEmpty {
            // What came before the failure has happened.
            try Console.print(Self.object(told, [], (try? await place.read().records) ?? Records()))
            throw error
        }
        if let status = Failure.Status.first(of: statuses) { throw ExitCode(status.rawValue) }
    }

    /// Writes the outputs. The tokens are committed: from here on a failure costs an old file, never a token.
    private func handOut(
        _ records: Records, _ session: VaultSession?, _ place: Workplace, _ statuses: inout [Failure.Status]
    ) async -> Workplace.HandedOut {
        guard place.config?.outputs.isEmpty == false else { return Workplace.HandedOut() }
        do {
            let handed = try await place.naming(session?.path ?? place.newVaultPath) {
                if let session { return try await place.handOut(session, allowTracked: allowTracked) }
                return try await place.handOut(allowTracked: allowTracked).0
            }
            statuses += place.complain(handed, records)
            return handed
        } catch {
            let failure = Failure(error)
            Console.complain("outputs", failure)
            statuses.append(failure.status)
            return Workplace.HandedOut()
        }
    }

    private func report(_ name: RecordName, _ outcome: Outcome, _ records: Records?) -> Failure.Status? {
        if let problem = outcome.problem {
            Console.say("\(name): \(problem.message)\nhint: \(problem.hint)")
        } else if outcome == .notConnected, !names.isEmpty {
            Console.say("\(name): it is not connected\nhint: tokenkeep connect \(name)")
            return .personNeeded
        } else if options.verbose {
            let end = (try? records?.connection(name))??.tokens?.expiresAt
            Console.say("\(name): \(outcome.words)\(end.map { ", valid until \(Moment.text($0))" } ?? "")")
        }
        return outcome.status
    }

    private static func object(
        _ outcomes: [(name: RecordName, outcome: Outcome)], _ reports: [HandOut.Report], _ records: Records
    ) -> JSONObject {
        var answer = JSONObject()
        answer.set(
            "connections",
            outcomes.map { name, outcome in
                var object = JSONObject()
                object.set("name", name.text)
                object.set("outcome", outcome.name)
                object.set("error", outcome.problem?.message)
                object.set("expires_at", (try? records.connection(name))??.tokens?.expiresAt)
                return object
            })
        answer.set(
            "outputs",
            reports.map { report in
                var object = JSONObject()
                object.set("path", report.path)
                object.set("changed", report.changed)
                return object
            })
        return answer
    }
}

extension Outcome {
    fileprivate var words: String {
        switch self {
        case .notDue: "not due"
        case .notConnected: "not connected"
        default: name
        }
    }
}
