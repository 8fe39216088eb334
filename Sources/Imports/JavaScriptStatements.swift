/// The statements of a module, as far as they give names a value (ECMA-262 §14 and §16.2).
extension JavaScriptModule {
    /// Takes one statement with whatever heads stand before it.
    mutating func takeStatement(depth: Int = 0) {
        let isOutside = isPassedOver
        defer { isPassedOver = isOutside }
        var openLoops = 0
        // Heads of statements may stand in any number before the statement itself, so they are passed in a loop.
        while let name = name(index) {
            switch name {
            case "if", "for", "while", "with", "switch", "catch":
                index += self.name(index + 1) == "await" ? 2 : 1
                if isPunctuator(index, "(") { skipGroup() }
            case "else", "try", "finally": index += 1
            case "do":
                index += 1
                openLoops += 1
            case "case": skipCase()
            case _ where isPunctuator(index + 1, ":"):
                index += 2
                continue
            default:
                takeStatement(name)
                return endLoops(openLoops)
            }
            isPassedOver = true
        }
        if isPunctuator(index, "{") { takeBlock(depth: depth) } else { takeExpressions() }
        endLoops(openLoops)
    }

    /// Takes the statements of a block, for what they name; those nested too deep are passed over as a whole.
    private mutating func takeBlock(depth: Int) {
        guard depth < Self.depthLimit else { return skipGroup() }
        isPassedOver = true
        let close = tokens[index].close
        index += 1
        while index < close { takeStatement(depth: depth + 1) }
        index = close + 1
    }

    /// Passes over `case …:`.
    private mutating func skipCase() {
        let start = index
        var openChoices = 0
        while !isEnd(index), !isPunctuator(index, ";"), !isPunctuator(index, "}") {
            if isPunctuator(index, "?") { openChoices += 1 }
            if isPunctuator(index, ":") { openChoices -= 1 }
            index = tokens[index].close + 1
            if openChoices < 0 { break }
        }
        mention(start..<index)
    }

    /// Passes over the `while (…)` at the end of each `do` loop.
    private mutating func endLoops(_ count: Int) {
        for _ in 0..<count where name(index) == "while" && isPunctuator(index + 1, "(") {
            index += 1
            skipGroup()
            if isPunctuator(index, ";") { index += 1 }
        }
    }

    private mutating func takeStatement(_ name: String) {
        let next = token(index + 1)
        // TypeScript's words are plain names unless the name that they declare stands on the same line.
        let isFollowed = next.isNameOrString && !next.followsNewline
        switch name {
        case "function", "class": skipDeclaration()
        case "async" where next.kind == .name("function") && !next.followsNewline: skipDeclaration()
        case "abstract" where isFollowed, "interface" where isFollowed, "enum" where isFollowed,
            "namespace" where isFollowed, "module" where isFollowed:
            skipDeclaration()
        case "declare" where isFollowed:
            if ["const", "let", "var"].contains(self.name(index + 1)) { skipStatement() } else { skipDeclaration() }
        case "type" where isFollowed: skipStatement()
        case "import" where next.kind != .punctuator("(") && next.kind != .punctuator("."): skipStatement()
        case "export": takeExport()
        case "const" where next.kind == .name("enum"): skipDeclaration()
        case "const", "var": takeDeclarators()
        case "let" where next.canBeBound: takeDeclarators()
        default: takeExpressions()
        }
    }

    private mutating func takeExport() {
        let start = index
        index += 1
        switch token(index).kind {
        case .name("default"):
            index += 1
            let next = token(index + 1)
            switch name(index) {
            case "function", "class", "abstract", "interface": skipDeclaration()
            case "async" where next.kind == .name("function"): skipDeclaration()
            default: takeAssignment(to: JavaScriptTarget(path: ["module", "exports"], index: start))
            }
            endStatement()
        case .punctuator("="):
            index += 1
            takeAssignment(to: JavaScriptTarget(path: ["module", "exports"], index: start))
            endStatement()
        case .punctuator("{"): takeExportList()
        case .punctuator("*"): skipStatement()
        // What follows is a declaration like any other.
        default: break
        }
    }

    private mutating func takeExportList() {
        let close = tokens[index].close
        let isForeign = name(close + 1) == "from"
        var item = index + 1
        while item < close {
            let end = self.end(of: item, isMember: true)
            if let local = boundName(item), local != "type" || end == item + 1 {
                let name = name(item + 1) == "as" ? boundName(item + 2) : local
                if isForeign {
                    note(name ?? local, at: item, .other(why: "exported from another module"))
                } else if let name {
                    exportedNames.append((local, name, tokens[item].line))
                }
            }
            item = end + 1
        }
        index = close + 1
        if isForeign { skipStatement() } else { endStatement() }
    }

    /// Takes `X = …, Y = …` after `const`, `let` or `var`.
    private mutating func takeDeclarators() {
        repeat {
            index += 1
            let start = index
            if let name = name(index) {
                index += isPunctuator(index + 1, "!") ? 2 : 1
                if isPunctuator(index, ":") { index = endOfType(from: index + 1) }
                let target = JavaScriptTarget(path: [name], index: start, isDeclared: true)
                if isPunctuator(index, "=") || isPunctuator(index, ">=") || isPunctuator(index, ">>=") {
                    index += 1
                    takeAssignment(to: target)
                } else {
                    assign(.other(why: "declared without a value"), to: target)
                }
            } else if token(index).canBeBound {
                takePattern()
            } else {
                break
            }
        } while isPunctuator(index, ",")
        endStatement()
    }

    /// Takes `{ A, b: C = "…" } = …`: the names are known, their values are not.
    private mutating func takePattern() {
        let (start, close) = (index, tokens[index].close)
        index = close + 1
        if isPunctuator(index, ":") { index = endOfType(from: index + 1) }
        guard isPunctuator(index, "=") else { return mention(start + 1..<close) }
        let source = index + 1..<end(of: index + 1)
        mention(source)
        let reason = reason(for: source)
        let why = reason.hasPrefix("read from") ? reason : "computed: taken out of an object or array"
        var item = start + 1
        while item < close {
            let end = self.end(of: item, isMember: true)
            let bound = isPunctuator(item + 1, ":") ? item + 2 : item
            if let name = name(bound), !isPassedOver {
                assign(.other(why: why), to: JavaScriptTarget(path: [name], index: bound))
                mention(bound + 1..<end)
            } else {
                mention(item..<end)
            }
            item = end + 1
        }
        index = source.upperBound
    }

    /// Takes an expression statement, of which only assignments matter.
    private mutating func takeExpressions() {
        while true {
            let start = index
            if let target = target(at: index), isPunctuator(target.end, "=") {
                index = target.end + 1
                takeAssignment(to: target)
            } else {
                index = end(of: start)
                if let target = target(at: start), token(target.end).isAssignment {
                    mention(target.end + 1..<index)
                    assign(.other(why: "computed: changed in place"), to: target)
                } else {
                    mention(start..<index)
                }
            }
            guard isPunctuator(index, ",") else { break }
            index += 1
        }
        endStatement()
    }

    /// Takes the right side of an assignment, which may be assignments again, and gives its value to all.
    private mutating func takeAssignment(to first: JavaScriptTarget) {
        var targets = [first]
        while let target = target(at: index), isPunctuator(target.end, "=") {
            targets.append(target)
            index = target.end + 1
        }
        let range = index..<end(of: index)
        index = range.upperBound
        var value = value(of: range)
        // Where nothing is taken a string with something after it is as good as a string.
        if isPassedOver, case .other = value, token(range.lowerBound).isString { value = .string("") }
        if case .object = value {
            // Once is enough, where it counts: `secrets = module.exports = {…}` exports.
            assign(value, to: targets.first { $0.isExport(of: value) } ?? first)
        } else {
            for target in targets { assign(value, to: target) }
        }
    }

    // MARK: Passing over

    /// Passes over a bracket and what it holds.
    private mutating func skipGroup() {
        mention(index + 1..<tokens[index].close)
        index = tokens[index].close + 1
    }

    private mutating func skipStatement() {
        let start = index
        index = end(of: index)
        while isPunctuator(index, ",") { index = end(of: index + 1) }
        mention(start..<index)
        endStatement()
    }

    /// Passes over a declaration up to the end of its body, or, where TypeScript leaves that out, of the statement.
    private mutating func skipDeclaration() {
        let start = index
        var nameIndex = index
        while ["async", "function", "class"].contains(name(nameIndex)) || isPunctuator(nameIndex, "*") {
            nameIndex += 1
        }
        if let name = name(nameIndex), !isPassedOver {
            variables[Array(name.utf8)] = .other(why: "a function or class")
        }
        while !isEnd(index), !isPunctuator(index, ";"), !isPunctuator(index, "}") {
            if isPunctuator(index, "{"), tokens[index - 1].endsOperand {
                let hasFields = (start...start + 1).contains { ["class", "enum"].contains(name($0)) }
                guard hasFields else {
                    index = tokens[index].close + 1
                    return mention(start..<index)
                }
                mention(start..<index)
                return takeFields()
            }
            if index > start, insertsSemicolon(before: index) { break }
            index = tokens[index].close + 1
        }
        mention(start..<index)
        endStatement()
    }

    /// Passes over the body of a class or enum, for the strings that its fields hold.
    private mutating func takeFields() {
        let isOutside = isPassedOver
        isPassedOver = true
        let close = tokens[index].close
        index += 1
        while index < close {
            let start = index
            let key = plainKey(inBracketsAt: start) ?? boundName(start)
            var target = JavaScriptTarget(path: key.map { [$0] } ?? [], index: start, isDeclared: true)
            target.isComputed = key == nil
            index = tokens[start].close + 1
            if key != nil || isPunctuator(start, "[") {
                if isPunctuator(index, "!") || isPunctuator(index, "?") { index += 1 }
                if isPunctuator(index, ":") { index = endOfType(from: index + 1) }
                if isPunctuator(index, "=") {
                    index += 1
                    takeAssignment(to: target)
                    continue
                }
            }
            mention(start..<index)
        }
        index = close + 1
        isPassedOver = isOutside
    }

    private mutating func endStatement() {
        if isPunctuator(index, ";") { index += 1 }
    }
}
