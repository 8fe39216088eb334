/// String and template characters, escapes decoded as ECMA-262 §12.9.4 and §12.9.6 say.
extension Source {
    /// Takes a string in single or double quotes.
    mutating func takeJavaScriptString() throws(ImportError) -> JavaScriptLiteral {
        let start = line
        let quote = take()
        var units: [UInt16] = []
        var objection: String?
        // U+2028 and U+2029 end lines elsewhere, but may stand in a string since ES2019.
        while let scalar = peek(), scalar != "\n", scalar != "\r" {
            take()
            if scalar == quote { return JavaScriptLiteral(units, objection: objection) }
            if scalar == "\\" {
                if let why = takeEscape(into: &units) { objection = why }
            } else {
                units += scalar.utf16
            }
        }
        throw ImportError(problem: .unterminated("the string"), line: start)
    }

    /// Takes a template's characters up to its end or its next `${`; true when it ends.
    mutating func takeTemplateCharacters() throws(ImportError) -> (literal: JavaScriptLiteral, isLast: Bool) {
        let start = line
        var units: [UInt16] = []
        var objection: String?
        while let scalar = take() {
            switch scalar {
            case "`": return (JavaScriptLiteral(units, objection: objection), true)
            case "$" where peek() == "{":
                take()
                return (JavaScriptLiteral(units, objection: objection), false)
            case "\\": if let why = takeEscape(into: &units) { objection = why }
            case "\r":
                if peek() == "\n" { take() }
                units.append(0x0A)
            default: units += scalar.utf16
            }
        }
        throw ImportError(problem: .unterminated("the template"), line: start)
    }

    /// Takes what follows a backslash; answers why it cannot be read, or nil.
    private mutating func takeEscape(into units: inout [UInt16]) -> String? {
        let malformed = "holds a malformed escape"
        guard let scalar = take() else { return malformed }
        switch scalar {
        case "n": units.append(0x0A)
        case "r": units.append(0x0D)
        case "t": units.append(0x09)
        case "b": units.append(0x08)
        case "f": units.append(0x0C)
        case "v": units.append(0x0B)
        case "0" where peek()?.isDecimalDigit != true: units.append(0)
        case "0"..."9": return "holds a legacy octal escape"
        case "x":
            guard let unit = takeHexadecimal(2) else { return malformed }
            units.append(UInt16(unit))
        case "u" where peek() == "{":
            guard let scalar = takeBracedCodePoint() else { return malformed }
            units += scalar
        case "u":
            guard let unit = takeHexadecimal(4) else { return malformed }
            units.append(UInt16(unit))
        case "\r": if peek() == "\n" { take() }
        case "\n", "\u{2028}", "\u{2029}": break
        default: units += scalar.utf16
        }
        return nil
    }

    /// The code units of `{1F511}`; half of a surrogate pair is allowed here, as it may find its other half.
    mutating func takeBracedCodePoint() -> [UInt16]? {
        take()
        var value: UInt32 = 0
        var hasDigits = false
        while let digit = peek()?.hexadecimalValue {
            take()
            hasDigits = true
            value = min(value << 4 | digit, 0x11_0000)
        }
        guard hasDigits, take("}") else { return nil }
        if let scalar = Unicode.Scalar(value) { return Array(scalar.utf16) }
        return UInt16(exactly: value).map { [$0] }
    }
}
