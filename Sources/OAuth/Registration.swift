package import Tokens
import Transport

/// What a provider knows of the app: the client, and how its people come back.
package struct Registration: Sendable {
    /// The provider's entry.
    package let provider: Provider
    /// RFC 6749's `client_id`.
    package let clientID: Secret
    /// The client's secret; nil for a public client.
    package let clientSecret: Secret?
    /// Where the provider sends the person back to.
    package let redirectURI: String?
    /// The scopes to ask for.
    package let scopes: [String]
    /// Values for the provider's variables.
    package let variables: [String: String]

    /// Puts a registration together.
    package init(
        provider: Provider, clientID: Secret, clientSecret: Secret?, redirectURI: String?, scopes: [String],
        variables: [String: String]
    ) {
        self.provider = provider
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.variables = variables
    }

    /// All that a provider can refuse of it, in one text: by its fingerprint a change is known.
    package var whole: Secret {
        let parts =
            [clientID, clientSecret ?? Secret("")]
            + ([provider.id, endpoint(provider.tokenEndpoint), redirectURI ?? ""] + scopes).map { Secret($0) }
        return Secret(joining: parts.flatMap { [$0, Secret("\n")] })
    }

    private var missingVariable: String? {
        provider.variables.keys.sorted().first { variables[$0] == nil && provider.variables[$0] == .some(nil) }
    }

    /// Why requests could not be sent to this registration's endpoints, such as a variable without a value or plain http
    /// to another machine; nil when they could.
    package var problem: Problem? {
        if let variable = variables.keys.sorted().first(where: { !provider.variables.keys.contains($0) }) {
            let known = provider.variables.keys.sorted().joined(separator: ", ")
            return Problem(
                "\(provider.displayName) has no variable \(variable)",
                hint: known.isEmpty ? "take it out" : "what may stand here: \(known)")
        }
        if let variable = missingVariable {
            return Problem(
                "\(provider.displayName) needs the variable \(variable)",
                hint: "give it a value in the connection's variables")
        }
        do throws(EndpointURL.Refusal) { _ = try EndpointURL(endpoint(provider.tokenEndpoint)) } catch {
            return Problem("\(provider.displayName) cannot be asked: \(error)", hint: error.hint)
        }
        return nil
    }

    /// An endpoint with its variables filled in. A base address may end with a slash or without.
    package func endpoint(_ template: String) -> String {
        provider.variables.reduce(template) { text, variable in
            var value = variables[variable.key] ?? variable.value ?? ""
            if value.hasSuffix("/"), text.contains("{\(variable.key)}/") { value.removeLast() }
            return text.replacing("{\(variable.key)}", with: value)
        }
    }
}
