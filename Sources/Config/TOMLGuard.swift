/// Looks for what the TOML reader would end the process over instead of refusing it: a section's header without a name
/// (github.com/LebJe/TOMLKit/issues/30), and some of what is neither text, number nor date.
///
/// Headers, keys, strings, comments and lists are told apart as far as the text is TOML. Where it is not, the reader comes to
/// that first, and says so.
struct TOMLGuard {
    /// What is wrong, and on which line, from 1.
    enum Fault: Equatable {
        case header(line: Int)
        case value(line: Int)
    }

    private var rest: ArraySlice<UInt8>
    private var line = 1
    /// The lists and inline tables that are open; true for a list.
    private var open: [Bool] = []
    private var expectsValue = false

    /// The first fault of a text; nil when there is none.
    static func fault(in text: String) -> Fault? {
        var scan = TOMLGuard(rest: Array(text.utf8)[...])
        return scan.fault()
    }

    private init(rest: ArraySlice<UInt8>) {
        self.rest = rest.starts(with: "\u{FEFF}".utf8) ? rest.dropFirst(3) : rest
    }

    private mutating func fault() -> Fault? {
        var (isLineStart, isHeader) = (true, false)
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                guard open.isEmpty else { continue }
                (isLineStart, isHeader, expectsValue) = (true, false, false)
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            case UInt8(ascii: "#"): rest = rest.drop { $0 != UInt8(ascii: "\n") }
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                skipString(byte)
                expectsValue = false
            case UInt8(ascii: "[") where isLineStart:
                guard beginsName else { return .header(line: line) }
                isHeader = true
            case _ where isHeader: break
            case UInt8(ascii: "[") where expectsValue: open.append(true)
            case UInt8(ascii: "{") where expectsValue:
                open.append(false)
                expectsValue = false
            case UInt8(ascii: "]") where open.last == true, UInt8(ascii: "}") where open.last == false:
                open.removeLast()
                expectsValue = false
            case UInt8(ascii: ",") where !open.isEmpty: expectsValue = open.last == true
            case UInt8(ascii: "=") where !expectsValue: expectsValue = true
            case _ where expectsValue:
                guard skipPlainValue(from: byte) else { return .value(line: line) }
                expectsValue = false
            default: break
            }
            isLineStart = false
        }
        return nil
    }

    /// Whether a name can follow a header's bracket. At the end and at an empty name the reader stops well.
    private var beginsName: Bool {
        let name = (rest.first == UInt8(ascii: "[") ? rest.dropFirst() : rest).drop { $0 == 0x20 || $0 == 0x09 }
        guard let first = name.first else { return true }
        switch first {
        case UInt8(ascii: "]"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            return true
        default: return false
        }
    }

    /// Passes over a value without quotes: true, false or a whole number, which no key of a config has, but the reader can read.
    private mutating func skipPlainValue(from first: UInt8) -> Bool {
        let word = [first] + rest.prefix { !" \t\r\n,]}#".utf8.contains($0) }
        rest.removeFirst(word.count - 1)
        let isNumber = word.count < 16 && word.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isNumber || word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8)
    }

    /// Passes over a string behind its first quote.
    private mutating func skipString(_ quote: UInt8) {
        let isLong = rest.starts(with: [quote, quote])
        if isLong { rest.removeFirst(2) }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "\\") where quote == UInt8(ascii: "\""):
                if rest.popFirst() == UInt8(ascii: "\n") { line += 1 }
            case quote where !isLong: return
            case quote where rest.starts(with: [quote, quote]):
                // Up to two quotes more belong to the string.
                for _ in 0..<4 where rest.first == quote { rest.removeFirst() }
                return
            default: break
            }
        }
    }
}
