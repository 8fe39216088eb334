import Tokens

/// Columns of text for a terminal.
enum Table {
    /// The rows with their columns below each other, two blanks apart.
    static func text(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(Console.plain) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                line += text
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - text.count + 2) }
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}

/// How long an access token is still good.
struct Validity {
    /// In words, such as `1 h 59 min`, or `59 min (assumed)` where the provider did not say.
    let words: String

    /// Nil when nothing is known.
    init?(_ tokens: TokenSet, now: Int64) {
        guard let end = tokens.presumedEnd else { return nil }
        // A clock that jumped back makes it no fresher than it was when it came.
        let now = max(now, tokens.obtainedAt ?? now)
        let left = end > now ? Moment.length(end - now) : "ended"
        words = tokens.expiresAt == nil ? "\(left) (assumed)" : left
    }
}
