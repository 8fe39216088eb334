import Tokens

extension ExportFormat {
    /// One flat object of strings. It has no room for a first line.
    static let json = ExportFormat(name: "json", firstLine: nil, names: .any) { values in
        let members = values.enumerated().flatMap { index, value in
            [
                Secret(index == 0 ? "\n  " : ",\n  "), Secret(value.name).jsonString, Secret(": "),
                value.value.jsonString,
            ]
        }
        return [Secret("{")] + members + [Secret(members.isEmpty ? "}\n" : "\n}\n")]
    }
}
