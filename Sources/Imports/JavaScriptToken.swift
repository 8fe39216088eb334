/// One token of ECMAScript (ECMA-262 §12), in the detail that finding constants needs.
struct JavaScriptToken {
    /// What a token is.
    enum Kind: Equatable {
        /// An identifier or a keyword.
        case name(String)
        case string(JavaScriptLiteral)
        /// A template without substitutions.
        case template(JavaScriptLiteral)
        case templateHead
        case templateMiddle
        case templateTail
        case number
        case regularExpression
        case punctuator(String)
        case end
    }

    let kind: Kind
    let line: Int
    /// Whether a line ends between the token before and this one.
    let followsNewline: Bool
    /// Whether an operand ends here: then `/` divides, and a new line may end the statement.
    let endsOperand: Bool
    /// For an opening bracket the index of the closing one, for every other token its own.
    var close: Int

    /// Whether a token on a new line goes on with the expression before it, so that no semicolon is inserted (§12.10).
    var continuesExpression: Bool {
        switch kind {
        case .name(let name): ["in", "instanceof", "extends", "implements"].contains(name)
        case .punctuator(let text): !["{", "}", "!", "~", "++", "--", "@", "#"].contains(text)
        case .template, .templateHead: true
        case .string, .templateMiddle, .templateTail, .number, .regularExpression, .end: false
        }
    }
}

/// What a string or template literal holds.
enum JavaScriptLiteral: Equatable {
    case text(String)
    /// Its characters cannot be had, with the reason.
    case unusable(String)

    init(_ units: [UInt16], objection: String?) {
        if let objection {
            self = .unusable(objection)
        } else if let text = String(validating: units, as: UTF16.self) {
            self = .text(text)
        } else {
            self = .unusable("holds half of a surrogate pair")
        }
    }
}

extension Source {
    private static let punctuators: [Int: Set<String>] = [
        4: [">>>="],
        3: ["...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??="],
        2: [
            "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=",
            "^=", "<<", ">>", "**",
        ],
    ]

    /// Takes the longest punctuator that comes next, or nil when none does.
    mutating func takePunctuator() -> String? {
        guard let first = peek() else { return nil }
        if "(){}[];,:~@#".unicodeScalars.contains(first) {
            take()
            return String(first)
        }
        guard ".<>=!+-*/%&|^?".unicodeScalars.contains(first) else { return nil }
        let isAlone = peek(1).map { !".<>=+-*&|?".unicodeScalars.contains($0) } ?? true
        for length in isAlone ? [] : [4, 3, 2] {
            let text = String(String.UnicodeScalarView((0..<length).compactMap { peek($0) }))
            if Self.punctuators[length]?.contains(text) == true {
                for _ in 0..<length { take() }
                return text
            }
        }
        take()
        return String(first)
    }

    /// Takes an identifier, its `\u` escapes decoded; one that is malformed becomes U+FFFD, and so no known name.
    mutating func takeIdentifier() -> String {
        var name = String.UnicodeScalarView()
        while let scalar = peek(), scalar.isIdentifierPart || scalar == "\\" {
            take()
            guard scalar == "\\" else {
                name.append(scalar)
                continue
            }
            var units: [UInt16]?
            if take("u") { units = peek() == "{" ? takeBracedCodePoint() : takeHexadecimal(4).map { [UInt16($0)] } }
            name.append(
                contentsOf: (units.flatMap { String(validating: $0, as: UTF16.self) } ?? "\u{FFFD}").unicodeScalars)
        }
        return String(name)
    }
}

extension Unicode.Scalar {
    /// Whether this is one of ECMAScript's line terminators (§12.3).
    var endsJavaScriptLine: Bool { self == "\n" || self == "\r" || self == "\u{2028}" || self == "\u{2029}" }

    /// Whether this can stand in an identifier; `\` and the digits at its beginning aside.
    var isIdentifierPart: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "$", "\u{200C}", "\u{200D}": true
        default: !isASCII && properties.isIDContinue
        }
    }
}
