import Tokens

extension ExportFormat {
    /// What lines mean in a format that can stand among other lines.
    struct Merging {
        /// Whether a value in quotes goes on over line ends.
        var hasQuotes = false
        /// Whether a backslash at a line's end joins it with the next.
        var hasContinuations = false
        /// What a comment begins with.
        var comments = "#"
        /// Whether a name may have escapes, which hide what it is.
        var hasEscapedNames = false
        /// What stands among our lines beside the values' names.
        var reserved: Set<String> = []
    }

    /// nil where a line means something only together with what is around it, or `#` begins no comment.
    ///
    /// A shell script is no such file: only a shell can tell whether an `if`, a `$(` or a here-document is still open.
    var merging: Merging? {
        switch name {
        case "dotenv": Merging(hasQuotes: true, reserved: [DotenvDialect.rubyMode])
        case "docker": Merging()
        case "systemd": Merging(hasQuotes: true, hasContinuations: true, comments: "#;")
        case "properties": Merging(hasContinuations: true, comments: "#!", hasEscapedNames: true)
        default: nil
        }
    }

    /// Refuses `merge` where the format does not allow it.
    package func requireMerging() throws(FormatProblem) {
        guard merging == nil else { return }
        let problem = MergeProblem.format(name)
        throw FormatProblem(problem.message, hint: problem.hint)
    }
}

/// Why our lines cannot stand in a file.
package enum MergeProblem: Error, Equatable {
    /// The format has no lines that can stand among others.
    case format(String)
    /// The file is no text.
    case binary
    /// The file is reached by a link, and holds none of our lines yet.
    case link
    /// Two lines begin what is ours.
    case twoBegins(Int, Int)
    /// A line begins what is ours, and none ends it.
    case beginOnly(Int)
    /// A line ends what is ours, and none begins it.
    case endOnly(Int)
    /// A line that is not ours has one of our names, as a reader could define it.
    case defined(String, Int)
    /// The name in a line that is not ours has an escape.
    case escapedName(Int)
    /// A quote that is opened in a line before ours is not closed before them.
    case openQuote(Int)
    /// The line before ours goes on in the next.
    case continuation(Int)
    /// Somebody has changed the file after it was read.
    case changedMeanwhile
    /// A value holds a line that is a marker.
    case markerInValue

    /// What is wrong.
    package var message: String {
        switch self {
        case .format(let format): "merge is not for \(format), whose lines cannot stand among others"
        case .binary: "it has a NUL byte, so it is no file of lines"
        case .link: "it is a symbolic link, and its target holds no lines of tokenkeep's"
        case .twoBegins(let first, let second): "line \(first) and line \(second) both begin what tokenkeep writes"
        case .beginOnly(let line): "line \(line) begins what tokenkeep writes, and no line ends it"
        case .endOnly(let line): "line \(line) ends what tokenkeep writes, and none before it begins that"
        case .defined(let name, let line):
            "line \(line) has \(name), too, and readers differ in what defines it and in which of two definitions counts"
        case .escapedName(let line): "line \(line) has a backslash in its name, which could be one of tokenkeep's"
        case .openQuote(let line): "the value in line \(line) opens a quote that is not closed before tokenkeep's lines"
        case .continuation(let line): "line \(line) ends in a backslash, and so goes on in tokenkeep's first line"
        case .changedMeanwhile: "somebody else changed it while its new lines were made, and it is left as it is"
        case .markerInValue: "a value has a line like those that mark where tokenkeep's lines begin and end"
        }
    }

    /// What mends it.
    package var hint: String {
        switch self {
        case .format: "leave merge out, or choose dotenv, docker, systemd or properties"
        case .binary: "name a file in UTF-8, or remove it"
        case .link: "remove the link, or let `path` name the file itself"
        case .twoBegins, .beginOnly, .endOnly:
            "leave one pair of the lines \"\(MergedFile.begin)\" and \"\(MergedFile.end)\", or remove them with all between: they are written anew"
        case .defined(let name, let line):
            "remove it from line \(line), or leave \(name) out with `include` in the config"
        case .escapedName(let line): "write the name in line \(line) without a backslash"
        case .changedMeanwhile: "run it again: tokenkeep export"
        case .markerInValue: "leave it out with `include` in the config, or choose an output without merge"
        case .openQuote, .continuation: "mend that line, or move it below tokenkeep's"
        }
    }
}
