package import Exports
package import Tokens

/// The last step of a refresh: the files that are generated from what the vault holds now.
package struct HandOut: Sendable {
    /// One output of the config.
    package struct Item: Sendable {
        /// The file.
        package let output: Output
        /// The names or patterns of what goes into it; nil for all.
        package let include: [String]?
        /// What is run when the file changed.
        package let after: AfterCommand?

        /// Describes an output.
        package init(output: Output, include: [String]?, after: AfterCommand?) {
            (self.output, self.include, self.after) = (output, include, after)
        }
    }

    /// What became of one output.
    package struct Report: Sendable {
        /// The file.
        package let path: String
        /// Whether it was replaced, in this run.
        package var changed: Bool
        /// Names that it should hold and that the vault does not.
        package let missing: [String]
        /// Why it was not written.
        package let failure: OutputError?
        /// What tells the app that it changed.
        let after: AfterCommand?
    }

    private let items: [Item]
    private let adopt: String?
    private let allowTracked: Bool
    private let environment: [String: String]
    private let digest: @Sendable (Secret) -> String

    /// Sets what is generated. `environment` is what commands get; `adopt` is a file that may be taken over.
    package init(
        _ items: [Item], adopt: String? = nil, allowTracked: Bool = false, environment: [String: String],
        digest: @escaping @Sendable (Secret) -> String
    ) {
        self.items = items
        self.adopt = adopt
        self.allowTracked = allowTracked
        self.environment = environment
        self.digest = digest
    }

    /// Writes what differs and reports on each output; one that fails does not stop the next. `tell` comes after.
    ///
    /// `record` makes digests of files without a first line last; it is called before such a file is replaced, so that a
    /// crash between the two leaves a file that is still known as ours. When it fails, such files are not written, and the
    /// error comes with the reports on the others; when it throws `OutdatedSelection`, nothing is written.
    package func run(
        _ selection: Selection, known: OutputDigests, record: (OutputDigests) async throws -> Void
    ) async throws -> (reports: [Report], notRecorded: (any Error)?) {
        var plans: [Result<(plan: OutputPlan, missing: [String]), OutputError>] = []
        var digests = known
        for item in items {
            let (values, missing) = selection.values(matching: item.include)
            do throws(OutputError) {
                let plan = try await item.output.plan(
                    values, recorded: known.digests(of: item.output.path), adopt: adopt == item.output.path,
                    allowTracked: allowTracked, environment: environment, digest: digest)
                if let digest = plan.digest { digests.add(digest, for: plan.path) }
                plans.append(.success((plan, missing)))
            } catch { plans.append(.failure(error)) }
        }
        var notRecorded: (any Error)?
        if digests != known {
            do { try await record(digests) } catch let outdated as OutdatedSelection { throw outdated } catch {
                notRecorded = error
            }
        }
        var reports: [Report] = []
        for (item, plan) in zip(items, plans) {
            // A file that would not be known again is not written; the others are.
            if notRecorded != nil, (try? plan.get())?.plan.digest != nil { continue }
            reports.append(write(plan, item))
        }
        return (reports, notRecorded)
    }

    private func write(_ plan: Result<(plan: OutputPlan, missing: [String]), OutputError>, _ item: Item) -> Report {
        do throws(OutputError) {
            let (plan, missing) = try plan.get()
            try plan.write()
            return Report(
                path: plan.path, changed: plan.changed, missing: missing, failure: nil,
                after: item.after)
        } catch {
            return Report(path: item.output.path, changed: false, missing: [], failure: error, after: nil)
        }
    }

    /// Tells the apps of what has changed; gives the commands that failed, by their output's path. They may take their time,
    /// and ask for tokens themselves: nobody holds the vault's lock meanwhile.
    package func tell(_ reports: [Report]) async -> [(path: String, failure: AfterFailure)] {
        var failures: [(path: String, failure: AfterFailure)] = []
        for report in reports where report.changed {
            if let failure = await report.after?.run(environment: environment) {
                failures.append((report.path, failure))
            }
        }
        return failures
    }
}

/// The vault has gone on since the values were read: what was planned with them is not to be written.
package struct OutdatedSelection: Error {
    /// Ends a plan.
    package init() {}
}

/// The digests of what was written last to files that have no first line to know them by.
///
/// A crash or a full disk may have left an older file standing than the newest that was planned, and more than once in a
/// row: so many are kept that a week of such failures is outlived.
package struct OutputDigests: Sendable, Equatable {
    private static let kept = 100
    private var byPath: [String: [String]] = [:]

    /// Reads them from the vault.
    package init(_ records: Records) throws {
        guard let object = try records.object(.outputs)?.object("digests") else { return }
        for path in object.names { byPath[path] = try object.texts(path) }
    }

    func digests(of path: String) -> Set<String> { Set(byPath[path] ?? []) }

    mutating func add(_ digest: String, for path: String) {
        guard byPath[path]?.last != digest else { return }
        byPath[path] = Array(((byPath[path] ?? []) + [digest]).suffix(Self.kept))
    }

    /// Writes them to the vault's records.
    package func store(in records: inout Records) throws {
        var digests = JSONObject()
        for (path, values) in byPath { digests.set(path, values) }
        var object = try records.object(.outputs) ?? JSONObject()
        object.set("kind", "outputs")
        object.set("digests", digests)
        records.set(.outputs, object)
    }
}
