/// What a sandbox is told before it starts.
package struct SandboxOptions: Sendable {
    /// The one client that is registered.
    package static let clientID = "sandbox-client"
    /// That client's secret; no secret to anybody.
    package static let clientSecret = "sandbox-secret"
    /// The redirect URI that is registered unless another one is.
    package static let defaultRedirectURI = "http://127.0.0.1:3000/auth/tiktok/callback/"

    /// Whose ways it has.
    package var manners = Manners.standard
    /// The port on 127.0.0.1; 0 takes a free one.
    package var port = 0
    /// The registered redirect URIs, compared byte for byte.
    package var redirectURIs = [defaultRedirectURI]
    /// The lifetime of an access token in seconds.
    package var accessLifetime: Int64 = 2 * 3600
    /// The lifetime of a refresh token in seconds; each new one has all of it.
    package var refreshLifetime: Int64 = 180 * 86400
    /// Whether each authorisation is approved at once, without a page.
    package var approves = false
    /// The time every answer takes.
    package var latency = Duration.zero
    /// The time an answer takes under the fault `slow`.
    package var slowness = Duration.seconds(60)
    /// What goes wrong, and when; the first that applies to a request decides.
    package var faults: [SandboxFault] = []

    /// The usual options.
    package init() {}
}
