import Host
package import Tokens

/// A `tokenkeep.toml`: where the vault is, which connections there are, and what is generated from it.
package struct Config: Sendable {
    /// The file itself.
    package var path: String
    /// The vault's path, relative ones seen from the config's folder; nil when the config names none.
    package var vault: String?
    /// The connections by name.
    package var connections: [RecordName: ConnectionConfig] = [:]
    /// The files that are generated, in the order of the config.
    package var outputs: [OutputConfig] = []
    /// How often `refresh` is run, in seconds.
    package var every: Int64?
    /// Where the key comes from when nothing else says.
    package var unlock: Unlock?

    /// Where the key comes from.
    package enum Unlock: Sendable, Equatable {
        /// A file that holds it.
        case keyFile(String)
        /// A command that prints it.
        case keyCommand([String])
    }

    /// The folder that relative paths start from.
    package var folder: String { FileSystem.folder(of: path) }
}

/// A value that the config states or that the vault holds.
package enum ConfigValue: Sendable, Equatable {
    /// The value itself.
    case literal(String)
    /// The name of a secret.
    case secret(String)
}

/// One connection of the config.
package struct ConnectionConfig: Sendable, Equatable {
    /// The provider's name in the catalogue.
    package var provider: String
    /// The client's identifier.
    package var clientID: ConfigValue
    /// Where the client's secret comes from.
    package var clientSecret: ClientSecret
    /// Where the provider sends the person back to.
    package var redirectURI: String?
    /// The scopes to ask for.
    package var scopes: [String]
    /// Values for the provider's variables.
    package var variables: [String: String]

    /// Where a client's secret comes from.
    package enum ClientSecret: Sendable, Equatable {
        /// The secret of the default name, `<EXPORT NAME>_CLIENT_SECRET`.
        case standard
        /// A secret of another name.
        case secret(String)
        /// There is none: a public client.
        case none
    }

    /// Describes a connection.
    package init(
        provider: String, clientID: ConfigValue, clientSecret: ClientSecret = .standard, redirectURI: String? = nil,
        scopes: [String] = [], variables: [String: String] = [:]
    ) {
        self.provider = provider
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.variables = variables
    }
}

/// One generated file of the config.
package struct OutputConfig: Sendable, Equatable {
    /// The file, relative paths seen from the config's folder.
    package var path: String
    /// The name of the format.
    package var format: String
    /// Export names or patterns; nil for all.
    package var include: [String]?
    /// The command to run when the file changed.
    package var after: [String]?
    /// The permission bits; nil for 0600.
    package var mode: UInt32?
    /// The group's name.
    package var group: String?
    /// Which reader the format is for, where readers disagree.
    package var dialect: String?
    /// What the generated thing is called.
    package var name: String?
    /// The path of the template.
    package var template: String?
    /// Whether the module reads its own file again when it changed.
    package var isLive = false
    /// Whether only the lines between two marker lines are replaced.
    package var isMerged = false
    /// Whether the file is read again after it was written.
    package var isVerified = false
}
