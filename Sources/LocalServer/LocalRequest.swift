/// One whole HTTP request, as small servers want it.
package struct LocalRequest: Sendable {
    /// The method as it was sent, for example `GET`.
    package let method: String
    /// The path as it was sent, percent-encoding untouched.
    package let path: String
    /// What followed the first `?`, percent-encoding untouched; empty when there was none.
    package let query: String
    /// The header fields in the order they came.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: [UInt8]

    /// The values of the header fields of that name (case does not matter).
    package func header(_ name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// What is answered to one request.
package struct LocalResponse: Sendable {
    /// How much of the answer reaches the client.
    ///
    /// A server that answers well needs `.whole` alone; the other two are for trying out clients.
    package enum Delivery: Sendable {
        /// All of it.
        case whole
        /// Half of the body under the full `Content-Length`, then the connection closes.
        case half
        /// Nothing: the connection closes without an answer.
        case none
    }

    /// The status code.
    package var status: Int
    /// Header fields beside `Content-Length` and `Connection`, which the server sets.
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: [UInt8]
    /// How much of it is sent.
    package var delivery: Delivery

    /// Makes an answer.
    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], delivery: Delivery = .whole
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.delivery = delivery
    }

    /// An answer of one line of text.
    package static func text(_ status: Int, _ line: String) -> LocalResponse {
        LocalResponse(
            status: status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array((line + "\n").utf8))
    }

    /// The connection closes without an answer.
    package static var dropped: LocalResponse { LocalResponse(status: 500, delivery: .none) }
}
