/// The lines of a `.env` file, in the dialect that its readers share.
///
/// There is no standard. In double quotes `\n`, `\r`, `\t`, `\"` and `\\` are escapes, as python-dotenv reads them, and
/// other backslashes stand for themselves; in single quotes and backticks all do. Line ends within quotes become LF.
/// The later of two values is taken, as all readers do. Where readers otherwise part, cutting a value or expanding it
/// (an unquoted `#` within a word, `$NAME`, a backslash before the closing quote), its name is left behind with the
/// reason: a secret that is nearly right is worse than one that is missing.
///
/// A comment `# dialect: NAME`, as `export dotenv --dialect` writes it, says whose reading the lines behind it are for:
/// there, its reader's quotes, escapes and references hold.
///
/// A value over several lines that ends badly, or nowhere, takes no line with it: its name is left behind, and the lines
/// after the one where it began are read on their own. Up to the end that was found for it they may yet be pieces of
/// it, so that of them only `NAME=value` in capitals is read as an assignment.
struct Dotenv {
    private static let disagreement = "readers of .env disagree on"
    private static let reference = "refers to another variable with $; put it in single quotes when the $ is meant"
    private var source: Source
    /// The last line that may be a piece of a value before it.
    private var lastDoubtfulLine = 0
    /// The reader that the lines are for; nil for all.
    private var dialect: Dialect?

    private enum Dialect: String {
        case node, python, ruby, go, symfony, compose
    }

    init(_ source: Source) {
        self.source = source
    }

    /// The assignments in their order, and the lines that are none.
    mutating func findings() -> [Finding] {
        var findings: [Finding] = []
        while source.peek() != nil {
            skipBlanks()
            if source.line > lastDoubtfulLine, source.take("# dialect: ") {
                dialect = Dialect(rawValue: source.take { !$0.endsLine }) ?? dialect
            } else if let scalar = source.peek(), !scalar.endsLine, scalar != "#" {
                findings.append(assignment())
            }
            source.take { !$0.endsLine }
            source.take()
        }
        return findings
    }

    private mutating func assignment() -> Finding {
        let line = source.line
        let isDoubtful = line <= lastDoubtfulLine
        let noAssignment = Finding(name: "a line", line: line, content: .other(why: "not KEY=value"), place: .aside)
        var name = source.take(while: \.isDotenvName)
        if name == "export", source.peek()?.isBlank == true {
            skipBlanks()
            name = source.take(while: \.isDotenvName)
        }
        // Only what is certainly a name is repeated: anything else may be a piece of a value.
        let hasColon = source.peek() == ":" && source.peek(1)?.isBlank == true
        if !name.isEmpty, hasColon, !isDoubtful {
            return Finding(name: name, line: line, content: .other(why: "written with a colon, not ="), place: .aside)
        }
        skipBlanks()
        // `==` is how base64 ends, here most likely of a value that goes over several lines without quotes.
        guard !name.isEmpty, !isDoubtful || name.isInCapitals, source.take("="), source.peek() != "=" else {
            return noAssignment
        }
        skipBlanks()
        if isAtPlaceholder {
            return isDoubtful ? noAssignment : Finding(name: name, line: line, content: .other(why: "empty"))
        }
        let content = value()
        if isDoubtful, case .text("") = content { return noAssignment }
        if name == "DOTENV_LINEBREAK_MODE" {
            let why = "a setting of Ruby's dotenv, no secret"
            return Finding(name: name, line: line, content: .other(why: why), place: .aside)
        }
        return Finding(name: name, line: line, content: content)
    }

    private mutating func value() -> Finding.Content {
        switch source.peek() {
        case "`" where dialect != nil && dialect != .node: unquoted()
        case "\"", "'", "`": quoted()
        default: unquoted()
        }
    }

    private mutating func quoted() -> Finding.Content {
        let start = source
        let end = endOfQuotedLine() ?? 0
        var quote = source.take()
        var text = String.UnicodeScalarView()
        var objection: String?
        while let scalar = source.take() {
            switch scalar {
            case quote where source.position <= end: text.append(scalar)
            case quote:
                if text.last == "\\", quote != "\"", dialect == nil || dialect == .go || dialect == .compose {
                    objection = "\(Self.disagreement) a backslash before a quote"
                }
                if dialect == .symfony, source.peek() == "'" || source.peek() == "\"" {
                    quote = source.take()
                    continue
                }
                skipBlanks()
                guard source.peek().map({ $0.endsLine || $0 == "#" }) ?? true else {
                    let place = source.line == start.line ? "" : " on line \(source.line)"
                    goBack(to: start, doubtingUpTo: source.line)
                    return .other(why: "text after the closing quote\(place)")
                }
                return content(text, objection)
            case "\\" where quote == "\"": text.append(escape())
            case "\\" where dialect == .python && (source.peek() == "\\" || source.peek() == "'"):
                text.append(source.take() ?? scalar)
            case "\r":
                if source.peek() == "\n" { source.take() }
                text.append("\n")
            case "$" where quote == "\"" && isReference():
                objection = Self.reference
                text.append(scalar)
            default: text.append(scalar)
            }
        }
        goBack(to: start, doubtingUpTo: .max)
        return .other(why: "a quoted value that is not closed")
    }

    /// Where the value ends that a line with single quotes at both ends is to Ruby's dotenv, whatever quotes it has
    /// within; nil where they need no second look.
    private func endOfQuotedLine() -> Int? {
        guard dialect == .ruby, source.peek() == "'" else { return nil }
        var rest = source
        var line = Array(rest.take { !$0.endsLine }.unicodeScalars)
        while line.last?.isBlank == true { line.removeLast() }
        return line.last == "'" && !line.contains("#") ? source.position + line.count - 1 : nil
    }

    private mutating func escape() -> Unicode.Scalar {
        switch (source.peek(), dialect) {
        case ("n", _): source.take(); return "\n"
        case (_, .node): return "\\"
        case ("r", _): source.take(); return "\r"
        case (_, .ruby), (_, .go): return source.take() ?? "\\"
        case ("t", _): source.take(); return "\t"
        case ("\"", _), ("\\", _): return source.take() ?? "\\"
        default: return "\\"
        }
    }

    /// Whether a `$` before the place may begin what is replaced by something else.
    private func isReference() -> Bool {
        source.peek()?.canFollowDollar == true && dialect != .node && dialect != .python
    }

    private mutating func unquoted() -> Finding.Content {
        var text = String.UnicodeScalarView()
        var objection: String?
        while let scalar = source.peek(), !scalar.endsLine {
            if scalar == "#" {
                // `= # words` is a comment to most, the value to python-dotenv; both agree that it is no secret.
                if text.isEmpty || text.last?.isBlank == true { break }
                if dialect != .python, dialect != .go {
                    objection = "\(Self.disagreement) a # within a word; put the value in quotes"
                }
            }
            source.take()
            if scalar == "\\", dialect == .go, source.take("$") {
                text.append("$")
                continue
            }
            if scalar == "$", isReference() { objection = Self.reference }
            text.append(scalar)
        }
        while text.last?.isBlank == true { text.removeLast() }
        let value = String(text)
        if value.hasPrefix("-----BEGIN "), !value.contains("-----END ") {
            return .other(why: skipPEM() ? "several lines without quotes" : "a PEM block that is not closed")
        }
        return content(text, objection)
    }

    private func content(_ text: String.UnicodeScalarView, _ objection: String?) -> Finding.Content {
        let objection = objection ?? (dialect == .python && text.hasPythonReference ? Self.reference : nil)
        return objection.map { .other(why: $0) } ?? .text(String(text))
    }

    /// Passes over the rest of a key or certificate that stands there without quotes; false when it has no end.
    private mutating func skipPEM() -> Bool {
        let start = source
        while source.take() != nil {
            let text = source.take { !$0.endsLine }
            if text.hasPrefix("-----END ") { return true }
            // The end that comes is that of another.
            if text.contains("-----BEGIN ") { break }
        }
        goBack(to: start, doubtingUpTo: .max)
        return false
    }

    /// Goes back to the line where a value began that ends badly. The lines up to `line` may be pieces of it.
    ///
    /// The search for an end stops at the latest where the next value of the same kind begins, so that however often
    /// this goes back, a line is searched once for each kind of quote.
    private mutating func goBack(to start: Source, doubtingUpTo line: Int) {
        source = start
        lastDoubtfulLine = max(lastDoubtfulLine, line)
    }

    /// Whether nothing stands here, not even quotes: a place to fill in.
    private var isAtPlaceholder: Bool { source.peek().map { $0.endsLine || $0 == "#" } ?? true }

    private mutating func skipBlanks() {
        source.take(while: \.isBlank)
    }
}

extension Unicode.Scalar {
    fileprivate var isBlank: Bool { self == " " || self == "\t" }

    fileprivate var endsLine: Bool { self == "\n" || self == "\r" }

    /// Whether a shell or dotenv-expand would take a `$` before this for the beginning of a reference.
    fileprivate var canFollowDollar: Bool { self == "{" || self == "(" || isDotenvName && self != "." && self != "-" }

    fileprivate var isDotenvName: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", "-": true
        default: false
        }
    }
}

extension String.UnicodeScalarView {
    /// Whether there is `${NAME}` or `${NAME:-words}`, which python-dotenv replaces in any quotes.
    fileprivate var hasPythonReference: Bool {
        var next: Unicode.Scalar?
        // Whether the inside of a reference could begin behind the place, and whether a `}` comes.
        var (isInReference, hasBrace) = (false, false)
        for scalar in reversed() {
            switch scalar {
            case "}": (isInReference, hasBrace) = (true, true)
            case ":": isInReference = hasBrace && next == "-"
            case "$" where next == "{" && isInReference: return true
            default: break
            }
            next = scalar
        }
        return false
    }
}

extension String {
    /// Whether this is `[A-Z_][A-Z0-9_]*`.
    fileprivate var isInCapitals: Bool {
        unicodeScalars.first?.isDecimalDigit == false
            && unicodeScalars.allSatisfy { $0.isDecimalDigit || $0 == "_" || ("A"..."Z").contains($0) }
    }
}
