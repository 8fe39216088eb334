extension String {
    /// What a plain scalar of YAML is: its own text, unless a reader of 1.1 (yaml.org/type) or of 1.2 (§10.3.2) takes it
    /// for something else. `0123`, `yes` and `12:30` are read three ways.
    var plainContent: Finding.Content {
        switch self {
        case "", "~", "null", "Null", "NULL": .other(why: "null")
        case _ where isYAMLBoolean: .other(why: "a boolean; \(Self.remedy)")
        case _ where isYAMLNumber: .other(why: "a number; \(Self.remedy)")
        case _ where isYAMLDate: .other(why: "a date; \(Self.remedy)")
        case "=", "<<": .other(why: "a sign of YAML 1.1; \(Self.remedy)")
        default: .text(self)
        }
    }

    private static let remedy = "put it in quotes when its text is meant"

    private var isYAMLBoolean: Bool {
        let words = ["y", "n", "yes", "no", "on", "off", "true", "false"]
        return utf8.count <= 5 && words.contains(lowercased())
    }

    private var isYAMLNumber: Bool {
        var rest = utf8[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        if rest.count == 4, [".inf", ".nan"].contains(String(rest)?.lowercased()) { return true }
        for (prefix, digits) in [("0b", "01"), ("0o", "01234567"), ("0x", "0123456789abcdefABCDEF")]
        where rest.count > 2 && rest.starts(with: prefix.utf8) {
            let isDigit = { (byte: UInt8) in byte == UInt8(ascii: "_") || digits.utf8.contains(byte) }
            if rest.dropFirst(2).allSatisfy(isDigit) { return true }
        }
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        func isDigitOrLine(_ byte: UInt8) -> Bool { isDigit(byte) || byte == UInt8(ascii: "_") }
        guard let first = rest.first(where: { $0 != UInt8(ascii: ".") }), isDigit(first) else { return false }
        rest = rest.drop(while: isDigitOrLine)
        // In base 60.
        while rest.first == UInt8(ascii: ":"), let digit = rest.dropFirst().first, isDigit(digit) {
            rest = rest.dropFirst().drop(while: isDigit)
        }
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: isDigitOrLine) }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
            guard let digit = rest.first, isDigit(digit) else { return false }
            rest = rest.drop(while: isDigit)
        }
        return rest.isEmpty
    }

    /// `2002-1-30`, and behind it a time or nothing.
    private var isYAMLDate: Bool {
        let parts = utf8.prefix { $0 != UInt8(ascii: "T") && $0 != UInt8(ascii: "t") && $0 != UInt8(ascii: " ") }
            .split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let isNumeric = parts.joined().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return parts.count == 3 && isNumeric && parts[0].count == 4 && (1...2).contains(parts[1].count)
            && (1...2).contains(parts[2].count)
    }
}
