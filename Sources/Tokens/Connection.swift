/// One account authorised with one provider, as the vault keeps it (FORMAT §3).
package struct Connection: Sendable {
    /// The provider's name in the catalogue.
    package var provider: String
    /// What the provider answered last; nil before the first authorisation.
    package var tokens: TokenSet?
    /// Why a person or a later run has to act, where one has to.
    package var trouble: Trouble?
    /// The last attempt and how it ended.
    package var last: LastAttempt?
    /// A request whose answer never came.
    package var question: OpenQuestion?
    /// Answers that could not be read, the last three, oldest first.
    package var unread: [UnreadAnswer] = []
    /// An authorisation that waits for the person to come back from the browser.
    package var pending: PendingAuthorization?
    /// When it may be asked again, in Unix seconds; nil where nothing stands against it.
    package var notBefore: Int64?
    /// How many attempts in a row the provider was not available for.
    package var failures: Int64 = 0
    /// Whether it stood in an old copy of the vault that was gone on with, and has not been renewed since: what was asked on
    /// other copies is not known.
    package var isFromOldCopy = false
    /// The fingerprint of the registration that the provider refused last.
    package var refusedClient: String?
    /// How far the provider's clock is ahead of this machine's, in seconds, where that is over a minute.
    package var skew: Int64?
    /// The record as it was read, for the members that this program does not know.
    var stored = JSONObject()

    /// What stands in the way of the next renewal.
    package enum Trouble: String, Sendable {
        /// The provider refused the refresh token: a person must connect again.
        case reauthorize
        /// Asked, and the answer never arrived or could not be read: the refresh token may be spent.
        case uncertain
        /// The provider refuses the client's registration.
        case misconfigured
    }

    /// How the last attempt ended.
    package struct LastAttempt: Sendable, Equatable {
        /// When, in Unix seconds.
        package var at: Int64
        /// `renewed`, `rejected`, `unavailable`, `uncertain` or `misconfigured`.
        package var outcome: String
        /// The provider's own words, never a token.
        package var error: String?
        /// When the request was about to be sent, in Unix milliseconds; nil when that is not known.
        package var began: Int64?
        /// When it was settled, in Unix milliseconds; nil when that is not known.
        package var ended: Int64?

        /// Records an attempt.
        package init(at: Int64, outcome: String, error: String? = nil, began: Int64? = nil, ended: Int64? = nil) {
            (self.at, self.outcome, self.error, self.began, self.ended) = (at, outcome, error, began, ended)
        }
    }

    /// A request that was sent and never answered.
    package struct OpenQuestion: Sendable, Equatable {
        /// When it was asked, in Unix seconds.
        package var at: Int64
        /// Which machine asked, hashed.
        package var host: String
        /// Which try with this refresh token it was, counted from 1.
        package var attempt: Int64
        /// What came back in place of an answer, in words.
        package var why: String?

        /// The number of the next try.
        package var nextAttempt: Int64 { min(attempt, .max - 1) + 1 }

        /// Records a question.
        package init(at: Int64, host: String, attempt: Int64, why: String? = nil) {
            (self.at, self.host, self.attempt, self.why) = (at, host, attempt, why)
        }
    }

    /// An answer that could not be read; it may hold the only copy of a token.
    package struct UnreadAnswer: Sendable, Equatable {
        /// When it came, in Unix seconds.
        package var at: Int64
        /// The HTTP status.
        package var status: Int64
        /// The body, in base64.
        package var body: Secret

        /// Keeps an answer.
        package init(at: Int64, status: Int64, body: Secret) {
            (self.at, self.status, self.body) = (at, status, body)
        }
    }

    /// What must be remembered between the authorisation URL and the person's return (RFC 6749 §4.1, RFC 7636), or while
    /// a refresh token that was handed in is tried: until there is an answer, the tokens that there are stay.
    package struct PendingAuthorization: Sendable, Equatable {
        /// What the person's authorisation is traded in as.
        package enum Grant: String, Sendable {
            /// A code that the redirect brings.
            case code
            /// A refresh token that another program held.
            case refreshToken = "refresh_token"
        }

        /// The `state` that the redirect must bring back; or the refresh token.
        package var state: Secret
        /// What it is traded in as.
        package var grant = Grant.code
        /// The provider that is asked; nil for the connection's own.
        package var provider: String?
        /// The PKCE verifier; nil where the provider takes no PKCE.
        package var verifier: Secret?
        /// The redirect URI that was sent.
        package var redirectURI: String
        /// The scopes that were asked for.
        package var scopes: [String]
        /// From when on the return is refused, in Unix seconds.
        package var expiresAt: Int64

        /// Remembers an authorisation.
        package init(
            state: Secret, grant: Grant = .code, provider: String? = nil, verifier: Secret? = nil,
            redirectURI: String = "", scopes: [String] = [], expiresAt: Int64
        ) {
            self.state = state
            self.grant = grant
            self.provider = provider
            self.verifier = verifier
            self.redirectURI = redirectURI
            self.scopes = scopes
            self.expiresAt = expiresAt
        }
    }

    /// A connection that has not been authorised yet.
    package init(provider: String) {
        self.provider = provider
    }

    /// Keeps an answer that could not be read; the oldest of more than three goes.
    package mutating func keepUnread(_ answer: UnreadAnswer) {
        unread = Array((unread + [answer]).suffix(3))
    }
}
