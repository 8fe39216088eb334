import Sealing
import Transport

extension HTTPRequest {
    /// A POST to an address, with limits that a test can wait for.
    static func post(
        _ url: String, _ body: String = "a=b", headers: [(name: String, value: String)] = [],
        connectTimeout: Duration = .seconds(5), timeout: Duration = .seconds(5), answerLimit: Int = 1 << 20
    ) throws -> HTTPRequest {
        HTTPRequest(
            .post(body: HTTPBody(SecretBuffer(body.utf8.span))), try EndpointURL(url), headers: headers,
            connectTimeout: connectTimeout,
            timeout: timeout, answerLimit: answerLimit)
    }

    /// A GET of an address.
    static func get(_ url: String) throws -> HTTPRequest {
        HTTPRequest(.get, try EndpointURL(url), connectTimeout: .seconds(5), timeout: .seconds(5))
    }
}

extension Delivery {
    /// The answer of `.answered`.
    var answer: HTTPAnswer? {
        if case .answered(let answer) = self { answer } else { nil }
    }

    /// The reason of `.notSent`.
    var notSent: String? {
        if case .notSent(let reason, _) = self { reason } else { nil }
    }

    /// The reason of `.unanswered`.
    var unanswered: String? {
        if case .unanswered(let reason, _) = self { reason } else { nil }
    }

    /// What came of the answer of `.unanswered`.
    var partial: HTTPAnswer? {
        if case .unanswered(_, let partial) = self { partial } else { nil }
    }
}

extension HTTPAnswer {
    /// The body as text.
    var text: String { body.withSpan { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } }
}
