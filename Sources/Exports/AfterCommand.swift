package import Host

/// The command that tells an app of a changed output.
package struct AfterCommand: Sendable {
    /// The program and its arguments.
    package let command: [String]
    /// Where it runs: the config's folder.
    package let folder: String

    /// Describes a command.
    package init(_ command: [String], folder: String) {
        (self.command, self.folder) = (command, folder)
    }

    /// Runs the command to its end, in exactly this environment; nil when it succeeded.
    package func run(environment: [String: String], limit: Duration = .seconds(10)) async -> AfterFailure? {
        let end = await ChildProcess.run(
            command, environment: environment, directory: folder, streams: .quiet, timeout: limit
        ).end
        return end == .exited(0) ? nil : AfterFailure(program: command.first ?? "", end: end)
    }
}

/// An `after` command that did not succeed. The output is written all the same.
package struct AfterFailure: Error, Equatable {
    /// The program.
    package let program: String
    /// How it ended.
    package let end: ChildProcess.End

    /// What happened.
    package var message: String {
        switch end {
        case .exited(let status): "the after command \(program) ended with status \(status)"
        case .signalled(let signal): "the after command \(program) was ended by signal \(signal)"
        case .timedOut: "the after command \(program) took too long and was stopped"
        case .notFound: "the after command \(program) was not found"
        case .failed(let reason): "the after command \(program) could not be started: \(reason)"
        }
    }

    /// What mends it.
    package var hint: String {
        switch end {
        // 127 is what a shell or `env` answers for the program that the named one wanted to start.
        case .notFound where program.contains("/"):
            "correct `after` in the config: there is no program of that path that this user may run"
        case .notFound, .exited(127):
            "cron's PATH is short: give the full path in `after`, or set PATH in the crontab"
        case .timedOut: "let `after` only send a signal or start a reload; the app need not be ready within its time"
        case .exited, .signalled, .failed: "run it by hand in the config's folder to see what it lacks"
        }
    }
}
