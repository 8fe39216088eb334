import Tokens

extension ExportFormat {
    /// Values in a text of the user's own (Mustache). Any bytes but NUL go, for what stands around them is not known.
    ///
    /// Unlike Mustache, `{{NAME}}` is not escaped for HTML: a secret goes out as it is. What quotes is said: `{{#html}}`.
    static func template(_ text: Secret?) throws(FormatProblem) -> ExportFormat {
        guard let text else {
            throw FormatProblem(
                "the format template needs a template",
                hint: "name its file: --template FILE, or template = \"FILE\" in the config")
        }
        var parser = MustacheParser(text.revealedBytes())
        let nodes = try parser.parse()
        return ExportFormat(name: "template", firstLine: nil, names: .any, isText: false) {
            values throws(ExportRefusal) in
            var filling = TemplateFilling(values)
            return try filling.fill(nodes)
        }
    }
}

/// One filling in of a template.
private struct TemplateFilling {
    /// What a name stands for.
    private enum Meaning {
        case text(Secret)
        case object([String: Meaning])
        case list([Meaning])
        case quoting(TemplateQuoting)

        /// Whether a section of it is filled in, as most of Mustache's implementations have it.
        var isTrue: Bool {
            switch self {
            case .text(let value): !value.isEmpty
            case .list(let items): !items.isEmpty
            case .object, .quoting: true
            }
        }
    }

    /// What may be made in all, in bytes: lists in lists grow exponentially.
    private static let limit = 64 << 20
    /// What a piece counts beside its bytes, for each place in which its name may be looked up.
    private static let pieceCost = 32
    /// What may be quoted at once, in bytes: quoting in quoting grows exponentially, too.
    private static let quotingLimit = 1 << 20

    private var left = limit
    /// Where names are looked up, the innermost last.
    private var contexts: [Meaning]

    init(_ values: [ExportValue]) {
        var names: [String: Meaning] = [:]
        var connections: [String: [String: Meaning]] = [:]
        for value in values {
            names[value.name] = .text(value.value)
            if let (connection, field) = value.source {
                connections[connection, default: [:]][field] = .text(value.value)
            }
        }
        for quoting in TemplateQuoting.allCases { names[quoting.rawValue] = .quoting(quoting) }
        names["values"] = .list(
            values.map { .object(["name": .text(Secret($0.name)), "value": .text($0.value)]) })
        names["connections"] = .list(
            connections.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { name, fields in
                .object(fields.merging(["name": .text(Secret(name))]) { $1 })
            })
        contexts = [.object(names)]
    }

    mutating func fill(_ nodes: [MustacheNode]) throws(ExportRefusal) -> [Secret] {
        var parts: [Secret] = []
        for node in nodes {
            switch node {
            case .text(let text): parts.append(try counted(text))
            case .variable(let name): parts.append(try counted(value(of: name)))
            case .section(let name, let isInverted, let inner):
                _ = try counted(Secret(""))
                let meaning = meaning(of: name.text)
                if isInverted {
                    if meaning?.isTrue != true { parts += try fill(inner) }
                } else if case .quoting(let quoting) = meaning {
                    parts.append(try counted(quote(Secret(joining: try fill(inner)), quoting, name)))
                } else if let meaning, meaning.isTrue {
                    var items = [meaning]
                    if case .list(let members) = meaning { items = members }
                    for item in items {
                        contexts.append(item)
                        parts += try fill(inner)
                        contexts.removeLast()
                    }
                }
            }
        }
        return parts
    }

    private func meaning(of name: String) -> Meaning? {
        if name == "." { return contexts.last }
        for case .object(let members) in contexts.reversed() {
            if let meaning = members[name] { return meaning }
        }
        return nil
    }

    private func value(of name: MustacheName) throws(ExportRefusal) -> Secret {
        switch meaning(of: name.text) {
        case .text(let value): return value
        case nil:
            throw ExportRefusal(
                name: name.text,
                reason: "line \(name.line) of the template names it, and it is not among the values of this output",
                hint:
                    "correct the name, or include it; what may be missing goes into a section: {{#\(name.text)}}…{{/\(name.text)}}"
            )
        default:
            throw ExportRefusal(
                name: name.text, reason: "line \(name.line) of the template uses it as a value, which it is not",
                hint: "write it as a section: {{#connections}}…{{/connections}}, {{#json}}{{NAME}}{{/json}}")
        }
    }

    private func quote(
        _ text: Secret, _ quoting: TemplateQuoting, _ name: MustacheName
    ) throws(ExportRefusal) -> Secret {
        guard text.count <= Self.quotingLimit else {
            throw ExportRefusal(
                name: "{{#\(name.text)}}",
                reason: "what it quotes in line \(name.line) of the template is larger than 1 MiB",
                hint: "quote single values")
        }
        guard let quoted = quoting.quote(text) else {
            throw ExportRefusal(
                name: "{{#\(name.text)}}",
                reason: "what it quotes in line \(name.line) of the template is not UTF-8, and \(name.text) holds text",
                hint: "use {{#base64}} there")
        }
        return quoted
    }

    private mutating func counted(_ part: Secret) throws(ExportRefusal) -> Secret {
        left -= Self.pieceCost * contexts.count + part.count
        guard left >= 0 else {
            throw ExportRefusal(
                name: "the template", reason: "filled in, it is larger than 64 MiB",
                hint: "lists within lists grow fast: see whether one of them is meant")
        }
        return part
    }
}

/// Sections that quote what is inside of them.
private enum TemplateQuoting: String, CaseIterable {
    case json, shell, base64, url, html

    /// The text, quoted; nil where it cannot be.
    func quote(_ text: Secret) -> Secret? {
        switch self {
        case .json:
            return text.withSpan { (try? UTF8Span(validating: $0)) != nil } ? text.jsonString : nil
        case .shell:
            let quoted = text.replacing { $0 == UInt8(ascii: "'") ? "'\\''" : nil }
            return Secret(joining: [Secret("'"), quoted, Secret("'")])
        case .base64: return text.withSpan { Secret(Base64.encode($0, .standard)) }
        case .url:
            return text.replacing { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    nil
                default: "-._~".utf8.contains(byte) ? nil : "%" + byte.hexadecimal(2).uppercased()
                }
            }
        case .html:
            return text.replacing { byte in
                switch byte {
                case UInt8(ascii: "&"): "&amp;"
                case UInt8(ascii: "<"): "&lt;"
                case UInt8(ascii: ">"): "&gt;"
                case UInt8(ascii: "\""): "&quot;"
                case UInt8(ascii: "'"): "&#39;"
                default: nil
                }
            }
        }
    }
}
