package import Tokens
import Transport

/// The one place from which a request with a token in it leaves.
package struct TokenEndpoint: Sendable {
    /// The time for a request, from connecting to the last byte.
    private let timeout: Duration
    /// How this program calls itself.
    private let userAgent: String
    private let now: @Sendable () -> Int64

    /// Sets the limits.
    package init(timeout: Duration, userAgent: String, now: @escaping @Sendable () -> Int64) {
        self.timeout = timeout
        self.userAgent = userAgent
        self.now = now
    }

    /// How a request went, in the journal's terms, and why where there is no answer.
    package struct Response: Sendable {
        /// What can be kept; of a dead run, what was.
        package let reply: Reply
        /// Why nothing came, and what mends it.
        package let problem: Problem?
        /// After how many seconds the provider wants to be asked again (RFC 9110 §10.2.3), if it said.
        package let retryAfter: Int64?

        /// Pairs a reply with what stood in the way.
        package init(reply: Reply, problem: Problem?, retryAfter: Int64? = nil) {
            (self.reply, self.problem, self.retryAfter) = (reply, problem, retryAfter)
        }
    }

    /// Sends one request, once, and never gives it up before its time.
    package func send(_ request: TokenRequest) async -> Response {
        let url: EndpointURL
        do throws(EndpointURL.Refusal) { url = try EndpointURL(request.url) } catch {
            return Response(reply: .unsent, problem: Problem("\(error)", hint: error.hint))
        }
        let message = HTTPRequest(
            .post(body: request.body.revealedBytes()), url,
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
                ("Cache-Control", "no-cache"), ("User-Agent", userAgent),
            ], connectTimeout: min(.seconds(10), timeout), timeout: timeout)
        do throws(Libcurl.Missing) {
            switch try await Transport.send(message) {
            case .answered(let answer):
                let now = now()
                return Response(
                    reply: .got(Answer(answer, at: now)), problem: nil, retryAfter: Self.seconds(answer, now: now))
            case .notSent(let reason, let hint):
                return Response(reply: .unsent, problem: Problem(reason, hint: hint))
            case .unanswered(let reason, let partial):
                // What came is kept, whole or not: it may hold the only copy of a token.
                let problem = Problem(reason, hint: "the next run decides what can be tried")
                return Response(reply: partial.map { .got(Answer($0, at: now())) } ?? .missing, problem: problem)
            }
        } catch {
            return Response(reply: .unsent, problem: Problem("\(error)", hint: error.hint))
        }
    }
}

extension TokenEndpoint {
    /// `Retry-After` is a number of seconds or a date.
    private static func seconds(_ answer: HTTPAnswer, now: Int64) -> Int64? {
        guard let text = answer.retryAfter else { return nil }
        return Int64(text) ?? HTTPDate.parse(text).map { max(0, $0 - now) }
    }
}

extension Answer {
    fileprivate init(_ answer: HTTPAnswer, at now: Int64) {
        self.init(status: Int64(answer.status), date: answer.date, at: now, body: Secret(answer.body))
    }
}
