/// A block mapping of YAML whose values are scalars, in the part of the language that its readers share.
///
/// As in JSON, strings are values, and every other member is named: what is nested, and a plain scalar that YAML 1.1 or
/// 1.2 takes for something other than a string. Of two members of one name the later is taken. Read are comments, `---`
/// and `...` around the one document, block mappings and sequences, and scalars of each style. A text with anything
/// else in it is refused as a whole, with its line: anchors, aliases, tags, directives, merge keys, complex keys, flow
/// collections that are not empty, tabs between things, and characters that readers end lines at or refuse.
///
/// Section numbers are those of YAML 1.2.2.
struct FlatYAML {
    private static let depthLimit = 32
    var source: Source
    /// Where on its line the next thing begins; -1 at the end of the document.
    private var column = -1

    init(_ source: Source) {
        self.source = source
    }

    /// The members in their order.
    mutating func findings() throws(ImportError) -> [Finding] {
        try refuseOddCharacters()
        try goToContent()
        if takeMarker("---") { try endLine() }
        var findings: [Finding] = []
        if source.take("{}") { try endLine() } else if column >= 0 { findings = try mapping(at: column, depth: 1) }
        guard column < 0 else { throw malformed("a line that begins where one before it does") }
        if takeMarker("...") { try endLine() }
        guard source.peek() == nil else { throw unsupported("more than one document") }
        return findings
    }

    /// §5.1: what is not printable. NEL, U+2028 and U+2029 end lines in YAML 1.1, and no longer in 1.2.
    private func refuseOddCharacters() throws(ImportError) {
        var rest = source
        while let scalar = rest.peek() {
            switch scalar {
            case "\t", "\n", "\r": break
            case "\u{0}"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FFFE}", "\u{FFFF}":
                let expected = "an escape in double quotes for a character that is not printable"
                throw ImportError(problem: .malformedYAML(expected: expected), line: rest.line)
            default: break
            }
            rest.take()
        }
    }

    // MARK: - Collections

    private mutating func mapping(at indent: Int, depth: Int) throws(ImportError) -> [Finding] {
        try refuse(depth: depth)
        var findings: [Finding] = []
        repeat {
            let line = source.line
            guard let name = try key() else { throw malformed("a name, a colon and a blank") }
            findings.append(Finding(name: name, line: line, content: try value(under: indent, depth: depth)))
        } while column == indent
        return findings
    }

    /// Takes a name and its colon; nil when none stands there, and nothing is taken.
    private mutating func key() throws(ImportError) -> String? {
        let start = source
        let name: String
        switch source.peek() {
        case "\"", "'": name = try quoted(under: -1)
        default:
            guard !isDash else { return nil }
            name = try plainLine(isFirst: true)
            guard name != "<<" else { throw unsupported("a merge key") }
        }
        source.take { $0 == " " }
        guard source.line == start.line, source.peek() == ":", source.peek(1).isBlankOrEnd else {
            source = start
            return nil
        }
        source.take()
        return name
    }

    /// What stands behind a colon, up to the next thing that is not part of it.
    private mutating func value(under indent: Int, depth: Int) throws(ImportError) -> Finding.Content {
        source.take { $0 == " " }
        guard source.peek().endsLine || source.peek() == "#" else { return try scalar(under: indent) }
        try endLine()
        if column > indent { return try node(under: indent, depth: depth) }
        // The dashes of a sequence may stand right below the name that it belongs to (§8.2.3).
        return column == indent && isDash ? try sequence(at: indent, depth: depth + 1) : .other(why: "null")
    }

    private mutating func sequence(at indent: Int, depth: Int) throws(ImportError) -> Finding.Content {
        try refuse(depth: depth)
        repeat {
            source.take()
            let blanks = source.take { $0 == " " }.utf8.count
            if source.peek().endsLine || source.peek() == "#" {
                try endLine()
                if column > indent { _ = try node(under: indent, depth: depth) }
            } else {
                column = indent + 1 + blanks
                _ = try node(under: indent, depth: depth)
            }
        } while column == indent && isDash
        return .other(why: "an array")
    }

    /// What stands at this column: a collection or a scalar.
    private mutating func node(under indent: Int, depth: Int) throws(ImportError) -> Finding.Content {
        if isDash { return try sequence(at: column, depth: depth + 1) }
        let start = source
        guard !["|", ">", "[", "{"].contains(source.peek()), try key() != nil else {
            return try scalar(under: indent)
        }
        source = start
        _ = try mapping(at: column, depth: depth + 1)
        return .other(why: "an object; only flat values are taken")
    }

    private mutating func scalar(under indent: Int) throws(ImportError) -> Finding.Content {
        let content: Finding.Content
        switch source.peek() {
        case "\"", "'": content = .text(try quoted(under: indent))
        case "|", ">":
            let text = try block(under: indent)
            try goToContent()
            return .text(text)
        case "[" where source.take("[]"): content = .other(why: "an array")
        case "{" where source.take("{}"): content = .other(why: "an object; only flat values are taken")
        default: content = try plain(under: indent)
        }
        try endLine()
        return content
    }

    // MARK: - Lines

    /// Ends a line on which nothing more may stand but a comment, and goes to the next thing.
    private mutating func endLine() throws(ImportError) {
        try takeLineEnd()
        try goToContent()
    }

    /// Takes blanks, a comment and the line's end.
    mutating func takeLineEnd() throws(ImportError) {
        source.take { $0 == " " }
        if source.peek() == "#", source.peek(-1) == " " { source.take { !Optional($0).endsLine } }
        guard source.peek().endsLine else { throw malformed("the end of the line") }
        takeBreak()
    }

    /// One line's end, CRLF included.
    mutating func takeBreak() {
        if source.take() == "\r" { _ = source.take("\n") }
    }

    /// Goes over empty lines and comments to the next thing.
    private mutating func goToContent() throws(ImportError) {
        while source.peek() != nil {
            column = source.take { $0 == " " }.utf8.count
            if source.peek() == "#" { source.take { !Optional($0).endsLine } }
            guard source.peek().endsLine else {
                guard source.peek() != "\t" else { throw malformed("blanks in place of a tab") }
                if column == 0, isMarker("---") || isMarker("...") { column = -1 }
                return
            }
            takeBreak()
        }
        column = -1
    }

    private var isDash: Bool { source.peek() == "-" && source.peek(1).isBlankOrEnd }

    private func isMarker(_ marker: StaticString) -> Bool {
        var rest = source
        return rest.take(marker) && rest.peek().isBlankOrEnd
    }

    private mutating func takeMarker(_ marker: StaticString) -> Bool {
        column < 0 && isMarker(marker) && source.take(marker)
    }

    private func refuse(depth: Int) throws(ImportError) {
        guard depth <= Self.depthLimit else {
            throw ImportError(problem: .tooDeep(limit: Self.depthLimit), line: source.line)
        }
    }

    func malformed(_ expected: String) -> ImportError {
        ImportError(problem: .malformedYAML(expected: expected), line: source.line)
    }

    func unsupported(_ what: String) -> ImportError {
        ImportError(problem: .unsupportedYAML(what), line: source.line)
    }
}

extension Unicode.Scalar? {
    /// Whether a line ends here.
    var endsLine: Bool { self == nil || self == "\n" || self == "\r" }

    /// Whether a sign that needs something behind it would be one here.
    var isBlankOrEnd: Bool { endsLine || self == " " || self == "\t" }
}
