import NIOCore
import NIOHTTP1
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A small HTTP/1 server for this machine alone.
///
/// All connections of one server live on one event loop, so nothing here needs a lock.
package final class LocalServer: Sendable {
    /// Answers one request.
    ///
    /// Its task is cancelled when the client goes away and when the server stops; what it returns then is still sent
    /// if anybody is there to read it.
    package typealias Handler = @Sendable (LocalRequest) async -> LocalResponse

    /// What one client may take up.
    package struct Limits: Sendable {
        /// The bytes of the request line and the header fields; more is answered with 431.
        package var head = 16 * 1024
        /// The bytes of a body; more is answered with 413.
        package var body = 64 * 1024
        /// The connections at a time on one socket; the next one waits in the system's queue.
        package var connections = 64
        /// The time for a whole request to arrive, counted from the connection or the answer before it.
        package var idle = Duration.seconds(30)

        /// The usual limits.
        package init() {}

        fileprivate var decoding: NIOHTTPDecoderLimitConfiguration {
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = head
            decoding.maxHeaderListSize = head
            return decoding
        }
    }

    /// The port that was bound.
    package let port: Int
    private let listeners: [Listener]

    private struct Listener: Sendable {
        let channel: any Channel
        /// Succeeds when the socket and every connection that came through it are closed.
        let drained: EventLoopFuture<Void>
    }

    private init(port: Int, listeners: [Listener]) {
        self.port = port
        self.listeners = listeners
    }

    /// Listens on a loopback host; port 0 takes a free one.
    ///
    /// `localhost` means 127.0.0.1 and, where this machine has it, ::1 with the same port: which of the two a browser
    /// tries first is its own affair.
    package static func start(
        host: String = "127.0.0.1", port: Int = 0, limits: Limits = Limits(), handler: @escaping Handler
    ) async throws(BindError) -> LocalServer {
        guard (0...65535).contains(port) else { throw .noSuchPort(port) }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        func listen(_ host: String, _ port: Int) async throws(BindError) -> LocalServer {
            let listener = try await bind(host, port, on: loop, limits, handler)
            return LocalServer(port: listener.channel.localAddress?.port ?? port, listeners: [listener])
        }
        switch host {
        case "127.0.0.1", "::1": return try await listen(host, port)
        case "[::1]": return try await listen("::1", port)
        case "localhost":
            let server = try await listen("127.0.0.1", port)
            do {
                let second = try await listen("::1", server.port)
                return LocalServer(port: server.port, listeners: server.listeners + second.listeners)
            } catch {
                if case .system(_, _, EADDRNOTAVAIL) = error { return server }
                if case .system(_, _, EAFNOSUPPORT) = error { return server }
                await server.stop()
                throw error
            }
        default: throw .notLoopback(host: host)
        }
    }

    private static func bind(
        _ host: String, _ port: Int, on loop: any EventLoop, _ limits: Limits, _ handler: @escaping Handler
    ) async throws(BindError) -> Listener {
        let drained = loop.makePromise(of: Void.self)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One connection a turn, so that the limit is met exactly.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Acceptor(limit: limits.connections, drained))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withErrorHandling: false, withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: limits.decoding)
                    try channel.pipeline.syncOperations.addHandler(Connection(limits: limits, handler: handler))
                }
            }
        do {
            let address = try SocketAddress(ipAddress: host, port: port)
            return Listener(channel: try await bootstrap.bind(to: address).get(), drained: drained.futureResult)
        } catch {
            drained.fail(error)
            switch (error as? IOError)?.errnoCode ?? 0 {
            case EADDRINUSE: throw .addressInUse(host: host, port: port)
            case EACCES: throw .permissionDenied(host: host, port: port)
            case let number: throw .system(host: host, port: port, errno: number)
            }
        }
    }

    /// Ends the server: idle connections close, a handler at work is cancelled and its answer still sent.
    ///
    /// Returns when every connection is closed.
    package func stop() async {
        for listener in listeners { listener.channel.close(promise: nil) }
        for listener in listeners { try? await listener.drained.get() }
    }
}
