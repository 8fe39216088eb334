import Config
import Exports
import Host
import Renewal
import Sealing
import Tokens
import VaultFile

extension Workplace {
    /// What became of the outputs of a run.
    struct HandedOut {
        var reports: [HandOut.Report] = []
        var afterFailures: [(path: String, failure: AfterFailure)] = []
        /// Why it could not be noted in the vault that a file is tokenkeep's.
        var notRecorded: (any Error)?
        /// Why it could not be noted which apps are still to be told.
        var notNoted: (any Error)?
        /// Why it could not be noted that they have been.
        var notForgotten: (any Error)?

        init() {}

        /// What was written; the apps are told.
        init(_ written: HandOut.Written, telling outputs: HandOut) async {
            var written = written
            afterFailures = await outputs.tell(&written)
            (reports, notRecorded) = (written.reports, written.notRecorded)
            (notNoted, notForgotten) = (written.notNoted, written.notForgotten)
        }
    }

    /// Writes the outputs of the config from what the vault holds, without its lock; when the vault has gone on meanwhile,
    /// anew, and in the end with the lock. The apps are told once, of what is there then.
    func handOut(adopt: String? = nil, allowTracked: Bool = false) async throws -> (HandedOut, Records) {
        var changed: Swift.Set<String> = []
        var notNoted: (any Error)?
        var attempt = 0
        while true {
            attempt += 1
            let held = attempt > 3 ? try await open() : nil
            let vault = if let held { held.vault } else { try await read() }
            var newest = vault.header.generation
            for name in vault.records.names { try config?.requireProvider(of: name, in: vault.records) }
            do {
                let outputs = try outputs(adopt: adopt, allowTracked: allowTracked)
                var written = try await outputs.run(
                    try selection(of: vault.records), known: try OutputDigests(vault.records)
                ) { digests in
                    // Only a format without comments needs the vault to remember its file, and so the lock.
                    let session = if let held { held } else { try await open() }
                    guard session.vault.header.generation == newest else { throw OutdatedSelection() }
                    try digests.store(in: &session.records)
                    try session.commit()
                    newest += 1
                }
                changed.formUnion(written.reports.filter(\.changed).map(\.path))
                notNoted = notNoted ?? written.notNoted
                // Whoever wrote the vault between the reading and the writing may have been overtaken here.
                guard try held != nil || self.vault().readHeader().generation == newest else { continue }
                held?.close()
                for index in written.reports.indices where changed.contains(written.reports[index].path) {
                    written.reports[index].changed = true
                }
                written.notNoted = notNoted
                logExports(written)
                return (await HandedOut(written, telling: outputs), vault.records)
            } catch is OutdatedSelection { continue }
        }
    }

    /// Writes the outputs of the config from the records of a session, lets go of its lock, and tells the apps, which may
    /// ask for their tokens themselves.
    func handOut(_ session: VaultSession, allowTracked: Bool) async throws -> HandedOut {
        let outputs = try outputs(allowTracked: allowTracked)
        let written = try await outputs.run(
            try selection(of: session.records), known: try OutputDigests(session.records)
        ) { digests in
            try digests.store(in: &session.records)
            try session.commit()
        }
        session.close()
        logExports(written)
        return await HandedOut(written, telling: outputs)
    }

    /// The outputs of the config.
    private func outputs(adopt: String? = nil, allowTracked: Bool) throws -> HandOut {
        if let config { try refuseOwnFiles(config) }
        return HandOut(
            try (config?.outputs ?? []).map { try $0.item(folder: config?.folder ?? "") },
            notes: OutputNotes(
                path: FileSystem.resolved(newVaultPath) + ".outputs",
                config: config.map { FileSystem.resolved($0.path) } ?? ""),
            adopt: adopt, allowTracked: allowTracked, waits: ThisProcess.setting("TOKENKEEP_AFTER") == nil,
            environment: ThisProcess.environmentForOthers
        ) { bytes in bytes.withSpan { span in (try? SHA256.digest(of: span)).map { hexadecimal($0.span) } ?? "" } }
    }

    /// The text of a template.
    static func template(_ path: String) throws -> Secret {
        do throws(HostError) {
            if let bytes = try FileSystem.contents(of: path, limit: 16 << 20) { return Secret(bytes) }
        } catch {
            throw Failure(
                .misconfigured, "the template \(path) cannot be read: \(error.reason)",
                hint: "give this user access to it, or name another")
        }
        throw Failure(.misconfigured, "there is no template \(path)", hint: "correct its path")
    }

    /// Refuses an output that would replace the vault, what stands beside it, the config or a key, or another output.
    private func refuseOwnFiles(_ config: Config) throws {
        var taken = Swift.Set((ownFiles + keyFiles).map(FileSystem.resolved))
        for output in config.outputs where !taken.insert(FileSystem.resolved(output.path)).inserted {
            throw Failure(
                .misconfigured, "the output \(output.path) is the vault, the config, a key or another output",
                hint: "give the output a path of its own in \(config.path)")
        }
    }

    /// The values that may leave the vault.
    func selection(of records: Records) throws -> Selection {
        // What a vault from elsewhere may hold is no app's.
        var records = records
        for name in records.names where name.isSetting { records.remove(name) }
        do { return try Selection(records, clientSecrets: config?.clientSecretNames ?? []) } catch let error
            as Selection.Conflict
        {
            throw Failure.conflict(error.name, error.first, error.second)
        }
    }

    /// Whether a connection that is not authorised yet will give a value of that name.
    private func isStillToCome(_ name: String, _ records: Records) -> Bool {
        config?.connections.keys.contains { connection in
            name.hasPrefix(ExportName.prefix(of: connection.text) + "_")
                && (try? records.connection(connection))??.tokens?.accessToken == nil
        } ?? false
    }

    /// Says what went wrong with outputs; returns the statuses.
    func complain(_ handed: HandedOut, _ records: Records) -> [Failure.Status] {
        var statuses: [Failure.Status] = []
        if let error = handed.notRecorded {
            let failure = Failure(error, vault: newVaultPath)
            Console.say(
                "outputs whose format has no comments were not written, for it could not be noted in the vault that they are tokenkeep's: \(failure.reason)\nhint: mend that, and run: tokenkeep export"
            )
            statuses.append(failure.status)
        }
        for report in handed.reports {
            complain(ofMissing: report.missing, in: report.path, records)
            if let failure = report.failure {
                Console.say("\(failure.message)\nhint: \(failure.hint)")
                statuses.append(failure.status)
            }
            if report.changed, let inPlace = report.inPlace {
                say(
                    "\(report.path) was written in place, for \(inPlace.reason): a reader may see half of it\nhint: mount its folder instead of the file, or let tokenkeep write the folder"
                )
            }
        }
        for (path, failure) in handed.afterFailures {
            let again = handed.notNoted == nil ? "; the next run tries it again" : ""
            Console.say("\(path): \(failure.message)\(again)\nhint: \(failure.hint)")
            statuses.append(.other)
        }
        for (error, consequence) in [
            (handed.afterFailures.isEmpty ? nil : handed.notNoted, "the next run does not try again"),
            (handed.notForgotten, "the next run tells the apps again"),
        ] {
            guard let error else { continue }
            Console.say(
                "which apps have been told of their outputs cannot be noted beside the vault, so \(consequence): \((error as? HostError)?.reason ?? "\(error)")\nhint: make room in the vault's folder and let this user write it"
            )
        }
        return statuses
    }
}

extension Workplace {
    /// Says which names of an output's `include` the vault does not have and no connection will bring.
    func complain(ofMissing names: [String], in path: String, _ records: Records) {
        for name in names where !isStillToCome(name, records) {
            Console.say(
                "\(path): there is no \(name) in the vault, and include names it\nhint: correct include of this output in \(configPath), or keep it: tokenkeep set NAME"
            )
        }
    }
}

extension OutputConfig {
    /// The output as it is written.
    func item(folder: String) throws -> HandOut.Item {
        var options = ExportFormat.Options()
        (options.dialect, options.name, options.isLive) = (dialect, name, isLive)
        options.template = try template.map(Workplace.template)
        let format: ExportFormat
        do {
            guard let named = try ExportFormat.named(self.format, options) else {
                throw Failure.noSuchFormat(self.format)
            }
            format = named
        } catch let problem as FormatProblem {
            throw Failure(.misconfigured, "\(path): \(problem.message)", hint: problem.hint)
        }
        guard !format.isForAStep else {
            throw Failure(
                .misconfigured, "\(path): \(self.format) is for a step of a job, and makes no file",
                hint: "leave this output out, and let a step of the workflow run: tokenkeep export \(self.format)")
        }
        do { if isMerged { try format.requireMerging() } } catch {
            throw Failure(.misconfigured, "\(path): \(error.message)", hint: error.hint)
        }
        return HandOut.Item(
            output: Output(
                path: path, format: format, mode: mode, group: group, isMerged: isMerged, isVerified: isVerified),
            include: include,
            after: after.map { AfterCommand($0, folder: folder) })
    }
}

extension Failure {
    /// The message, without what is not so where other things have been done.
    fileprivate var reason: String {
        switch status {
        case .locked: "another process holds the vault's lock"
        case .cannotWrite: "the vault cannot be written"
        default: message
        }
    }

    /// Two values have one name.
    static func conflict(_ name: String, _ first: String, _ second: String) -> Failure {
        Failure(
            .misconfigured, "\(name) would come from \(first) and from \(second)",
            hint: "keep one of them: tokenkeep remove NAME")
    }

    /// There is no format of that name.
    static func noSuchFormat(_ name: String, _ status: Status = .misconfigured) -> Failure {
        Failure(
            status, "there is no format \(name)",
            hint: "the formats are " + ExportFormat.all.map(\.name).joined(separator: ", "))
    }
}

extension OutputError {
    fileprivate var status: Failure.Status {
        switch self {
        case .notMergeable(_, .changedMeanwhile): .cannotWrite
        case .refused, .unknownGroup, .groupRefused, .noFolder, .notAFile, .notMergeable: .misconfigured
        case .link, .anotherOwner, .notOurs, .notIgnored, .gitUnclear, .unreadable, .unwritable, .torn, .notAsWritten:
            .cannotWrite
        }
    }
}

extension ThisProcess {
    /// The environment for programs that are not ours: without what unlocks the vault.
    static var environmentForOthers: [String: String] { environment.filter { !$0.key.hasPrefix("TOKENKEEP_") } }
}
