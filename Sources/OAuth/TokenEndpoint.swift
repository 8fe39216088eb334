import Sealing
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
        /// `Retry-After` as it came.
        private let retryAfterText: String?

        /// Pairs a reply with what stood in the way.
        package init(reply: Reply, problem: Problem?, retryAfter: String? = nil) {
            (self.reply, self.problem, retryAfterText) = (reply, problem, retryAfter)
        }

        /// After how many seconds the provider wants to be asked again (RFC 9110 §10.2.3), if it said: a number, or a date.
        package var retryAfter: Int64? {
            guard let text = retryAfterText, case .got(let answer) = reply else { return nil }
            if !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) { return Int64(text) ?? .max }
            return HTTPDate.parse(text).map { max(0, $0 - answer.at) }
        }

        /// How many seconds the provider's clock is ahead of this machine's, by its `Date` (RFC 9110 §6.6.1), if it sent one.
        package var clockSkew: Int64? {
            guard case .got(let answer) = reply else { return nil }
            return answer.date.flatMap(HTTPDate.parse).map { $0 - answer.at }
        }
    }

    /// Sends one request, once, and never gives it up before its time.
    package func send(_ request: TokenRequest) async -> Response {
        let url: EndpointURL
        do throws(EndpointURL.Refusal) { url = try EndpointURL(request.url) } catch {
            return Response(reply: .unsent, problem: Problem("\(error)", hint: error.hint))
        }
        let message = HTTPRequest(
            .post(body: HTTPBody(request.body.withSpan { SecretBuffer($0) })), url,
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
                ("Cache-Control", "no-cache"), ("User-Agent", userAgent),
            ], connectTimeout: min(.seconds(10), timeout), timeout: timeout)
        // Request and answer are copied here, on the threads before and behind the wait.
        wipeTraces()
        defer { wipeTraces() }
        do throws(Libcurl.Missing) {
            switch try await Transport.send(message) {
            case .answered(let answer):
                // Nothing of it is looked into: it is not on the disk yet.
                return Response(reply: .got(Answer(answer, at: now())), problem: nil, retryAfter: answer.retryAfter)
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

extension Answer {
    fileprivate init(_ answer: HTTPAnswer, at now: Int64) {
        self.init(status: Int64(answer.status), date: answer.date, at: now, body: answer.body.withSpan { Secret($0) })
    }
}
