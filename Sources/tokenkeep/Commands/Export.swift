import ArgumentParser
import Config
import Exports
import Host
import Renewal
import Tokens
import VaultFile

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rewrite the configured outputs, or print one format; never asks a provider.",
        discussion: "Example: tokenkeep export; eval \"$(tokenkeep export shell --only 'TIKTOK_*')\"")

    @OptionGroup var options: VaultOptions

    @Argument(
        help: ArgumentHelp("Print this format: \(ExportFormat.all.map(\.name).joined(separator: ", "))."))
    var format: String?

    @Option(help: ArgumentHelp("Only this export name or pattern; may stand more than once.", valueName: "pattern"))
    var only: [String] = []

    @Option(help: "Which reader a dotenv file is for, where readers disagree.")
    var dialect: String?

    @Option(help: "What the generated thing is called: a Secret, a package, a type.")
    var name: String?

    @Option(help: ArgumentHelp("The text that the format template fills in.", valueName: "file"))
    var template: String?

    @Option(help: ArgumentHelp("Take over this configured file, though tokenkeep did not write it.", valueName: "path"))
    var adopt: String?

    @Flag(help: "Write outputs that git does not ignore, too.")
    var allowTracked = false

    @Flag(help: "Show which value goes where and why, and write nothing.")
    var explain = false

    @Flag(help: "With --explain: print one JSON object.")
    var json = false

    @Flag(help: "Accepted for scripts: export never asks a provider.")
    var offline = false

    func run() async throws {
        let place = try Workplace(options)
        guard explain || !json else {
            throw Failure(
                .wrongUse, "--json is for --explain", hint: "for the values as JSON: tokenkeep export json")
        }
        if let format {
            guard adopt == nil else {
                throw Failure(
                    .wrongUse, "--adopt is for a configured file, and \(format) is printed",
                    hint: "leave the format out")
            }
            var options = ExportFormat.Options()
            (options.dialect, options.name) = (dialect, name)
            options.template = try template.map {
                try Workplace.template(FileSystem.path($0, from: FileSystem.currentFolder))
            }
            do {
                guard let format = try ExportFormat.named(format, options) else {
                    throw Failure.noSuchFormat(format, .wrongUse)
                }
                return try await print(format, place)
            } catch let problem as FormatProblem {
                throw Failure(.wrongUse, problem.message, hint: problem.hint)
            }
        }
        let isNarrowed = [dialect, name, template].contains { $0 != nil } || !only.isEmpty
        guard !isNarrowed else {
            throw Failure(
                .wrongUse, "--only, --dialect, --name and --template are for what is printed, and no format was named",
                hint: "name one, as in: tokenkeep export shell --only NAME; or use include in the config")
        }
        try await write(place)
    }

    private func print(_ format: ExportFormat, _ place: Workplace) async throws {
        let step = format.isForAStep ? try StepFile() : nil
        let vault = try await place.read()
        let values = try await place.naming(try place.vault().path) { try place.chosen(only, of: vault.records) }
        if explain {
            let printed = Explanation.Destination(path: nil, format: format, patterns: only.isEmpty ? nil : only)
            return try show(Explanation([printed], try place.selection(of: vault.records)))
        }
        let rendered: Secret
        do { rendered = try format.render(values) } catch {
            throw Failure(.misconfigured, error.message, hint: error.hint)
        }
        // Before the values are out: whatever dies after that, the log tells who may have them.
        place.logExport(format.name, values.map(\.name), path: step?.path)
        guard let step else { return try Console.print(rendered, newline: false) }
        // The variables follow only when the runner has been given what to mask: it shows them at the head of each step.
        try Console.print(ExportFormat.masks(for: values), newline: false)
        try step.append(rendered)
    }

    private func explain(_ config: Config, _ place: Workplace) async throws {
        let records = try await place.read().records
        let selection = try place.selection(of: records)
        let places = try config.outputs.map { output in
            let item = try output.item(folder: config.folder)
            place.complain(ofMissing: selection.values(matching: item.include).missing, in: output.path, records)
            return Explanation.Destination(path: output.path, format: item.output.format, patterns: item.include)
        }
        try show(Explanation(places, selection))
    }

    private func show(_ explanation: Explanation) throws {
        if json { try Console.print(explanation.object) } else { try Console.print(explanation.text) }
        for problem in explanation.problems { Console.say("tokenkeep: \(problem.message)\nhint: \(problem.hint)") }
        if let status = explanation.problems.first?.status { throw ExitCode(status.rawValue) }
    }

    private func write(_ place: Workplace) async throws {
        let config = try place.requiredConfig()
        guard !config.outputs.isEmpty else {
            throw Failure(
                .misconfigured, "\(config.path) has no output",
                hint: "add [[outputs]] with path and format, or print one: tokenkeep export json")
        }
        let adopt = adopt.map { FileSystem.path($0, from: FileSystem.currentFolder) }
        if let adopt, !config.outputs.contains(where: { $0.path == adopt }) {
            throw Failure(
                .wrongUse, "\(adopt) is not an output of \(config.path)",
                hint: "name one of: " + config.outputs.map(\.path).joined(separator: ", "))
        }
        if explain { return try await self.explain(config, place) }
        let (handed, records) = try await place.naming(try place.vault().path) {
            try await place.handOut(adopt: adopt, allowTracked: allowTracked)
        }
        for report in handed.reports where options.verbose && report.failure == nil {
            Console.say("\(report.path): \(report.changed ? "written" : "unchanged")")
        }
        if let status = Failure.Status.first(of: place.complain(handed, records)) {
            throw ExitCode(status.rawValue)
        }
    }
}

extension Workplace {
    /// The values that `--only` chooses, all without it; a name that is not there is an error.
    func chosen(_ only: [String], of records: Records) throws -> [ExportValue] {
        let (values, missing) = try selection(of: records).values(matching: only.isEmpty ? nil : only)
        if let name = missing.first { throw Failure.noSuchName(name) }
        for name in records.names {
            let names = try records.connection(name)?.tokens?.exportNames(of: name) ?? []
            guard values.contains(where: { names.contains($0.name) }) else { continue }
            try config?.requireProvider(of: name, in: records)
        }
        return values
    }
}
