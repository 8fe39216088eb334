import Tokens

extension ExportFormat {
    /// A YAML mapping of strings, for readers of YAML 1.1 and of 1.2: nothing is plain, so nothing is a number or a `no`.
    static let yaml = ExportFormat(name: "yaml", firstLine: "# \(notice)", names: .any) {
        values throws(ExportRefusal) in
        guard !values.isEmpty else { return [Secret("{}\n")] }
        var lines: [Secret] = []
        for value in values {
            // A key on its line has at most 1,024 characters (YAML 1.2 §7.4.2), its quotes and escapes counted.
            let name = Secret(value.name).asciiString
            guard name.count <= 1000 else { throw value.refusal("yaml takes no name of more than 1,000 characters") }
            lines += [name, Secret(": "), value.value.asciiString, Secret("\n")]
        }
        return lines
    }
}
