/// What happened and what mends it, for a person.
package struct Problem: Error, Sendable, Equatable {
    /// What happened, in one line.
    package let message: String
    /// The command or setting that mends it.
    package let hint: String

    /// Describes a problem.
    package init(_ message: String, hint: String) {
        (self.message, self.hint) = (message, hint)
    }
}

/// What became of one connection in one run.
package enum Outcome: Sendable, Equatable {
    /// There are new tokens.
    case renewed
    /// What there is stays good for a while.
    case notDue
    /// It has never been authorised.
    case notConnected
    /// A person must connect again.
    case rejected(Problem)
    /// The provider could not be reached or was not able; the next run tries again.
    case unavailable(Problem)
    /// Asked, and no answer that can be read: the refresh token may be spent.
    case uncertain(Problem)
    /// The config, or the client's registration at the provider, is wrong.
    case misconfigured(Problem)

    /// As `--json` and the vault name it.
    package var name: String {
        switch self {
        case .renewed: "renewed"
        case .notDue: "not_due"
        case .notConnected: "not_connected"
        case .rejected: "rejected"
        case .unavailable: "unavailable"
        case .uncertain: "uncertain"
        case .misconfigured: "misconfigured"
        }
    }

    /// What stood in the way.
    package var problem: Problem? {
        switch self {
        case .renewed, .notDue, .notConnected: nil
        case .rejected(let problem), .unavailable(let problem), .uncertain(let problem), .misconfigured(let problem):
            problem
        }
    }
}
