import ArgumentParser
import Config
import Host
import OAuth
import Sandbox
import Tokens

struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox", abstract: "A local OAuth provider, to try everything without an account.",
        discussion: """
            Prints one JSON line when it listens, and answers until it is ended.
            Example: tokenkeep sandbox --manners tiktok --approve --fault drop:2
            """)

    @Option(help: "The port on 127.0.0.1; 0 for a free one.")
    var port = 8765

    @Option(help: "Whose ways it has: tiktok or standard.")
    var manners = "standard"

    @Option(
        name: .customLong("redirect-uri"),
        help: "A redirect URI that the client has registered; may stand more than once.")
    var redirectURIs: [String] = []

    @Option(help: "Keep what is granted in this file, so that it lives on.")
    var state: String?

    @Flag(help: "Print the config section for it, and end.")
    var printConfig = false

    @Option(help: "How long an access token lives.")
    var accessLifetime = DurationArgument(seconds: 7200)

    @Option(help: "How long a refresh token lives.")
    var refreshLifetime = DurationArgument(seconds: 180 * 86400)

    @Flag(help: "Consent at once, without a page.")
    var approve = false

    @Option(help: "How long every answer takes.")
    var latency: DurationArgument?

    @Option(
        name: .customLong("fault"),
        help: """
            KIND:N, at the Nth request of the token endpoint, or KIND:N+ from then on. KIND is one of
            \(SandboxFault.Kind.allCases.map(\.rawValue).joined(separator: ", ")).
            """)
    var faults: [String] = []

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say what is done.")
    var verbose = false

    func validate() throws {
        for uri in redirectURIs {
            if let problem = RedirectURI.problem(with: uri) { throw ValidationError(problem.message) }
        }
        guard port != 0 || !printConfig else { throw ValidationError("--print-config needs the port to be named") }
        guard min(accessLifetime.duration, refreshLifetime.duration) >= .seconds(1) else {
            throw ValidationError("a token lives a second at least")
        }
        guard (0...65535).contains(port) else { throw ValidationError("there is no port \(port): they end at 65535") }
    }

    func run() async throws {
        guard let manners = Manners(rawValue: manners) else {
            throw Failure(
                .wrongUse, "there are no manners \(manners)", hint: "use --manners tiktok or --manners standard")
        }
        var options = SandboxOptions()
        options.manners = manners
        options.port = port
        if !redirectURIs.isEmpty { options.redirectURIs = redirectURIs }
        options.accessLifetime = accessLifetime.duration.components.seconds
        options.refreshLifetime = refreshLifetime.duration.components.seconds
        options.approves = approve
        options.latency = latency?.duration ?? .zero
        do throws(SandboxFault.ParseFailure) {
            for fault in faults { options.faults.append(try SandboxFault(parsing: fault)) }
        } catch { throw Failure(.wrongUse, error.description, hint: error.hint) }
        if printConfig { return try Console.print(Self.section(options, port: port)) }
        try await serve(options)
    }

    private func serve(_ options: SandboxOptions) async throws {
        let path = state.map { FileSystem.path($0, from: FileSystem.currentFolder) }
        if let path, !FileSystem.canWrite(folder: FileSystem.folder(of: path)) {
            throw Failure(.cannotWrite, "\(path) cannot be written", hint: "name a file in a folder that can be")
        }
        let saved = try path.flatMap { try FileSystem.contents(of: $0, limit: 64 << 20) }
        let sandbox: SandboxProvider
        do throws(SandboxProvider.Failure) {
            sandbox = try await SandboxProvider.start(options, now: { ThisProcess.now }, saved: saved) { bytes in
                if let path { try FileSystem.replace(path, with: bytes.span, mode: 0o600) }
            }
        } catch { throw Failure(.other, error.description, hint: error.hint) }
        var line = JSONObject()
        line.set("base_url", sandbox.baseURL)
        line.set("client_id", SandboxOptions.clientID)
        line.set("client_secret", SandboxOptions.clientSecret)
        try Console.print(line)
        // It ends as any server does, by a signal; what it granted is in its state file before it answers.
        while true { try await Task.sleep(for: .seconds(86400)) }
    }

    private static func section(_ options: SandboxOptions, port: Int) -> String {
        let isTikTok = options.manners == .tiktok
        let name = isTikTok ? "tiktok" : "sandbox"
        let scopes = isTikTok ? #"["user.info.basic", "video.upload"]"# : #"["profile"]"#
        return """
            [connections.\(name)]
            provider     = "\(isTikTok ? "sandbox-tiktok" : "sandbox")"
            client_id    = "\(SandboxOptions.clientID)"
            redirect_uri = \(TOMLText.quote(options.redirectURIs[0]))
            scopes       = \(scopes)

            [connections.\(name).variables]
            base_url = "http://127.0.0.1:\(port)"
            """
    }
}
