import Exports
import Host
import Testing
import Tokens

/// A temporary folder and the commands that run in it.
struct Place: Sendable {
    /// The folder.
    let folder: String

    /// Lends a new folder for the time of `body`.
    static func with<T>(_ body: (Place) async throws -> T) async throws -> T {
        let made = await ChildProcess.run(["mktemp", "-d"], environment: environment)
        try #require(made.end == .exited(0))
        let folder = String(decoding: made.output.dropLast(), as: UTF8.self)
        let place = Place(folder: try FileSystem.realPath(of: folder))
        let result: Result<T, any Error>
        do { result = .success(try await body(place)) } catch { result = .failure(error) }
        _ = await ChildProcess.run(["rm", "-rf", place.folder], environment: environment)
        return try result.get()
    }

    /// Ours, without what a git hook would have set.
    static let environment = ThisProcess.environment.filter { !$0.key.hasPrefix("GIT_") }

    /// The path of a file here.
    func path(_ name: String) -> String { folder + "/" + name }

    /// Makes or replaces a file.
    func write(_ name: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws {
        try FileSystem.replace(path(name), with: bytes.span, mode: mode)
    }

    /// Makes or replaces a file.
    func write(_ name: String, _ text: String, mode: UInt32 = 0o600) throws {
        try write(name, Array(text.utf8), mode: mode)
    }

    /// A file's text; nil when it is not there.
    func text(_ name: String) throws -> String? {
        try FileSystem.contents(of: path(name), limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Runs a command here and gives its output; it has to succeed.
    @discardableResult
    func run(_ command: String..., environment: [String: String] = environment) async throws -> [UInt8] {
        let (end, output, errors) = await ChildProcess.run(
            command, environment: environment, directory: folder, outputLimit: 64 << 20, timeout: .seconds(60))
        try #require(end == .exited(0), "\(command): \(String(decoding: errors, as: UTF8.self))")
        return output
    }

    /// The names that stand here, hidden ones too.
    func names() async throws -> [String] {
        String(decoding: try await run("ls", "-A"), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Whether a command succeeds, for tests that need what it tries.
    static func has(_ command: String...) async -> Bool {
        await ChildProcess.run(command, environment: environment).end == .exited(0)
    }
}
