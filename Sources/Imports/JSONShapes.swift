/// What the command line programs of password managers print as JSON.
///
/// Each shape is one that no flat object of strings has: the values of a flat object are taken as they stand.
extension FlatJSON.Value {
    /// The values in their order, and what they are; nil for what has no names.
    var shaped: (findings: [Finding], kind: String)? {
        switch self {
        case .object(let members):
            if let item = members.onePasswordFields { return (item, "an item of 1Password") }
            if let secrets = members.dopplerSecrets { return (secrets, "secrets of Doppler") }
            return (members.map(\.finding), ImportSyntax.json.words)
        case .array(let objects?) where !objects.isEmpty:
            if objects.allSatisfy(\.isOnePasswordField) {
                return (objects.compactMap(\.onePasswordField), "fields of 1Password")
            }
            // `infisical export --format=json` prints its models.SingleEnvironmentVariable (packages/models/cli.go in
            // Infisical/cli): key and value beside workspace, type, _id, tags and others.
            if objects.allSatisfy({ $0.text("key") != nil && $0.member("value") != nil }) {
                let secrets = objects.compactMap { object in
                    object.member("value").map { $0.finding(named: object.text("key")) }
                }
                return (secrets, "secrets of Infisical")
            }
            return nil
        default: return nil
        }
    }

    fileprivate var content: Finding.Content {
        switch self {
        case .plain(let content): content
        case .object: .other(why: "an object; only flat values are taken")
        case .array: .other(why: "an array")
        }
    }
}

extension FlatJSON.Member {
    fileprivate var finding: Finding { finding(named: name) }

    fileprivate func finding(named name: String?) -> Finding {
        guard let name else {
            let why = Finding.Content.other(why: "its name holds half of a surrogate pair")
            return Finding(name: "a member", line: line, content: why, place: .aside)
        }
        return Finding(name: name, line: line, content: value.content)
    }
}

extension [FlatJSON.Member] {
    fileprivate func member(_ name: String) -> FlatJSON.Member? { last { $0.name == name } }

    fileprivate func text(_ name: String) -> String? {
        guard case .plain(.text(let text))? = member(name)?.value else { return nil }
        return text
    }

    /// The fields of what `op item get ITEM --format json` prints: `{"id", "category", "fields": [{"id", "type", "label",
    /// "value", …}], …}` (1Password CLI reference, "item get"), or of one of its fields.
    fileprivate var onePasswordFields: [Finding]? {
        if isOnePasswordField, text("reference")?.hasPrefix("op://") == true { return onePasswordField.map { [$0] } }
        guard text("id") != nil, text("category") != nil, case .array(let fields?)? = member("fields")?.value else {
            return nil
        }
        return fields.compactMap(\.onePasswordField)
    }

    fileprivate var isOnePasswordField: Bool { text("id") != nil && text("type") != nil && text("label") != nil }

    /// A field under its label; nil where it is not filled in.
    fileprivate var onePasswordField: Finding? {
        guard let value = member("value"), text("value") != "" else { return nil }
        // Since op 2.30 this stands in the place of a password.
        guard text("value")?.hasPrefix("[use 'op item get ") != true else {
            let why = Finding.Content.other(why: "concealed by op; add --reveal to its command")
            return Finding(name: text("label") ?? "a field", line: value.line, content: why)
        }
        return value.finding(named: text("label") ?? text("id"))
    }

    /// What `doppler secrets --json` prints: `{"NAME": {"computed": "…", …}, …}` (pkg/printer/enclave.go in
    /// DopplerHQ/cli); the raw value, where it is there, still refers to others. `doppler secrets download --no-file
    /// --format json` prints a flat object.
    fileprivate var dopplerSecrets: [Finding]? {
        var secrets: [Finding] = []
        for member in self {
            guard case .object(let members) = member.value, let computed = members.member("computed") else {
                return nil
            }
            secrets.append(computed.finding(named: member.name))
        }
        return secrets.isEmpty ? nil : secrets
    }
}
