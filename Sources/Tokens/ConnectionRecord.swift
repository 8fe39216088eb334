extension Connection {
    /// Reads a connection's record.
    package init(_ object: JSONObject) throws(JSONError) {
        stored = object
        guard let provider = try object.text("provider") else {
            throw JSONError(reason: "a connection without provider", offset: 0)
        }
        self.provider = provider
        if object.has("access_token") || object.has("refresh_token") {
            tokens = TokenSet(
                accessToken: try object.secret("access_token"), tokenType: try object.text("token_type"),
                obtainedAt: try object.time("obtained_at"), expiresAt: try object.time("expires_at"),
                refreshToken: try object.secret("refresh_token"),
                refreshExpiresAt: try object.time("refresh_expires_at"), scopes: try object.texts("scopes"),
                subject: try object.text("subject"), extras: try object.secrets("extras"))
        }
        trouble = try object.word("trouble")
        if let last = try object.object("last"), let at = try last.time("at"), let outcome = try last.text("outcome") {
            self.last = LastAttempt(
                at: at, outcome: outcome, error: try last.text("error"), began: try last.time("began"),
                ended: try last.time("ended"))
        }
        if let asked = try object.object("question"), let at = try asked.time("at") {
            question = OpenQuestion(
                at: at, host: try asked.text("host") ?? "", attempt: try asked.integer("attempt") ?? 1,
                why: try asked.text("why"))
        }
        notBefore = try object.time("not_before")
        failures = try object.integer("failures") ?? 0
        isFromOldCopy = object.has("from_old_copy")
        refusedClient = try object.text("refused_client")
        skew = try object.integer("skew")
        for answer in try object.objects("unread") ?? [] {
            guard let body = try answer.secret("body") else { continue }
            unread.append(
                UnreadAnswer(at: try answer.time("at") ?? 0, status: try answer.integer("status") ?? 0, body: body))
        }
        if let waiting = try object.object("pending"), let state = try waiting.secret("state") {
            pending = PendingAuthorization(
                state: state, grant: try waiting.word("grant") ?? .code,
                provider: try waiting.text("provider"), verifier: try waiting.secret("verifier"),
                redirectURI: try waiting.text("redirect_uri") ?? "", scopes: try waiting.texts("scopes") ?? [],
                expiresAt: try waiting.time("expires_at") ?? 0)
        }
    }

    /// The record; members that this program does not know are as they were read.
    package var object: JSONObject {
        var object = stored
        object.set("kind", "connection")
        object.set("provider", provider)
        object.set("access_token", tokens?.accessToken)
        object.set("token_type", tokens?.tokenType)
        object.set("obtained_at", tokens?.obtainedAt)
        object.set("expires_at", tokens?.expiresAt)
        object.set("refresh_token", tokens?.refreshToken)
        object.set("refresh_expires_at", tokens?.refreshExpiresAt)
        object.set("scopes", tokens?.scopes)
        object.set("subject", tokens?.subject)
        object.set("extras", tokens.map { JSONObject($0.extras) })
        object.set("trouble", trouble?.rawValue)
        object.set("last", last.map(\.object))
        object.set("question", question.map(\.object))
        object.set("unread", unread.isEmpty ? nil : unread.map(\.object))
        object.set("pending", pending.map(\.object))
        object.set("not_before", notBefore)
        object.set("failures", failures > 0 ? failures : nil)
        object.set("from_old_copy", isFromOldCopy ? 1 : nil)
        object.set("refused_client", refusedClient)
        object.set("skew", skew)
        return object
    }
}

extension JSONObject {
    /// Times of the format end at 2^53 − 1.
    func time(_ name: String) throws(JSONError) -> Int64? {
        guard let time = try integer(name) else { return nil }
        guard (0..<(1 << 53)).contains(time) else { throw JSONError(reason: "\(name) is no time", offset: 0) }
        return time
    }

    /// One of the words that the format names.
    fileprivate func word<Word: RawRepresentable<String>>(_ name: String) throws(JSONError) -> Word? {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else { throw JSONError(reason: "\(name) is an unknown word", offset: 0) }
        return word
    }

    fileprivate func secrets(_ name: String) throws(JSONError) -> [String: Secret] {
        guard let inner = try object(name) else { return [:] }
        var all: [String: Secret] = [:]
        for member in inner.names {
            // The member's name is text of the record and stays out of the error.
            guard let value = try? inner.secret(member) else {
                throw JSONError(reason: "\(name) holds something else than strings", offset: 0)
            }
            all[member] = value
        }
        return all
    }

    fileprivate init(_ texts: [String: Secret]) {
        self.init()
        for (name, value) in texts { set(name, value) }
    }
}

extension Connection.LastAttempt {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.set("at", at)
        object.set("outcome", outcome)
        object.set("error", error)
        object.set("began", began)
        object.set("ended", ended)
        return object
    }
}

extension Connection.OpenQuestion {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.set("at", at)
        object.set("host", host)
        object.set("attempt", attempt)
        object.set("why", why)
        return object
    }
}

extension Connection.UnreadAnswer {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.set("at", at)
        object.set("status", status)
        object.set("body", body)
        return object
    }
}

extension Connection.PendingAuthorization {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.set("state", state)
        object.set("grant", grant == .code ? nil : grant.rawValue)
        object.set("provider", provider)
        object.set("verifier", verifier)
        object.set("redirect_uri", grant == .code ? redirectURI : nil)
        object.set("scopes", grant == .code ? scopes : nil)
        object.set("expires_at", expiresAt)
        return object
    }
}
