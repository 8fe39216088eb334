/// The headers of sections, looked at before the TOML reader does: it ends the process over one whose name begins with no
/// character of a name, such as `[[[a]]]` (github.com/LebJe/TOMLKit/issues/30).
enum TOMLHeader {
    /// The line of the first such header, from 1; nil when there is none.
    ///
    /// Headers, strings, comments and lists are told apart as far as the text is TOML. Where it is not, the reader comes to
    /// that first, and says so.
    static func firstBrokenLine(of text: String) -> Int? {
        var rest = Array(text.utf8)[...]
        if rest.starts(with: "\u{FEFF}".utf8) { rest.removeFirst(3) }
        var (line, depth, isLineStart) = (1, 0, true)
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                isLineStart = depth == 0
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"): continue
            case UInt8(ascii: "#"): rest = rest.drop { $0 != UInt8(ascii: "\n") }
            case UInt8(ascii: "\""), UInt8(ascii: "'"): line += skipString(byte, &rest)
            case UInt8(ascii: "["):
                if isLineStart, !beginsName(rest) { return line }
                depth += 1
            case UInt8(ascii: "]"): depth -= 1
            default: break
            }
            isLineStart = false
        }
        return nil
    }

    /// Whether a name can follow the bracket. At the end and at an empty name the reader stops well.
    private static func beginsName(_ text: ArraySlice<UInt8>) -> Bool {
        let name = (text.first == UInt8(ascii: "[") ? text.dropFirst() : text).drop { $0 == 0x20 || $0 == 0x09 }
        guard let first = name.first else { return true }
        switch first {
        case UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            return true
        default: return false
        }
    }

    /// Passes over a string behind its first quote, and gives the number of its lines' ends.
    private static func skipString(_ quote: UInt8, _ rest: inout ArraySlice<UInt8>) -> Int {
        let isLong = rest.starts(with: [quote, quote])
        if isLong { rest.removeFirst(2) }
        var lines = 0
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\n"): lines += 1
            case UInt8(ascii: "\\") where quote == UInt8(ascii: "\""):
                if rest.popFirst() == UInt8(ascii: "\n") { lines += 1 }
            case quote where !isLong: return lines
            case quote where rest.starts(with: [quote, quote]):
                // Up to two quotes more belong to the string.
                for _ in 0..<4 where rest.first == quote { rest.removeFirst() }
                return lines
            default: break
            }
        }
        return lines
    }
}
