import Sealing

/// One JSON object whose members keep their bytes until somebody asks for a value.
///
/// A member that this program does not know is written back as it was found.
package struct JSONObject: Sendable {
    /// By the bytes of their names: to Swift's strings two spellings of `é` would be one name.
    private var members: [[UInt8]: Secret] = [:]

    /// Makes an object without members.
    package init() {}

    /// Reads a text that is one object, and checks all of it.
    package init(parsing bytes: Span<UInt8>, rules: JSONRules) throws(JSONError) {
        guard (try? UTF8Span(validating: bytes)) != nil else { throw JSONError(reason: "not UTF-8", offset: 0) }
        var scanner = JSONScanner(rules: rules)
        var members: [[UInt8]: Secret] = [:]
        try scanner.members(of: bytes) { name, value throws(JSONError) in
            members[name] = Secret(bytes.extracting(value))
        }
        self.members = members
    }

    /// The members' names, in byte order.
    package var names: [String] { sorted.map { String(decoding: $0.key, as: UTF8.self) } }

    private var sorted: [(key: [UInt8], value: Secret)] {
        members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    private subscript(name: String) -> Secret? {
        get { members[Array(name.utf8)] }
        set { members[Array(name.utf8)] = newValue }
    }

    /// Whether there is such a member.
    package func has(_ name: String) -> Bool { self[name] != nil }

    /// The text of a member that is a string; nil when there is none, an error when it is something else.
    package func secret(_ name: String) throws(JSONError) -> Secret? {
        guard let raw = self[name] else { return nil }
        return try raw.withSpan { span throws(JSONError) in try string(name, span) }
    }

    /// The text of a member that is a string and no secret.
    package func text(_ name: String) throws(JSONError) -> String? {
        try secret(name)?.revealed()
    }

    /// A member that is a whole number.
    package func integer(_ name: String) throws(JSONError) -> Int64? {
        guard let raw = self[name] else { return nil }
        guard let number = raw.revealed().flatMap({ Int64($0) }) else { throw wrongType(name, "a whole number") }
        return number
    }

    /// A member that is an object.
    package func object(_ name: String) throws(JSONError) -> JSONObject? {
        guard let raw = self[name] else { return nil }
        return try raw.withSpan { span throws(JSONError) in try JSONObject(parsing: span, rules: .answer) }
    }

    /// A member that is an array of strings.
    package func texts(_ name: String) throws(JSONError) -> [String]? {
        try elements(name) { element throws(JSONError) in try string(name, element) }?.compactMap { $0.revealed() }
    }

    /// A member that is an array of objects.
    package func objects(_ name: String) throws(JSONError) -> [JSONObject]? {
        try elements(name) { element throws(JSONError) in try JSONObject(parsing: element, rules: .answer) }
    }

    private func string(_ name: String, _ token: Span<UInt8>) throws(JSONError) -> Secret {
        guard token.count > 1, token[0] == UInt8(ascii: "\"") else { throw wrongType(name, "a string") }
        return Secret(JSONString.decode(token))
    }

    private func elements<T>(
        _ name: String, _ element: (Span<UInt8>) throws(JSONError) -> T
    ) throws(JSONError) -> [T]? {
        guard let raw = self[name] else { return nil }
        return try raw.withSpan { span throws(JSONError) in
            var scanner = JSONScanner(rules: .answer)
            var all: [T] = []
            try scanner.elements(of: span) { range throws(JSONError) in
                all.append(try element(span.extracting(range)))
            }
            return all
        }
    }

    /// The bytes of a member's value as they stand.
    package func raw(_ name: String) -> Secret? { self[name] }

    /// Writes a string, which has to be UTF-8; nil takes the member away, since what is not known is absent.
    package mutating func set(_ name: String, _ value: Secret?) {
        self[name] = value.map { value in Secret(value.withSpan { JSONString.encode($0) }) }
    }

    /// Writes a text that is no secret.
    package mutating func set(_ name: String, _ value: String?) {
        set(name, value.map { Secret($0) })
    }

    /// Writes a whole number.
    package mutating func set(_ name: String, _ value: Int64?) {
        self[name] = value.map { Secret(String($0)) }
    }

    /// Writes `true` or `false`.
    package mutating func set(_ name: String, _ value: Bool) {
        self[name] = Secret(value ? "true" : "false")
    }

    /// Writes an object; nil and one without members take the member away.
    package mutating func set(_ name: String, _ value: JSONObject?) {
        self[name] = value.flatMap { $0.members.isEmpty ? nil : $0.encoded() }
    }

    /// Writes an array of strings; nil takes the member away.
    package mutating func set(_ name: String, _ values: [String]?) {
        setArray(name, values?.map { text in Secret(JSONString.encode(text.utf8.span)) })
    }

    /// Writes an array of objects; nil takes the member away.
    package mutating func set(_ name: String, _ values: [JSONObject]?) {
        setArray(name, values?.map { $0.encoded() })
    }

    private mutating func setArray(_ name: String, _ elements: [Secret]?) {
        self[name] = elements.map { elements in Self.list("[", elements.map { [$0] }, "]") }
    }

    /// The object as text: members by name, no blanks.
    package func encoded() -> Secret {
        Self.list("{", sorted.map { [Secret(JSONString.encode($0.key.span)), Secret(":"), $0.value] }, "}")
    }

    private static func list(_ open: String, _ items: [[Secret]], _ close: String) -> Secret {
        Secret(joining: [Secret(open)] + items.joined(separator: [Secret(",")]) + [Secret(close)])
    }

    private func wrongType(_ name: String, _ wanted: String) -> JSONError {
        JSONError(reason: "\(name) is not \(wanted)", offset: 0)
    }
}

extension Secret {
    /// The bytes of `parts` one behind the other.
    package convenience init(joining parts: [Secret]) {
        let count = parts.reduce(0) { $0 + $1.count }
        self.init(
            SecretBuffer(count: count) { out in
                var position = 0
                for part in parts {
                    part.withSpan { span in
                        for index in span.indices { out[position + index] = span[index] }
                    }
                    position += part.count
                }
            })
    }
}
