import ArgumentParser
import Config
import Host
import OAuth
import Tokens
import VaultFile

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is fresh until when, what is due, and what needs a person by which date.",
        discussion: "Times are UTC. Example: tokenkeep status --json")

    @OptionGroup var options: VaultOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let place = try Workplace(options)
        let vault = try await place.read()
        let states = try await place.naming(try place.vault().path) { try Self.states(of: vault.records, place) }
        warn(states, vault, place)
        if json {
            var answer = JSONObject()
            answer.set("connections", states.map(\.object))
            return try Console.print(answer)
        }
        guard !states.isEmpty else {
            return place.say("no connection is configured; start with: tokenkeep connect NAME")
        }
        let head = [
            "CONNECTION", "PROVIDER", "STATE", "VALID FOR", "REFRESH TOKEN", "PERSON NEEDED BY", "LAST REFRESH",
        ]
        try Console.print(Table.text([head] + states.map { $0.cells(now: ThisProcess.now) }))
    }

    /// Says what is no connection's state, and weakens what is promised.
    private func warn(_ states: [ConnectionState], _ vault: OpenVault, _ place: Workplace) {
        if !place.state.keepPins {
            place.say(
                "no state folder of this user's can be written: an old copy of the vault would not be noticed\nhint: set XDG_STATE_HOME to a folder that only this user can write"
            )
        }
        if (try? place.vault().isNoted(vault.header)) == false {
            place.say(
                "the newest version of the vault could not be noted: an old copy of it would not be noticed\nhint: the next command that writes the vault notes it, such as tokenkeep set NAME, where this user's state folder has room"
            )
        }
        for state in states {
            guard let ahead = state.skew else { continue }
            place.say(
                "\(state.name): the provider's clock is \(Moment.length(abs(ahead))) \(ahead > 0 ? "ahead of" : "behind") this machine's\nhint: set this machine's clock, with a time service: timedatectl set-ntp true"
            )
        }
    }

    private static func states(of records: Records, _ place: Workplace) throws -> [ConnectionState] {
        let configured = place.config?.connections.keys.sorted() ?? []
        let stored = try records.names.filter { try records.kind($0) == .connection }
        return try Swift.Set(configured + stored).sorted().map { name in
            ConnectionState(
                name: name, connection: try records.connection(name),
                provider: place.config?.connections[name]?.provider,
                isUsable: (try? place.config?.registration(of: name, in: records).get()) != nil,
                policy: place.policy, now: ThisProcess.now)
        }
    }
}

/// How one connection stands.
private struct ConnectionState {
    let name: RecordName
    let provider: String
    let state: String
    let expiresAt: Int64?
    let validity: Validity?
    let refreshExpiresAt: Int64?
    let personNeededBy: Int64?
    let last: Connection.LastAttempt?
    /// How far the provider's clock is ahead of this machine's, in seconds, where that is over a minute.
    let skew: Int64?

    init(
        name: RecordName, connection: Connection?, provider: String?, isUsable: Bool, policy: RenewalPolicy, now: Int64
    ) {
        let tokens = connection?.tokens
        self.name = name
        self.provider = provider ?? connection?.provider ?? ""
        expiresAt = tokens?.expiresAt
        validity = tokens.flatMap { Validity($0, now: now) }
        refreshExpiresAt = tokens?.refreshExpiresAt
        last = connection?.last
        skew = connection?.skew
        let isMismatch = provider != nil && connection.map { $0.provider != provider } ?? false
        switch (connection?.trouble, tokens) {
        case (_, nil): state = "not_connected"
        case (.reauthorize, _): state = "reauthorize"
        case (.uncertain, _): state = "uncertain"
        case (.misconfigured, _): state = "misconfigured"
        case (nil, _) where !isUsable || isMismatch: state = "misconfigured"
        case (nil, let tokens?) where tokens.presumedEnd != nil && tokens.isExpired(at: now): state = "expired"
        case (nil, let tokens?)
        where (tokens.refreshToken != nil || tokens.expiresAt != nil) && policy.isDue(tokens, now: now):
            state = "due"
        case (nil, _): state = "fresh"
        }
        personNeededBy =
            switch connection?.trouble {
            case .reauthorize: connection?.last?.at ?? now
            case .uncertain where (connection?.question?.attempt ?? 1) > 1: connection?.question?.at
            default: tokens?.refreshToken == nil ? tokens?.expiresAt : tokens?.refreshExpiresAt
            }
    }

    func cells(now: Int64) -> [String] {
        func left(_ end: Int64?) -> String { end.map { $0 > now ? Moment.length($0 - now) : "ended" } ?? "-" }
        let needed = personNeededBy.map { $0 <= now ? "now" : Moment.text($0) } ?? "-"
        let last = last.map { "\(Moment.text($0.at)) \($0.outcome)" } ?? "-"
        return [name.text, provider, state, validity?.words ?? "-", left(refreshExpiresAt), needed, last]
    }

    var object: JSONObject {
        var object = JSONObject()
        object.set("name", name.text)
        object.set("provider", provider)
        object.set("state", state)
        object.set("expires_at", expiresAt)
        object.set("refresh_expires_at", refreshExpiresAt)
        object.set("person_needed_by", personNeededBy)
        object.set("clock_skew", skew)
        if let last {
            var attempt = JSONObject()
            attempt.set("at", last.at)
            attempt.set("outcome", last.outcome)
            object.set("last", attempt)
        }
        return object
    }
}
