import Config
import Imports
import OAuth
import Tokens

/// What imported values become: secrets, and connections where a provider's tokens are recognised.
struct Intake {
    private let values: [ImportedValue]
    private let config: Config?
    private let replaces: Bool
    private let now: Int64
    /// What became of each value, by name.
    private(set) var lines: [String] = []
    /// The connections that were found, whether or not they came in.
    private(set) var connections: [RecordName] = []
    /// The secret that holds each connection's client id.
    private(set) var clients: [RecordName: String] = [:]
    /// The redirect URI that the file names for each connection.
    private(set) var redirectURIs: [RecordName: String] = [:]
    /// Whether anything is to be committed.
    private(set) var hasChanged = false

    init(_ file: ImportedFile, config: Config?, replace: Bool, now: Int64) {
        values = file.values
        self.config = config
        replaces = replace
        self.now = now
    }

    /// Takes the values into the records, which is not a commit.
    mutating func store(in records: inout Records) throws {
        var taken: Swift.Set<String> = []
        for provider in Catalogue.all {
            let prefix = ExportName.prefix(of: provider.id) + "_"
            guard let name = RecordName(provider.id), let access = value(prefix + "ACCESS_TOKEN"),
                let refresh = value(prefix + "REFRESH_TOKEN")
            else { continue }
            taken.formUnion([prefix + "ACCESS_TOKEN", prefix + "REFRESH_TOKEN"])
            connections.append(name)
            clients[name] = [prefix + "CLIENT_KEY", prefix + "CLIENT_ID"].first { value($0) != nil }
            redirectURIs[name] = value(prefix + "REDIRECT_URI")?.revealed()
            var tokens = TokenSet(accessToken: access, refreshToken: refresh)
            for member in provider.extraMembers {
                let extra = prefix + ExportName.prefix(of: member)
                tokens.extras[member] = value(extra)
                taken.insert(extra)
            }
            // A connection of that name may be with another provider, such as the sandbox.
            let configured = config?.connections[name].flatMap { Catalogue.provider($0.provider) }
            try keep(tokens, name, configured ?? provider, in: &records)
        }
        let generated = try Self.generated(by: records)
        for value in values where !taken.contains(value.name) {
            if let name = generated[value.name] {
                lines.append("left behind: \(value.name): the connection \(name) gives it")
            } else {
                try keep(value, in: &records)
            }
        }
    }

    /// The export names that connections give, which a secret would stand in the way of.
    private static func generated(by records: Records) throws -> [String: RecordName] {
        var names: [String: RecordName] = [:]
        for name in records.names {
            guard let connection = try records.connection(name), let tokens = connection.tokens else { continue }
            let extras = Catalogue.provider(connection.provider)?.extraMembers ?? []
            for export in tokens.exportNames(of: name, extras) { names[export] = name }
        }
        return names
    }

    private func value(_ name: String) -> Secret? {
        values.last { $0.name == name && !$0.value.isEmpty }.map { Secret($0.value) }
    }

    private mutating func keep(_ tokens: TokenSet, _ name: RecordName, _ provider: Provider, in records: inout Records)
        throws
    {
        if try records.kind(name) == .secret {
            lines.append("left behind: the tokens of \(name): the vault has a secret of that name")
            return
        }
        var connection = try records.connection(name) ?? Connection(provider: provider.id)
        if let present = connection.tokens, !replaces {
            let isSame = present.refreshToken == tokens.refreshToken
            lines.append(
                "left behind: the tokens of \(name): \(isSame ? "they are in the vault already" : "the vault has others; --replace takes these")"
            )
            return
        }
        // What is known of this very refresh token stays known.
        if connection.tokens?.refreshToken != tokens.refreshToken {
            connection.trouble = nil
            connection.question = nil
            connection.notBefore = nil
            connection.failures = 0
            connection.isFromOldCopy = false
        }
        connection.provider = provider.id
        connection.tokens = tokens
        records.set(name, connection: connection)
        hasChanged = true
        let hasClient = config?.connections[name] != nil || clients[name] != nil
        lines.append(
            "imported the connection \(name)" + (hasClient ? ", due at once: tokenkeep refresh \(name)" : ""))
    }

    private mutating func keep(_ value: ImportedValue, in records: inout Records) throws {
        guard let name = RecordName(value.name), !name.hasTwoParts else {
            lines.append("left behind: line \(value.line): its name is outside the vault's alphabet")
            return
        }
        guard !name.isSetting else {
            lines.append("left behind: \(name): it is a setting of tokenkeep itself, and stays out of every export")
            return
        }
        let secret = Secret(value.value)
        switch try records.kind(name) {
        case nil: break
        case .secret where try records.secret(name) == secret:
            lines.append("unchanged: \(name)")
            return
        case .secret where secret.isEmpty:
            lines.append("left behind: \(name): it is empty, and the vault has a value")
            return
        case .secret where replaces: break
        case .secret:
            lines.append("left behind: \(name): the vault has another value; --replace takes this one")
            return
        default:
            lines.append("left behind: \(name): the vault has a connection of that name")
            return
        }
        try records.set(name, secret: secret, at: now)
        hasChanged = true
        let isGuarded = ExportName.isGuarded(name.text)
        lines.append(
            "imported \(name)" + (secret.isEmpty ? ", which is empty" : "")
                + (isGuarded ? ", which leaves the vault only when it is named in full" : ""))
    }
}
