/// Why a server cannot listen where it should.
package enum BindError: Error, Equatable, CustomStringConvertible {
    /// The host is not one of this machine's loopback names.
    case notLoopback(host: String)
    /// There is no such port.
    case noSuchPort(Int)
    /// Another program listens there.
    case addressInUse(host: String, port: Int)
    /// Ports below 1024 belong to root.
    case permissionDenied(host: String, port: Int)
    /// Anything else, with the system's error number.
    case system(host: String, port: Int, errno: Int32)

    /// What happened.
    package var description: String {
        switch self {
        case .notLoopback(let host): "\(host) is not an address of this machine alone"
        case .noSuchPort(let port): "there is no port \(port)"
        case .addressInUse(let host, let port): "another program listens on \(host):\(port)"
        case .permissionDenied(let host, let port): "this user may not listen on \(host):\(port)"
        case .system(let host, let port, let errno): "cannot listen on \(host):\(port) (system error \(errno))"
        }
    }

    /// What mends it.
    package var hint: String {
        switch self {
        case .notLoopback: "use 127.0.0.1, ::1 or localhost"
        case .noSuchPort: "use a port from 1024 to 65535"
        case .addressInUse(_, let port): "end that program (`ss -ltnp 'sport = :\(port)'` names it) or use another port"
        case .permissionDenied: "use a port from 1024 to 65535"
        case .system: "use 127.0.0.1 and another port"
        }
    }
}
