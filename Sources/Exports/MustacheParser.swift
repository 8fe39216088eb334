import Tokens

/// A piece of a template.
enum MustacheNode: Sendable {
    /// What stands outside of tags.
    case text(Secret)
    /// `{{name}}`.
    case variable(MustacheName)
    /// `{{#name}}…{{/name}}`, or with `^` in place of `#`.
    case section(MustacheName, isInverted: Bool, [MustacheNode])
}

/// A name in a tag.
struct MustacheName: Sendable {
    /// As it is spelled.
    let text: String
    /// Where it stands, from 1.
    let line: Int
}

/// Reads a template by the rules of https://github.com/mustache/spec, less partials and what is built on them.
struct MustacheParser {
    /// How deep sections may nest, so that no template uses up the stack of what walks over it.
    static let depthLimit = 100

    private let source: [UInt8]
    private var delimiters = (open: Array("{{".utf8), close: Array("}}".utf8))
    /// What stands before it has been read.
    private var position = 0
    /// The line of `position`.
    private var line = 1
    /// The sections that are open, the outermost first; below them the template as a whole.
    private var levels = [Level(name: nil, isInverted: false)]

    private struct Level {
        let name: MustacheName?
        let isInverted: Bool
        var nodes: [MustacheNode] = []
    }

    private struct Tag {
        /// The character behind the opening delimiter; nil for a variable.
        let sign: Character?
        let body: Range<Int>
        let end: Int
        let line: Int

        var isVariable: Bool { sign == nil || sign == "{" || sign == "&" }
    }

    /// Takes a template's text, which is not secret.
    init(_ source: [UInt8]) { self.source = source }

    /// The template's pieces.
    mutating func parse() throws(FormatProblem) -> [MustacheNode] {
        while let start = find(delimiters.open, from: position) {
            let tag = try tag(at: start)
            let (textEnd, next) = tag.isVariable ? (start, tag.end) : extent(start..<tag.end)
            add(text: position..<textEnd)
            try take(tag)
            move(to: next)
        }
        add(text: position..<source.count)
        if let open = levels.last?.name {
            throw problem(
                open.line, "nothing closes the section \(open.text)", hint: "write {{/\(open.text)}} where it ends")
        }
        return levels[0].nodes
    }

    private mutating func tag(at start: Int) throws(FormatProblem) -> Tag {
        let line = line + lineFeeds(position..<start)
        var body = start + delimiters.open.count
        var sign: Character?
        if body < source.count, "#^/!={&>$<".utf8.contains(source[body]) {
            sign = Character(Unicode.Scalar(source[body]))
            body += 1
        }
        let first = sign == "{" ? "}" : sign == "=" ? "=" : ""
        let close = Array(first.utf8) + delimiters.close
        guard let end = find(close, from: body) else {
            throw problem(
                line, "nothing closes the tag", hint: "write \(String(decoding: close, as: UTF8.self)) where it ends")
        }
        return Tag(sign: sign, body: body..<end, end: end + close.count, line: line)
    }

    private mutating func take(_ tag: Tag) throws(FormatProblem) {
        switch tag.sign {
        case nil, "{", "&": add(.variable(try name(tag)))
        case "#", "^":
            guard levels.count <= Self.depthLimit else {
                throw problem(tag.line, "sections nest more than \(Self.depthLimit) deep", hint: "nest fewer")
            }
            levels.append(Level(name: try name(tag), isInverted: tag.sign == "^"))
        case "/": try close(try name(tag))
        case "=": try setDelimiters(tag)
        case "!": break
        default:
            throw problem(
                tag.line, "partials and inheritance are not supported", hint: "put the text itself in their place")
        }
    }

    private mutating func close(_ name: MustacheName) throws(FormatProblem) {
        guard let level = levels.popLast(), let open = level.name, open.text == name.text else {
            throw problem(
                name.line, "no open section is the one that {{/\(name.text)}} closes", hint: "close the last one first")
        }
        add(.section(open, isInverted: level.isInverted, level.nodes))
    }

    private mutating func setDelimiters(_ tag: Tag) throws(FormatProblem) {
        let parts = source[tag.body].split(whereSeparator: Self.isBlank).map(Array.init)
        // They are looked for at each byte, so they are short.
        guard parts.count == 2, parts.allSatisfy({ $0.count <= 20 && !$0.contains(UInt8(ascii: "=")) }) else {
            throw problem(tag.line, "these are no two delimiters", hint: "write them as in {{=<% %>=}}")
        }
        delimiters = (parts[0], parts[1])
    }

    private func name(_ tag: Tag) throws(FormatProblem) -> MustacheName {
        let parts = source[tag.body].split(whereSeparator: Self.isBlank)
        guard parts.count == 1, parts[0].count <= 1000,
            let text = String(validating: source.span.extracting(parts[0].startIndex..<parts[0].endIndex))
        else {
            throw problem(
                tag.line, "a tag holds one name of at most 1,000 bytes, without blanks",
                hint: "there are no arguments and no else")
        }
        return MustacheName(text: text, line: tag.line)
    }

    /// Where the text before a tag ends and what is behind it begins: a tag that is alone on its line takes the line
    /// with it.
    private func extent(_ tag: Range<Int>) -> (textEnd: Int, next: Int) {
        var (start, end) = (tag.lowerBound, tag.upperBound)
        func isSpace(_ index: Int) -> Bool { source[index] == UInt8(ascii: " ") || source[index] == UInt8(ascii: "\t") }
        // A tag before it on the line does not end with a line feed.
        while start > position, isSpace(start - 1) { start -= 1 }
        guard start == 0 || source[start - 1] == Self.lineFeed else { return (tag.lowerBound, tag.upperBound) }
        while end < source.count, isSpace(end) { end += 1 }
        if end == source.count { return (start, end) }
        if source[end] == UInt8(ascii: "\r"), end + 1 < source.count { end += 1 }
        return source[end] == Self.lineFeed ? (start, end + 1) : (tag.lowerBound, tag.upperBound)
    }

    private mutating func add(_ node: MustacheNode) { levels[levels.count - 1].nodes.append(node) }

    private mutating func add(text range: Range<Int>) {
        if !range.isEmpty { add(.text(Secret(source.span.extracting(range)))) }
    }

    private mutating func move(to next: Int) {
        line += lineFeeds(position..<next)
        position = next
    }

    private func lineFeeds(_ range: Range<Int>) -> Int { source[range].count { $0 == Self.lineFeed } }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + pattern.count <= source.count {
            if source[index] == pattern[0], source[index..<index + pattern.count].elementsEqual(pattern) {
                return index
            }
            index += 1
        }
        return nil
    }

    private func problem(_ line: Int, _ what: String, hint: String) -> FormatProblem {
        FormatProblem("line \(line) of the template: \(what)", hint: hint)
    }

    private static let lineFeed = UInt8(ascii: "\n")

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
