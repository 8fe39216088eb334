package import Tokens

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

    /// The provider's variable that has no value, if there is one.
    package var missingVariable: String? {
        provider.variables.keys.sorted().first { variables[$0] == nil && provider.variables[$0] == .some(nil) }
    }

    /// An endpoint with its variables filled in.
    package func endpoint(_ template: String) -> String {
        provider.variables.reduce(template) { text, variable in
            text.replacing("{\(variable.key)}", with: variables[variable.key] ?? variable.value ?? "")
        }
    }
}
