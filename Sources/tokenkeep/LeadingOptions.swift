import ArgumentParser

/// Options that stand before the command, as in `tokenkeep --config FILE refresh`: the crontab's way to write it.
///
/// The parser takes a command's options behind its name only, so they are moved there.
enum LeadingOptions {
    private static let withValue: Swift.Set = [
        "--config", "--vault", "--key-fd", "--key-file", "--key-command", "--lock-wait", "--timeout",
    ]
    private static let flags: Swift.Set = [
        "--allow-readable-key", "--quiet", "-q", "--verbose", "-v", "--offline", "--accept-older",
    ]

    /// The words that name a command that there is.
    static func command(of arguments: [String]) -> [String] {
        var command: any ParsableCommand.Type = Tokenkeep.self
        var words: [String] = []
        for word in moved(arguments) {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == word }) else { break }
            command = next
            words.append(word)
        }
        return words
    }

    /// The arguments with such options behind the command's name; as they are when anything else comes first.
    static func moved(_ arguments: [String]) -> [String] {
        var end = 0
        while end < arguments.count, arguments[end].hasPrefix("-") {
            let name = String(arguments[end].prefix { $0 != "=" })
            if flags.contains(name) || withValue.contains(name) && name.count < arguments[end].count {
                end += 1
            } else if withValue.contains(name) {
                end += 2
            } else {
                return arguments
            }
        }
        guard end < arguments.count else { return arguments }
        // `key` is followed by the name of what is done with it.
        let words = arguments[end] == "key" && end + 1 < arguments.count ? 2 : 1
        let command = Array(arguments[end..<end + words])
        let options = Array(arguments[..<end])
        return command + options + arguments.dropFirst(end + words)
    }
}
