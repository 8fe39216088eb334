package import Tokens
import Transport

/// A redirect URI's parts, as far as listening on it needs them.
package struct RedirectURI: Sendable, Equatable {
    /// `127.0.0.1`, `::1` or `localhost`.
    package let host: String
    /// The port to listen on.
    package let port: Int
    /// The path, `/` at least.
    package let path: String

    /// Takes a loopback redirect URI that can be listened on; nil for any other.
    package init?(loopback text: String) {
        guard text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard let host = ["127.0.0.1", "[::1]", "localhost"].first(where: { authority.hasPrefix($0) }) else {
            return nil
        }
        let port = authority.dropFirst(host.count)
        if port.isEmpty {
            self.port = 80
        } else {
            // `UInt16` alone would take `+80`.
            guard port.first == ":", port.dropFirst().first?.isNumber == true, let number = UInt16(port.dropFirst()),
                number > 0
            else { return nil }
            self.port = Int(number)
        }
        let path = rest.dropFirst(authority.count).prefix { !"?#".contains($0) }
        self.host = host == "[::1]" ? "::1" : host
        self.path = path.isEmpty ? "/" : String(path)
    }

    /// Why no browser could be sent there with a code; nil when one could (RFC 6749 §3.1.2, RFC 8252 §7).
    package static func problem(with text: String) -> Problem? {
        // An app's own scheme is a domain name in reverse order.
        let scheme = text.prefix { $0 != ":" }
        if scheme.contains("."), !scheme.contains("/"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            return nil
        }
        do throws(EndpointURL.Refusal) { _ = try EndpointURL(text) } catch {
            return Problem(
                "the redirect URI \(text) cannot be used: \(error)",
                hint: "\(error.hint); it has to be the one that is registered at the provider")
        }
        return nil
    }

    /// Whether a redirect URI leads back to the machine that the browser runs on.
    package static func isLoopback(_ text: String) -> Bool { RedirectURI(loopback: text) != nil }
}
