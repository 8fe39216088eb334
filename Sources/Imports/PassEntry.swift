/// What `pass show` prints: the password in the first line, and below it what its users write there, mostly
/// `Username: value` lines (passwordstore.org, "Data Organization").
struct PassEntry {
    private let name: String
    private var source: Source

    /// The password is called `name`, and a `key: value` line `name` and `_` and the key, in capitals with every
    /// character that is neither a letter nor a digit as `_`.
    init(_ source: Source, name: String) {
        (self.source, self.name) = (source, name)
    }

    /// The values in the order of their lines, and the lines that are none.
    mutating func findings() -> [Finding] {
        let password = takeLine()
        guard !password.hasPrefix("-----BEGIN ") else {
            let why = "a key over several lines; keep all of it: pass show ENTRY | tokenkeep set NAME"
            return [Finding(name: name, line: 1, content: .other(why: why))]
        }
        var findings = [
            Finding(name: name, line: 1, content: password.isEmpty ? .other(why: "empty") : .text(password))
        ]
        while source.peek() != nil {
            let line = source.line
            let key = source.take { $0.isASCIIAlphanumeric || $0 == " " || $0 == "_" || $0 == "-" || $0 == "." }
            if !key.isEmpty, source.take(": ") {
                source.take { $0 == " " }
                findings.append(Finding(name: "\(name)_\(key.asNamePart)", line: line, content: .text(takeLine())))
            } else if key == "otpauth", source.peek() == ":" {
                let why = "the seed of one-time passwords"
                findings.append(Finding(name: "otpauth", line: line, content: .other(why: why), place: .aside))
                _ = takeLine()
            } else if !takeLine().isEmpty || !key.isEmpty {
                let why = "not key: value"
                findings.append(Finding(name: "a line", line: line, content: .other(why: why), place: .aside))
            }
        }
        return findings
    }

    private mutating func takeLine() -> String {
        var text = source.take { $0 != "\n" }.unicodeScalars
        source.take()
        if text.last == "\r" { text.removeLast() }
        return String(text)
    }
}

extension Unicode.Scalar {
    fileprivate var isASCIIAlphanumeric: Bool {
        switch self {
        case "0"..."9", "A"..."Z", "a"..."z": true
        default: false
        }
    }
}

extension String {
    fileprivate var asNamePart: String {
        String(uppercased().map { $0.unicodeScalars.allSatisfy(\.isASCIIAlphanumeric) ? $0 : "_" })
    }
}
