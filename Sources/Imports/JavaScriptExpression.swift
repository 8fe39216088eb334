/// What is known of an expression without running it.
enum JavaScriptValue {
    case string(String)
    /// An object literal: its flat members, and those of the objects in it by their path.
    case object([Finding])
    /// The variable of this name, which holds an object.
    case reference(to: String)
    case other(why: String)

    /// The same as the content of a finding.
    var content: Finding.Content {
        switch self {
        case .string(let text): .text(text)
        case .object, .reference: .other(why: "an object")
        case .other(let why): .other(why: why)
        }
    }

    /// Whether a string is here, or a member that is one.
    var holdsString: Bool {
        switch self {
        case .string: true
        case .object(let members): members.contains { $0.content.isString }
        case .reference, .other: false
        }
    }
}

/// What an assignment assigns to.
struct JavaScriptTarget {
    /// The names from the variable to the member, as far as they are plain text.
    var path: [String]
    /// The token it begins with.
    let index: Int
    /// The token that follows it.
    var end = 0
    /// Whether a name on the way to the member is not plain text.
    var isComputed = false
    /// Whether the name is a new one here, and none that was taken before.
    var isDeclared = false

    /// The path below what the module exports, or nil for another target.
    private var exportPath: ArraySlice<String>? {
        // `export const exports` is a name like any other.
        if isDeclared { return nil }
        if path.starts(with: ["module", "exports"]) { return path[2...] }
        return path.first == "exports" ? path[1...] : nil
    }

    /// Whether this is what the module exports, or within it.
    var isOfExports: Bool { exportPath != nil }

    /// Whether assigning `value` here makes it all that the module exports.
    func isExport(of value: JavaScriptValue) -> Bool {
        guard let exportPath else { return false }
        if exportPath.isEmpty { return true }
        switch value {
        // What a transpiler makes of `export default {…}`.
        case .object, .reference: return exportPath.elementsEqual(["default"])
        case .string, .other: return false
        }
    }

    /// The name under which a value assigned here is exported; that of a deeper member is its path.
    var exportedName: String? {
        guard let exportPath, exportPath.count == 1 else { return nil }
        return exportPath.first
    }
}

extension JavaScriptModule {
    /// How many levels deep objects and blocks are looked into.
    static let depthLimit = 32

    /// What the expression in `range` is; names what it holds within when it is not known.
    mutating func value(of range: Range<Int>, in owner: String? = nil, depth: Int = 0) -> JavaScriptValue {
        let range = unwrapped(range)
        if let joined = concatenation(range) { return joined }
        if isPunctuator(range.lowerBound, "{"), isGroup(range) {
            guard depth < Self.depthLimit else { return .other(why: "nested more than \(Self.depthLimit) levels deep") }
            return .object(members(in: range.lowerBound + 1..<range.upperBound - 1, of: owner, depth: depth + 1))
        }
        if range.count == 1, let name = name(range.lowerBound) { return resolve(name) }
        mention(range)
        return .other(why: reason(for: range))
    }

    /// What a name stands for at this point.
    func resolve(_ name: String) -> JavaScriptValue {
        if let value = variables[Array(name.utf8)] { return value }
        switch name {
        case "true", "false": return .other(why: "a boolean")
        case "null": return .other(why: "null")
        case "undefined": return .other(why: "undefined")
        case "NaN", "Infinity": return .other(why: "a number")
        default: return .other(why: "a name that stands for no string known here")
        }
    }

    /// The expression without what changes nothing: parentheses, `Object.freeze()`, and TypeScript's `as` and
    /// `satisfies`.
    private func unwrapped(_ range: Range<Int>) -> Range<Int> {
        var range = range
        while !range.isEmpty {
            let start = range.lowerBound
            if isPunctuator(start, "("), isGroup(range) {
                range = start + 1..<range.upperBound - 1
            } else if name(start) == "Object", isPunctuator(start + 1, "."), name(start + 2) == "freeze",
                isPunctuator(start + 3, "("), isGroup(start + 3..<range.upperBound)
            {
                range = start + 4..<range.upperBound - 1
            } else if let end = beginningOfAssertion(in: range) {
                range = start..<end
            } else {
                break
            }
        }
        return range
    }

    private func beginningOfAssertion(in range: Range<Int>) -> Int? {
        var index = tokens[range.lowerBound].close + 1
        while index < range.upperBound {
            if beginsAssertion(index) {
                let isPlain = tokens[index..<range.upperBound].allSatisfy { token in
                    switch token.kind {
                    case .name: true
                    case .punctuator(let text): [".", ",", "<", ">", ">>", ">>>", "[", "]"].contains(text)
                    default: false
                    }
                }
                return isPlain ? index : nil
            }
            index = tokens[index].close + 1
        }
        return nil
    }

    /// The value of string literals joined by `+`, in any parentheses; nil for every other expression.
    private func concatenation(_ range: Range<Int>) -> JavaScriptValue? {
        var text = ""
        var objection: String?
        var expectsOperand = true
        for token in tokens[range] {
            switch token.kind {
            case .string(let literal) where expectsOperand, .template(let literal) where expectsOperand:
                switch literal {
                case .text(let part): text += part
                case .unusable(let why): objection = why
                }
                expectsOperand = false
            case .punctuator("+") where !expectsOperand: expectsOperand = true
            case .punctuator("(") where expectsOperand, .punctuator(")") where !expectsOperand: break
            default: return nil
            }
        }
        guard !expectsOperand else { return nil }
        return objection.map { .other(why: $0) } ?? .string(text)
    }

    // MARK: Objects

    /// The members of an object literal, those of objects within it by their path below `owner`.
    private mutating func members(in range: Range<Int>, of owner: String?, depth: Int) -> [Finding] {
        var findings: [Finding] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let end = end(of: index, isMember: true)
            if end > index { findings += member(index..<end, of: owner, depth: depth) }
            index = end + 1
        }
        return findings
    }

    private mutating func member(_ range: Range<Int>, of owner: String?, depth: Int) -> [Finding] {
        let start = range.lowerBound
        let line = tokens[start].line
        func named(_ name: String, _ content: Finding.Content) -> [Finding] {
            let finding = Finding(name: name, line: line, content: content, place: .export)
            return [owner.map { finding.nested(in: $0) } ?? finding]
        }
        func unnamed(_ name: String, _ why: String) -> [Finding] {
            [Finding(name: name, line: line, content: .other(why: why), place: .aside)]
        }
        guard let key = boundName(start), range.count == 1 || isPunctuator(start + 1, ":") else {
            mention(range)
            if isPunctuator(start, "...") { return unnamed("...", "the members of another object") }
            if isPunctuator(tokens[start].close + 1, ":") { return unnamed("a member", "its name is not plain text") }
            // A method, or after `get`, `async` and the like its name.
            let isMethod = isPunctuator(start + 1, "(")
            return named(boundName(isMethod ? start : start + 1) ?? "a member", .other(why: "a function"))
        }
        guard range.count > 1 else {
            // A shorthand repeats a variable, which has been named itself.
            return variables[Array(key.utf8)] == nil ? named(key, resolve(key).content) : []
        }
        let path = owner.map { "\($0).\(key)".safeToPrint } ?? key.safeToPrint
        switch value(of: start + 2..<range.upperBound, in: path, depth: depth) {
        case .object(let members): return members
        case let value: return named(key, value.content)
        }
    }

    // MARK: The rest

    /// Why the expression in `range` is no string.
    func reason(for range: Range<Int>) -> String {
        let start = range.lowerBound
        switch token(start).kind {
        case _ where range.isEmpty: return "nothing"
        case .number where range.count == 1: return "a number"
        case .punctuator("-") where range.count == 2 && token(start + 1).kind == .number: return "a number"
        case .regularExpression where range.count == 1: return "a regular expression"
        case .punctuator("[") where isGroup(range): return "an array"
        case .templateHead where isGroup(range): return "computed: a template with ${}"
        case .name("process") where isPunctuator(start + 1, ".") && name(start + 2) == "env":
            return "read from process.env"
        case .name("import") where isPunctuator(start + 1, "."): return "read from import.meta"
        case .name("function"), .name("async"): return "a function"
        case .name("class"): return "a class"
        case .name("void"): return "undefined"
        case .name("require"): return "computed: a call of require"
        default: break
        }
        var hasCall = token(start).kind == .name("new")
        var index = start
        while index < range.upperBound {
            if isPunctuator(index, "=>") { return "a function" }
            if isPunctuator(index, "("), index > start, tokens[index - 1].endsOperand { hasCall = true }
            index = tokens[index].close + 1
        }
        return hasCall ? "computed: a call" : "computed: an expression"
    }

    /// Why a string is left behind in code that is passed over.
    static let isInside = "a string inside a function, block or call"

    /// Why the value of a variable is not certain that such code assigns to.
    static let isChangedInside = "changed inside a function, block or call"

    /// Names the strings in code that is passed over, where a reader would take them for constants.
    mutating func mention(_ range: Range<Int>) {
        for index in range {
            mentionExport(at: index)
            let key = plainKey(inBracketsAt: index - 1)
            guard let name = key ?? boundName(index) else { continue }
            let end = index + (key == nil ? 1 : 2)
            let isMember = index > 0 && (isPunctuator(index - 1, "{") || isPunctuator(index - 1, ","))
            let isGiven = isPunctuator(end, "=") || isMember && isPunctuator(end, ":")
            let isType = self.name(index - 1) == "type"
            if isGiven, token(end + 1).isString, name.isScreamingCase, !isType {
                note(name, at: index, .other(why: Self.isInside))
            } else if token(index + 1).isAssignment, case .string = variables[Array(name.utf8)],
                !isDeclaredOrMember(index)
            {
                note(name, at: index, .other(why: Self.isChangedInside))
            }
        }
    }

    /// Names the member of the exports that is given a string here, however it is spelled.
    private mutating func mentionExport(at index: Int) {
        guard name(index) == "exports" || name(index) == "module", !isPunctuator(index - 1, "."),
            let target = target(at: index), target.isOfExports, isPunctuator(target.end, "="),
            token(target.end + 1).isString
        else { return }
        passOver(.string(""), to: target)
    }

    private func isDeclaredOrMember(_ index: Int) -> Bool {
        switch token(index - 1).kind {
        case .name("const"), .name("let"), .name("var"), .punctuator("."), .punctuator("?."): true
        default: false
        }
    }
}

extension String {
    /// Whether this is spelled `LIKE_THIS`.
    fileprivate var isScreamingCase: Bool {
        guard let first = utf8.first, (0x41...0x5A).contains(first) else { return false }
        return utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }
}
