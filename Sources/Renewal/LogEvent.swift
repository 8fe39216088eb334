package import Tokens

/// One request and how it ended, as the log keeps it: names, numbers and fingerprints, never a value.
package struct LogEvent: Sendable {
    /// What a request was for.
    package enum Kind: String, Sendable {
        /// New tokens for a refresh token (RFC 6749 §6).
        case refresh
        /// Tokens for an authorisation code (RFC 6749 §4.1.3).
        case authorize
    }

    /// What came back.
    package enum Class: String, Sendable {
        /// A complete answer.
        case tokens
        /// The provider said no.
        case error
        /// An answer that is neither.
        case unreadable
        /// The provider did not look at the request: 429, or 503 with `Retry-After`.
        case turnedAway = "turned_away"
        /// Nothing left the machine.
        case unsent
        /// Sent, and nothing came.
        case missing
    }

    let ask: Ask
    let kind: Kind
    let outcome: Outcome
    let replyClass: Class
    /// The HTTP status; nil without an answer.
    let status: Int64?
    /// The provider's error code and log id, without anything that was sent.
    let error: (code: String, logID: String?)?
    /// The fingerprint of the refresh token that is stored now.
    let after: String?
    /// When it was settled, in Unix seconds.
    let at: Int64
    /// From the request to its answer, in milliseconds; nil for a dead run's.
    var duration: Int64?
    /// Whether the vault holds it; false when it waits in a journal.
    private var isCommitted = true

    init(
        ask: Ask, kind: Kind, outcome: Outcome, replyClass: Class, status: Int64?,
        error: (code: String, logID: String?)?, after: String?, at: Int64
    ) {
        self.ask = ask
        self.kind = kind
        self.outcome = outcome
        self.replyClass = replyClass
        self.status = status
        self.error = error
        self.after = after
        self.at = at
    }

    /// The same, where the vault could not be written.
    var uncommitted: LogEvent {
        var event = self
        event.isCommitted = false
        return event
    }

    /// The event as one JSON object.
    package var object: JSONObject {
        var object = JSONObject()
        object.set("at", at)
        object.set("attempt", ask.attempt)
        object.set("class", replyClass.rawValue)
        if !isCommitted { object.set("committed", false) }
        object.set("duration_ms", duration)
        object.set("error", error?.code)
        object.set("event", kind.rawValue)
        object.set("fp_after", after)
        object.set("fp_before", ask.fingerprint)
        object.set("log_id", error?.logID)
        object.set("name", ask.name.text)
        object.set("outcome", outcome.name)
        object.set("status", status)
        return object
    }
}
