import NIOCore

/// Keeps the connections of one listening socket: no more than a limit, and an end that they are told of.
///
/// At the limit it accepts no further connection, so that the next client waits in the system's queue: a connection
/// that is accepted and then closed would look to it like a request that may have been received.
final class Acceptor: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let limit: Int
    private let drained: EventLoopPromise<Void>
    private var open: [ObjectIdentifier: any Channel] = [:]
    private var readIsWaiting = false
    private var isClosed = false

    /// Makes one for one socket; `drained` succeeds when it and all its connections are closed.
    init(limit: Int, _ drained: EventLoopPromise<Void>) {
        self.limit = limit
        self.drained = drained
    }

    func read(context: ChannelHandlerContext) {
        if open.count < limit { context.read() } else { readIsWaiting = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let child = unwrapInboundIn(data)
        open[ObjectIdentifier(child)] = child
        child.closeFuture.assumeIsolated().whenComplete { _ in self.closed(child, context) }
        context.fireChannelRead(data)
    }

    private func closed(_ child: any Channel, _ context: ChannelHandlerContext) {
        open[ObjectIdentifier(child)] = nil
        if isClosed {
            finish()
        } else if readIsWaiting {
            readIsWaiting = false
            context.read()
        }
    }

    /// The socket is closed: also when it could never be bound, unlike `channelInactive`.
    func handlerRemoved(context: ChannelHandlerContext) {
        isClosed = true
        for child in open.values { child.pipeline.fireUserInboundEventTriggered(Connection.ServerStops()) }
        finish()
    }

    private func finish() {
        if open.isEmpty { drained.succeed() }
    }
}
