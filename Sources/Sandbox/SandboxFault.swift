/// Something that goes wrong at the token endpoint, and at which request.
package struct SandboxFault: Sendable, Equatable {
    /// What goes wrong.
    package enum Kind: String, Sendable, CaseIterable {
        /// HTTP 200 with an error body; spends nothing.
        case error200 = "error-200"
        /// HTTP 500; spends nothing.
        case http500 = "http-500"
        /// HTTP 429 with `Retry-After: 1`; spends nothing.
        case rateLimit = "rate-limit"
        /// HTTP 200 with a page; the token is spent.
        case html
        /// The connection closes without an answer; the token is spent.
        case drop
        /// Half of the body under the full length; the token is spent.
        case truncated
        /// A body of 2 MiB; the token is spent.
        case oversize
        /// The answer comes late; the token is spent when the request arrives.
        case slow
        /// An answer without `refresh_token`, which is legal (RFC 6749 §6); the old one stays good.
        case noRefreshToken = "no-refresh-token"
        /// `expires_in` as a string.
        case stringExpires = "string-expires"
    }

    /// A text that is no fault.
    package struct ParseFailure: Error, Equatable, CustomStringConvertible {
        /// What happened.
        package let description: String
        /// What mends it.
        package let hint: String
    }

    /// What goes wrong.
    package let kind: Kind
    /// At the how-manieth request, counted from 1.
    package let request: Int
    /// Whether it goes wrong from then on.
    package let isLasting: Bool

    /// Describes a fault.
    package init(_ kind: Kind, at request: Int, isLasting: Bool = false) {
        self.kind = kind
        self.request = request
        self.isLasting = isLasting
    }

    /// Reads `KIND:N` or `KIND:N+`.
    package init(parsing text: String) throws(ParseFailure) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = Kind(rawValue: String(halves[0])) else {
            throw ParseFailure(
                description: "there is no fault \"\(halves[0])\"",
                hint: "the faults are \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let isLasting = halves.last?.hasSuffix("+") ?? false
        let digits = halves.count == 2 ? halves[1].dropLast(isLasting ? 1 : 0) : ""
        guard let request = digits.allSatisfy({ "0"..."9" ~= $0 }) ? Int(digits) : nil, request > 0 else {
            throw ParseFailure(
                description: "\"\(text)\" does not say at which request",
                hint: "write \(kind.rawValue):2 for the second request, \(kind.rawValue):2+ for every one from then on")
        }
        self.init(kind, at: request, isLasting: isLasting)
    }

    /// Whether it strikes at this request.
    func applies(to request: Int) -> Bool {
        isLasting ? request >= self.request : request == self.request
    }
}
