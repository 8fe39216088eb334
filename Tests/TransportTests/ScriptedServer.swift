import Glibc
import Host
import Synchronization

@testable import Transport

/// A server on a free port of 127.0.0.1 that keeps what each connection sent and answers as its script says.
final class ScriptedServer: Sendable {
    /// What was seen, shared with the thread, which must not keep the server itself alive.
    private final class Record: Sendable {
        let requests = Mutex<[String]>([])
        let connections = Atomic<Int>(0)
    }

    let port: UInt16
    private let listener: Int32
    private let record = Record()

    /// The requests as they came, each with its body.
    var requests: [String] { record.requests.withLock { $0 } }
    /// The connections taken so far.
    var connections: Int { record.connections.load(ordering: .sequentiallyConsistent) }
    /// The address of the server.
    var url: String { "http://127.0.0.1:\(port)/token/" }

    /// Listens, and runs `script` for each connection in turn; the connection is closed when it returns.
    init(_ script: @escaping @Sendable (Connection) -> Void) throws {
        (listener, port) = try Socket.listen()
        _ = startThread { [listener, record] in
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                record.connections.add(1, ordering: .sequentiallyConsistent)
                script(
                    Connection(descriptor: descriptor) { request in record.requests.withLock { $0.append(request) } })
                close(descriptor)
            }
            close(listener)
        }
    }

    /// A server that reads each request and sends `answer`.
    convenience init(answer: String) throws {
        try self.init { connection in
            connection.readRequest()
            connection.send(answer)
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }
}

/// One connection of a `ScriptedServer`.
struct Connection: Sendable {
    let descriptor: Int32
    let keep: @Sendable (String) -> Void

    /// Reads headers and the body that their Content-Length announces, keeps and returns them.
    @discardableResult
    func readRequest() -> String {
        var request = ""
        while !isComplete(request), let bytes = read() { request += String(decoding: bytes, as: UTF8.self) }
        keep(request)
        return request
    }

    /// The next bytes, or nil at the end of the connection.
    func read() -> [UInt8]? { Socket.read(descriptor) }

    /// Sends text whole.
    func send(_ text: String) { Socket.write(descriptor, Array(text.utf8)) }

    /// Waits until the other side has closed.
    func waitForClose() { while read() != nil {} }

    /// Makes the coming close a reset (RST) in place of an orderly end (FIN).
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    private func isComplete(_ request: String) -> Bool {
        guard let end = request.firstRange(of: "\r\n\r\n") else { return false }
        let length = request[..<end.lowerBound].split(separator: "\r\n").compactMap { line in
            line.hasPrefix("Content-Length: ") ? Int(line.dropFirst(16)) : nil
        }
        return request[end.upperBound...].utf8.count >= length.first ?? 0
    }
}

/// The few calls on sockets that the tests make.
enum Socket {
    struct Failure: Error { let code = errno }

    /// A listening socket on a free port of 127.0.0.1.
    static func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = try bound(to: 0)
        guard Glibc.listen(descriptor, 16) == 0 else { throw Failure() }
        var address = sockaddr_in()
        try unsafe withAddress(&address) { address, length in
            var length = length
            return unsafe getsockname(descriptor, address, &length)
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// A port of 127.0.0.1 where nothing listens.
    static func refusedPort() throws -> UInt16 {
        let (descriptor, port) = try listen()
        close(descriptor)
        return port
    }

    /// A connection to a port of 127.0.0.1.
    static func connect(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        try unsafe withAddress(&address) { unsafe Glibc.connect(descriptor, $0, $1) }
        return descriptor
    }

    /// The next bytes, or nil at the end.
    static func read(_ descriptor: Int32) -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
            count = unsafe max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// Sends all bytes, or as many as the other side takes.
    static func write(_ descriptor: Int32, _ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    private static func bound(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port)
        try unsafe withAddress(&address) { unsafe bind(descriptor, $0, $1) }
        return descriptor
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private static func withAddress(
        _ address: inout sockaddr_in, _ call: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32
    ) throws {
        let result = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure() }
    }
}
