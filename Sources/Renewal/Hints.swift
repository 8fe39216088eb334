package import Tokens

/// What mends what.
package enum Hints {
    package static let nextRun = "nothing is lost; the next run tries again"

    static func connect(_ name: RecordName) -> String { "authorise it again: tokenkeep connect \(name)" }

    /// A connection's name as a key of the config.
    package static func key(_ name: RecordName) -> String {
        name.text.contains("/") || name.text.contains(".") ? "\"\(name)\"" : name.text
    }

    /// Where a refused registration is mended.
    static func registration(_ name: RecordName) -> String {
        "compare client_id, client secret and scopes of [connections.\(key(name))] with the app at the provider"
    }

    /// What is known when an answer never came: asked when, by whom, what came back.
    static func asked(_ question: Connection.OpenQuestion, by host: String?) -> String {
        let who = question.host == host ? "this machine" : "another machine (\(question.host.prefix(8)))"
        let when = Moment.text(question.at, withSeconds: true)
        let why = question.why ?? "no answer came that could be read"
        return "asked at \(when) by \(who) (try \(question.attempt)), and \(why); the refresh token may be spent"
    }

    /// For how many seconds an access token may work of which nobody has told when it ends.
    static let unknownLife: Int64 = 86_400

    /// What happens next where nobody knows whether the refresh token is spent.
    static func waiting(_ tokens: TokenSet?, _ name: RecordName, _ question: Connection.OpenQuestion) -> String {
        let what =
            if let end = tokens?.presumedEnd {
                "its access token works until \(Moment.text(end)), then refresh tries once more"
            } else {
                "nobody has told how long its access token works, so refresh tries once more after \(Moment.text(question.at + unknownLife))"
            }
        return "\(what); not to depend on that: tokenkeep connect \(name)"
    }

    /// Where a refresh token that was handed in was not taken.
    static func handIn(_ name: RecordName) -> String {
        "what stood before stands; hand it in again: tokenkeep connect \(name) --refresh-token, or authorise: tokenkeep connect \(name)"
    }

    /// What is left when that try is lost, too.
    static func tried(_ name: RecordName) -> String {
        "authorise it again: tokenkeep connect \(name); or once more, at your own risk: \(tryAgain(name))"
    }

    /// Asks once more, though it may end the authorisation.
    static func tryAgain(_ name: RecordName) -> String { "tokenkeep refresh --try-again \(name)" }
}
