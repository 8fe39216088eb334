package import LocalServer
import Tokens

/// An OAuth provider on 127.0.0.1, as strict as a real one.
package final class SandboxProvider: Sendable {
    /// Why it cannot start.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// The port cannot be had.
        case cannotListen(BindError)
        /// The state file cannot be read, or holds something else.
        case badState(reason: String)

        /// What happened.
        package var description: String {
            switch self {
            case .cannotListen(let error): error.description
            case .badState(let reason): "the state cannot be read: \(reason)"
            }
        }

        /// What mends it.
        package var hint: String {
            switch self {
            case .cannotListen(let error): error.hint
            case .badState: "name another file with --state, or remove this one: what the sandbox granted is forgotten"
            }
        }
    }

    /// The port that it listens on.
    package var port: Int { server.port }
    /// What its endpoints' addresses begin with, without a slash at the end.
    package var baseURL: String { "http://127.0.0.1:\(port)" }

    private let server: LocalServer

    private init(_ server: LocalServer) {
        self.server = server
    }

    /// Listens and answers until it is stopped.
    ///
    /// - Parameters:
    ///   - now: The time in Unix seconds.
    ///   - saved: What `save` was last given, when the grants of a former run shall live on.
    ///   - save: Stores the grants; called before each answer that changes them, and an error refuses that answer.
    package static func start(
        _ options: SandboxOptions, now: @escaping @Sendable () -> Int64, saved: [UInt8]? = nil,
        save: @escaping @Sendable ([UInt8]) throws -> Void = { _ in }
    ) async throws(Failure) -> SandboxProvider {
        let grants = try saved.map { bytes throws(Failure) in try read(bytes, options) } ?? Grants(options)
        let provider = AuthorizationServer(options, grants: grants, now: now, save: save)
        do {
            return SandboxProvider(
                try await LocalServer.start(port: options.port) { request in await provider.answer(request) })
        } catch {
            throw .cannotListen(error)
        }
    }

    private static func read(_ bytes: [UInt8], _ options: SandboxOptions) throws(Failure) -> Grants {
        let grants: Grants?
        do { grants = try Grants(parsing: bytes, options) } catch { throw .badState(reason: error.description) }
        guard let grants else { throw .badState(reason: "it is not what a sandbox wrote") }
        return grants
    }

    /// Ends it; answers that are held back by a fault are not waited for.
    package func stop() async {
        await server.stop()
    }
}
