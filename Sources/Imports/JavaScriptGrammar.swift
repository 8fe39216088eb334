/// Looking around among the tokens: where expressions, types and members end.
extension JavaScriptModule {
    /// The token at `index`; past the end, and before the beginning, the end.
    func token(_ index: Int) -> JavaScriptToken {
        tokens.indices.contains(index) ? tokens[index] : tokens[tokens.count - 1]
    }

    /// Whether nothing is left.
    func isEnd(_ index: Int) -> Bool {
        index >= tokens.count - 1
    }

    /// The identifier or keyword at `index`.
    func name(_ index: Int) -> String? {
        guard case .name(let name) = token(index).kind else { return nil }
        return name
    }

    /// The name at `index`, plain or in quotes.
    func boundName(_ index: Int) -> String? {
        if case .string(.text(let name)) = token(index).kind { return name }
        return name(index)
    }

    /// Whether this punctuator stands at `index`.
    func isPunctuator(_ index: Int, _ text: String) -> Bool {
        token(index).kind == .punctuator(text)
    }

    /// Whether `range` is one pair of brackets and what they hold.
    func isGroup(_ range: Range<Int>) -> Bool {
        range.count > 1 && tokens[range.lowerBound].close == range.upperBound - 1
    }

    /// The key between the brackets at `index` when it is plain text: `["b"]`, or in backticks.
    func plainKey(inBracketsAt index: Int) -> String? {
        guard isPunctuator(index, "["), isPunctuator(index + 2, "]") else { return nil }
        switch token(index + 1).kind {
        case .string(.text(let name)), .template(.text(let name)): return name
        default: return nil
        }
    }

    /// The assignment target that begins at `index`: `a`, `a.b`, `a["b"]`, `a[b]`.
    func target(at start: Int) -> JavaScriptTarget? {
        guard let root = name(start) else { return nil }
        var target = JavaScriptTarget(path: [root], index: start, end: start + 1)
        while true {
            if isPunctuator(target.end, "."), let name = name(target.end + 1) {
                target.path.append(name)
                target.end += 2
            } else if isPunctuator(target.end, "[") {
                if let key = plainKey(inBracketsAt: target.end) {
                    target.path.append(key)
                } else {
                    target.isComputed = true
                }
                target.end = tokens[target.end].close + 1
            } else {
                return target
            }
        }
    }

    /// Whether a semicolon is inserted before the token at `index` (ECMA-262 §12.10).
    func insertsSemicolon(before index: Int) -> Bool {
        token(index).followsNewline && tokens[index - 1].endsOperand && !token(index).continuesExpression
    }

    /// Whether TypeScript's `as` or `satisfies` stands at `index`, after an operand.
    func beginsAssertion(_ index: Int) -> Bool {
        guard index > 0, let name = name(index), name == "as" || name == "satisfies" else { return false }
        return !tokens[index].followsNewline && tokens[index - 1].endsOperand
    }

    /// Where the expression that begins at `start` ends. A member of an object ends only at a comma or bracket.
    func end(of start: Int, isMember: Bool = false) -> Int {
        var index = start
        while !isEnd(index) {
            if case .punctuator(let text) = tokens[index].kind, [",", ";", ")", "]", "}"].contains(text) {
                return index
            }
            if index > start, !isMember, insertsSemicolon(before: index) { return index }
            if index > start, beginsAssertion(index) {
                index = endOfType(from: index + 1)
            } else {
                index = tokens[index].close + 1
            }
        }
        return index
    }

    /// Where the type that begins at `start` ends: at its `=`, at a comma or bracket, or with its line.
    func endOfType(from start: Int) -> Int {
        var index = start
        var angles = 0
        while !isEnd(index) {
            if case .punctuator(let text) = tokens[index].kind {
                if [";", ")", "]", "}"].contains(text) { return index }
                if angles == 0, text == "," || text == "=" { return index }
                switch text {
                case "<": angles += 1
                case ">": angles -= 1
                case ">>": angles -= 2
                case ">>>": angles -= 3
                // TypeScript cuts these in two after a type argument.
                case ">=" where angles == 1, ">>=" where angles == 2: return index
                default: break
                }
            }
            if index > start, angles == 0, token(index).followsNewline, !token(index).continuesExpression,
                tokens[index - 1].endsOperand || tokens[index - 1].closesTypeArguments
            {
                return index
            }
            index = tokens[index].close + 1
        }
        return index
    }
}

extension JavaScriptToken {
    /// Whether this is a string in quotes or a template without substitutions.
    var isString: Bool {
        switch kind {
        case .string, .template: true
        default: false
        }
    }

    /// Whether a declaration in TypeScript can go on with this: a name, or the quoted name of a module.
    var isNameOrString: Bool {
        switch kind {
        case .name, .string: true
        default: false
        }
    }

    /// Whether `let` before this declares.
    var canBeBound: Bool {
        switch kind {
        case .name(let name): name != "in" && name != "instanceof"
        case .punctuator("{"), .punctuator("["): true
        default: false
        }
    }

    /// Whether this assigns to what stands before it.
    var isAssignment: Bool {
        guard case .punctuator(let text) = kind, text.utf8.last == UInt8(ascii: "=") else { return false }
        return !["==", "===", "!=", "!==", "<=", ">="].contains(text)
    }

    fileprivate var closesTypeArguments: Bool {
        [.punctuator(">"), .punctuator(">>"), .punctuator(">>>")].contains(kind)
    }
}
