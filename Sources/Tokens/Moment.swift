/// Moments and lengths of time as people read them.
package enum Moment {
    /// A moment in UTC: `2026-11-23 14:05Z`, or with seconds `2026-11-23 14:05:09Z`.
    package static func text(_ time: Int64, withSeconds: Bool = false) -> String {
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
        let date = "\(year)-\(two(month < 10 ? month + 3 : month - 9))-\(two(day))"
        let seconds = withSeconds ? ":\(two(second % 60))" : ""
        return "\(date) \(two(second / 3600)):\(two(second / 60 % 60))\(seconds)Z"
    }

    /// A length of time in its two largest units: `1 h 59 min`, `179 d 23 h`.
    package static func length(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3600: "\(seconds / 60) min"
        case ..<86400: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }
}
