/// One request that is about to be sent, as the journal keeps it before a byte goes out (FORMAT §6).
package struct Ask: Sendable, Equatable {
    /// The connection it is for.
    package let name: RecordName
    /// What is being spent: the fingerprint of the refresh token, or of the pending authorisation's `state`.
    package let fingerprint: String
    /// Which try with this token it is, counted from 1.
    package let attempt: Int64
    /// When, in Unix seconds.
    package let at: Int64
    /// Which machine asks, hashed.
    package let host: String

    /// Describes a request.
    package init(name: RecordName, fingerprint: String, attempt: Int64, at: Int64, host: String) {
        self.name = name
        self.fingerprint = fingerprint
        self.attempt = attempt
        self.at = at
        self.host = host
    }

    /// The same request, sent at another time.
    package func sent(at time: Int64) -> Ask {
        Ask(name: name, fingerprint: fingerprint, attempt: attempt, at: time, host: host)
    }
}

/// What came back for a request, before anything has been made of it.
package struct Answer: Sendable, Equatable {
    /// The HTTP status.
    package let status: Int64
    /// The `Date` header as it was sent.
    package let date: String?
    /// When it came, in Unix seconds.
    package let at: Int64
    /// The body, cut at 1 MiB.
    package let body: Secret

    /// Keeps what came.
    package init(status: Int64, date: String?, at: Int64, body: Secret) {
        (self.status, self.date, self.at, self.body) = (status, date, at, body)
    }
}

/// How a request went, as far as the journal knows.
package enum Reply: Sendable, Equatable {
    /// It was answered.
    case got(Answer)
    /// It never left the machine.
    case unsent
    /// Nothing is known: the process died, or the answer was lost.
    case missing
}

/// The vault as one process holds it, from lock to unlock: nobody else writes meanwhile.
///
/// What `begin` and `keep` are handed is on the disk when they return; `commit` is what makes `records` last.
package protocol TokenStore: AnyObject {
    /// The records. Changes are seen by others when they are committed.
    var records: Records { get set }
    /// What a run that died had asked and been answered since the last commit. Empty once it is committed.
    var leftBehind: [(ask: Ask, reply: Reply)] { get }
    /// Whether a newer version was seen on this machine, and the person goes on all the same: its refresh tokens may be
    /// spent.
    var isOlder: Bool { get }
    /// Whether what is stored is still what was read: false when another program has put something else in its place.
    var isCurrent: Bool { get }
    /// How many answers there is room for in what can be stored, each of them as large as one can be.
    var capacity: Int { get }
    /// The keyed fingerprint of a token: tells whether two are the same, and nothing else.
    func fingerprint(of token: Secret) throws -> String
    /// Makes the first intents durable: after this, whatever dies, it is known what may have been spent. Space is set aside
    /// for `room` requests and their answers.
    func begin(_ asks: [Ask], room: Int) throws
    /// Makes one reply durable, before anything else happens to it, and with it the intent of the request that is sent
    /// next. Asks are numbered in the order in which they were handed over.
    func keep(_ reply: Reply, forAsk index: Int, then next: Ask?) throws
    /// Replaces the stored records with `records`, durably and in one step, and lets go of the intents.
    func commit() throws
}

extension TokenStore {
    /// Makes all intents durable.
    package func begin(_ asks: [Ask]) throws { try begin(asks, room: asks.count) }

    /// Makes one reply durable.
    package func keep(_ reply: Reply, forAsk index: Int) throws { try keep(reply, forAsk: index, then: nil) }
}
