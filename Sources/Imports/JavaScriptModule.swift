/// The string constants of a CommonJS or ES module, found without running it.
///
/// Taken are the module's own variables that hold a string, and the flat members of what it exports: by
/// `module.exports`, `exports.X`, `export` and `export default`, in an object written there or in a constant that is
/// exported as a whole. A string is a literal, a template without `${}`, literals joined by `+`, or the name of a
/// variable that holds one.
///
/// Statements are followed in their order, so a variable holds what was assigned last. What stands in functions and
/// blocks may or may not run, and is not taken. Of a block, and of the fields of a class, every name that is given a
/// string is named; of a function or call a NAME_LIKE_THIS and a member of the exports. So is a variable that was taken
/// and that any of them changes, for there the reader would miss it. Strings in nested objects are named by their path.
/// Imports, functions and classes are code and pass in silence.
struct JavaScriptModule {
    let tokens: [JavaScriptToken]
    /// What each variable holds at this point. Keyed by UTF-8, as to JavaScript canonical equivalents are two names.
    var variables: [[UInt8]: JavaScriptValue] = [:]
    var index = 0
    /// Whether the statement at this point stands in a block, or may not run: then it is passed over.
    var isPassedOver = false
    private var entries: [Entry] = []
    private var exportedObjects: Set<[UInt8]> = []
    var exportedNames: [(local: String, name: String, line: Int)] = []

    private enum Entry {
        case finding(Finding)
        /// The members of an object that a variable holds.
        case members([Finding], of: String)
    }

    init(_ tokens: [JavaScriptToken]) {
        self.tokens = tokens
    }

    /// Everything found, in the order in which the module would set it.
    mutating func findings() -> [Finding] {
        while !isEnd(index) { takeStatement() }
        var findings: [Finding] = []
        for entry in entries {
            switch entry {
            case .finding(let finding): findings.append(finding)
            case .members(let members, let owner) where exportedObjects.contains(Array(owner.utf8)):
                findings += members
            case .members(let members, let owner):
                // Of an object that the module keeps to itself only the strings are of interest.
                findings += members.map { $0.nested(in: owner) }.filter { $0.content.isString }
            }
        }
        // An export list binds names, so it gives what the variables hold in the end.
        for (local, name, line) in exportedNames {
            guard local != name || variables[Array(local.utf8)] == nil else { continue }
            let content = resolve(local).content
            findings.append(Finding(name: name, line: line, content: content, place: .export))
        }
        return findings
    }

    /// Notes a finding that only names what is there.
    mutating func note(_ name: String, at index: Int, _ content: Finding.Content) {
        entries.append(.finding(Finding(name: name, line: tokens[index].line, content: content, place: .aside)))
    }

    /// Notes what a variable or a member of the exports is given.
    mutating func assign(_ value: JavaScriptValue, to target: JavaScriptTarget) {
        let line = tokens[target.index].line
        if target.isComputed {
            guard target.isOfExports || value.holdsString else { return }
            note("a member", at: target.index, .other(why: "its name is not plain text"))
        } else if isPassedOver {
            passOver(value, to: target)
        } else if target.isExport(of: value) {
            switch value {
            case .object(let members): entries += members.map { .finding($0) }
            case .reference(let name): exportedObjects.insert(Array(name.utf8))
            case .string: note("the exported value", at: target.index, .other(why: "a string without a name"))
            case .other(let why): note("the exported value", at: target.index, .other(why: why))
            }
        } else if let name = target.exportedName {
            entries += findings(of: value, named: name, line: line, place: .export).map { .finding($0) }
        } else if target.path.count == 1 {
            let name = target.path[0]
            if case .object(let members) = value {
                variables[Array(name.utf8)] = .reference(to: name)
                entries.append(.members(members, of: name))
            } else {
                variables[Array(name.utf8)] = value
                entries += findings(of: value, named: name, line: line, place: .variable).map { .finding($0) }
            }
        } else if target.path.count == 2, case .reference(let owner) = variables[Array(target.path[0].utf8)] {
            entries.append(.members(findings(of: value, named: target.path[1], line: line, place: .export), of: owner))
        } else {
            // A member of something else: of interest only where a string stands.
            let owner = target.path.dropLast().joined(separator: ".")
            let members = findings(of: value, named: target.path[target.path.count - 1], line: line, place: .aside)
            entries += members.map { $0.nested(in: owner) }.filter { $0.content.isString }.map { .finding($0) }
        }
    }

    /// Names what is given a string, or is exported, or was taken and is changed here, in code that is passed over.
    mutating func passOver(_ value: JavaScriptValue, to target: JavaScriptTarget) {
        let isExport = target.isExport(of: value)
        let name = isExport ? "the exported value" : target.exportedName ?? target.path.joined(separator: ".")
        func note(_ finding: Finding) {
            guard target.isOfExports || finding.content.isString else { return }
            let content: Finding.Content = finding.content.isString ? .other(why: Self.isInside) : finding.content
            entries.append(
                .finding(Finding(name: finding.name, line: finding.line, content: content, place: .aside)))
        }
        if target.isComputed {
            self.note("a member", at: target.index, .other(why: "its name is not plain text"))
        } else if target.path.count == 1, !target.isDeclared, case .string = variables[Array(name.utf8)] {
            self.note(name, at: target.index, .other(why: Self.isChangedInside))
        } else if case .object(let members) = value {
            for member in members { note(isExport ? member : member.nested(in: name)) }
        } else {
            note(Finding(name: name, line: tokens[target.index].line, content: value.content))
        }
    }

    private func findings(
        of value: JavaScriptValue, named name: String, line: Int, place: Finding.Place
    ) -> [Finding] {
        if case .object(let members) = value { return members.map { $0.nested(in: name) } }
        return [Finding(name: name, line: line, content: value.content, place: place)]
    }
}
