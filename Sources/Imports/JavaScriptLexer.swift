/// Cuts a JavaScript or TypeScript module into tokens and pairs its brackets.
///
/// Whether `/` divides or begins a regular expression depends on the grammar (ECMA-262 §12, goal symbols). It is
/// decided here from the token before and from what each bracket stands for, which is exact but for code that divides
/// by a block.
struct JavaScriptLexer {
    /// An open bracket.
    private struct Frame {
        /// The index of the opening token.
        var opener = 0
        /// What closes it.
        var closer = ""
        /// Whether statements stand within, as in a block, or expressions.
        var holdsStatements = true
        /// Whether an operand ends with it, as with an object, or a statement, as with a block.
        var closesOperand = false
        /// After the words `function` and `class`: whether the body that comes belongs to an expression.
        var bodyClosesOperand: Bool?
    }

    private var source: Source
    private var tokens: [JavaScriptToken] = []
    private var frames = [Frame()]

    /// The tokens of a whole file, with `.end` as the last.
    static func tokens(of source: Source) throws(ImportError) -> [JavaScriptToken] {
        var lexer = JavaScriptLexer(source: source)
        if lexer.source.peek() == "#", lexer.source.peek(1) == "!" { lexer.skipLine() }
        while try lexer.takeToken() {}
        if let frame = lexer.frames.last, lexer.frames.count > 1 {
            let opening = lexer.tokens[frame.opener]
            let what = frame.closer == "`" ? "the template" : "the bracket"
            throw ImportError(problem: .unterminated(what), line: opening.line)
        }
        return lexer.tokens
    }

    private init(source: Source) {
        self.source = source
    }

    /// Takes one token; false when it was the end.
    private mutating func takeToken() throws(ImportError) -> Bool {
        let newline = try skipTrivia()
        let line = source.line
        guard let scalar = source.peek() else {
            append(.end, line: line, newline: newline, endsOperand: false)
            return false
        }
        switch scalar {
        case "'", "\"":
            append(.string(try source.takeJavaScriptString()), line: line, newline: newline, endsOperand: true)
        case "`": try takeTemplate(line: line, newline: newline)
        case "}" where frames.last?.closer == "`": try takeTemplate(line: line, newline: newline)
        case "/" where tokens.last?.endsOperand != true:
            try skipRegularExpression()
            append(.regularExpression, line: line, newline: newline, endsOperand: true)
        case _ where scalar.isDecimalDigit || scalar == "." && source.peek(1)?.isDecimalDigit == true:
            skipNumber()
            append(.number, line: line, newline: newline, endsOperand: true)
        case _ where scalar.isIdentifierPart || scalar == "\\":
            takeName(line: line, newline: newline)
        default: try takePunctuator(line: line, newline: newline)
        }
        return true
    }

    private mutating func append(_ kind: JavaScriptToken.Kind, line: Int, newline: Bool, endsOperand: Bool) {
        tokens.append(
            JavaScriptToken(
                kind: kind, line: line, followsNewline: newline, endsOperand: endsOperand, close: tokens.count))
    }

    // MARK: Brackets

    private mutating func takeTemplate(line: Int, newline: Bool) throws(ImportError) {
        let opens = source.take() == "`"
        let (literal, isLast) = try source.takeTemplateCharacters()
        switch (opens, isLast) {
        case (true, true): append(.template(literal), line: line, newline: newline, endsOperand: true)
        case (true, false):
            frames.append(Frame(opener: tokens.count, closer: "`", holdsStatements: false))
            append(.templateHead, line: line, newline: newline, endsOperand: false)
        case (false, false): append(.templateMiddle, line: line, newline: newline, endsOperand: false)
        case (false, true):
            tokens[frames.removeLast().opener].close = tokens.count
            append(.templateTail, line: line, newline: newline, endsOperand: true)
        }
    }

    private mutating func takePunctuator(line: Int, newline: Bool) throws(ImportError) {
        guard let text = source.takePunctuator() else {
            throw ImportError(problem: .unexpectedCharacter, line: line)
        }
        var endsOperand = false
        switch text {
        case "(":
            let isControl = isAfterControlKeyword
            frames.append(
                Frame(opener: tokens.count, closer: ")", holdsStatements: false, closesOperand: !isControl))
        case "[": frames.append(Frame(opener: tokens.count, closer: "]", holdsStatements: false, closesOperand: true))
        case "{": frames.append(frameOfBrace())
        case ")", "]", "}":
            guard let frame = frames.last, frame.closer == text else {
                throw ImportError(problem: .unmatched(text), line: line)
            }
            frames.removeLast()
            tokens[frame.opener].close = tokens.count
            endsOperand = frame.closesOperand
        case "++", "--": endsOperand = tokens.last?.endsOperand == true && !newline
        default: break
        }
        append(.punctuator(text), line: line, newline: newline, endsOperand: endsOperand)
    }

    private mutating func frameOfBrace() -> Frame {
        var frame = Frame(opener: tokens.count, closer: "}")
        if beginsStatement(after: tokens.count - 1) { return frame }
        if tokens.last?.kind == .punctuator("=>") {
            frame.closesOperand = true
        } else if tokens.last?.endsOperand == true {
            // The body of a function, class, method, `try` and the like.
            frame.closesOperand = frames[frames.count - 1].bodyClosesOperand ?? false
            frames[frames.count - 1].bodyClosesOperand = nil
        } else {
            frame.holdsStatements = false
            frame.closesOperand = true
        }
        return frame
    }

    /// Whether a statement can begin after the token at `index`, from what is known when it is the last or nearly so.
    private func beginsStatement(after index: Int) -> Bool {
        guard index >= 0 else { return true }
        switch tokens[index].kind {
        case .punctuator("{"): return frames[frames.count - 1].holdsStatements
        case .punctuator("}"), .punctuator(")"): return !tokens[index].endsOperand
        case .punctuator(";"), .name("else"), .name("do"): return true
        default: return false
        }
    }

    // MARK: Names

    private mutating func takeName(line: Int, newline: Bool) {
        let name = source.takeIdentifier()
        let isMember = isMemberAccess(at: tokens.count - 1)
        if !isMember, name == "function" || name == "class" {
            var before = tokens.count - 1
            if before >= 0, tokens[before].kind == .name("async") { before -= 1 }
            let isDeclaration =
                beginsStatement(after: before) || tokens[before].endsOperand || tokens[before].kind == .name("default")
            frames[frames.count - 1].bodyClosesOperand = !isDeclaration
        }
        let expectsOperand = !isMember && Self.operandKeywords.contains(name)
        append(.name(name), line: line, newline: newline, endsOperand: !expectsOperand)
    }

    /// Keywords that an expression follows.
    private static let operandKeywords: Set<String> = [
        "return", "typeof", "instanceof", "in", "new", "delete", "void", "throw", "case", "do", "else", "extends",
        "default",
    ]

    private static let controlKeywords: Set<String> = ["if", "for", "while", "with", "switch", "catch"]

    private var isAfterControlKeyword: Bool {
        var index = tokens.count - 1
        if index > 0, tokens[index].kind == .name("await"), tokens[index - 1].kind == .name("for") { index -= 1 }
        guard index >= 0, case .name(let name) = tokens[index].kind else { return false }
        return Self.controlKeywords.contains(name) && !isMemberAccess(at: index - 1)
    }

    private func isMemberAccess(at index: Int) -> Bool {
        index >= 0 && [.punctuator("."), .punctuator("?.")].contains(tokens[index].kind)
    }

    // MARK: What holds no value

    /// Passes over white space and comments; true when a line ended among them.
    private mutating func skipTrivia() throws(ImportError) -> Bool {
        var newline = false
        while let scalar = source.peek() {
            if scalar.endsJavaScriptLine {
                newline = true
                source.take()
            } else if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                source.take()
            } else if scalar == "/", source.peek(1) == "/" {
                skipLine()
            } else if scalar == "/", source.peek(1) == "*" {
                if try skipBlockComment() { newline = true }
            } else {
                break
            }
        }
        return newline
    }

    private mutating func skipLine() {
        source.take { !$0.endsJavaScriptLine }
    }

    private mutating func skipBlockComment() throws(ImportError) -> Bool {
        let start = source.line
        var newline = false
        source.take()
        source.take()
        while let scalar = source.take() {
            if scalar == "*", source.peek() == "/" {
                source.take()
                return newline
            }
            newline = newline || scalar.endsJavaScriptLine
        }
        throw ImportError(problem: .unterminated("the comment"), line: start)
    }

    private mutating func skipRegularExpression() throws(ImportError) {
        let start = source.line
        var isInClass = false
        source.take()
        while let scalar = source.peek(), !scalar.endsJavaScriptLine {
            source.take()
            switch scalar {
            case "\\": if source.peek()?.endsJavaScriptLine == false { source.take() }
            case "[": isInClass = true
            case "]": isInClass = false
            case "/" where !isInClass:
                source.take(while: \.isIdentifierPart)
                return
            default: break
            }
        }
        throw ImportError(problem: .unterminated("the regular expression"), line: start)
    }

    private mutating func skipNumber() {
        let isHexadecimal = source.peek() == "0" && ["x", "X"].contains(source.peek(1))
        while let scalar = source.peek(), scalar.isIdentifierPart || scalar == "." {
            source.take()
            if !isHexadecimal, scalar == "e" || scalar == "E", ["+", "-"].contains(source.peek()) { source.take() }
        }
    }
}
