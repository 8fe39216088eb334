package import Tokens

/// What mends what.
package enum Hints {
    package static let nextRun = "nothing is lost; the next run tries again"

    static func connect(_ name: RecordName) -> String { "authorise it again: tokenkeep connect \(name)" }

    /// Who tries again: the next run, or with a code a person.
    static func again(_ name: RecordName, _ isAuthorization: Bool) -> String {
        isAuthorization ? connect(name) : nextRun
    }

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

    /// What happens next where nobody knows whether the refresh token is spent.
    static func waiting(_ tokens: TokenSet?, _ name: RecordName) -> String {
        let end = tokens?.presumedEnd.map { "until \(Moment.text($0))" } ?? "until it expires"
        return
            "its access token works \(end), then refresh tries once more; not to depend on that: tokenkeep connect \(name)"
    }

    /// What is left when that try is lost, too.
    static func tried(_ name: RecordName) -> String {
        "authorise it again: tokenkeep connect \(name); or once more, at your own risk: \(tryAgain(name))"
    }

    /// Asks once more, though it may end the authorisation.
    static func tryAgain(_ name: RecordName) -> String { "tokenkeep refresh --try-again \(name)" }
}
