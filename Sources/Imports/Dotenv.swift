/// The lines of a `.env` file, in the dialect that its readers share.
///
/// There is no standard. In double quotes `\n`, `\r`, `\t`, `\"` and `\\` are escapes, as python-dotenv reads them, and
/// other backslashes stand for themselves; in single quotes and backticks all do. Line ends within quotes become LF.
/// The later of two values is taken, as all readers do. Where readers otherwise part, cutting a value or expanding it
/// (an unquoted `#` within a word, `$NAME`, a backslash before the closing quote), its name is left behind with the
/// reason: a secret that is nearly right is worse than one that is missing.
struct Dotenv {
    private static let disagreement = "readers of .env disagree on"
    private var source: Source

    init(_ source: Source) {
        self.source = source
    }

    /// The assignments in their order, and the lines that are none.
    mutating func findings() throws(ImportError) -> [Finding] {
        var findings: [Finding] = []
        while source.peek() != nil {
            skipBlanks()
            if let scalar = source.peek(), !scalar.endsLine, scalar != "#" {
                findings.append(try assignment())
            }
            source.take { !$0.endsLine }
            source.take()
        }
        return findings
    }

    private mutating func assignment() throws(ImportError) -> Finding {
        let line = source.line
        var name = source.take(while: \.isDotenvName)
        if name == "export", source.peek()?.isBlank == true {
            skipBlanks()
            name = source.take(while: \.isDotenvName)
        }
        // Only what is certainly a name is repeated: anything else may be a piece of a value.
        let hasColon = source.peek() == ":" && source.peek(1)?.isBlank == true
        if !name.isEmpty, hasColon {
            return Finding(name: name, line: line, content: .other(why: "written with a colon, not ="), place: .aside)
        }
        skipBlanks()
        // `==` is how base64 ends, here most likely of a value that goes over several lines without quotes.
        guard !name.isEmpty, source.take("="), source.peek() != "=" else {
            return Finding(name: "a line", line: line, content: .other(why: "not KEY=value"), place: .aside)
        }
        skipBlanks()
        return Finding(name: name, line: line, content: try value())
    }

    private mutating func value() throws(ImportError) -> Finding.Content {
        switch source.peek() {
        case "\"", "'", "`": return try quoted()
        default: return try unquoted()
        }
    }

    private mutating func quoted() throws(ImportError) -> Finding.Content {
        let line = source.line
        let quote = source.take()
        var text = String.UnicodeScalarView()
        var objection: String?
        while let scalar = source.take() {
            switch scalar {
            case quote:
                if text.last == "\\", quote != "\"" { objection = "\(Self.disagreement) a backslash before a quote" }
                skipBlanks()
                guard source.peek().map({ $0.endsLine || $0 == "#" }) ?? true else {
                    return .other(why: "text after the closing quote")
                }
                return objection.map { .other(why: $0) } ?? .text(String(text))
            case "\\" where quote == "\"": text.append(escape())
            case "\r":
                if source.peek() == "\n" { source.take() }
                text.append("\n")
            case "$" where quote == "\"" && source.peek()?.canFollowDollar == true:
                objection = "refers to another variable with $; put it in single quotes when the $ is meant"
                text.append(scalar)
            default: text.append(scalar)
            }
        }
        throw ImportError(problem: .unterminated("the quoted value"), line: line)
    }

    private mutating func escape() -> Unicode.Scalar {
        switch source.peek() {
        case "n": source.take(); return "\n"
        case "r": source.take(); return "\r"
        case "t": source.take(); return "\t"
        case "\"", "\\": return source.take() ?? "\\"
        default: return "\\"
        }
    }

    private mutating func unquoted() throws(ImportError) -> Finding.Content {
        var text = String.UnicodeScalarView()
        var objection: String?
        while let scalar = source.peek(), !scalar.endsLine {
            if scalar == "#" {
                // `= # words` is a comment to most, the value to python-dotenv; both agree that it is no secret.
                if text.isEmpty || text.last?.isBlank == true { break }
                objection = "\(Self.disagreement) a # within a word; put the value in quotes"
            }
            source.take()
            if scalar == "$", source.peek()?.canFollowDollar == true {
                objection = "refers to another variable with $; put it in single quotes when the $ is meant"
            }
            text.append(scalar)
        }
        while text.last?.isBlank == true { text.removeLast() }
        let value = String(text)
        if value.hasPrefix("-----BEGIN "), !value.contains("-----END ") {
            try skipPEM()
            return .other(why: "several lines without quotes")
        }
        return objection.map { .other(why: $0) } ?? .text(value)
    }

    /// Passes over the rest of a key or certificate that stands there without quotes.
    private mutating func skipPEM() throws(ImportError) {
        let line = source.line
        while source.take() != nil {
            if source.take(while: { !$0.endsLine }).hasPrefix("-----END ") { return }
        }
        throw ImportError(problem: .unterminated("the PEM block"), line: line)
    }

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
