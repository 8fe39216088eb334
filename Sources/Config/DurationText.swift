/// A length of time as people write it: `50ms`, `90s`, `30m`, `12h`, `7d`.
package enum DurationText {
    /// Reads a duration; nil for anything but a whole number and one of the units.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number >= 0 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return seconds(number, 1)
        case "m": return seconds(number, 60)
        case "h": return seconds(number, 3600)
        case "d": return seconds(number, 86400)
        default: return nil
        }
    }

    /// What to say of a text that is none.
    package static let expectation = "a duration is a number and a unit: 90s, 30m, 12h or 7d"

    private static func seconds(_ number: Int64, _ unit: Int64) -> Duration? {
        // A century is enough for everything that is measured here, and far from any overflow.
        guard number <= 100 * 366 * 86400 / unit else { return nil }
        return .seconds(number * unit)
    }
}
