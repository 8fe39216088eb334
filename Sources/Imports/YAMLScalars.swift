/// Scalars in each of YAML's five styles, from their first character to their last.
extension FlatYAML {
    /// A scalar in single or double quotes (§7.3.1, §7.3.2), whose further lines are indented by more than `indent`.
    mutating func quoted(under indent: Int) throws(ImportError) -> String {
        let line = source.line
        let quote = source.take()
        var text = String.UnicodeScalarView()
        while let scalar = source.peek() {
            switch scalar {
            case quote:
                source.take()
                guard quote == "'", source.take("'") else { return String(text) }
                text.append("'")
            case "\\" where quote == "\"":
                source.take()
                if !source.peek().endsLine {
                    text.append(try escape())
                } else if source.peek() != nil {
                    text += Self.lineFeeds(try takeBreaks(under: indent) - 1)
                }
            case " ", "\t":
                let blanks = source.take { $0 == " " || $0 == "\t" }
                // At the end of a line they are no part of the text.
                if !source.peek().endsLine { text += blanks.unicodeScalars }
            case "\n", "\r": text += Self.folded(try takeBreaks(under: indent))
            default:
                text.append(scalar)
                source.take()
            }
        }
        throw ImportError(problem: .unterminated("the string"), line: line)
    }

    /// §5.7. Half of a surrogate pair is refused, as most readers do; others keep it, or join it with its other half.
    private mutating func escape() throws(ImportError) -> Unicode.Scalar {
        switch source.take() {
        case "0": return "\u{0}"
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "t", "\t": return "\t"
        case "n": return "\n"
        case "v": return "\u{B}"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "e": return "\u{1B}"
        case " ": return " "
        case "\"": return "\""
        case "/": return "/"
        case "\\": return "\\"
        case "N": return "\u{85}"
        case "_": return "\u{A0}"
        case "L": return "\u{2028}"
        case "P": return "\u{2029}"
        case "x": return try escape(of: 2)
        case "u": return try escape(of: 4)
        case "U": return try escape(of: 8)
        default: throw malformed("one of the escapes of YAML")
        }
    }

    private mutating func escape(of digits: Int) throws(ImportError) -> Unicode.Scalar {
        guard let scalar = source.takeHexadecimal(digits).flatMap(Unicode.Scalar.init) else {
            throw malformed("the \(digits) hexadecimal digits of a character")
        }
        return scalar
    }

    /// A plain scalar (§7.3.3), whose further lines are indented by more than `indent`.
    mutating func plain(under indent: Int) throws(ImportError) -> Finding.Content {
        var text = try plainLine(isFirst: true)
        while source.peek() != nil, source.peek().endsLine {
            let before = source
            let (breaks, indentation, hasTab) = takeBreaks()
            guard indentation > indent, source.peek() != nil, source.peek() != "#" else {
                source = before
                break
            }
            guard !hasTab else { throw malformed("blanks in place of a tab") }
            text.unicodeScalars += Self.folded(breaks)
            text += try plainLine(isFirst: false)
        }
        guard source.peek() != ":" else { throw malformed("quotes around a value with a colon and a blank in it") }
        return text.plainContent
    }

    /// What one line has of a plain scalar: up to a colon and a blank, a comment, or its end.
    mutating func plainLine(isFirst: Bool) throws(ImportError) -> String {
        if isFirst { try refuseIndicator() }
        var text = String.UnicodeScalarView()
        while let scalar = source.peek(), !Optional(scalar).endsLine {
            if scalar == ":" && source.peek(1).isBlankOrEnd || scalar == "#" && text.last == " " { break }
            guard scalar != "\t", scalar != "\u{FEFF}" else {
                throw malformed("quotes around a tab or a byte order mark")
            }
            text.append(scalar)
            source.take()
        }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// What a plain scalar cannot begin with.
    private func refuseIndicator() throws(ImportError) {
        switch source.peek() {
        case "&": throw unsupported("an anchor")
        case "*": throw unsupported("an alias")
        case "!": throw unsupported("a tag")
        case "%": throw unsupported("a directive")
        case "[", "{": throw unsupported("a flow collection")
        case "?" where source.peek(1).isBlankOrEnd: throw unsupported("a complex key")
        case "-" where source.peek(1).isBlankOrEnd, ":" where source.peek(1).isBlankOrEnd, "]", "}", ",", "#", "|", ">",
            "@", "`", "\"", "'":
            throw malformed("a name or a value")
        default: break
        }
    }

    /// A literal or folded block (§8.1) under a name that is indented by `indent`; what follows begins a line.
    mutating func block(under indent: Int) throws(ImportError) -> String {
        let isFolded = source.take() == ">"
        var chomping: Unicode.Scalar?
        var width: Int?
        for _ in 0..<2 {
            if chomping == nil, source.peek() == "+" || source.peek() == "-" {
                chomping = source.take()
            } else if width == nil, source.peek() != "0", let digit = source.peek(), digit.isDecimalDigit {
                width = indent + Int(digit.value - 0x30)
                source.take()
            }
        }
        try takeLineEnd()
        var text = String.UnicodeScalarView()
        // Line ends since the last line that holds something, with its own.
        var breaks = 0
        var wasIndented: Bool?
        var widestEmpty = 0
        while source.peek() != nil {
            let start = source
            var spaces = 0
            while source.peek() == " ", spaces != width {
                source.take()
                spaces += 1
            }
            if source.peek() != nil, source.peek().endsLine {
                if width == nil { widestEmpty = max(widestEmpty, spaces) }
                takeBreak()
                breaks += 1
                continue
            }
            guard spaces > indent, spaces == width ?? spaces, source.peek() != nil else {
                // The next thing, or blanks at the end of the file.
                source = start
                break
            }
            if width == nil, widestEmpty > spaces { throw malformed("no empty line with more blanks than the first") }
            width = spaces
            let isIndented = source.peek() == " " || source.peek() == "\t"
            let folds = isFolded && wasIndented == false && !isIndented
            text += folds ? Self.folded(breaks) : Self.lineFeeds(breaks)
            let line = source.take { !Optional($0).endsLine }
            guard !line.unicodeScalars.contains("\u{FEFF}") else { throw malformed("quotes around a byte order mark") }
            text += line.unicodeScalars
            (wasIndented, breaks) = (isIndented, source.peek() == nil ? 0 : 1)
            takeBreak()
        }
        switch chomping {
        case "-": break
        case "+": text += Self.lineFeeds(breaks)
        default: if wasIndented != nil { text += Self.lineFeeds(min(breaks, 1)) }
        }
        return String(text)
    }

    // MARK: - Line ends

    /// Takes a line's end and the empty lines after it, and answers how many ended; what comes has to be indented.
    private mutating func takeBreaks(under indent: Int) throws(ImportError) -> Int {
        let (count, indentation, _) = takeBreaks()
        guard indentation > indent || source.peek() == nil else {
            throw malformed("the rest of a string to be indented")
        }
        return count
    }

    private mutating func takeBreaks() -> (count: Int, indentation: Int, hasTab: Bool) {
        var (count, indentation, hasTab) = (0, 0, false)
        repeat {
            takeBreak()
            count += 1
            indentation = source.take { $0 == " " }.utf8.count
            if source.take(while: { $0 == " " || $0 == "\t" }).utf8.contains(0x09) { hasTab = true }
        } while source.peek() != nil && source.peek().endsLine
        return (count, indentation, hasTab)
    }

    /// §6.5: a single line end is a blank; of several all but the first stand.
    private static func folded(_ breaks: Int) -> String.UnicodeScalarView {
        breaks == 1 ? " ".unicodeScalars : lineFeeds(breaks - 1)
    }

    private static func lineFeeds(_ count: Int) -> String.UnicodeScalarView {
        String(repeating: "\n", count: max(count, 0)).unicodeScalars
    }
}
