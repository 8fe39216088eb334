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

    /// Becomes the command, with the values in its environment; gives why that failed, if it did.
    func become(_ values: [ExportValue]) throws -> Failure {
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

    /// Fails where the command could not be started with these values: to be asked before the one that runs is told to end.
    func check(_ values: [ExportValue], files: PrivateFiles?) throws {
        let path = try path()
        guard ChildProcess.find(path, path: nil) != nil else {
            throw (try? FileSystem.status(of: path)) == nil ? notThere : notExecuted("it is no program")
        }
        let environment = try environment(files?.variables ?? named(values).map { ($0.name, $0.value) })
        if let excess = environment.excess(with: command, path) { throw tooLarge(excess) }
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

    private func failure(_ error: HostError, _ path: String, _ environment: ProgramEnvironment) -> Failure {
        if error.isNotFound, (try? FileSystem.status(of: path)) == nil { return notThere }
        if error.isTooLarge { return tooLarge(environment.excess(with: command, path) ?? error.reason) }
        return notExecuted(error.reason)
    }

    private func notExecuted(_ reason: String) -> Failure {
        Failure(
            .notExecuted, "\(command[0]) cannot be run: \(reason)",
            hint: "check that it is a program of this machine and yours to run")
    }

    private func tooLarge(_ excess: String) -> Failure {
        Failure(
            .notExecuted, "\(command[0]) cannot be run: \(excess)",
            hint: "hand it less with --only, or give it the path of a file with all of it: --file SECRETS=json")
    }

    private var notThere: Failure {
        Failure(.notFound, "\(command[0]): there is no such program", hint: "check its name and PATH")
    }
}
