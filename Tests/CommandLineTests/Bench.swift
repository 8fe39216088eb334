import Glibc
import Host
import Sandbox
import Testing

/// A folder of its own with a vault, and a shell that runs the real binary in it as a user would.
final class Bench: Sendable {
    /// The folder.
    let folder: String
    /// What every command gets as its environment.
    let environment: [String: String]

    /// How a shell script ended.
    struct Ended: Sendable {
        let status: Int32
        let output: String
        let errors: String
        /// Both streams: where no value may ever be.
        var words: String { output + errors }
    }

    /// Makes the folder, a vault and a config in it.
    init(config: String = "") async throws {
        let temporary = await Self.run("mktemp -d", ["PATH": "/usr/bin:/bin"], "/")
        try #require(temporary.status == 0)
        folder = String(temporary.output.dropLast())
        let path = Self.binaryFolder + ":" + (ThisProcess.environmentVariable("PATH") ?? "/usr/bin:/bin")
        let bare = ["PATH": path, "LC_ALL": "C.UTF-8", "HOME": folder + "/home"]
        try #require(await Self.run("mkdir home", bare, folder).status == 0)
        let made = await Self.run("tokenkeep init --quiet", bare, folder)
        try #require(made.status == 0, "init: \(made.errors)")
        environment = bare.merging(["TOKENKEEP_KEY": String(made.output.dropLast())]) { $1 }
        try append(config, to: "tokenkeep.toml")
    }

    /// What opens a vault here that no key does.
    static let passphrase = "caf\u{E9} correct horse"

    deinit {
        let letGo = FileSystem.folder(of: #filePath) + "/../let-go"
        _ = unsafe system("'\(letGo)' '\(folder)' '\(environment["TOKENKEEP_KEY"] ?? "")' '\(Self.passphrase)'")
    }

    /// Where the binary under test stands: beside the test bundle.
    static let binaryFolder: String = {
        let executable = (try? FileSystem.linkTarget(of: "/proc/self/exe")) ?? ""
        return FileSystem.folder(of: executable)
    }()

    /// Runs a script with `sh` in the folder.
    func sh(_ script: String, _ more: [String: String] = [:]) async -> Ended {
        await Self.run(script, environment.merging(more) { $1 }, folder)
    }

    /// Runs a script that has to succeed, and gives its output.
    @discardableResult
    func ok(_ script: String, _ more: [String: String] = [:], at location: SourceLocation = #_sourceLocation)
        async throws -> String
    {
        let ended = await sh(script, more)
        try #require(ended.status == 0, "\(script): \(ended.status) \(ended.errors)", sourceLocation: location)
        return ended.output
    }

    private static func run(_ script: String, _ environment: [String: String], _ folder: String) async -> Ended {
        let ended = await ChildProcess.run(
            ["/bin/sh", "-c", script], environment: environment, directory: folder, outputLimit: 4 << 20,
            timeout: .seconds(120))
        let status: Int32 = if case .exited(let status) = ended.end { status } else { -1 }
        return Ended(
            status: status, output: String(decoding: ended.output, as: UTF8.self),
            errors: String(decoding: ended.errors, as: UTF8.self))
    }

    /// Appends to a file of the folder.
    func append(_ text: String, to name: String) throws {
        let path = folder + "/" + name
        let present = try FileSystem.contents(of: path, limit: 1 << 20) ?? []
        try FileSystem.replace(path, with: (present + Array(text.utf8)).span, mode: 0o600)
    }

    /// The text of a file of the folder; empty when there is none.
    func text(_ name: String) -> String {
        String(decoding: (try? FileSystem.contents(of: folder + "/" + name, limit: 64 << 20)) ?? [], as: UTF8.self)
    }
}

/// A bench with a sandbox of TikTok's manners and a connection `tiktok` to it.
struct TikTokBench: Sendable {
    let bench: Bench
    let sandbox: SandboxProvider

    /// Starts the sandbox, which consents at once, and writes the connection's section.
    init(
        faults: [String] = [], accessLifetime: Int64 = 7200, latency: Duration = .zero, manners: Manners = .tiktok,
        more config: String = "", connected: Bool = true
    ) async throws {
        var options = SandboxOptions()
        options.manners = manners
        options.approves = true
        options.accessLifetime = accessLifetime
        options.latency = latency
        options.faults = try faults.map { try SandboxFault(parsing: $0) }
        sandbox = try await SandboxProvider.start(options, now: { ThisProcess.now })
        bench = try await Bench(
            config: """
                [connections.tiktok]
                provider = "\(manners == .tiktok ? "sandbox-tiktok" : "sandbox")"
                client_id = "sandbox-client"
                redirect_uri = "http://127.0.0.1:3000/auth/tiktok/callback/"
                scopes = ["user.info.basic", "video.upload"]
                [connections.tiktok.variables]
                base_url = "\(sandbox.baseURL)"
                \(config)

                """)
        try await bench.ok("printf sandbox-secret | tokenkeep set TIKTOK_CLIENT_SECRET")
        if connected { try await bench.ok(Self.connect) }
    }

    /// The whole authorisation, as on a server: URL, browser (curl), pasted address.
    static let connect = """
        url=$(tokenkeep -q connect tiktok --print-url) &&
        curl -s -o /dev/null -w '%{redirect_url}' "$url" | tokenkeep -q connect tiktok --callback -
        """

    /// How many refresh requests the sandbox has seen.
    func refreshes() async throws -> Int { try await requests("refresh") }

    /// How many revocations the sandbox has seen.
    func revocations() async throws -> Int { try await requests("revoke") }

    private func requests(_ kind: String) async throws -> Int {
        let words = try await bench.ok("curl -s \(sandbox.baseURL)/sandbox/stats")
        let found = try #require(words.firstRange(of: "\"\(kind)\":{"), "\(words)")
        let rest = words[found.upperBound...].prefix { $0 != "}" }
        let total = try #require(rest.firstRange(of: "\"total\":"))
        return try #require(Int(rest[total.upperBound...].prefix { $0.isNumber }))
    }
}
