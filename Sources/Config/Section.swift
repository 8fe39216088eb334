import TOMLKit

/// One table of the config, read key by key with an error that names the place.
struct Section {
    private let table: TOMLTable
    private let place: String
    private let path: String

    init(_ table: TOMLTable, place: String, path: String) {
        (self.table, self.place, self.path) = (table, place, path)
    }

    /// The keys, sorted.
    var names: [String] { table.keys.sorted() }

    /// Refuses keys that nobody knows, and names the nearest one that is known.
    func allow(_ known: [String]) throws(ConfigError) {
        for name in names where !known.contains(name) {
            guard let nearest = known.min(by: { distance($0, name) < distance($1, name) }) else { continue }
            let hint =
                distance(nearest, name) <= max(2, nearest.count / 3)
                ? "did you mean \(nearest)?" : "what may stand here: " + known.joined(separator: ", ")
            throw wrong(name, "is not known", hint: hint)
        }
    }

    func text(_ name: String) throws(ConfigError) -> String? {
        guard let value = table[name] else { return nil }
        guard let text = value.string else { throw wrong(name, "is not text", hint: "write it in \"quotes\"") }
        return text
    }

    func texts(_ name: String) throws(ConfigError) -> [String]? {
        guard let value = table[name] else { return nil }
        let hint = "write it as [\"one\", \"two\"]"
        guard let array = value.array else { throw wrong(name, "is not a list", hint: hint) }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw wrong(name, "holds something that is not text", hint: hint) }
            texts.append(text)
        }
        return texts
    }

    func section(_ name: String) throws(ConfigError) -> Section? {
        guard let value = table[name] else { return nil }
        guard let inner = value.table else {
            throw wrong(name, "is not a section", hint: "write [\(qualified(name))] on a line of its own")
        }
        return Section(inner, place: qualified(name), path: path)
    }

    func sections(_ name: String) throws(ConfigError) -> [Section] {
        guard let value = table[name] else { return [] }
        let hint = "write [[\(qualified(name))]] on a line of its own, once for each"
        guard let array = value.array else { throw wrong(name, "is not a list of sections", hint: hint) }
        var sections: [Section] = []
        for (index, element) in array.enumerated() {
            guard let inner = element.table else { throw wrong(name, "is not a list of sections", hint: hint) }
            sections.append(Section(inner, place: "\(qualified(name)) (number \(index + 1))", path: path))
        }
        return sections
    }

    /// A text, or the name of a secret as `{ secret = "NAME" }`.
    func value(_ name: String) throws(ConfigError) -> ConfigValue? {
        guard let value = table[name] else { return nil }
        guard value.table != nil, let inner = try section(name) else { return try text(name).map(ConfigValue.literal) }
        try inner.allow(["secret"])
        guard let secret = try inner.text("secret") else {
            throw inner.wrong("secret", "is missing", hint: "write { secret = \"NAME\" }")
        }
        return .secret(secret)
    }

    /// Whether it is true; absent is false.
    func flag(_ name: String) throws(ConfigError) -> Bool {
        guard let value = table[name] else { return false }
        guard let flag = value.bool else {
            throw wrong(name, "is neither true nor false", hint: "write \(name) = true")
        }
        return flag
    }

    func isFalse(_ name: String) -> Bool { table[name]?.bool == false }

    func seconds(_ name: String) throws(ConfigError) -> Int64? {
        guard let text = try text(name) else { return nil }
        guard let duration = DurationText.parse(text), duration >= .seconds(1) else {
            throw wrong(name, "is no duration", hint: DurationText.expectation)
        }
        return duration.components.seconds
    }

    func wrong(_ name: String, _ what: String, hint: String) -> ConfigError {
        ConfigError("\(path): \(qualified(name)) \(what)", hint: hint)
    }

    private func qualified(_ name: String) -> String {
        place.isEmpty ? TOMLText.key(name) : place + "." + TOMLText.key(name)
    }

    /// The number of letters to add, take away or change between two words (Levenshtein).
    private func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a), Array(b))
        var row = Array(0...b.count)
        for i in a.indices {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let change = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }
}
