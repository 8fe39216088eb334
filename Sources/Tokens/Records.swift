/// What a vault holds, by name; each record is text until somebody needs what is in it.
package struct Records: Sendable {
    /// The names and texts, in byte order of the names.
    package private(set) var all: [(name: RecordName, json: Secret)]

    /// Takes records that are sorted by name already.
    package init(sorted all: [(name: RecordName, json: Secret)] = []) {
        self.all = all
    }

    /// The kinds of record.
    package enum Kind: Sendable, Equatable {
        /// A named static value.
        case secret
        /// One account authorised with one provider.
        case connection
        /// One of the program's own, or of a later version.
        case other(String)

        /// Reads the member that every record has.
        fileprivate init(of object: JSONObject) throws(JSONError) {
            switch try object.text("kind") {
            case "secret": self = .secret
            case "connection": self = .connection
            case let other?: self = .other(other)
            case nil: throw JSONError(reason: "no kind", offset: 0)
            }
        }

        /// As `list` names it.
        package var name: String {
            switch self {
            case .secret: "secret"
            case .connection: "connection"
            case .other(let name): name
            }
        }
    }

    /// The members of one record; nil when there is none.
    package func object(_ name: RecordName) throws(RecordError) -> JSONObject? {
        try read(name) { $0 }
    }

    /// The kind of one record; nil when there is none.
    package func kind(_ name: RecordName) throws(RecordError) -> Kind? {
        try read(name) { object throws(JSONError) in try Kind(of: object) }
    }

    /// The value of a secret; nil when there is no secret of that name.
    package func secret(_ name: RecordName) throws(RecordError) -> Secret? {
        try read(name) { object throws(JSONError) in
            try Kind(of: object) == .secret ? Self.value(of: object, name) : nil
        }
    }

    /// The value of a secret, and whether it is noted as one that a client authenticates with.
    package func guardedSecret(_ name: RecordName) throws(RecordError) -> (value: Secret, isGuarded: Bool)? {
        try read(name) { object throws(JSONError) in
            guard try Kind(of: object) == .secret else { return nil }
            return (try Self.value(of: object, name), object.has("guarded"))
        }
    }

    /// A connection; nil when there is none of that name.
    package func connection(_ name: RecordName) throws(RecordError) -> Connection? {
        try read(name) { object throws(JSONError) in
            try Kind(of: object) == .connection ? Connection(object) : nil
        }
    }

    private func read<T>(
        _ name: RecordName, _ decode: (JSONObject) throws(JSONError) -> T?
    ) throws(RecordError) -> T? {
        guard let index = index(of: name) else { return nil }
        do throws(JSONError) {
            let object = try all[index].json.withSpan { json throws(JSONError) in
                try JSONObject(parsing: json, rules: .record)
            }
            return try decode(object)
        } catch { throw RecordError(name: name, error) }
    }

    private static func value(of secret: JSONObject, _ name: RecordName) throws(JSONError) -> Secret {
        guard !name.hasTwoParts else { throw JSONError(reason: "a secret with a connection's name", offset: 0) }
        _ = try secret.time("updated_at")
        guard let value = try secret.secret("value") else { throw JSONError(reason: "no value", offset: 0) }
        return value
    }

    /// The names of the records that people made, in byte order.
    package var names: [RecordName] { all.lazy.map(\.name).filter { !$0.isOwn } }

    /// Decodes every record, so that none goes on unseen that this program would not read.
    package func check() throws(RecordError) {
        for record in all {
            try read(record.name) { object throws(JSONError) in
                switch try Kind(of: object) {
                case .secret: _ = try Self.value(of: object, record.name)
                case .connection: _ = try Connection(object)
                case .other: break
                }
            }
        }
    }

    /// Keeps a secret; what else its record held stays.
    package mutating func set(_ name: RecordName, secret: Secret, at now: Int64) throws(RecordError) {
        var object = try object(name) ?? JSONObject()
        object.set("kind", "secret")
        object.set("value", secret)
        object.set("updated_at", now)
        set(name, object)
    }

    /// Notes of secrets that clients authenticate with them. No pattern exports them then, also where the vault is read without
    /// the config that tells so, as a copy for a deploy is. A record that is malformed stays as it is: it is its readers' to name.
    package mutating func guardSecrets(_ names: Set<String>) {
        // What is called so is guarded anywhere.
        for name in names.compactMap({ ExportName.isGuarded($0) ? nil : RecordName($0) }) {
            guard var object = try? object(name), !object.has("guarded"), (try? secret(name)) != nil else { continue }
            object.set("guarded", Int64(1))
            set(name, object)
        }
    }

    /// Keeps a connection.
    package mutating func set(_ name: RecordName, connection: Connection) {
        set(name, connection.object)
    }

    /// Keeps a record.
    package mutating func set(_ name: RecordName, _ object: JSONObject) {
        let record = (name: name, json: object.encoded())
        let place = place(of: name)
        if place < all.count, all[place].name == name { all[place] = record } else { all.insert(record, at: place) }
    }

    /// Forgets a record.
    package mutating func remove(_ name: RecordName) {
        if let index = index(of: name) { all.remove(at: index) }
    }

    private func index(of name: RecordName) -> Int? {
        let place = place(of: name)
        return place < all.count && all[place].name == name ? place : nil
    }

    /// The place of the first record whose name is not less.
    private func place(of name: RecordName) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A record whose inside is not what the format says.
package struct RecordError: Error, Equatable {
    /// Which record.
    package let name: RecordName
    /// What is wrong with it; never any of its text.
    package let reason: String

    init(name: RecordName, _ error: JSONError) {
        (self.name, reason) = (name, error.reason)
    }
}
