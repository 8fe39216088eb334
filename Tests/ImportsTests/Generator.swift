/// SplitMix64: the same numbers on every run, so that what fails once fails again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// One of several things.
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }

    /// A text of up to twelve of the scalars, and at least one.
    mutating func text(of scalars: [Unicode.Scalar]) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...12, using: &self) { text.append(pick(scalars)) }
        return String(text)
    }
}

extension [Unicode.Scalar] {
    /// What breaks quoting, escaping, line counting and encodings.
    static let nasty: Self =
        Array(
            "ab7 \"'`\\${}#/=;,\n\r\t\u{B}\u{8}\u{C}\u{2028}\u{2029}\u{FEFF}\u{202E}\u{5D0}\u{E9}e\u{301}"
                .unicodeScalars)
        + Array("😀\u{1F468}\u{200D}\u{1F469}\u{10FFFF}\u{FFFF}\u{7F}\u{85}\u{A0}<!-->*u{}x0n".unicodeScalars)
}

/// Writes one text as JavaScript literals of every kind, its characters escaped in ways chosen at random.
struct LiteralWriter {
    var generator: SeededGenerator

    mutating func literal(_ text: String) -> String {
        switch generator.pick([0, 1, 2, 3]) {
        case 0: return quoted(text, "\"")
        case 1: return quoted(text, "'")
        case 2: return quoted(text, "`")
        default:
            let scalars = Array(text.unicodeScalars)
            let cut = Int.random(in: 0...scalars.count, using: &generator)
            let parts = [scalars[..<cut], scalars[cut...]].map { String(String.UnicodeScalarView($0)) }
            let joint = generator.pick(["+", " + ", "\n  + ", " /* + */ +\n  ", "+// \"\n"])
            let joined = quoted(parts[0], generator.pick(["\"", "'", "`"])) + joint + quoted(parts[1], "\"")
            return generator.pick([joined, "(\(joined))"])
        }
    }

    private mutating func quoted(_ text: String, _ quote: Unicode.Scalar) -> String {
        var literal = "\(quote)"
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if generator.pick([Bool](repeating: false, count: 15) + [true]) {
                literal += "\\" + generator.pick(["\n", "\r\n", "\r", "\u{2028}", "\u{2029}"])
            }
            let next = index + 1 < scalars.count ? scalars[index + 1] : nil
            literal += escaped(scalar, before: next, in: quote)
        }
        return literal + "\(quote)"
    }

    private mutating func escaped(_ scalar: Unicode.Scalar, before next: Unicode.Scalar?, in quote: Unicode.Scalar)
        -> String
    {
        var forms = [
            "\\u{\(String(scalar.value, radix: 16))}", "\\u{000\(String(scalar.value, radix: 16, uppercase: true))}",
            scalar.utf16.map { "\\u" + hexadecimal($0, 4) }.joined(),
        ]
        if scalar.value < 256 { forms.append("\\x" + hexadecimal(UInt16(scalar.value), 2)) }
        let named: [Unicode.Scalar: String] = [
            "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{8}": "\\b", "\u{C}": "\\f", "\u{B}": "\\v",
        ]
        if let name = named[scalar] { forms.append(name) }
        if !"0123456789nrtbfvux\n\r\u{2028}\u{2029}".unicodeScalars.contains(scalar) { forms.append("\\\(scalar)") }
        let endsLiteral = scalar == quote || scalar == "\\"
        let endsLine = scalar == "\r" || scalar == "\n" && quote != "`"
        let substitutes = quote == "`" && scalar == "$" && next == "{"
        if !endsLiteral, !endsLine, !substitutes { forms += ["\(scalar)", "\(scalar)", "\(scalar)"] }
        // Every line end in a template is a line feed to the program.
        if quote == "`", scalar == "\n" { forms += ["\r\n", "\r\n"] + (next == "\n" ? [] : ["\r", "\r"]) }
        return generator.pick(forms)
    }

    private func hexadecimal(_ value: UInt16, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: width - digits.count) + digits
    }
}
