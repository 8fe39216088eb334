import ArgumentParser
import Exports
import Host
import Tokens

/// A command with what `run` hands it.
struct ProgramCall {
    /// The program and its arguments.
    let command: [String]
    /// What stands before every name.
    let prefix: String
    /// Variables with paths of outputs, by the names without the prefix.
    let paths: [ProgramEnvironment.Variable]

    /// The values under the names that the command knows.
    func named(_ values: [ExportValue]) -> [ExportValue] {
        values.map { ExportValue(name: prefix + $0.name, value: $0.value, source: $0.source) }
    }

    /// Becomes the command, with the values in its environment; gives the status to end with when that failed.
    func become(_ values: [ExportValue]) throws -> ExitCode {
        let path = try path()
        let environment = try environment(named(values).map { ($0.name, $0.value) })
        ThisProcess.restoreBrokenPipes()
        let error = environment.block.withSpan {
            ThisProcess.execute(path, arguments: command, environment: $0)
        }
        return failure(error, path, environment)
    }

    /// Starts the command, with the values in its environment, or with the paths of files that hold them.
    func start(
        _ values: [ExportValue], files: PrivateFiles?, tell: @escaping @Sendable (Program.Event) -> Void
    ) throws -> Program {
        let path = try path()
        let environment = try environment(files?.variables ?? named(values).map { ($0.name, $0.value) })
        do {
            return try environment.block.withSpan { block in
                try Program(path, arguments: command, environment: block, tell: tell)
            }
        } catch let error as HostError { throw failure(error, path, environment) }
    }

    /// What is asked for goes before the paths of outputs.
    private func environment(_ variables: [ProgramEnvironment.Variable]) throws -> ProgramEnvironment {
        var taken = Swift.Set(variables.map(\.name))
        let paths = paths.map { (name: prefix + $0.name, value: $0.value) }.filter { taken.insert($0.name).inserted }
        return try ProgramEnvironment(adding: variables + paths)
    }

    /// A path is taken as it is: what stands there may be something else than a program, and that is 126.
    private func path() throws -> String {
        let program = command[0]
        guard !program.contains("/") else { return program }
        guard let path = ChildProcess.find(program, path: ThisProcess.environmentVariable("PATH")) else {
            throw notThere
        }
        return path
    }

    private func failure(_ error: HostError, _ path: String, _ environment: ProgramEnvironment) -> ExitCode {
        if error.isNotFound, (try? FileSystem.status(of: path)) == nil { return notThere }
        let (reason, hint) =
            error.isTooLarge
            ? (
                environment.excess(with: command),
                "hand it less with --only, or give it the path of a file with all of it: --file SECRETS=json"
            ) : (error.reason, "check that it is a program of this machine and yours to run")
        Console.say("tokenkeep: \(command[0]) cannot be run: \(reason)\nhint: \(hint)")
        return ExitCode(126)
    }

    private var notThere: ExitCode {
        Console.say("tokenkeep: \(command[0]): there is no such program\nhint: check its name and PATH")
        return ExitCode(127)
    }
}
