import NIOCore
import NIOHTTP1

/// One client: gathers a whole request, has it answered, and writes the answer.
final class Connection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = LocalResponse
    typealias OutboundOut = HTTPServerResponsePart

    /// Tells a connection that no further request will be answered.
    struct ServerStops: Sendable {}

    private enum State {
        /// No request has begun.
        case idle
        /// The head is here, the body on its way.
        case receiving(HTTPRequestHead, ByteBuffer)
        /// The handler is at work.
        case answering(HTTPRequestHead, Task<Void, Never>)
        /// The last answer is being written; what still comes in is not read.
        case closing
        /// A refusal is written, and the client may still be sending.
        case lingering
    }

    private let limits: LocalServer.Limits
    private let handler: LocalServer.Handler
    private var state = State.idle
    private var serverStops = false
    private var deadline: Scheduled<Void>?

    /// Makes one for one connection.
    init(limits: LocalServer.Limits, handler: @escaping LocalServer.Handler) {
        self.limits = limits
        self.handler = handler
    }

    func channelActive(context: ChannelHandlerContext) {
        setDeadline(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if case .answering(_, let task) = state { task.cancel() }
        state = .closing
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(var part), .receiving(let head, var body)):
            guard body.readableBytes + part.readableBytes <= limits.body else {
                return refuse(.payloadTooLarge, context)
            }
            // The buffer has one owner at a time, or each part would copy all that came before it.
            state = .idle
            body.writeBuffer(&part)
            state = .receiving(head, body)
        case (.end, .receiving(let head, let body)): answer(head, body, context)
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        state = .receiving(head, ByteBuffer())
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limits.body {
            return refuse(.payloadTooLarge, context)
        }
        // Only a path, never a whole address (RFC 9112 §3.2): this is no proxy.
        guard head.uri.hasPrefix("/") else { return refuse(.badRequest, context) }
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            context.writeAndFlush(wrapOutboundOut(.head(.init(version: .http1_1, status: .continue))), promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: ByteBuffer, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let mark = head.uri.firstIndex(of: "?") ?? head.uri.endIndex
        let request = LocalRequest(
            method: head.method.rawValue, path: String(head.uri[..<mark]),
            query: String(head.uri[mark...].dropFirst()),
            headers: head.headers.map { (name: $0.name, value: $0.value) }, body: Array(body.readableBytesView))
        let task = Task { [handler, channel = context.channel] in
            // Comes back to this handler as its outbound message, on the event loop.
            channel.writeAndFlush(await handler(request), promise: nil)
        }
        state = .answering(head, task)
    }

    /// Takes the handler's answer.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.succeed()
        guard case .answering(let head, _) = state else { return }
        let response = unwrapOutboundIn(data)
        guard response.delivery != .none else {
            state = .closing
            return context.close(promise: nil)
        }
        let isLast = serverStops || response.delivery == .half || !head.isKeepAlive || head.version != .http1_1
        state = isLast ? .closing : .idle
        let written = send(response, withBody: head.method != .HEAD, isLast: isLast, context)
        if isLast { written.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
    }

    private func refuse(_ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        state = .closing
        let response = LocalResponse.text(Int(status.code), status.reasonPhrase.lowercased())
        send(response, withBody: true, isLast: true, context).assumeIsolated().whenComplete { _ in
            guard !self.serverStops else { return context.close(promise: nil) }
            // Closing both ways while the client still sends would make its system throw our answer away (RFC 9112
            // §9.6): our side closes first, and the connection ends when the client's does, or at the deadline.
            self.state = .lingering
            context.close(mode: .output, promise: nil)
        }
    }

    private func send(
        _ response: LocalResponse, withBody: Bool, isLast: Bool, _ context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        setDeadline(context)
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: response.status))
        for (name, value) in response.headers { head.headers.add(name: name, value: value) }
        head.headers.add(name: "content-length", value: String(response.body.count))
        if isLast { head.headers.add(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if withBody {
            let count = response.delivery == .half ? response.body.count / 2 : response.body.count
            let body = ByteBuffer(bytes: response.body.prefix(count))
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        return written.futureResult
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error as? HTTPParserError, state) {
        case (.headerOverflow?, .idle): refuse(.requestHeaderFieldsTooLarge, context)
        case (_?, .idle), (_?, .receiving): refuse(.badRequest, context)
        default: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ServerStops else { return context.fireUserInboundEventTriggered(event) }
        serverStops = true
        switch state {
        case .idle, .receiving, .lingering: context.close(promise: nil)
        case .answering(_, let task): task.cancel()
        case .closing: break
        }
    }

    private func setDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.idle)) {
            context.close(promise: nil)
        }
    }
}
