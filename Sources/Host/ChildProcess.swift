internal import Subprocess
internal import SystemPackage

/// Commands that are run and waited for.
package enum ChildProcess {
    /// How a command ended.
    package enum End: Sendable, Equatable {
        /// With this status.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
        /// It was stopped because the time was up.
        case timedOut
        /// There is no such program.
        case notFound
        /// It could not be started, or printed more than it may, and why.
        case failed(String)
    }

    /// What a command's standard streams are.
    package enum Streams: Sendable {
        /// Input is empty; output and errors are kept.
        case captured
        /// Input is empty; output goes nowhere, errors to ours.
        case quiet
        /// Input and errors are ours, so that the command can ask a person; output is kept.
        case interactive
    }

    /// Runs a command with exactly this environment and waits for its end.
    ///
    /// A program without `/` is looked for in the `PATH` handed in. When the time is up, the command and what it
    /// started are told to end (`SIGTERM`), and killed when the command has not done so after a second; an
    /// interactive command shares our process group, so there it alone is.
    package static func run(
        _ command: [String], environment: [String: String], directory: String? = nil, streams: Streams = .captured,
        outputLimit: Int = 65536, timeout: Duration? = nil
    ) async -> (end: End, output: [UInt8], errors: [UInt8]) {
        guard let program = command.first else { return (.notFound, [], []) }
        guard let executable = find(program, path: environment["PATH"], from: directory) else {
            return (.notFound, [], [])
        }
        var options = PlatformOptions()
        if case .interactive = streams {} else { options.createSession = true }
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: options.createSession, allowedDurationToNextStep: .seconds(1))
        ]
        let configuration = Configuration(
            executable: .path(FilePath(executable)),
            arguments: Arguments(executablePathOverride: program, remainingValues: Array(command.dropFirst())),
            // Each entry ends in NUL: the library hands the bytes on as they are.
            environment: .custom(environment.map { name, value in Array("\(name)=\(value)\0".utf8) }),
            workingDirectory: directory.map { FilePath($0) }, platformOptions: options)
        return await withTaskGroup { group in
            group.addTask { await collect(configuration, streams, outputLimit) }
            if let timeout {
                group.addTask {
                    // A sleep that is cut short means that the command has ended; its own task tells how.
                    try? await Task.sleep(for: timeout)
                    return (.timedOut, [], [])
                }
            }
            let first = await group.next() ?? (.failed("not started"), [], [])
            group.cancelAll()
            return first
        }
    }

    private static func collect(
        _ configuration: Configuration, _ streams: Streams, _ limit: Int
    ) async -> (end: End, output: [UInt8], errors: [UInt8]) {
        do {
            switch streams {
            case .captured:
                let result = try await Subprocess.run(
                    configuration, input: .none, output: .bytes(limit: limit), error: .bytes(limit: limit))
                return (end(result.terminationStatus), result.standardOutput, result.standardError)
            case .quiet:
                let result = try await Subprocess.run(
                    configuration, input: .none, output: .discarded,
                    error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
                return (end(result.terminationStatus), [], [])
            case .interactive:
                let result = try await Subprocess.run(
                    configuration, input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
                    output: .bytes(limit: limit),
                    error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
                return (end(result.terminationStatus), result.standardOutput, [])
            }
        } catch let error as SubprocessError {
            return (.failed("\(error.code)"), [], [])
        } catch {
            return (.failed("not started"), [], [])
        }
    }

    private static func end(_ status: TerminationStatus) -> End {
        switch status {
        case .exited(let status): .exited(status)
        case .signaled(let signal): .signalled(signal)
        }
    }

    /// Where the program that `execvp` would run stands; nil when there is none.
    package static func find(_ program: String, path: String?, from directory: String? = nil) -> String? {
        let base = FileSystem.path(directory ?? "", from: FileSystem.currentFolder)
        if program.contains("/") {
            let file = FileSystem.path(program, from: base)
            return isProgram(file) ? file : nil
        }
        // An empty PATH is cron's or `env -i`'s; the system's own folders are what a shell would take then.
        let folders = path.flatMap { $0.isEmpty ? nil : $0 } ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in folders.split(separator: ":", omittingEmptySubsequences: false) {
            let file = FileSystem.path(program, from: FileSystem.path(String(folder), from: base))
            if isProgram(file) { return file }
        }
        return nil
    }
}
