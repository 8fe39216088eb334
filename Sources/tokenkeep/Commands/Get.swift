import ArgumentParser
import Config
import Exports
import Host
import OAuth
import Renewal
import Tokens
import VaultFile

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print one value and a newline; for a connection, an access token that is valid now.",
        discussion: """
            To keep a token out of every argument list:
            Example: printf 'Authorization: Bearer %s' "$(tokenkeep get tiktok)" | curl -H @- https://…
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var renewal: RenewalOptions

    @Argument(help: "A record's name, or an export name such as TIKTOK_ACCESS_TOKEN.")
    var name: String

    @Option(help: "Of a connection: access_token when left out, expires_at, scopes, refresh_token, or any extra.")
    var field: String?

    @Option(
        help:
            "How long the access token has to stay valid; when left out 60s, or a fifth of a short life, and offline any time."
    )
    var minValid: DurationArgument?

    func run() async throws {
        let start = ThisProcess.milliseconds
        let place = try Workplace(options)
        var vault = try await place.read()
        if !renewal.isOffline { vault = await place.noteStagedOpening(vault) }
        try await place.naming(try place.vault().path) {
            if let name = RecordName(name), let value = try vault.records.secret(name) {
                guard field == nil else {
                    throw Failure(.wrongUse, "\(name) is a secret and has no fields", hint: "leave --field out")
                }
                return try Console.print(value)
            }
            let (connection, field) = try find(in: vault.records, place.config)
            try place.config?.requireProvider(of: connection, in: vault.records)
            let now = ThisProcess.now
            let tokens = try vault.records.connection(connection)?.tokens
            // The common case takes no lock and asks nobody: what is fresh is handed out as it is.
            guard let tokens, field != .accessToken || isGood(tokens, at: now) else {
                return try Console.print(
                    try field.value(of: try await renewed(connection, tokens, place, since: start)))
            }
            try Console.print(try field.value(of: tokens))
        }
    }

    /// Whether it is handed out as it is. Offline there is no other.
    private func isGood(_ tokens: TokenSet, at now: Int64) -> Bool {
        tokens.isValid(for: minimum(of: tokens), at: now) && (renewal.isOffline || !tokens.isFromTheFuture(at: now))
    }

    /// For how many seconds the token has to stay valid: what is asked for, else a minute, or a fifth of a short life.
    private func minimum(of tokens: TokenSet?) -> Int64 {
        if let minValid { return max(1, minValid.duration.components.seconds) }
        if renewal.isOffline { return 1 }
        guard let start = tokens?.obtainedAt, let end = tokens?.presumedEnd else { return 60 }
        return min(60, max(1, (end - start) / 5))
    }

    /// No new token is asked for where none could be good for as long as is wanted.
    private func requireLifetime(of tokens: TokenSet, _ name: RecordName) throws {
        guard minValid != nil, let start = tokens.obtainedAt, let end = tokens.presumedEnd,
            end - start < minimum(of: tokens)
        else { return }
        throw Failure(
            .wrongUse,
            "\(name): its access tokens live \(Moment.length(end - start)), less than --min-valid asks for",
            hint: "ask for less, such as --min-valid \(max(1, (end - start) / 2))s")
    }

    /// The connection and the part of it that the name means: the record of that name, else the export name.
    private func find(in records: Records, _ config: Config?) throws -> (RecordName, Field) {
        if let name = RecordName(name), try records.kind(name) == .connection {
            return (name, Field(field ?? "access_token"))
        }
        var found: [(connection: RecordName, field: String)] = []
        for connection in records.names where try records.kind(connection) == .connection {
            let prefix = ExportName.prefix(of: connection.text) + "_"
            guard name.hasPrefix(prefix) else { continue }
            let suffix = name.dropFirst(prefix.count)
            let extras = try records.connection(connection)?.tokens?.extras.keys.sorted() ?? []
            let fields = ["access_token", "expires_at", "refresh_token"] + extras
            found += fields.filter { ExportName.prefix(of: $0) == suffix }.map { (connection, $0) }
        }
        if found.count > 1 {
            let origins = found.map { "\($0.field) of the connection \($0.connection)" }
            throw Failure.conflict(name, origins[0], origins[1])
        }
        if let (connection, part) = found.first {
            guard field == nil else {
                throw Failure(
                    .wrongUse, "\(name) names a part of the connection \(connection) already",
                    hint: "leave --field out, or name the connection: tokenkeep get \(connection) --field …")
            }
            return (connection, Field(part))
        }
        if let name = RecordName(name), config?.connections[name] != nil {
            throw Failure(.notThere, "\(name) is not connected", hint: "tokenkeep connect \(name)")
        }
        throw Failure.noSuchName(name)
    }

    /// The token set after renewing it under the lock, unless another process has done so meanwhile.
    private func renewed(
        _ name: RecordName, _ stored: TokenSet?, _ place: Workplace, since start: Int64
    ) async throws -> TokenSet {
        guard !renewal.isOffline else {
            throw Failure.staleOffline(name, stored, isShort: minValid != nil)
        }
        if let stored { try requireLifetime(of: stored, name) }
        let config = try place.requiredConfig()
        let terms = Terms(place.policy, waitingSince: start, minimumValidity: minimum(of: stored))
        let (outcomes, records, _) = try await place.refresh(place.batch(renewal), terms, [name], config)
        let outcome = outcomes[0].outcome
        let tokens = try records.connection(name)?.tokens
        if let problem = outcome.problem, let status = outcome.status {
            // What is still good is handed out whatever became of its renewal.
            guard let tokens else { throw Failure(status, "\(name): \(problem.message)", hint: problem.hint) }
            if tokens.hasUnknownEnd, minValid == nil {
                Console.say(
                    "\(name): \(problem.message); nobody has told when its access token ends\nhint: \(problem.hint)")
                return tokens
            }
            guard tokens.isValid(for: minimum(of: tokens), at: ThisProcess.now) else {
                throw Failure(status, "\(name): \(problem.message)", hint: problem.hint)
            }
        }
        guard let tokens else {
            throw Failure(.personNeeded, "\(name): it is not connected", hint: "tokenkeep connect \(name)")
        }
        guard tokens.isValid(for: 1, at: ThisProcess.now) else {
            throw Failure(.personNeeded, "\(name): its access token has expired", hint: "tokenkeep connect \(name)")
        }
        try requireLifetime(of: tokens, name)
        return tokens
    }
}

/// A part of a connection that can be printed.
private enum Field: Equatable {
    case accessToken, expiresAt, scopes, refreshToken
    case extra(String)

    init(_ name: String) {
        switch name {
        case "access_token": self = .accessToken
        case "expires_at": self = .expiresAt
        case "scopes": self = .scopes
        case "refresh_token": self = .refreshToken
        default: self = .extra(name)
        }
    }

    func value(of tokens: TokenSet) throws -> Secret {
        let value =
            switch self {
            case .accessToken: tokens.accessToken
            case .expiresAt: tokens.expiresAt.map { Secret(String($0)) }
            case .scopes: tokens.scopes.map { Secret($0.joined(separator: " ")) }
            case .refreshToken: tokens.refreshToken
            case .extra(let name): tokens.extras[name]
            }
        guard let value else {
            throw Failure(
                .notThere, "the provider's answer had no such field",
                hint: "it may have access_token, expires_at, scopes, refresh_token, and extras such as open_id")
        }
        return value
    }
}
