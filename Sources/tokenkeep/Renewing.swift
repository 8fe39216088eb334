import Config
import Exports
import Host
import OAuth
import Renewal
import Sealing
import Tokens
import VaultFile

extension Workplace {
    /// Who asks providers: this program, on this machine.
    func batch(
        _ options: RenewalOptions, width: Batch.Width = .standard, stop: StopRequests = .signals,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) -> Batch {
        let endpoint = TokenEndpoint(
            timeout: options.timeout.duration, userAgent: "tokenkeep/\(Tokenkeep.version)", now: { ThisProcess.now })
        return Batch(
            host: Self.host, width: width, stop: stop, clock: { ThisProcess.milliseconds }, progress: progress,
            log: log
        ) { request in await endpoint.send(request) }
    }

    /// Renews what is due of the connections that are named, or of all. Returns the records, and the session of the last
    /// batch, still locked, where that could begin.
    func refresh(
        _ batch: Batch, _ terms: Terms, _ names: [RecordName], _ config: Config,
        each: (RecordName, Outcome, Records?) -> Void = { _, _, _ in }
    ) async throws -> (outcomes: [(name: RecordName, outcome: Outcome)], records: Records, session: VaultSession?) {
        let path = try vault().path
        return try await naming(path) {
            let (outcomes, session) = try await Refresh(batch, terms).run(
                { try config.connections(names, in: $0) },
                registration: { config.registration(of: $0, in: $1) }, opening: { try await open() },
                obstacle: { Failure($0, vault: path).obstacle }, each: each)
            if let session { return (outcomes, session.records, session) }
            return (outcomes, try await read().records, nil)
        }
    }

    /// Writes down what was asked.
    var log: @Sendable ([LogEvent]) -> Void {
        guard let file = try? vault() else { return { _ in } }
        let log = EventLog(ofVault: file.path)
        return { log.append($0.map(\.object)) }
    }

    /// This machine, hashed: enough to tell whether another one asked, and nothing about it.
    static var host: String {
        let name = Array(("tokenkeep/v1/host" + ThisProcess.machineName).utf8)
        let digest = (try? SHA256.digest(of: name.span)) ?? []
        return String(hexadecimal(digest.span).prefix(16))
    }

    /// What makes a token due.
    var policy: RenewalPolicy { RenewalPolicy(interval: config?.every) }
}

extension StopRequests {
    /// SIGINT, SIGTERM and SIGHUP.
    static let signals = StopRequests(
        hold: { StopSignals.hold() }, release: { StopSignals.release() }, isWanted: { StopSignals.noted != nil })
}

extension Failure {
    /// Why a later batch of a run could not begin, though the ones before it did; nil where it is more than that.
    fileprivate var obstacle: Problem? {
        switch status {
        case .locked: Problem("its turn did not come: another process holds the vault's lock", hint: Hints.nextRun)
        case .cannotWrite:
            Problem(
                "its turn did not come: the vault cannot be written any more",
                hint: "make room or give it back its folder; \(Hints.nextRun)")
        default: nil
        }
    }

    /// A stored access token is not good enough, and no other can be had offline.
    static func staleOffline(_ name: RecordName, _ tokens: TokenSet?, isShort: Bool) -> Failure {
        let what =
            switch tokens {
            case nil: "it is not connected"
            case let tokens? where tokens.accessToken == nil: "the vault holds no access token yet"
            case let tokens? where tokens.presumedEnd == nil: "nobody has told when the stored access token ends"
            case let tokens? where isShort && !tokens.isExpired(at: ThisProcess.now):
                "the stored access token does not last that long"
            default: "the stored access token has expired"
            }
        return Failure(
            .personNeeded, "\(name): \(what), and nothing is asked offline",
            hint: "refresh where the vault itself is kept, and copy it again")
    }
}

extension Outcome {
    /// The status that a run with this outcome ends with; nil when all is well.
    var status: Failure.Status? {
        switch self {
        case .renewed, .notDue, .notConnected: nil
        case .rejected: .personNeeded
        case .unavailable: .unavailable
        case .uncertain: .uncertain
        case .misconfigured: .misconfigured
        }
    }
}
