package import Sealing

/// What a request or an answer carries: one copy, wiped when the last that holds it goes.
package final class HTTPBody: Sendable {
    private let bytes: SecretBuffer

    /// Takes over bytes.
    package init(_ bytes: consuming SecretBuffer) { self.bytes = bytes }

    /// The size in bytes.
    package var count: Int { bytes.count }

    /// Lends the bytes for the time of `body`.
    package func withSpan<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try bytes.withSpan(body)
    }
}

/// One request to an endpoint.
package struct HTTPRequest: Sendable {
    /// The method, with what it carries.
    package enum Method: Sendable {
        case get
        /// The body is `application/x-www-form-urlencoded`, unless a header says otherwise.
        case post(body: HTTPBody)
    }

    package let url: EndpointURL
    package let method: Method
    package let headers: [(name: String, value: String)]
    /// The time to resolve, connect, pass a proxy and finish TLS.
    package let connectTimeout: Duration
    /// The time for everything. Giving up early on a provider that rotates is what loses tokens.
    package let timeout: Duration
    /// The most bytes that an answer's body, and its headers, may have.
    package let answerLimit: Int

    /// A request with the limits of a token endpoint.
    package init(
        _ method: Method, _ url: EndpointURL, headers: [(name: String, value: String)] = [],
        connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(30), answerLimit: Int = 1 << 20
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.answerLimit = answerLimit
    }
}

/// What a server answered, as far as it came.
package struct HTTPAnswer: Sendable {
    package let status: Int
    package let contentType: String?
    /// The header as it came; `HTTPDate` reads it.
    package let date: String?
    /// The header as it came: seconds, or a date.
    package let retryAfter: String?
    package let body: HTTPBody
    /// Whether a length or a last chunk marks the body's end. Where neither does, a connection that was cut looks like
    /// a body that ended (RFC 9112, section 9.8), and only the body's own syntax can tell.
    package let isDelimited: Bool
}

/// What came of a request.
package enum Delivery: Sendable {
    /// The whole answer.
    case answered(HTTPAnswer)
    /// Not a byte of the request left: no token was spent.
    case notSent(reason: String, hint: String)
    /// The request may have been received. The part of the answer that came is given once its headers are whole.
    case unanswered(reason: String, partial: HTTPAnswer?)
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension HTTPRequest.Method: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension HTTPAnswer: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
