import Tokens

extension ExportFormat {
    /// A script to dot-source from PowerShell (`. ./secrets.ps1`), or to pipe to `Invoke-Expression`.
    ///
    /// It is ASCII, a line for each value: Windows PowerShell reads a file without a byte order mark in the machine's old
    /// encoding, and what goes through a pipe there comes out with other line ends. So a value of printable ASCII stands in
    /// single quotes, where only `'` is doubled, and any other one as the base64 of its UTF-8; the typographic quotes that
    /// would have to be doubled, too, are among these.
    static let powershell = ExportFormat(name: "powershell", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        var names: Set<String> = []
        var lines: [Secret] = []
        for value in values {
            guard names.insert(value.name.lowercased()).inserted else {
                throw value.refusal("another name differs from it only in case, and Windows has one variable for both")
            }
            guard !value.value.isEmpty else {
                throw value.refusal("it is empty, and PowerShell before 7.5 removes a variable that is set to nothing")
            }
            guard utf16Count(of: value.value) < 32_767 else {
                throw value.refusal("it is longer than 32,766 UTF-16 units, which Windows takes as no variable")
            }
            let isPlain = value.value.withSpan { bytes in bytes.indices.allSatisfy { 0x20...0x7E ~= bytes[$0] } }
            lines.append(Secret("$env:\(value.name) = "))
            if isPlain {
                let doubled = value.value.replacing { $0 == UInt8(ascii: "'") ? "''" : nil }
                lines += [Secret("'"), doubled, Secret("'\n")]
            } else {
                let base64 = value.value.withSpan { Secret(Base64.encode($0, .standard)) }
                lines += [
                    Secret("[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('"), base64, Secret("'))\n"),
                ]
            }
        }
        return lines
    }

    /// The number of UTF-16 units that a UTF-8 text has: one for each scalar, two for each of four bytes.
    private static func utf16Count(of text: Secret) -> Int {
        text.withSpan { bytes in
            bytes.indices.reduce(0) { $0 + (0x80..<0xC0 ~= bytes[$1] ? 0 : bytes[$1] >= 0xF0 ? 2 : 1) }
        }
    }
}
