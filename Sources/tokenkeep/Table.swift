import Tokens

/// Columns of text for a terminal.
enum Table {
    /// The rows with their columns below each other, two blanks apart.
    static func text(_ rows: [[String]]) -> String {
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

/// Moments and lengths of time as people read them.
enum Moment {
    /// A moment in UTC: `2026-11-23 14:05Z`.
    static func text(_ time: Int64) -> String {
        // Howard Hinnant's civil_from_days: the proleptic Gregorian calendar, without a library and without a zone.
        let days = time >= 0 ? time / 86400 : (time - 86399) / 86400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
        let second = time - days * 86400
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(year)-\(two(month < 10 ? month + 3 : month - 9))-\(two(day)) \(two(second / 3600)):\(two(second / 60 % 60))Z"
    }

    /// A length of time in its two largest units: `1 h 59 min`, `179 d 23 h`.
    static func length(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }
}

/// How long an access token is still good.
struct Validity {
    /// In words, such as `1 h 59 min`, or `59 min (assumed)` where the provider did not say.
    let words: String

    /// Nil when nothing is known.
    init?(_ tokens: TokenSet, now: Int64) {
        guard let end = tokens.presumedEnd else { return nil }
        let left = end > now ? Moment.length(end - now) : "ended"
        words = tokens.expiresAt == nil ? "\(left) (assumed)" : left
    }
}
