import ArgumentParser
import Config
import Exports
import Host
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

    @Option(help: ArgumentHelp("Put this before every name that is handed out, as in APP_.", valueName: "prefix"))
    var prefix: String?

    @Option(
        help: ArgumentHelp(
            "Hand the values out in a file in memory, and only its path in this variable; may stand more than once.",
            valueName: "name=format"))
    var file: [String] = []

    @Option(
        help: ArgumentHelp(
            "Stay, keep the values fresh, and restart or signal the command when one has changed: restart, or signal=HUP.",
            valueName: "restart|signal=name"))
    var watch: String?

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments, behind --.")
    var command: [String]

    func validate() throws {
        if let prefix, prefix.isEmpty || prefix.contains("=") || prefix.utf8.contains(0) {
            throw ValidationError("--prefix is empty, or has what no name of a variable can have")
        }
        guard watch.map({ WatchMode($0) != nil }) ?? true else {
            throw ValidationError("--watch is restart, or signal= and the name or number of a signal")
        }
    }

    func run() async throws {
        // All that follows is the command's, so the parser leaves these to us.
        if command.first == "--help" || command.first == "-h" { throw CleanExit.helpRequest(self) }
        let command = command.first == "--" ? Array(command.dropFirst()) : command
        guard !command.isEmpty else {
            throw Failure(
                .wrongUse, "there is no command to run",
                hint: "put it behind --, as in: tokenkeep run -- node server.js")
        }
        let requests = try file.map { try FileRequest($0) }
        guard Swift.Set(requests.map(\.variable)).count == requests.count else {
            throw Failure(.wrongUse, "two of --file are for one variable", hint: "give each a name of its own")
        }
        let place = try Workplace(options)
        let records = try await place.freshRecords(only, renewal)
        let vault = try place.vault().path
        let values = try await place.naming(vault) { try place.chosen(only, of: records) }
        let outputs = try await place.naming(vault) { try paths(of: values, records, place) }
        let call = ProgramCall(command: command, prefix: prefix ?? "", paths: outputs.filter { isThere($0, place) })
        guard watch != nil || !requests.isEmpty else {
            place.logRun(values.map(\.name))
            throw try call.become(values)
        }
        KeyVariables.forget()
        try await stay(call, requests, values, place)
    }

    /// Starts the command as a child, and ends as it does.
    private func stay(
        _ call: ProgramCall, _ requests: [FileRequest], _ values: [ExportValue], _ place: Workplace
    ) async throws {
        let mode = watch.flatMap { WatchMode($0) }
        if case .signal = mode, requests.isEmpty, place.config?.outputs.isEmpty ?? true {
            place.say(
                "tokenkeep: an environment cannot be changed from outside, so a signal tells the command nothing that it could read\nhint: hand the values out with --file NAME=FORMAT, or restart it: --watch restart"
            )
        }
        let files = requests.isEmpty ? nil : try PrivateFiles(requests)
        defer { files?.remove() }
        try files?.write(call.named(values))
        var attendance = Attendance(
            values, watcher: mode.map { (Watcher(place, renewal, only, given: values), $0) },
            rewrite: { try files?.write(call.named($0)) },
            check: { try call.check($0, files: files) },
            start: { values, tell in
                place.logRun(values.map(\.name))
                return try call.start(values, files: files, tell: tell)
            })
        switch try await attendance.run(watching: place.newVaultPath) {
        case .exited(let status): throw ExitCode(status)
        case .signalled(let signal):
            // Whoever waits for this process sees why the command ended.
            files?.remove()
            Console.sayUnlockedKeys()
            StopSignals.die(by: signal)
        default: throw ExitCode(126)
        }
    }

    /// The variables for values that an output of format raw holds alone: programs that read it again stay up to date.
    private func paths(
        of values: [ExportValue], _ records: Records, _ place: Workplace
    ) throws -> [ProgramEnvironment.Variable] {
        let names = values.map(\.name)
        let taken = try place.selection(of: records).values(matching: nil).values.map(\.name)
        return (place.config?.outputs ?? []).compactMap { output in
            guard output.format == "raw", let include = output.include, include.count == 1, names.contains(include[0]),
                !taken.contains(include[0] + "_FILE")
            else { return nil }
            return (include[0] + "_FILE", Secret(output.path))
        }
    }

    private func isThere(_ variable: ProgramEnvironment.Variable, _ place: Workplace) -> Bool {
        let path = variable.value.revealed() ?? ""
        if (try? FileSystem.status(of: path)) ?? nil != nil { return true }
        place.say("\(path): it is not written yet, so \(variable.name) is not set\nhint: tokenkeep export")
        return false
    }
}
