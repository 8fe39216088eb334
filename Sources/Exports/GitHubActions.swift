package import Tokens

extension ExportFormat {
    /// What is appended to the file that `GITHUB_ENV` names in a step of a GitHub Actions job: the variables of the steps
    /// after it. `masks(for:)` goes to standard output first.
    ///
    /// Each value stands between its name and a line that occurs in none of them, so the runner reads it as it is.
    static let githubActions = ExportFormat(name: "github-actions", firstLine: nil, names: .identifiers()) {
        values throws(ExportRefusal) in
        // More underscores in a row than any value has, and equal values make equal bytes.
        let underscores = values.map { longestRun(of: UInt8(ascii: "_"), in: $0.value) }.max() ?? 0
        let delimiter = "TOKENKEEP" + String(repeating: "_", count: underscores + 1)
        var parts: [Secret] = []
        for value in values {
            let name = value.name.uppercased()
            guard name != "NODE_OPTIONS", !["GITHUB_", "RUNNER_", "ACTIONS_"].contains(where: name.hasPrefix) else {
                throw value.refusal("GitHub's runner keeps this name for itself")
            }
            parts += [Secret("\(value.name)<<\(delimiter)\n"), value.value, Secret("\n\(delimiter)\n")]
        }
        return parts
    }

    /// Whether the format is for a step of a job, which appends it to a file of the runner's, and no file of its own.
    package var isForAStep: Bool { name == "github-actions" }

    /// The commands that have the runner mask each value in its log, and each line of it, for it looks at a log line by line.
    ///
    /// What is nothing but blanks cannot be masked.
    package static func masks(for values: [ExportValue]) -> Secret {
        var parts: [Secret] = []
        for value in values {
            let lines = value.value.lines
            for text in (lines.count > 1 ? [value.value] : []) + lines where !text.isBlank {
                let escaped = text.replacing { byte in
                    switch byte {
                    case UInt8(ascii: "%"): "%25"
                    case UInt8(ascii: "\r"): "%0D"
                    case UInt8(ascii: "\n"): "%0A"
                    default: nil
                    }
                }
                parts += [Secret("::add-mask::"), escaped, Secret("\n")]
            }
        }
        return Secret(joining: parts)
    }

    private static func longestRun(of byte: UInt8, in value: Secret) -> Int {
        value.withSpan { bytes in
            var (run, longest) = (0, 0)
            for index in bytes.indices {
                run = bytes[index] == byte ? run + 1 : 0
                longest = max(longest, run)
            }
            return longest
        }
    }
}

extension Secret {
    /// The parts between line feeds and carriage returns; the value itself where it has none.
    fileprivate var lines: [Secret] {
        withSpan { bytes in
            var lines: [Secret] = []
            var start = 0
            for index in 0...bytes.count {
                guard index == bytes.count || "\r\n".utf8.contains(bytes[index]) else { continue }
                lines.append(Secret(bytes.extracting(start..<index)))
                start = index + 1
            }
            return lines
        }
    }

    /// Whether there is nothing but blanks of ASCII.
    fileprivate var isBlank: Bool {
        withSpan { bytes in bytes.indices.allSatisfy { bytes[$0] == 0x20 || 0x09...0x0D ~= bytes[$0] } }
    }
}
