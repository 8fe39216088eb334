/// One JSON object or array, read with the strictness of RFC 8259.
///
/// Strings are values; every other member is named. A name that stands twice has its last value, as `JSON.parse` reads
/// it (RFC 8259 §4 leaves that open), and the earlier one is named. Which objects and arrays are more than flat ones,
/// `JSONShapes.swift` says.
struct FlatJSON {
    /// A value, with the members of what is nested down to the third level: where the shapes have their values.
    enum Value {
        case plain(Finding.Content)
        case object([Member])
        /// The objects of an array; nil when anything else stands in it.
        case array([[Member]]?)
    }

    /// A member of an object; its name is nil when it holds half of a surrogate pair.
    struct Member {
        let name: String?
        let line: Int
        let value: Value
    }

    private static let depthLimit = 32
    private static let keptDepth = 3
    private var source: Source

    init(_ source: Source) {
        self.source = source
    }

    /// The values in their order, and what they are.
    mutating func findings() throws(ImportError) -> (findings: [Finding], kind: String) {
        let root = try value(depth: 0)
        skipWhitespace()
        guard source.peek() == nil else { throw malformed("the end of the file") }
        guard let found = root.shaped else { throw malformed("an object, beginning with {") }
        return found
    }

    private mutating func object(depth: Int) throws(ImportError) -> [Member] {
        var members: [Member] = []
        try list(from: "{", to: "}", depth: depth) { (file: inout FlatJSON) throws(ImportError) in
            file.skipWhitespace()
            let line = file.source.line
            guard file.source.peek() == "\"" else { throw file.malformed("a name in double quotes") }
            let name = try file.string()
            file.skipWhitespace()
            guard file.source.take(":") else { throw file.malformed("a colon") }
            let value = try file.value(depth: depth)
            // What is deeper is checked, and nothing else.
            if depth <= Self.keptDepth { members.append(Member(name: name, line: line, value: value)) }
        }
        return members
    }

    private mutating func array(depth: Int) throws(ImportError) -> [[Member]]? {
        var objects: [[Member]]? = []
        try list(from: "[", to: "]", depth: depth) { (file: inout FlatJSON) throws(ImportError) in
            if case .object(let members) = try file.value(depth: depth), depth < Self.keptDepth {
                objects?.append(members)
            } else {
                objects = nil
            }
        }
        return objects
    }

    private mutating func value(depth: Int) throws(ImportError) -> Value {
        skipWhitespace()
        switch source.peek() {
        case "\"": return .plain(try string().map { .text($0) } ?? .other(why: "holds half of a surrogate pair"))
        case "{": return .object(try object(depth: depth + 1))
        case "[": return .array(try array(depth: depth + 1))
        case .some("-"), .some("0"..."9"):
            try number()
            return .plain(.other(why: "a number"))
        default:
            if source.take("true") || source.take("false") { return .plain(.other(why: "a boolean")) }
            if source.take("null") { return .plain(.other(why: "null")) }
            throw malformed("a value")
        }
    }

    private mutating func list(
        from opening: StaticString, to closing: StaticString, depth: Int,
        _ element: (inout FlatJSON) throws(ImportError) -> Void
    ) throws(ImportError) {
        let line = source.line
        guard depth <= Self.depthLimit else { throw ImportError(problem: .tooDeep(limit: Self.depthLimit), line: line) }
        _ = source.take(opening)
        skipWhitespace()
        if source.take(closing) { return }
        repeat {
            try element(&self)
            skipWhitespace()
        } while source.take(",")
        guard source.take(closing) else {
            guard source.peek() == nil else { throw malformed("a comma or \(closing)") }
            throw ImportError(problem: .unterminated("the \(opening)"), line: line)
        }
    }

    /// A string's text, or nil when it holds half of a surrogate pair, which no UTF-8 can carry.
    private mutating func string() throws(ImportError) -> String? {
        let line = source.line
        var units: [UInt16] = []
        source.take()
        while let scalar = source.peek() {
            guard scalar >= " " else { throw malformed("an escape in place of a control character") }
            source.take()
            switch scalar {
            case "\"": return String(validating: units, as: UTF16.self)
            case "\\": units += try escape()
            default: units += scalar.utf16
            }
        }
        throw ImportError(problem: .unterminated("the string"), line: line)
    }

    private mutating func escape() throws(ImportError) -> [UInt16] {
        switch source.take() {
        case "\"": return [0x22]
        case "\\": return [0x5C]
        case "/": return [0x2F]
        case "b": return [0x08]
        case "f": return [0x0C]
        case "n": return [0x0A]
        case "r": return [0x0D]
        case "t": return [0x09]
        case "u":
            guard let unit = source.takeHexadecimal(4) else { throw malformed("four hexadecimal digits after \\u") }
            return [UInt16(unit)]
        default: throw malformed("one of the escapes of JSON")
        }
    }

    private mutating func number() throws(ImportError) {
        _ = source.take("-")
        if !source.take("0") { try digits() }
        if source.take(".") { try digits() }
        if source.take("e") || source.take("E") {
            if !source.take("+") { _ = source.take("-") }
            try digits()
        }
    }

    private mutating func digits() throws(ImportError) {
        guard !source.take(while: \.isDecimalDigit).isEmpty else { throw malformed("a digit") }
    }

    private mutating func skipWhitespace() {
        source.take { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" }
    }

    private func malformed(_ expected: String) -> ImportError {
        ImportError(problem: .malformedJSON(expected: expected), line: source.line)
    }
}
