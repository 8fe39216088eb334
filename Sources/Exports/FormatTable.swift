package import Tokens

extension ExportFormat {
    /// Every format: one row and one file each.
    package static let all: [Row] = [
        Row(.shell),
        Row(.fish),
        Row(.powershell),
        Row("dotenv", [.dialect]) { options throws(FormatProblem) in try .dotenv(dialect: options.dialect) },
        Row(.docker),
        Row(.systemd),
        Row(.json),
        Row(.yaml),
        Row(.toml),
        Row(.properties),
        Row("commonjs", [.live]) { options in .commonjs(isLive: options.isLive) },
        Row("esm", [.live]) { options in .esm(isLive: options.isLive) },
        Row(.typescript),
        Row(.python),
        Row(.ruby),
        Row(.php),
        Row("go", [.name]) { options throws(FormatProblem) in try .go(package: options.name) },
        Row("swift", [.name]) { options throws(FormatProblem) in try .swift(type: options.name) },
        Row(.githubActions),
        Row(.gitlab),
        Row("kubernetes", [.name]) { options throws(FormatProblem) in try .kubernetes(name: options.name) },
        Row(.terraform),
        Row("template", [.template]) { options throws(FormatProblem) in try .template(options.template) },
        Row(.raw),
    ]

    /// The first lines that mark a file as ours, in any format: the format of an output may be changed.
    package static let firstLines = ["# ", "// ", "<?php // "].map { $0 + notice }

    /// The format of that name, as the options have it; nil when there is none.
    package static func named(
        _ name: String, _ options: Options = Options()
    ) throws(FormatProblem) -> ExportFormat? {
        guard let row = all.first(where: { $0.name == name }) else { return nil }
        for option in options.given where !row.options.contains(option) {
            let takers = all.filter { $0.options.contains(option) }.map(\.name).joined(separator: ", ")
            throw FormatProblem("\(option.rawValue) is not for \(name)", hint: "leave it out; it is for \(takers)")
        }
        return try row.make(options)
    }

    /// A format and the options that it takes.
    package struct Row: Sendable {
        /// The format's name in the config and on the command line.
        package let name: String
        /// What may be said beside the name.
        package let options: Set<Option>
        fileprivate let make: @Sendable (Options) throws(FormatProblem) -> ExportFormat

        fileprivate init(_ format: ExportFormat) {
            (name, options, make) = (format.name, [], { _ in format })
        }

        fileprivate init(
            _ name: String, _ options: Set<Option>,
            make: @escaping @Sendable (Options) throws(FormatProblem) -> ExportFormat
        ) {
            (self.name, self.options, self.make) = (name, options, make)
        }
    }

    /// What may be said beside a format's name.
    package enum Option: String, Sendable {
        /// Which of several readers that disagree.
        case dialect
        /// What the generated thing is called.
        case name
        /// A module that reads its own file again when it changed.
        case live
        /// The text that the values go into.
        case template
    }

    /// What is said beside a format's name.
    package struct Options: Sendable {
        /// The reader, where readers disagree; nil for a file that most read alike.
        package var dialect: String?
        /// The name of what is generated; nil for the format's own.
        package var name: String?
        /// Whether the module reads its own file again when it changed.
        package var isLive = false
        /// The template's text.
        package var template: Secret?

        /// Nothing is said.
        package init() {}

        fileprivate var given: [Option] {
            (dialect == nil ? [] : [.dialect]) + (name == nil ? [] : [.name]) + (isLive ? [.live] : [])
                + (template == nil ? [] : [.template])
        }
    }
}

/// An option that a format does not take, or not with that value.
package struct FormatProblem: Error, Equatable {
    /// What is wrong.
    package let message: String
    /// What mends it.
    package let hint: String

    package init(_ message: String, hint: String) { (self.message, self.hint) = (message, hint) }
}
