import Config
import OAuth
import Renewal
import Tokens

extension Config {
    /// The names of the secrets that clients authenticate with; no pattern exports them.
    var clientSecretNames: Swift.Set<String> {
        Swift.Set(connections.compactMap { name, section in section.secretName(of: name) })
    }

    /// What a connection asks its provider with, or why it cannot.
    func registration(of name: RecordName, in records: Records) -> Result<Registration, Problem> {
        guard let section = connections[name] else {
            return .failure(
                Problem(
                    "\(path) has no section for \(name)",
                    hint: "add one by connecting at a terminal: tokenkeep connect \(name); or: tokenkeep remove \(name)"
                ))
        }
        do throws(Problem) { return .success(try section.registration(of: name, in: records)) } catch {
            return .failure(error)
        }
    }

    /// Refuses a connection whose tokens are from another provider than the config says.
    func requireProvider(of name: RecordName, in records: Records) throws {
        guard let section = connections[name], let connection = try records.connection(name), connection.tokens != nil,
            connection.provider != section.provider
        else { return }
        let problem = Refresh.otherProvider(name, connection, configured: section.provider)
        throw Failure(.misconfigured, "\(name): \(problem.message)", hint: problem.hint)
    }

    /// The connections to look after: all, or those that are named.
    func connections(_ names: [RecordName], in records: Records) throws -> [RecordName] {
        for name in names { try records.refuseSecret(name) }
        for name in names where connections[name] == nil {
            guard try records.kind(name) == .connection else { throw Failure.noSuchName(name.text) }
            throw Failure(
                .misconfigured, "\(path) has no section for \(name)",
                hint: "add one by connecting at a terminal: tokenkeep connect \(name)")
        }
        guard names.isEmpty else { return names }
        // What the vault holds and the config does not know would go stale unseen.
        let stored = try records.names.filter { try records.connection($0)?.tokens != nil }
        return Swift.Set(connections.keys).union(stored).sorted()
    }
}

extension TokenSet {
    /// The names under which a connection's values leave the vault, with those of further extras.
    func exportNames(of name: RecordName, _ more: [String] = []) -> Swift.Set<String> {
        let fields = ["ACCESS_TOKEN", "REFRESH_TOKEN", "EXPIRES_AT"] + extras.keys + more
        return Swift.Set(fields.map { ExportName.prefix(of: "\(name)_\($0)") })
    }
}

extension ConnectionConfig {
    /// The name of the secret that the client authenticates with; nil for a public client.
    func secretName(of name: RecordName) -> String? {
        switch clientSecret {
        case .standard: ExportName.clientSecret(of: name)
        case .secret(let name): name
        case .none: nil
        }
    }

    fileprivate func registration(of name: RecordName, in records: Records) throws(Problem) -> Registration {
        let section = TOMLText.section(of: name)
        guard let provider = Catalogue.provider(provider) else {
            let known = Catalogue.all.map(\.id).joined(separator: ", ")
            throw Problem(
                "there is no provider \(self.provider)", hint: "correct provider in \(section); there are \(known)")
        }
        let registration = Registration(
            provider: provider, clientID: try value(of: clientID, in: records),
            clientSecret: try secret(of: name, provider, in: records), redirectURI: redirectURI, scopes: scopes,
            variables: variables)
        if let problem = registration.problem {
            throw Problem(problem.message, hint: "\(problem.hint) ([connections.\(TOMLText.key(name.text)).variables])")
        }
        return registration
    }

    private func value(of value: ConfigValue, in records: Records) throws(Problem) -> Secret {
        switch value {
        case .literal(let text): return Secret(text)
        case .secret(let name):
            guard let secret = try stored(name, in: records) else {
                throw Problem(
                    "client_id names the secret \(name), which the vault does not hold", hint: "tokenkeep set \(name)")
            }
            return secret
        }
    }

    private func secret(of name: RecordName, _ provider: Provider, in records: Records) throws(Problem) -> Secret? {
        guard let secretName = secretName(of: name) else {
            guard provider.allowsPublicClients else {
                throw Problem(
                    "\(provider.displayName) takes no client without a secret",
                    hint: "take client_secret = false out of \(TOMLText.section(of: name))")
            }
            return nil
        }
        if let secret = try stored(secretName, in: records) { return secret }
        if clientSecret == .standard, provider.allowsPublicClients { return nil }
        throw Problem("the vault does not hold its client secret, \(secretName)", hint: "tokenkeep set \(secretName)")
    }

    private func stored(_ name: String, in records: Records) throws(Problem) -> Secret? {
        guard let record = RecordName(name) else {
            throw Problem("\(name) is not the name of a secret", hint: "correct it in the config")
        }
        do throws(RecordError) { return try records.secret(record) } catch {
            throw Problem("the record \(record) is malformed: \(error.reason)", hint: "tokenkeep set \(record)")
        }
    }
}
