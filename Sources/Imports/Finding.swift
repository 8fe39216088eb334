/// A name in a file and what it was found to hold, in the order in which the file's reader would set it.
struct Finding {
    /// What a name was found to hold.
    enum Content {
        case text(String)
        /// A string, but not a value of its own: a member of an object within the file's values.
        case nestedText
        case other(why: String)

        /// Whether a string stands there, taken or not.
        var isString: Bool {
            switch self {
            case .text, .nestedText: true
            case .other: false
            }
        }
    }

    /// What else can give the same name another value.
    enum Place: Hashable {
        /// A variable of the module, a line of .env, a member of the JSON object.
        case variable
        /// A member of what a module exports.
        case export
        /// Nothing: the finding only names what is there.
        case aside
    }

    let name: String
    let line: Int
    let content: Content
    var place = Place.variable

    /// The same finding seen from outside of the object `owner` that it is a member of.
    func nested(in owner: String) -> Finding {
        let path = "\(owner.safeToPrint).\(name.safeToPrint)".safeToPrint
        guard case .other(let why) = content else {
            return Finding(name: path, line: line, content: .nestedText, place: .aside)
        }
        return Finding(name: path, line: line, content: .other(why: why), place: .aside)
    }
}

extension ImportedFile {
    /// Decides which findings are values: the last of each name, where it is one the vault can keep.
    init(_ findings: [Finding], kind: String) {
        var kept: [String: ImportedValue] = [:]
        var left: Set<LeftBehind> = []
        let successors = Self.successors(in: findings)
        for (index, finding) in findings.enumerated() {
            if let successor = successors[index].map({ findings[$0] }) {
                // Only a string is a loss worth a line, and only when another value follows it.
                guard case .text(let text) = finding.content, !successor.holds(text) else { continue }
                left.insert(finding.replaced(on: successor.line))
            } else if let why = finding.objection {
                left.insert(LeftBehind(name: finding.name, line: finding.line, why: why))
            } else if case .text(let text) = finding.content {
                // A variable and an export of one name: what is exported later is what readers of the module get.
                if let earlier = kept[finding.name], !finding.holds(earlier.value) {
                    left.insert(
                        LeftBehind(name: earlier.name, line: earlier.line, why: "replaced on line \(finding.line)"))
                } else if kept[finding.name] != nil {
                    continue
                }
                kept[finding.name] = ImportedValue(name: finding.name, value: text, line: finding.line)
            }
        }
        self.kind = kind
        values = kept.values.sorted { ($0.line, $0.name) < ($1.line, $1.name) }
        leftBehind = left.sorted { ($0.line, $0.name, $0.why) < ($1.line, $1.name, $1.why) }
    }

    /// For each finding the one that sets the same name next.
    private static func successors(in findings: [Finding]) -> [Int?] {
        struct Key: Hashable {
            let name: String
            let place: Finding.Place
        }
        var successors = [Int?](repeating: nil, count: findings.count)
        var latest: [Key: Int] = [:]
        // A name of the vault's alphabet is ASCII, so that Swift's equality of canonical equivalents cannot mix two up.
        for (index, finding) in findings.enumerated() where finding.place != .aside && finding.name.isVaultName {
            if let earlier = latest.updateValue(index, forKey: Key(name: finding.name, place: finding.place)) {
                successors[earlier] = index
            }
        }
        return successors
    }
}

extension Finding {
    /// Why this is no value to keep, or nil when it is one.
    fileprivate var objection: String? {
        switch content {
        case .nestedText: return "a string inside another object; only flat values are taken"
        case .other(let why): return why
        case .text(let text):
            guard name.isVaultName else {
                return
                    "a name is 1 to 128 letters, digits, dots, underscores and hyphens, and begins with a letter or digit"
            }
            // The program that would take it for a value is sops itself.
            if text.hasPrefix("ENC[AES256_GCM,data:") { return "encrypted by sops; import what sops -d prints" }
            return text.utf8.contains(0) ? "holds NUL" : nil
        }
    }

    fileprivate func holds(_ value: String) -> Bool {
        guard case .text(let text) = content else { return false }
        return text.utf8.elementsEqual(value.utf8)
    }

    fileprivate func replaced(on line: Int) -> LeftBehind {
        LeftBehind(name: name, line: self.line, why: "replaced on line \(line)")
    }
}

extension String {
    /// Whether the vault can keep a secret under this name: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`.
    fileprivate var isVaultName: Bool {
        guard let first = utf8.first, utf8.count <= 128 else { return false }
        return first.isASCIIAlphanumeric
            && utf8.allSatisfy { $0.isASCIIAlphanumeric || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    /// The text with everything that could steer a terminal replaced, and cut at 128 characters.
    var safeToPrint: String {
        var safe = String.UnicodeScalarView()
        var count = 0
        for scalar in unicodeScalars {
            count += 1
            guard count <= 128 else { return String(safe) + "…" }
            if (" "..."~").contains(scalar) {
                safe.append(scalar)
                continue
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                safe.append("\u{FFFD}")
            default: safe.append(scalar)
            }
        }
        return String(safe)
    }
}

extension UInt8 {
    fileprivate var isASCIIAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
