import Tokens

extension ExportFormat {
    /// A `.env` file that Node's `--env-file` and python-dotenv read alike.
    ///
    /// There is no standard: each value gets the first quoting that both read back exactly.
    static func dotenv(dialect: String?) throws(FormatProblem) -> ExportFormat { dotenv }

    private static let dotenv = ExportFormat(name: "dotenv", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        var lines: [Secret] = []
        for value in values {
            let quote = try quote(for: value)
            lines += [Secret("\(value.name)=\(quote)"), value.value, Secret("\(quote)\n")]
        }
        return lines
    }

    /// The quote for a value; empty for none.
    private static func quote(for value: ExportValue) throws(ExportRefusal) -> String {
        let found = value.value.withSpan { Findings($0) }
        if found.hasCarriageReturn {
            throw value.refusal("its value has a carriage return, which .env readers drop or turn into a line feed")
        }
        if found.hasReference {
            throw value.refusal("its value has ${, which .env readers take as a variable in any quotes")
        }
        // Single quotes come first: they alone keep other readers, and a shell, from expanding `$`.
        if !found.hasSingleQuote, !found.isChangedInSingleQuotes { return "'" }
        if !found.hasDoubleQuote, !found.isChangedInDoubleQuotes { return "\"" }
        if found.isPlain { return "" }
        throw value.refusal("no quoting brings its mix of quotes, backslashes, line feeds, # and blanks back")
    }

    /// What in a value decides its quoting.
    private struct Findings {
        var hasCarriageReturn = false
        /// `${`: python-dotenv expands `${NAME}` even in single quotes, and knows no escape for it.
        var hasReference = false
        var hasSingleQuote = false
        var hasDoubleQuote = false
        /// A backslash before one of `\'`: python-dotenv reads an escape there, Node does not.
        var isChangedInSingleQuotes = false
        /// A backslash before one of `\'"abfnrtv`: an escape for python-dotenv, and `\n` for both.
        var isChangedInDoubleQuotes = false
        /// One line without `#` that begins and ends with something other than a blank, and begins with no quote:
        /// without quotes, both take it as it stands.
        var isPlain: Bool

        init(_ bytes: Span<UInt8>) {
            // Beyond ASCII there are blanks, too; which ones are trimmed differs.
            isPlain =
                bytes.count > 0 && Self.isVisible(bytes[0]) && Self.isVisible(bytes[bytes.count - 1])
                && bytes[0] != UInt8(ascii: "`") && bytes[0] != UInt8(ascii: "'") && bytes[0] != UInt8(ascii: "\"")
            for index in bytes.indices {
                // A value's end is followed by the quote.
                let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: "'")
                switch bytes[index] {
                case UInt8(ascii: "\r"): hasCarriageReturn = true
                case UInt8(ascii: "\n"), UInt8(ascii: "#"): isPlain = false
                case UInt8(ascii: "'"): hasSingleQuote = true
                case UInt8(ascii: "\""): hasDoubleQuote = true
                case UInt8(ascii: "$"): if next == UInt8(ascii: "{") { hasReference = true }
                case UInt8(ascii: "\\"):
                    if "\\'".utf8.contains(next) { isChangedInSingleQuotes = true }
                    if "\\'\"abfnrtv".utf8.contains(next) { isChangedInDoubleQuotes = true }
                default: break
                }
            }
        }

        private static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
    }
}
