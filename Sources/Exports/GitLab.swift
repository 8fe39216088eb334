import Tokens

extension ExportFormat {
    /// A dotenv report of a GitLab job (`artifacts: reports: dotenv:`): `NAME=value` without quotes, comments or empty lines.
    static let gitlab = ExportFormat(name: "gitlab", firstLine: nil, names: .identifiers()) {
        values throws(ExportRefusal) in
        var lines: [Secret] = []
        for value in values {
            if let problem = value.value.withSpan(problem) { throw value.refusal(problem) }
            guard value.name.utf8.count <= 255 else { throw value.refusal("GitLab takes no name over 255 characters") }
            lines += [Secret("\(value.name)="), value.value, Secret("\n")]
            guard lines.reduce(0, { $0 + $1.count }) < 5120 else {
                throw value.refusal("with it, the file is not below 5 KiB, which is GitLab's limit for a dotenv report")
            }
        }
        return lines
    }

    /// What GitLab, or its runner, would change.
    private static func problem(in bytes: Span<UInt8>) -> String? {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
        guard bytes.count > 0 else { return nil }
        if bytes.indices.contains(where: { bytes[$0] == UInt8(ascii: "\n") }) {
            return "its value has a line feed, and a dotenv report has a line for each variable"
        }
        if isBlank(bytes[0]) || isBlank(bytes[bytes.count - 1]) {
            return "its value begins or ends with a blank, which GitLab cuts off"
        }
        if bytes.indices.contains(where: { bytes[$0] == UInt8(ascii: "$") }) {
            return "its value has $, which GitLab takes for the beginning of a variable's name"
        }
        if bytes.indices.count(where: { bytes[$0] == UInt8(ascii: "%") }) > 1 {
            return "its value has % twice, between which GitLab can see a variable's name"
        }
        return nil
    }
}
