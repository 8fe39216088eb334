import Glibc

/// OpenSSL's own server on a free port of 127.0.0.1, with a self-signed certificate made for it.
final class TLSServer {
    /// The name that the certificate is for, beside `localhost`.
    static let name = "provider.example"

    let port: UInt16
    /// The certificate, which is its own authority.
    let certificate: String
    private let folder: TemporaryFolder
    private let child: Child

    /// A server that answers a GET with a page that ends with the connection, or, silent, reads and says nothing.
    init(_ options: String..., isSilent: Bool = false) throws {
        folder = try TemporaryFolder()
        certificate = folder.file("certificate.pem")
        let key = folder.file("key.pem")
        let maker = try Child([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1",
            "-keyout", key, "-out", certificate, "-subj", "/CN=\(Self.name)",
            "-addext", "subjectAltName=DNS:\(Self.name),DNS:localhost",
        ])
        while maker.readLine() != nil {}
        child = try Child(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key]
                + (isSilent ? [] : ["-www"]) + options)
        var port: UInt16?
        while port == nil, let line = child.readLine() {
            if line.hasPrefix("ACCEPT ") { port = line.split(separator: ":").last.flatMap { UInt16($0) } }
        }
        guard let port else { throw Socket.Failure() }
        self.port = port
    }
}

/// A child process whose output is read, ended with its owner.
final class Child {
    private let process: pid_t
    /// Never written to: at the end of its input the silent server would end.
    private let input: Pipe
    private let output: Pipe
    private var unread: [UInt8] = []

    init(_ arguments: [String]) throws {
        (input, output) = (try Pipe(), try Pipe())
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // The sockets of tests that run beside this one would otherwise stay open in the child.
        for descriptor in Int32(3)..<256 { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }

        var copies = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe copies.forEach { unsafe free($0) } }
        var process = pid_t()
        let error = unsafe posix_spawnp(&process, arguments[0], &actions, nil, &copies, environ)
        guard error == 0 else { throw Socket.Failure() }
        self.process = process
        output.closeWriting()
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// The next line of output, or nil at its end.
    func readLine() -> String? {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeFirst(end + 1) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            guard let bytes = Socket.read(output.reading) else { return nil }
            unread += bytes
        }
    }
}
