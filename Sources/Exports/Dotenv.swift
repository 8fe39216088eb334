import Tokens

extension ExportFormat {
    /// A `.env` file.
    ///
    /// There is no standard, and each reader has its own quotes, escapes and references. A dialect writes what one of
    /// them brings back; without one, a value is written so that all of them do.
    static func dotenv(dialect: String?) throws(FormatProblem) -> ExportFormat {
        guard let dialect else { return dotenv(.common) }
        guard let dialect = DotenvDialect.all.first(where: { $0.name == dialect }) else {
            let names = DotenvDialect.all.compactMap(\.name).joined(separator: ", ")
            throw FormatProblem(
                "dotenv has no dialect of that name",
                hint: "there are \(names); without one, all of these read the file")
        }
        return dotenv(dialect)
    }

    private static func dotenv(_ dialect: DotenvDialect) -> ExportFormat {
        ExportFormat(
            name: "dotenv", firstLine: "# \(notice)",
            names: .identifiers(except: dialect.reserved, keeper: dialect.reader)
        ) { values throws(ExportRefusal) in
            var lines: [Secret] = []
            var needsMode = false
            for value in values {
                guard dialect.takes(name: value.name) else {
                    throw value.refusal("\(dialect.reader) misreads a name that begins with _ or with export")
                }
                let spelling = try dialect.spelling(of: value)
                needsMode = needsMode || spelling.hasLineEscape
                lines += [
                    Secret("\(value.name)=\(spelling.open)"), value.value.replacing(spelling.replacement),
                    Secret("\(spelling.close)\n"),
                ]
            }
            // `import` reads this comment: in other dialects, the same spelling is another value.
            var beginning = dialect.name.map { "# dialect: \($0)\n" } ?? ""
            if needsMode, dialect.isForRuby {
                beginning += "\(DotenvDialect.rubyMode)=legacy\n"
                lines.append(Secret("\(DotenvDialect.rubyMode)=''\n"))
            }
            return [Secret(beginning)] + lines
        }
    }
}

/// How a value is written down: what stands before, in and behind it.
struct DotenvSpelling: Sendable {
    let open: String
    var close: String
    /// Whether line ends become `\n` and `\r`.
    var hasLineEscape = false
    /// What stands for a byte; nil for the byte itself.
    var replacement: @Sendable (UInt8) -> String? = { _ in nil }

    private static func quoted(_ quote: String) -> Self { Self(open: quote, close: quote) }

    /// As it is.
    static let plain = quoted("")
    /// As it is, in single quotes.
    static let single = quoted("'")
    /// As it is, in double quotes.
    static let double = quoted("\"")
    /// As it is, in backticks.
    static let backticks = quoted("`")

    /// In this spelling, but for what `replacement` stands for.
    func replacing(_ replacement: @escaping @Sendable (UInt8) -> String?) -> Self {
        Self(open: open, close: close, replacement: replacement)
    }

    /// A backslash before some characters.
    func escaping(_ characters: String) -> Self {
        let characters = Array(characters.utf8)
        return replacing { byte in characters.contains(byte) ? "\\\(Unicode.Scalar(byte))" : nil }
    }

    /// With a comment behind it that has both quotes, each before a letter; see the dialect of the dotenv gem.
    func guarded(_ isGuarded: Bool) -> Self {
        guard isGuarded else { return self }
        let comment = "# the gem's \"guard\" behind a value that a backslash ends"
        var spelling = self
        spelling.close += "\n\(comment)"
        return spelling
    }

    /// `\n` and `\r` for line ends, and what the spelling replaces already.
    func escapingLineEnds() -> Self {
        var spelling = self
        spelling.hasLineEscape = true
        spelling.replacement = { [replacement] byte in
            switch byte {
            case UInt8(ascii: "\n"): "\\n"
            case UInt8(ascii: "\r"): "\\r"
            default: replacement(byte)
            }
        }
        return spelling
    }
}

/// What in a value decides its spelling.
struct DotenvTraits: OptionSet, Sendable {
    let rawValue: Int

    init(rawValue: Int) { self.rawValue = rawValue }

    static let carriageReturn = Self(rawValue: 1 << 0)
    static let lineFeed = Self(rawValue: 1 << 1)
    static let singleQuote = Self(rawValue: 1 << 2)
    static let doubleQuote = Self(rawValue: 1 << 3)
    static let backtick = Self(rawValue: 1 << 4)
    static let hash = Self(rawValue: 1 << 5)
    /// A `#` at the start or behind a blank: most readers take it for a comment where there are no quotes.
    static let looseHash = Self(rawValue: 1 << 6)
    static let dollar = Self(rawValue: 1 << 7)
    /// `$(`.
    static let command = Self(rawValue: 1 << 8)
    /// `${NAME}` or `${NAME:-words}`, whatever the name, as python-dotenv finds it in any quotes.
    static let reference = Self(rawValue: 1 << 9)
    /// A backslash that is not the last character.
    static let innerBackslash = Self(rawValue: 1 << 10)
    static let finalBackslash = Self(rawValue: 1 << 11)
    /// `\\` or `\'`.
    static let escapeInSingleQuotes = Self(rawValue: 1 << 12)
    /// The two characters `\n`.
    static let lineFeedEscape = Self(rawValue: 1 << 13)
    /// The two characters `\r`.
    static let carriageReturnEscape = Self(rawValue: 1 << 14)
    static let finalDoubleQuote = Self(rawValue: 1 << 15)
    /// Anything but visible ASCII: which of these are blanks differs.
    static let blank = Self(rawValue: 1 << 16)
    /// Nothing, or a blank or a quote at the start, or a blank at the end: it needs quotes. So does `=` at the start, which
    /// `import` takes for the end of base64.
    static let bareEnd = Self(rawValue: 1 << 17)

    static let leadingBacktick = Self(rawValue: 1 << 18)

    /// What keeps a value from standing without quotes in any dialect.
    static let unquotable: Self = [.carriageReturn, .lineFeed, .bareEnd, .looseHash]

    /// Looks through a value, from its end.
    init(_ bytes: Span<UInt8>) {
        self = []
        var next: UInt8?
        // Whether the inside of a reference could begin here, and whether a `}` comes.
        var (isInReference, hasBrace) = (false, false)
        func isBlank(_ byte: UInt8) -> Bool { !(0x21...0x7E).contains(byte) }
        for index in bytes.indices.reversed() {
            let byte = bytes[index]
            if isBlank(byte) { insert(.blank) }
            switch byte {
            case UInt8(ascii: "\r"): insert(.carriageReturn)
            case UInt8(ascii: "\n"): insert(.lineFeed)
            case UInt8(ascii: "'"): insert(.singleQuote)
            case UInt8(ascii: "\""): insert(next == nil ? [.doubleQuote, .finalDoubleQuote] : .doubleQuote)
            case UInt8(ascii: "`"): insert(.backtick)
            case UInt8(ascii: "#"): insert(index == 0 || isBlank(bytes[index - 1]) ? [.hash, .looseHash] : .hash)
            case UInt8(ascii: "}"): (isInReference, hasBrace) = (true, true)
            case UInt8(ascii: ":"): isInReference = hasBrace && next == UInt8(ascii: "-")
            case UInt8(ascii: "$"):
                insert(.dollar)
                if next == UInt8(ascii: "(") { insert(.command) }
                if next == UInt8(ascii: "{"), isInReference { insert(.reference) }
            case UInt8(ascii: "\\"):
                insert(next == nil ? .finalBackslash : .innerBackslash)
                switch next {
                case UInt8(ascii: "\\"), UInt8(ascii: "'"): insert(.escapeInSingleQuotes)
                case UInt8(ascii: "n"): insert(.lineFeedEscape)
                case UInt8(ascii: "r"): insert(.carriageReturnEscape)
                default: break
                }
            default: break
            }
            next = byte
        }
        if bytes.isEmpty || isBlank(bytes[0]) || isBlank(bytes[bytes.count - 1]) || "'\"=".utf8.contains(bytes[0]) {
            insert(.bareEnd)
        }
        if next == UInt8(ascii: "`") { insert(.leadingBacktick) }
    }

    /// Whether there is none of these.
    func lacks(_ traits: Self) -> Bool { isDisjoint(with: traits) }
}
