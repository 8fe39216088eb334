import NIOCore
import NIOPosix

/// What came back over a socket.
struct Answer: Sendable {
    var head: [String]
    var body: [UInt8]

    /// Nil for an answer that has not even a head.
    init?(_ bytes: [UInt8]) {
        let end = Array("\r\n\r\n".utf8)
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return nil }
        head = String(decoding: bytes[..<start], as: UTF8.self).split(separator: "\r\n").map(String.init)
        body = Array(bytes[(start + end.count)...])
    }

    var status: Int { Int(head[0].split(separator: " ")[1]) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
        head.dropFirst().first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}

/// One connection, as bytes.
struct Wire {
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Everything until the server closes.
    mutating func rest() async throws -> [UInt8] {
        var all: [UInt8] = []
        do {
            while let part = try await inbound.next(isolation: #isolation) { all += part.readableBytesView }
        } catch is IOError {}
        return all
    }

    /// What comes until `end` has come, or the server closes.
    mutating func read(until end: String) async throws -> String {
        var all = ""
        while !all.hasSuffix(end), let part = try await inbound.next(isolation: #isolation) {
            all += String(buffer: part)
        }
        return all
    }

    static func open<R: Sendable>(
        _ port: Int, host: String = "127.0.0.1", _ body: (inout Wire) async throws -> R
    ) async throws -> R {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var wire = Wire(outbound: outbound, inbound: inbound.makeAsyncIterator())
            return try await body(&wire)
        }
    }

    /// Sends a text and takes what comes until the server closes.
    static func ask(_ port: Int, host: String = "127.0.0.1", _ text: String) async throws -> Answer? {
        try await open(port, host: host) { wire in
            try await wire.send(text)
            return Answer(try await wire.rest())
        }
    }
}

/// A request that ends its connection.
func get(_ target: String) -> String {
    "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
}
