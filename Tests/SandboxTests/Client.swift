import LocalServer
import NIOCore
import NIOPosix
import OAuth
import Sandbox
import Synchronization
import Testing
import Tokens

/// A time that stands still until a test moves it.
final class TestClock: Sendable {
    private let seconds = Atomic<Int64>(1_800_000_000)
    var now: Int64 { seconds.load(ordering: .relaxed) }
    func advance(_ time: Int64) { seconds.add(time, ordering: .relaxed) }
}

/// What came back over a socket.
struct Answer: Sendable {
    let head: [String]
    let body: [UInt8]

    var status: Int { Int(head[0].split(separator: " ")[1]) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
        head.dropFirst().first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    func json() throws -> JSONObject { try JSONObject(parsing: body.span, rules: .answer) }
    func text(_ name: String) -> String? { try? json().text(name) }

    var accessToken: String { get throws { try #require(text("access_token")) } }
    var refreshToken: String { get throws { try #require(text("refresh_token")) } }

    /// The fields that a redirect carries, when it goes to `uri`.
    func redirect(_ uri: String) throws -> FormFields {
        let location = try #require(header("location"))
        try #require(location.hasPrefix(uri + "?"))
        return try #require(FormFields(decoding: String(location.dropFirst(uri.count + 1))))
    }
}

/// A client of one sandbox, over real sockets.
struct Client: Sendable {
    typealias Fields = [(name: String, value: String)]

    static let verifier = String(repeating: "v-._~012", count: 6)
    static let redirectURI = SandboxOptions.defaultRedirectURI
    let port: Int
    let manners: Manners

    var idName: String { manners == .tiktok ? "client_key" : "client_id" }
    var separator: String { manners == .tiktok ? "," : " " }
    var credentials: Fields { [(idName, SandboxOptions.clientID), ("client_secret", SandboxOptions.clientSecret)] }

    /// Sends a request and takes what comes until the server closes; nil when that is nothing.
    func ask(_ method: String, _ target: String, _ headers: [String] = [], body: String? = nil) async throws -> Answer?
    {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        let request = lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let bytes = try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            return try await inbound.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        }
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: Array("\r\n\r\n".utf8)) }) else {
            return nil
        }
        let head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
        return Answer(head: head, body: Array(bytes[(end + 4)...]))
    }

    func post(_ path: String, _ fields: Fields, _ headers: [String] = []) async throws -> Answer? {
        let type = "Content-Type: application/x-www-form-urlencoded"
        return try await ask("POST", path, [type] + headers, body: FormFields(fields).encoded)
    }

    /// The fields of an authorization request that is right, with some of them changed (nil takes one out).
    func authorization(_ changes: [String: String?] = [:]) throws -> Fields {
        let encoding: PKCE.Encoding = manners == .tiktok ? .hexadecimal : .base64URL
        let fields: Fields = [
            (idName, SandboxOptions.clientID), ("redirect_uri", Self.redirectURI), ("response_type", "code"),
            ("scope", ["user.info.basic", "video.upload"].joined(separator: separator)), ("state", "s t&=%"),
            ("code_challenge", try PKCE.challenge(for: Secret(Self.verifier), encoding: encoding)),
            ("code_challenge_method", "S256"),
        ]
        return fields.compactMap { field in
            guard let change = changes[field.name] else { return field }
            return change.map { (field.name, $0) }
        }
    }

    func authorize(_ changes: [String: String?] = [:]) async throws -> Answer {
        let query = FormFields(try authorization(changes)).encoded
        return try #require(try await ask("GET", manners.authorizationPath + "?" + query))
    }

    /// A code of a sandbox that approves at once.
    func code(_ changes: [String: String?] = [:]) async throws -> String {
        let uri = (changes["redirect_uri"] ?? nil) ?? Self.redirectURI
        return try #require(try await authorize(changes).redirect(uri)["code"])
    }

    func exchange(_ code: String, _ changes: [String: String?] = [:]) async throws -> Answer? {
        let fields: Fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.redirectURI),
            ("code_verifier", Self.verifier),
        ]
        return try await post(
            manners.tokenPath,
            (credentials + fields).compactMap { field in
                guard let change = changes[field.name] else { return field }
                return change.map { (field.name, $0) }
            })
    }

    /// The refresh token of a new grant.
    func connect() async throws -> String {
        let answer = try #require(try await exchange(try await code()))
        return try answer.refreshToken
    }

    func refresh(_ token: String, _ more: Fields = []) async throws -> Answer? {
        try await post(
            manners.tokenPath, credentials + [("grant_type", "refresh_token"), ("refresh_token", token)] + more)
    }

    func resource(_ accessToken: String) async throws -> Int? {
        try await ask("GET", manners.resourcePath, ["Authorization: Bearer \(accessToken)"])?.status
    }

    func count(_ kind: String, _ outcome: String) async throws -> Int64 {
        let stats = try #require(try await ask("GET", "/sandbox/stats")).json()
        return try stats.object("requests")?.object(kind)?.integer(outcome) ?? 0
    }

    func families(_ state: String) async throws -> Int64? {
        try #require(try await ask("GET", "/sandbox/stats")).json().object("families")?.integer(state)
    }
}

/// Runs a sandbox for the time of `body`; it approves at once unless `change` says otherwise.
func withSandbox(
    _ manners: Manners = .standard, clock: TestClock = TestClock(), faults: [SandboxFault] = [],
    saved: [UInt8]? = nil, save: @escaping @Sendable ([UInt8]) throws -> Void = { _ in },
    change: (inout SandboxOptions) -> Void = { _ in }, _ body: (Client) async throws -> Void
) async throws {
    var options = SandboxOptions()
    options.manners = manners
    options.approves = true
    options.faults = faults
    change(&options)
    let provider = try await SandboxProvider.start(options, now: { clock.now }, saved: saved, save: save)
    do {
        try await body(Client(port: provider.port, manners: manners))
    } catch {
        await provider.stop()
        throw error
    }
    await provider.stop()
}
