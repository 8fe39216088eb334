import Sealing
package import Tokens

/// The frames' JSON (FORMAT §6).
package enum JournalFrame {
    /// How much of an answer's body is kept; in base64 it fits a frame.
    static let largestBody = 1 << 20

    static func encode(_ ask: Ask) -> Secret {
        var object = JSONObject()
        object.set("t", "ask")
        object.set("name", ask.name.text)
        object.set("fp", ask.fingerprint)
        object.set("attempt", ask.attempt)
        object.set("at", ask.at)
        object.set("host", ask.host)
        return object.encoded()
    }

    /// The frame for a reply; nil for one that says nothing.
    static func encode(_ reply: Reply, ask index: Int) -> Secret? {
        var object = JSONObject()
        object.set("ask", Int64(index))
        switch reply {
        case .got(let answer):
            object.set("t", "got")
            object.set("status", answer.status)
            object.set("date", answer.date)
            object.set("at", answer.at)
            let body = answer.body.withSpan { Base64.encode($0.extracting(first: largestBody), .standard) }
            object.set("body", Secret(body))
        case .unsent: object.set("t", "unsent")
        case .missing: return nil
        }
        return object.encoded()
    }

    /// Whether a frame is an intent, and no answer.
    static func isAsk(_ frame: Secret) -> Bool {
        let object = try? frame.withSpan { span throws(JSONError) in try JSONObject(parsing: span, rules: .record) }
        return (try? object?.text("t")) == "ask"
    }

    /// Puts asks and replies together; the index in a reply is its ask's frame index. With `isTorn` an answer whose ask did
    /// not open is passed over: nobody can tell whose it is, and the file is kept.
    package static func decode(
        _ frames: [(index: Int, frame: Secret)], isTorn: Bool = false
    ) throws(VaultError) -> [(ask: Ask, reply: Reply)] {
        var all: [(ask: Ask, reply: Reply)] = []
        var askAtFrame: [Int64: Int] = [:]
        for (index, frame) in frames {
            do throws(JSONError) {
                let object = try frame.withSpan { span throws(JSONError) in
                    try JSONObject(parsing: span, rules: .record)
                }
                switch try object.text("t") {
                case "ask":
                    askAtFrame[Int64(index)] = all.count
                    all.append((try ask(object), .missing))
                case "got", "unsent":
                    guard let place = askAtFrame[try object.integer("ask") ?? -1] else {
                        if isTorn { continue }
                        throw broken
                    }
                    all[place].reply = try object.text("t") == "unsent" ? .unsent : .got(try answer(object))
                default: throw broken
                }
            } catch {
                // The frame was sealed by this vault's key: a program wrote it that knows more than this one.
                throw .unsupported("a frame of the journal")
            }
        }
        return all
    }

    private static let broken = JSONError.frame

    private static func ask(_ object: JSONObject) throws(JSONError) -> Ask {
        guard let name = try object.text("name").flatMap({ RecordName($0) }), let fingerprint = try object.text("fp"),
            let at = try object.integer("at")
        else { throw broken }
        return Ask(
            name: name, fingerprint: fingerprint, attempt: try object.integer("attempt") ?? 1, at: at,
            host: try object.text("host") ?? "")
    }

    private static func answer(_ object: JSONObject) throws(JSONError) -> Answer {
        guard let status = try object.integer("status"), let at = try object.integer("at"),
            let text = try object.secret("body"), let body = text.withSpan({ Base64.decode($0, .standard) })
        else { throw broken }
        return Answer(status: status, date: try object.text("date"), at: at, body: body)
    }
}

extension JSONError {
    fileprivate static let frame = JSONError(reason: "not a frame", offset: 0)
}
