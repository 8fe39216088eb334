import Tokens

extension ExportFormat {
    /// What lines mean in a format that can stand among other lines.
    struct Merging {
        /// Whether a value in quotes goes on over line ends.
        var hasQuotes = false
        /// Whether a backslash at a line's end joins it with the next.
        var hasContinuations = false
        /// Whether a blank ends a name, too.
        var blankSeparates = false
    }

    /// nil where a line means something only together with what is around it, or `#` begins no comment.
    var merging: Merging? {
        switch name {
        case "dotenv": Merging(hasQuotes: true)
        case "docker": Merging()
        case "shell", "systemd": Merging(hasQuotes: true, hasContinuations: true)
        case "properties": Merging(hasContinuations: true, blankSeparates: true)
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
    /// A line that is not ours defines one of our names.
    case defined(String, Int)
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
            "line \(line) defines \(name), too, and readers differ in which of two definitions counts"
        case .openQuote(let line): "the value in line \(line) opens a quote that is not closed before tokenkeep's lines"
        case .continuation(let line): "line \(line) ends in a backslash, and so goes on in tokenkeep's first line"
        case .changedMeanwhile: "somebody else changed it while its new lines were made, and it is left as it is"
        case .markerInValue: "a value has a line like those that mark where tokenkeep's lines begin and end"
        }
    }

    /// What mends it.
    package var hint: String {
        switch self {
        case .format: "leave merge out, or choose dotenv, docker, shell, systemd or properties"
        case .binary: "name a file in UTF-8, or remove it"
        case .link: "remove the link, or let `path` name the file itself"
        case .twoBegins, .beginOnly, .endOnly:
            "leave one pair of the lines \"\(MergedFile.begin)\" and \"\(MergedFile.end)\", or remove them with all between: they are written anew"
        case .defined(let name, let line): "remove line \(line), or leave \(name) out with `include` in the config"
        case .changedMeanwhile: "run it again: tokenkeep export"
        case .markerInValue: "leave it out with `include` in the config, or choose an output without merge"
        case .openQuote, .continuation: "mend that line, or move it below tokenkeep's"
        }
    }
}
