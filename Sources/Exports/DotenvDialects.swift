import Tokens

/// A reader of `.env` files, and how it is written for.
struct DotenvDialect: Sendable {
    /// The name in the config and on the command line; nil for what all read alike.
    let name: String?
    /// Who reads it, in words.
    let reader: String
    /// Names that the reader keeps for itself.
    var reserved: Set<String> = []
    /// What no name may begin with.
    var badBeginnings: [String] = []
    /// Whether the dotenv gem reads it.
    var isForRuby = false
    /// What no spelling brings back, with the reason.
    var hopeless: [(trait: DotenvTraits, why: String)] = []
    /// The best spelling for a value; nil when there is none.
    let choose: @Sendable (DotenvTraits) -> DotenvSpelling?

    /// Those that can be named.
    static let all = [node, python, ruby, go, symfony, compose]

    /// Whether a name comes back as it is.
    func takes(name: String) -> Bool { !badBeginnings.contains { name.hasPrefix($0) } }

    /// The spelling for a value.
    func spelling(of value: ExportValue) throws(ExportRefusal) -> DotenvSpelling {
        let traits = value.value.withSpan { DotenvTraits($0) }
        if let (_, why) = hopeless.first(where: { traits.contains($0.trait) }) { throw value.refusal(why) }
        if let spelling = choose(traits) { return spelling }
        let readers = name == nil ? "all readers of .env; a dialect, for one of them, may" : reader
        throw value.refusal("no quoting brings its mix of quotes, backslashes, $, # and line ends back in \(readers)")
    }

    private static let reference = (
        trait: DotenvTraits.reference, why: "its value has ${…}, which python-dotenv replaces in any quotes"
    )

    /// Node's `--env-file` and `util.parseEnv`, from 20.12 on (before, a value had one line): three kinds of quotes
    /// without escapes, but that `\n` is a line feed in double quotes. It drops every carriage return of a file.
    /// Tried with 20.20, 22.20 and 24.19.
    static let node = DotenvDialect(
        name: "node", reader: "Node",
        hopeless: [(.carriageReturn, "its value has a carriage return, which Node drops")]
    ) { has in
        if has.lacks(.singleQuote) { return .single }
        if has.lacks([.doubleQuote, .lineFeedEscape]) { return .double }
        if has.lacks(.backtick) { return .backticks }
        return has.lacks(.unquotable.union([.hash, .leadingBacktick])) ? .plain : nil
    }

    /// python-dotenv. `\\` and `\'` are escapes in single quotes, C's in double ones; a carriage return as it is becomes
    /// a line feed. `${…}` is replaced after the escapes. Up to 1.2.2 an escaped backslash before the closing quote
    /// escapes the quote, too, so that such a value stands without quotes; from 1.2.3 on every backslash in quotes needs
    /// its second character. Whoever reads with `interpolate=False` reads the same.
    static let python = DotenvDialect(name: "python", reader: "python-dotenv", hopeless: [reference]) { has in
        if has.contains(.finalBackslash) { return has.lacks(.unquotable) ? .plain : nil }
        return has.lacks(.carriageReturn)
            ? .single.escaping("\\'") : .double.escaping("\\\"").escapingLineEnds()
    }

    /// The variable that has the gem read `\n` in double quotes as a line feed from 3.0 on, as it did before.
    static let rubyMode = "DOTENV_LINEBREAK_MODE"

    /// The dotenv gem, from 2.4 on: it runs `$(command)` and replaces `$NAME` but in single quotes.
    ///
    /// 2.4 splits a file at line ends before anything else, so that these have to be escapes, in double quotes, with the
    /// variable above for 3.0; the file's last line takes it back, for other files. There, 2.4 takes `\\n` for a line
    /// feed, too, and keeps the backslash of `\$(` where no command follows. Single quotes may hold single quotes as
    /// long as no `#` makes the rest a comment. From 2.7 on, `\'` is no end of them where another `'` follows in any line
    /// and ends its own: the one in the comment does not.
    static let ruby = DotenvDialect(name: "ruby", reader: "the dotenv gem", reserved: [rubyMode], isForRuby: true) {
        has in
        let lineEnds: DotenvTraits = [.carriageReturn, .lineFeed]
        if has.lacks(lineEnds.union(.singleQuote)) || has.lacks(lineEnds.union(.hash)) {
            return .single.guarded(has.contains(.finalBackslash))
        }
        guard has.lacks([.lineFeedEscape, .carriageReturnEscape, .command]) else { return nil }
        let quoted = DotenvSpelling.double.escaping("\\\"$")
        return (has.lacks(lineEnds) ? quoted : quoted.escapingLineEnds()).guarded(has.contains(.finalBackslash))
    }

    /// godotenv from 1.5 on (before, it read line by line): nothing is replaced in single quotes, and a backslash keeps
    /// `$` in double ones and without quotes. It looks at one character before a quote only, and strips all quotes at
    /// a value's end. CRLF becomes LF, and a commit after 1.5.1 drops `---` at a line's end: line ends are escapes where
    /// they can be.
    static let go = DotenvDialect(name: "go", reader: "godotenv") { has in
        if has.lacks([.carriageReturn, .lineFeed, .singleQuote, .finalBackslash]) { return .single }
        if has.lacks([.finalBackslash, .finalDoubleQuote]) { return .double.escaping("\\\"$").escapingLineEnds() }
        if has.lacks([.carriageReturn, .singleQuote, .finalBackslash]) { return .single }
        return has.lacks(.unquotable) ? .plain.escaping("$") : nil
    }

    /// symfony/dotenv, from 5.4 on, joins pieces as a shell does; in single quotes nothing has a meaning. It makes
    /// a carriage return as it is a line feed, takes no name with two `_` at its start, and keeps a list of what it loaded.
    static let symfony = DotenvDialect(
        name: "symfony", reader: "symfony/dotenv", reserved: ["SYMFONY_DOTENV_VARS"], badBeginnings: ["_"]
    ) { _ in
        .single.replacing { byte in
            switch byte {
            case UInt8(ascii: "'"): #"'"'"'"#
            case UInt8(ascii: "\r"): #"'"\r"'"#
            default: nil
            }
        }
    }

    /// `env_file` and `.env` of docker compose: 1.29, which reads by python-dotenv, and v2, which has its own fork of
    /// godotenv (compose-go, dotenv/parser.go). Both take `\\`, `\"` and `\r` in double quotes; `$` has no escape that
    /// both know. In single quotes only v1 takes `\\` for one. Older releases of v2 strip quotes at a value's end, as
    /// godotenv does, end a value without quotes at any `#`, and take `export` off a name's beginning.
    ///
    /// Tried with 1.29.2 and 2.40.3.
    static let compose = DotenvDialect(
        name: "compose", reader: "docker compose", badBeginnings: ["export"], hopeless: [reference]
    ) { has in
        if has.lacks([.carriageReturn, .singleQuote, .escapeInSingleQuotes, .finalBackslash]) { return .single }
        if has.lacks([.dollar, .finalBackslash, .finalDoubleQuote]) {
            return .double.escaping("\\\"").escapingLineEnds()
        }
        return has.lacks(.unquotable.union([.hash, .dollar])) ? .plain : nil
    }

    /// What all of them read alike. Single quotes come first: they alone keep `$` from being expanded, by a shell, too.
    /// In double quotes they share `\n` and no other escape.
    static let common = DotenvDialect(
        name: nil, reader: "a reader of .env",
        reserved: ruby.reserved.union(symfony.reserved), badBeginnings: symfony.badBeginnings + compose.badBeginnings,
        isForRuby: true, hopeless: node.hopeless + [reference]
    ) { has in
        if has.lacks([.lineFeed, .singleQuote, .escapeInSingleQuotes, .finalBackslash]) { return .single }
        let backslashes: DotenvTraits = [.innerBackslash, .finalBackslash]
        if has.lacks(backslashes.union([.doubleQuote, .dollar])) {
            return has.contains(.lineFeed) ? .double.escapingLineEnds() : .double
        }
        return has.lacks(
            .unquotable.union([.innerBackslash, .singleQuote, .doubleQuote, .dollar, .hash, .blank, .backtick]))
            ? .plain : nil
    }
}
