package import Exports

extension HandOut {
    /// Tells the apps of what has changed, in this run or in one that could not tell them; gives the commands that failed, by
    /// their output's path. They may take their time, and ask for tokens themselves: nobody holds the vault's lock meanwhile.
    ///
    /// One run tells at a time, so that no command runs twice at once, and each change is told once. The orders that runs A
    /// and B can come in:
    ///
    /// - B has changed nothing and finds A's note while A tells: A's lock is taken, and B leaves the telling to it. Had A
    ///   died, the lock would be free, and B would tell.
    /// - B has changed a file while A tells: it waits. Either A reads B's note when its commands are done, tells again and
    ///   takes the note back, and B, finding none, does not; or A had read it before it began, which is the same; or A is
    ///   done, and B tells. A note can only be gone when a command that was begun after B's change has succeeded.
    /// - B was started by A's command, so that A waits for B: B neither waits nor tells. A sees B's note when the command is
    ///   done, for A lets go of its lock only with the notes locked and nothing new in them, and B finds the lock taken only
    ///   if it noted its change before that.
    /// - A command that changes an output each time would go on for ever: A looks for new notes once. What it leaves then,
    ///   and what failed, stays noted, and the next run tells.
    ///
    /// A command finds its output's path in `TOKENKEEP_AFTER`; by that this program, if the command starts it, knows that it
    /// must not wait (`waits`). Whoever has inherited it elsewhere loses nothing: the run that is telling sees its note.
    package func tell(_ written: inout Written) async -> [(path: String, failure: AfterFailure)] {
        let reports = written.reports.filter { $0.after != nil }
        guard reports.contains(where: { $0.changed || $0.isUntold }) else { return [] }
        var telling: OutputNotes.Telling?
        do {
            telling = try await turn(waits: waits && reports.contains(where: \.changed), for: reports.count)
            if telling == nil { return [] }
        } catch {
            // Where nothing can be locked, nothing can be noted.
            written.notNoted = written.notNoted ?? error
        }
        var failures: [String: AfterFailure] = [:]
        var tried: Set<String> = []
        for round in 1...3 {
            let noted: [String: String]?
            do {
                noted = try telling?.untold(of: Set(reports.map(\.path)), but: tried, isEnd: round == 3)
            } catch { noted = nil }
            // A change that could not be noted is told all the same.
            let isUnknown = round == 1 && (noted == nil || written.notNoted != nil)
            for report in reports {
                let mark = noted?[report.path]
                guard mark != nil || isUnknown && report.changed else { continue }
                let environment = environment.merging(["TOKENKEEP_AFTER": report.path]) { $1 }
                failures[report.path] = await report.after?.run(environment: environment)
                guard let mark else { continue }
                tried.insert(mark)
                guard failures[report.path] == nil else { continue }
                do { try telling?.forget(report.path, mark) } catch { written.notForgotten = error }
            }
            if noted?.isEmpty ?? true { break }
        }
        return reports.compactMap { report in failures[report.path].map { (report.path, $0) } }
    }

    /// Waits until no other run tells apps, as long as its commands may take; nil when one still does.
    private func turn(waits: Bool, for count: Int) async throws -> OutputNotes.Telling? {
        let end = ContinuousClock.now + .seconds(10 + 2 * 10 * count)
        while true {
            if let telling = try notes.beginTelling() { return telling }
            guard waits, ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                return nil
            }
        }
    }
}
