internal import Glibc
package import Sealing
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
    }

    /// Runs a command with exactly this environment and waits for its end.
    ///
    /// A program without `/` is looked for in the `PATH` handed in. When the time is up, the command and what it
    /// started are told to end (`SIGTERM`), and killed when the command has not done so after a second.
    package static func run(
        _ command: [String], environment: [String: String], directory: String? = nil, streams: Streams = .captured,
        outputLimit: Int = 65536, timeout: Duration? = nil
    ) async -> (end: End, output: [UInt8], errors: [UInt8]) {
        guard let program = command.first else { return (.notFound, [], []) }
        guard let executable = find(program, path: environment["PATH"], from: directory) else {
            return (.notFound, [], [])
        }
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        let configuration = configuration(executable, command, environment, directory, options)
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

    private static func configuration(
        _ executable: String, _ command: [String], _ environment: [String: String], _ directory: String?,
        _ options: PlatformOptions
    ) -> Configuration {
        Configuration(
            executable: .path(FilePath(executable)),
            arguments: Arguments(executablePathOverride: command[0], remainingValues: Array(command.dropFirst())),
            // Each entry ends in NUL: the library hands the bytes on as they are.
            environment: .custom(environment.map { name, value in Array("\(name)=\(value)\0".utf8) }),
            workingDirectory: directory.map { FilePath($0) }, platformOptions: options)
    }

    /// What a command printed for nobody but this process.
    package final class PrintedKey: Sendable {
        /// The bytes.
        package let bytes: SecretBuffer

        fileprivate init(_ bytes: consuming SecretBuffer) { self.bytes = bytes }
    }

    /// Runs a command that prints a key of at most `limit` bytes, with exactly this environment, and waits for its end. Input
    /// and errors are ours, so that it can ask a person; it shares our process group.
    package static func key(
        from command: [String], environment: [String: String], directory: String?, limit: Int
    ) async -> (end: End, key: PrintedKey?) {
        guard let program = command.first,
            let executable = find(program, path: environment["PATH"], from: directory)
        else { return (.notFound, nil) }
        // A pipe of our own: what comes through the library's stays behind in its buffers.
        guard let pipe = try? FileDescriptor.pipe() else { return (.failed("no pipe"), nil) }
        for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        async let key = printed(to: pipe.readEnd.rawValue, limit: limit)
        let result = try? await Subprocess.run(
            configuration(executable, command, environment, directory, PlatformOptions()),
            input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
            output: .fileDescriptor(pipe.writeEnd, closeAfterSpawningProcess: false),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
        // The reader is at its end when nobody can write any more.
        try? pipe.writeEnd.close()
        guard let status = result?.terminationStatus else { return (.failed("not started"), nil) }
        guard let key = await key else { return (.failed("what it printed is too long"), nil) }
        return (end(status), key)
    }

    private static func printed(to end: Int32, limit: Int) async -> PrintedKey? {
        await withCheckedContinuation { continuation in
            let isStarted = startThread {
                let file = File(takingDescriptor: end)
                do {
                    continuation.resume(returning: PrintedKey(try file.readSecret(limit: limit, isKey: true)))
                } catch { continuation.resume(returning: nil) }
            }
            if !isStarted {
                close(end)
                continuation.resume(returning: nil)
            }
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
