/// The address of an endpoint that may be asked: https, or plain http on this machine itself.
///
/// The grammar is narrower than RFC 3986's, so that no address is read in one way here and in another by libcurl.
package struct EndpointURL: Sendable {
    /// Why an address is refused.
    package enum Refusal: Error, Equatable, CaseIterable {
        case malformed, unsupportedScheme, plainHTTP, userInfo, fragment
    }

    /// The whole address, its query with it.
    package let text: String
    /// Whether the host is a literal for this machine; such a request goes past every proxy.
    package let isLoopback: Bool

    /// Takes an address, or says why no request may go there.
    package init(_ text: String) throws(Refusal) {
        // Visible ASCII alone; a backslash is a slash to some readers of addresses (WHATWG), and not to others.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }),
            let schemeEnd = text.firstRange(of: "://")
        else { throw .malformed }
        let scheme = text[..<schemeEnd.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else { throw .unsupportedScheme }

        let rest = text[schemeEnd.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { throw .userInfo }
        guard let host = Self.host(of: authority) else { throw .malformed }
        // RFC 6749, sections 3.1 and 3.2.
        guard !rest.contains("#") else { throw .fragment }

        let isLoopback = Self.isLoopback(host)
        guard scheme == "https" || isLoopback else { throw .plainHTTP }
        self.text = text
        self.isLoopback = isLoopback
    }

    /// The host of `host[:port]`, or nil where either is none.
    private static func host(of authority: Substring) -> Substring? {
        let host: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[...end]
            guard host.dropFirst().dropLast().allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return nil
            }
        } else {
            host = authority.prefix { $0 != ":" }
            guard host.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) }) else { return nil }
        }
        guard host.contains(where: { $0.isLetter || $0.isNumber }) else { return nil }

        let port = authority[host.endIndex...]
        guard !port.isEmpty else { return host }
        guard port.hasPrefix(":"), port.dropFirst().allSatisfy(\.isNumber),
            let number = UInt16(port.dropFirst()), number > 0
        else { return nil }
        return host
    }

    /// Whether a host is `localhost`, `[::1]` or a dotted address in 127.0.0.0/8.
    private static func isLoopback(_ host: Substring) -> Bool {
        if host == "[::1]" || host.lowercased() == "localhost" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        // `String(number) == part`: a leading zero makes an octet octal to some resolvers.
        let octets = parts.compactMap { part in UInt8(part).flatMap { String($0) == part ? $0 : nil } }
        return parts.count == 4 && octets.count == 4 && octets[0] == 127
    }
}

extension EndpointURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The address without its query, which can hold a token.
    package var description: String { String(text.prefix { $0 != "?" }) }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension EndpointURL.Refusal: CustomStringConvertible {
    /// What is wrong with the address.
    package var description: String {
        switch self {
        case .malformed: "the address is not a URL of plain characters with a host and a port up to 65535"
        case .unsupportedScheme: "the address is neither https nor http"
        case .plainHTTP: "the address is plain http to another machine, where anyone on the way reads the tokens"
        case .userInfo: "the address holds a user name before its host"
        case .fragment: "the address holds a fragment (#)"
        }
    }

    /// What mends it.
    package var hint: String {
        switch self {
        case .malformed: "write it as https://host/path, a host of other letters in its xn-- form"
        case .unsupportedScheme, .plainHTTP:
            "use https; plain http is for localhost, 127.0.0.1 and [::1] only"
        case .userInfo: "take the part up to the @ out; a client's secret belongs in the vault"
        case .fragment: "take the # and what follows it out"
        }
    }
}
