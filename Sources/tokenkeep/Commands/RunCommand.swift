import ArgumentParser
import Config
import Exports
import Host
import OAuth
import Renewal
import Tokens
import VaultFile

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command with the values in its environment.",
        discussion: "Example: tokenkeep run -- node server.js")

    @OptionGroup var options: VaultOptions
    @OptionGroup var renewal: RenewalOptions

    @Option(help: ArgumentHelp("Only this export name or pattern; may stand more than once.", valueName: "pattern"))
    var only: [String] = []

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments, behind --.")
    var command: [String]

    func run() async throws {
        // All that follows is the command's, so the parser leaves these to us.
        if command.first == "--help" || command.first == "-h" { throw CleanExit.helpRequest(self) }
        let command = command.first == "--" ? Array(command.dropFirst()) : command
        guard let program = command.first else {
            throw Failure(
                .wrongUse, "there is no command to run",
                hint: "put it behind --, as in: tokenkeep run -- node server.js")
        }
        let place = try Workplace(options)
        let records = try await freshRecords(place)
        let values = try await place.naming(try place.vault().path) { try place.chosen(only, of: records) }
        try start(program, command, with: values)
    }

    /// The records after what is due has been renewed; a token that is still good is enough when that fails.
    private func freshRecords(_ place: Workplace) async throws -> Records {
        let start = ThisProcess.milliseconds
        var vault = try await place.read()
        if !renewal.isOffline { vault = await place.noteStagedOpening(vault) }
        let names = try connections(in: vault.records, place)
        let now = ThisProcess.now
        let tokens = try names.compactMap { try vault.records.connection($0)?.tokens }
        // Whoever has a token that works waits for no provider that is busy.
        let terms = Terms(
            place.policy, waitingSince: start,
            patience: tokens.contains { $0.isExpired(at: now) } ? .seconds(30) : .zero)
        guard tokens.contains(where: { terms.isDue($0, at: now) }), !renewal.isOffline, let config = place.config else {
            try requireValid(names, in: vault.records, [:])
            return vault.records
        }
        let known = names.filter { config.connections[$0] != nil }
        guard !known.isEmpty else {
            try requireValid(names, in: vault.records, [:])
            return vault.records
        }
        let outcomes: [(name: RecordName, outcome: Outcome)], renewed: Records
        do { (outcomes, renewed, _) = try await place.refresh(place.batch(renewal), terms, known, config) } catch let
            failure as Failure
        {
            // Whatever stands in the way of a renewal, a token that works is enough; another process may have brought one.
            let now = try await place.read().records
            let ended = try names.filter { name in
                guard let tokens = try now.connection(name)?.tokens else { return false }
                return tokens.isExpired(at: ThisProcess.now) && !tokens.hasUnknownEnd
            }
            guard ended.isEmpty
            else { throw failure }
            Console.say("tokenkeep: \(failure.message); the access tokens are still valid\nhint: \(failure.hint)")
            return now
        }
        return try await place.naming(try place.vault().path) {
            try requireValid(names, in: renewed, Dictionary(outcomes.map { ($0.name, $0.outcome) }) { $1 })
            return renewed
        }
    }

    /// The connections whose values the command is given.
    private func connections(in records: Records, _ place: Workplace) throws -> [RecordName] {
        let chosen = try place.chosen(only, of: records).map(\.name)
        return try records.names.filter { name in
            guard let tokens = try records.connection(name)?.tokens else { return false }
            let names = tokens.exportNames(of: name)
            return only.isEmpty || chosen.contains { names.contains($0) }
        }
    }

    /// Goes on, with a line, where a renewal failed and the token is still good; ends where it is not.
    private func requireValid(_ names: [RecordName], in records: Records, _ outcomes: [RecordName: Outcome]) throws {
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

    private func start(_ program: String, _ command: [String], with values: [ExportValue]) throws {
        // A path is taken as it is: what stands there may be something else than a program, and that is 126.
        let isPath = program.contains("/")
        guard
            let path = isPath ? program : ChildProcess.find(program, path: ThisProcess.environmentVariable("PATH"))
        else { throw notThere(program) }
        for value in values where value.name.utf8.contains(UInt8(ascii: "=")) || value.value.hasNUL {
            throw Failure(
                .misconfigured, "\(value.name) cannot stand in an environment",
                hint: "leave it out with --only, or rename it")
        }
        let ours = Swift.Set(values.map(\.name))
        let inherited = ThisProcess.environmentBlock.filter { entry in
            let name = String(decoding: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
            return !ours.contains(name) && !name.hasPrefix("TOKENKEEP_")
        }
        let added = values.map { Array($0.name.utf8) + [UInt8(ascii: "=")] + $0.value.revealedBytes() }
        ThisProcess.restoreBrokenPipes()
        let error = ThisProcess.execute(path, arguments: command, environment: inherited + added)
        if error.isNotFound, (try? FileSystem.status(of: path)) == nil { throw notThere(program) }
        Console.say(
            "tokenkeep: \(program) cannot be run: \(error.reason)\nhint: \(error.isTooLarge ? "hand it less with --only" : "check that it is a program of this machine and yours to run")"
        )
        throw ExitCode(126)
    }

    private func notThere(_ program: String) -> ExitCode {
        Console.say("tokenkeep: \(program): there is no such program\nhint: check its name and PATH")
        return ExitCode(127)
    }
}
