import ArgumentParser
import Config
import Host
import OAuth
import Tokens
import VaultFile

/// What the config does not say yet of a connection.
struct SectionOptions: ParsableArguments {
    @Option(help: "The provider; the name's part before / when left out.")
    var provider: String?

    @Option(name: .customLong("client-id"), help: "The client's identifier at the provider.")
    var clientID: String?

    @Option(name: .customLong("redirect-uri"), help: "The redirect URI that is registered at the provider.")
    var redirectURI: String?

    @Option(name: .customLong("scope"), help: "A scope to ask for; may stand more than once.")
    var scopes: [String] = []

    /// The workplace with a section for the connection: the one that is there, or one that is asked for at the terminal,
    /// shown and appended.
    func ensure(_ name: RecordName, in place: Workplace) async throws -> Workplace {
        let config = try place.requiredConfig()
        if config.connections[name] != nil {
            guard provider == nil, clientID == nil, redirectURI == nil, scopes.isEmpty else {
                throw Failure(
                    .wrongUse, "\(config.path) has a section for \(name), and it is the authority",
                    hint: "change it there, and leave --provider, --client-id, --redirect-uri and --scope out")
            }
            return place
        }
        // What the vault holds already says whose it is.
        let stored = provider == nil ? try? await place.read().records.connection(name)?.provider : nil
        let provider = provider ?? stored ?? name.firstPart
        guard Catalogue.provider(provider) != nil else {
            throw Failure(
                .misconfigured, "there is no provider \(provider)",
                hint: "name one with --provider: " + Catalogue.all.map(\.id).joined(separator: ", "))
        }
        try Self.check(redirectURI)
        guard Terminal.isThere, ThisProcess.isTerminal(0), ThisProcess.isTerminal(2) else {
            let variables = (Catalogue.provider(provider)?.variables ?? [:]).map { ($0, $1 ?? "YOUR \($0)") }
            let text = text(
                name, provider, clientID ?? "YOUR CLIENT ID", redirectURI ?? Self.usualRedirectURI,
                scopes.isEmpty ? ["YOUR SCOPES"] : scopes, Dictionary(uniqueKeysWithValues: variables))
            throw Failure(.misconfigured, "\(config.path) has no section for \(name)", hint: "add this to it:\n\(text)")
        }
        return try await asked(name, provider, config, place)
    }

    private static func check(_ redirectURI: String?) throws {
        guard let redirectURI, let problem = RedirectURI.problem(with: redirectURI) else { return }
        throw Failure(.wrongUse, problem.message, hint: problem.hint)
    }

    private static let usualRedirectURI = "http://127.0.0.1:3000/callback/"

    private func asked(_ name: RecordName, _ provider: String, _ config: Config, _ place: Workplace) async throws
        -> Workplace
    {
        func ask(_ question: String, _ usual: String = "") throws -> String {
            let shown = usual.isEmpty ? question : "\(question) [\(usual)]"
            guard let answer = try Console.ask(shown + ": ", hidden: false) else {
                throw Failure(.wrongUse, "the question was not answered", hint: "run it again; nothing has changed")
            }
            let text = answer.revealed() ?? ""
            return text.isEmpty ? usual : text
        }
        try await place.read().records.refuseSecret(name)
        let clientID = try self.clientID ?? ask("Client id of the app at \(provider)")
        let redirectURI = try self.redirectURI ?? ask("Redirect URI, as it is registered there", Self.usualRedirectURI)
        try Self.check(redirectURI)
        let scopes =
            try self.scopes.isEmpty
            ? ask("Scopes, with blanks or commas between them").split { $0 == " " || $0 == "," }.map(String.init)
            : self.scopes
        var variables: [String: String] = [:]
        for (variable, usual) in Catalogue.provider(provider)?.variables.sorted(by: { $0.key < $1.key }) ?? [] {
            variables[variable] = try ask(variable, usual ?? "")
        }
        try await keepClientSecret(of: name, provider, place)
        let text = text(name, provider, clientID, redirectURI, scopes, variables)
        try ConfigText.append(text, to: config.path)
        place.say("added to \(config.path):\n\n\(text)\n")
        return try Workplace(place.options)
    }

    private func keepClientSecret(of name: RecordName, _ provider: String, _ place: Workplace) async throws {
        guard let secretName = RecordName(ExportName.clientSecret(of: name)) else { return }
        guard try await place.read().records.secret(secretName) == nil else { return }
        guard let typed = try Console.ask("Client secret (kept in the vault as \(secretName)): ", hidden: true),
            !typed.isEmpty
        else {
            throw Failure(.wrongUse, "no client secret was given", hint: "run it again; nothing has changed")
        }
        let session = try await place.open()
        try session.records.set(secretName, secret: typed, at: ThisProcess.now)
        try session.commit()
    }

    private func text(
        _ name: RecordName, _ provider: String, _ clientID: String, _ redirectURI: String, _ scopes: [String],
        _ variables: [String: String]
    ) -> String {
        ConfigText.section(
            name, provider: provider, clientID: TOMLText.quote(clientID), redirectURI: redirectURI, scopes: scopes,
            variables: variables)
    }
}

/// Sections as they are written into a config.
enum ConfigText {
    /// A connection's section; `clientID` is TOML.
    static func section(
        _ name: RecordName, provider: String, clientID: String, redirectURI: String?, scopes: [String],
        variables: [String: String] = [:]
    ) -> String {
        var lines = [
            TOMLText.section(of: name), "provider     = \(TOMLText.quote(provider))", "client_id    = \(clientID)",
        ]
        if let redirectURI { lines.append("redirect_uri = \(TOMLText.quote(redirectURI))") }
        if !scopes.isEmpty { lines.append("scopes       = [\(scopes.map(TOMLText.quote).joined(separator: ", "))]") }
        if !variables.isEmpty {
            lines += ["", "[connections.\(TOMLText.key(name.text)).variables]"]
            lines += variables.sorted { $0.key < $1.key }.map { "\($0.key) = \(TOMLText.quote($0.value))" }
        }
        return lines.joined(separator: "\n")
    }

    /// Appends a section to a config, whole or not at all, and keeps its permissions.
    static func append(_ section: String, to path: String) throws {
        func failure(_ why: String) -> Failure {
            Failure(.cannotWrite, "\(path) cannot be added to: \(why)", hint: "add this to it:\n\(section)")
        }
        do {
            let mode = try FileSystem.status(of: path)?.mode ?? 0o600
            var text = try FileSystem.contents(of: path, limit: Config.largestFile) ?? []
            if let last = text.last, last != UInt8(ascii: "\n") { text.append(UInt8(ascii: "\n")) }
            text += Array("\n\(section)\n".utf8)
            // What stands there may be such that no section can follow it, as behind `connections = {}`.
            _ = try Config.parse(String(decoding: text, as: UTF8.self), path: path)
            try FileSystem.replace(try FileSystem.realPath(of: path), with: text.span, mode: mode)
        } catch let error as ConfigError {
            throw failure(error.message)
        } catch let error as HostError { throw failure(error.reason) }
    }
}
