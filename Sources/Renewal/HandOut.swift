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
        /// The format's name.
        package let format: String
        /// What is in it, by the export names.
        package let names: [String]
        /// Whether it was replaced, in this run.
        package var changed: Bool
        /// Names that it should hold and that the vault does not.
        package let missing: [String]
        /// Why it was not written.
        package let failure: OutputError?
        /// Why it was written in place, so that a reader could see half of it; nil where it was replaced in one step.
        package let inPlace: InPlace?
        /// What tells the app that it changed.
        let after: AfterCommand?
        /// Whether it is noted that the app is still to be told, by this run or by one before it.
        var isUntold = false
    }

    /// What became of all of them.
    package struct Written: Sendable {
        /// One for each output that was tried.
        package var reports: [Report] = []
        /// Why it could not be recorded in the vault that files without a first line are ours.
        package var notRecorded: (any Error)?
        /// Why it could not be noted which apps are still to be told.
        package var notNoted: (any Error)?
        /// Why it could not be noted that they have been: the next run tells them again.
        package var notForgotten: (any Error)?
    }

    /// How often a merged file is planned that others go on changing.
    private static let triesToMerge = 5

    private let items: [Item]
    let notes: OutputNotes
    private let adopt: String?
    private let allowTracked: Bool
    let waits: Bool
    let environment: [String: String]
    private let digest: @Sendable (Secret) -> String

    /// Sets what is generated. `notes` is what is known of runs that died; `environment` is what commands get; `adopt` is
    /// a file that may be taken over; without `waits` it is left to the run that is telling apps to tell them of this one.
    package init(
        _ items: [Item], notes: OutputNotes, adopt: String? = nil, allowTracked: Bool = false, waits: Bool = true,
        environment: [String: String], digest: @escaping @Sendable (Secret) -> String
    ) {
        self.items = items
        self.notes = notes
        self.adopt = adopt
        self.allowTracked = allowTracked
        self.waits = waits
        self.environment = environment
        self.digest = digest
    }

    /// Writes what differs and reports on each output; one that fails does not stop the next. `tell` comes after.
    ///
    /// All is planned, from the same values, before anything is written. Then, in this order:
    ///
    /// 1. `record` makes digests of files without a first line last, so that a death after it leaves files that are still
    ///    known as ours. When it fails, such files are not written; when it throws `OutdatedSelection`, nothing is.
    /// 2. It is noted, on the disk, which apps will have to be told, and which files are about to be half-written. A death
    ///    after it costs an app that is told of nothing new. When it fails, the files are written all the same: what an app
    ///    reads when it starts is worth more than what it is told.
    /// 3. Each file is written, and the next run compares each with the vault again: a death before or between leaves old
    ///    files, which it replaces.
    /// 4. In `tell` the commands are run, and what they have been told is forgotten. A death before that leaves the note,
    ///    and the next run tells them.
    package func run(
        _ selection: Selection, known: OutputDigests, record: (OutputDigests) async throws -> Void
    ) async throws -> Written {
        var plans: [Plan] = []
        var digests = known
        let left = notes.read()
        for item in items {
            let (values, missing) = selection.values(matching: item.include)
            do throws(OutputError) {
                let plan = try await plan(item, values, known, left)
                if let digest = plan.digest { digests.add(digest, for: plan.path) }
                plans.append(.success((plan, values, missing)))
            } catch { plans.append(.failure(error)) }
        }
        var written = Written()
        if digests != known {
            do { try await record(digests) } catch let outdated as OutdatedSelection { throw outdated } catch {
                written.notRecorded = error
            }
        }
        await write(plans, known, left, &written)
        return written
    }

    private typealias Plan = Result<(plan: OutputPlan, values: [ExportValue], missing: [String]), OutputError>

    private func plan(
        _ item: Item, _ values: [ExportValue], _ known: OutputDigests, _ left: OutputNotes.State
    ) async throws(OutputError) -> OutputPlan {
        let path = item.output.path
        return try await item.output.plan(
            values, recorded: known.digests(of: path), adopt: adopt == path || left.halfWritten.contains(path),
            allowTracked: allowTracked, environment: environment, digest: digest)
    }

    private func write(
        _ plans: [Plan], _ known: OutputDigests, _ left: OutputNotes.State, _ written: inout Written
    ) async {
        var (plans, wanted) = (plans, left)
        // Nobody else is at the notes until all is written; where there is nothing to note, they are not touched.
        var held: OutputNotes.Locked?
        var before: [String: String] = [:]
        defer { held?.release() }
        func changes() -> [(plan: OutputPlan, isToBeTold: Bool)] {
            zip(items, plans).compactMap { item, plan in
                (try? plan.get().plan).flatMap { $0.changed ? (plan: $0, isToBeTold: item.after != nil) : nil }
            }
        }
        if !left.isEmpty || changes().contains(where: { $0.isToBeTold || $0.plan.needsNote }) {
            do {
                held = try notes.lock()
                wanted = held?.state ?? wanted
                before = wanted.untold
                wanted.drop(allOf: notes.config, but: Set(items.map(\.output.path)))
                plans = plans.map { plan in plan.map { ($0.plan.unlessDone, $0.values, $0.missing) } }
                for (plan, isToBeTold) in changes() {
                    if isToBeTold { wanted.untold[plan.path] = String(UInt64.random(in: .min ... .max), radix: 36) }
                    if plan.needsNote { wanted.halfWritten.insert(plan.path) }
                    if isToBeTold || plan.needsNote { wanted.configs[plan.path] = notes.config }
                }
                try held?.write(wanted)
            } catch { written.notNoted = error }
        }
        for (item, plan) in zip(items, plans) {
            // A file that would not be known again is not written; the others are.
            if written.notRecorded != nil, (try? plan.get())?.plan.digest != nil { continue }
            var report = write(plan, item, isNoted: written.notNoted == nil)
            // Another run has been at somebody's own file: most likely one of ours, which did not have to note anything.
            for _ in 1..<Self.triesToMerge {
                guard report.failure == .notMergeable(path: report.path, .changedMeanwhile), let old = try? plan.get()
                else { break }
                let plan: Plan
                do throws(OutputError) {
                    plan = .success((try await self.plan(item, old.values, known, left), old.values, old.missing))
                } catch { plan = .failure(error) }
                report = write(plan, item, isNoted: written.notNoted == nil)
                // It has done our work, and tells of it.
                if report.failure == nil, !report.changed {
                    wanted.untold[report.path] = before[report.path]
                }
            }
            if item.after == nil { wanted.untold[report.path] = nil }
            if report.failure == nil {
                report.isUntold = wanted.untold[report.path] != nil
                // One that was noted since the plan is another run's, and it is not known that its file is whole.
                let isOurs = left.halfWritten.contains(report.path) || (try? plan.get())?.plan.needsNote == true
                if isOurs { wanted.halfWritten.remove(report.path) }
            }
            written.reports.append(report)
        }
        // A note that stays calls a file ours that is: it is tried again in the next run.
        if written.notNoted == nil { try? held?.write(wanted) }
    }

    private func write(_ plan: Plan, _ item: Item, isNoted: Bool) -> Report {
        do throws(OutputError) {
            let (plan, values, missing) = try plan.get()
            if plan.changed, plan.needsNote, !isNoted {
                throw .unwritable(path: plan.path, "it cannot be noted that it is about to be written in place")
            }
            try plan.write()
            return Report(
                path: plan.path, format: item.output.format.name, names: values.map(\.name), changed: plan.changed,
                missing: missing, failure: nil, inPlace: plan.inPlace, after: item.after)
        } catch {
            return Report(
                path: item.output.path, format: item.output.format.name, names: [], changed: false, missing: [],
                failure: error, inPlace: nil, after: nil)
        }
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
