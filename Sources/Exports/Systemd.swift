import Tokens

extension ExportFormat {
    /// A file for `EnvironmentFile=` of a systemd unit (systemd.exec(5)): double quotes, with a backslash before each of
    /// `"`, `\`, `` ` `` and `$`, as systemd itself writes such files.
    static let systemd = ExportFormat(name: "systemd", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        var lines: [Secret] = []
        for value in values {
            if let problem = problem(in: value.value) { throw value.refusal(problem) }
            let escaped = value.value.replacing { byte in
                switch byte {
                case UInt8(ascii: "\""): #"\""#
                case UInt8(ascii: "\\"): #"\\"#
                case UInt8(ascii: "`"): #"\`"#
                case UInt8(ascii: "$"): #"\$"#
                default: nil
                }
            }
            lines += [Secret("\(value.name)=\""), escaped, Secret("\"\n")]
        }
        return lines
    }

    /// What systemd.exec(5) rules out; control characters go since systemd 248, and before that only tabs and line feeds.
    private static func problem(in value: Secret) -> String? {
        value.withSpan { bytes in
            guard let text = try? UTF8Span(validating: bytes) else { return nil }
            var scalars = text.makeUnicodeScalarIterator()
            while let scalar = scalars.next() {
                if scalar == "\u{FEFF}" { return "its value has a byte order mark, which systemd's manual rules out" }
                if scalar.properties.isNoncharacterCodePoint {
                    return "its value has a Unicode noncharacter, for which systemd refuses the whole file"
                }
            }
            return nil
        }
    }
}
