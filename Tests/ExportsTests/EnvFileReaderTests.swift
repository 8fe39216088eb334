import Exports
import Host
import Testing
import Tokens

/// Files of variables for programs that start others: docker, podman, systemd.
@Suite struct EnvFileReaderTests {
    /// Plays the daemon: answers what a client sends before it makes a container, and prints the variables that it asks for.
    ///
    /// The client reads the file; a daemon gets JSON.
    private static let daemon = """
        import http.server, json, os, subprocess, sys, threading

        class Daemon(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer(b"OK" if self.path.endswith("/_ping") else b"{}")

            do_HEAD = do_GET

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if "/containers/create" in self.path: asked.append(json.loads(body))
                self.answer(b'{"Id": "1", "Warnings": []}', 201 if asked else 200)

            def answer(self, body, status=200):
                self.send_response(status)
                self.send_header("Api-Version", "1.41")
                self.send_header("Libpod-API-Version", "4.3.1")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD": self.wfile.write(body)

            def log_message(self, *_): pass

        asked = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Daemon)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = "tcp://127.0.0.1:%d" % server.server_port
        command = [word.replace("ADDRESS", address) for word in sys.argv[1:]]
        made = subprocess.run(command, env={**os.environ, "DOCKER_HOST": address, "DOCKER_CONFIG": os.getcwd()}, stdout=2)
        if made.returncode != 0: sys.exit(made.returncode)
        variables = asked[0].get("Env") or asked[0]["env"]
        pairs = variables.items() if isinstance(variables, dict) else (line.split("=", 1) for line in variables)
        for name, value in pairs: sys.stdout.buffer.write(f"{name}\\0{value}\\0".encode())
        """

    private static func client(_ name: String, _ command: [String]) -> Reader {
        Reader(
            format: "docker", name: name, version: [command[0], "--version"], file: "secrets.env",
            command: ["python3", "-c", daemon] + command + ["--env-file", "secrets.env", "image"])
    }

    /// The docker client of the `PATH`, Debian's where that is another one, and podman's.
    static let clients = [
        client("docker", ["docker", "create"]), client("docker", ["/usr/bin/docker", "create"]),
        client("podman", ["podman", "--remote", "--url", "ADDRESS", "create", "--pull=never"]),
    ]

    /// The longest value that a line has room for: 65,535 bytes with name and `=`.
    private static let longest = ExportValue(name: "LONGEST", value: Secret(String(repeating: "x", count: 65_527)))

    @Test(arguments: clients)
    func aContainerIsGivenEachAcceptedText(client: Reader) async throws {
        let refused = try await client.expectReturn(of: Reader.texts + [Self.longest])
        #expect(refused.allSatisfy { Self.isRefusedRightly($0.value.revealedBytes()) }, "\(refused.count)")
        #expect(!refused.contains { $0.name == "LONGEST" })
    }

    private static func isRefusedRightly(_ bytes: [UInt8]) -> Bool {
        bytes.contains(UInt8(ascii: "\n")) || bytes.last == UInt8(ascii: "\r") || bytes.count > 65_000
    }

    /// `NAME=value` is the only spelling that there is.
    @Test(arguments: clients, ["a\nb", "\n", "a\r", "\r\n\r", "64 KiB"])
    func aContainerWouldBeGivenSomethingElseForARefusedText(client: Reader, text: String) async throws {
        _ = try await client.requiredVersion()
        let text = text == "64 KiB" ? String(repeating: "x", count: 65_534) : text
        let value = ExportValue(name: "A", value: Secret(text))
        #expect(try ExportFormat.refusal(of: [value], by: "docker") != nil)
        #expect(try await client.lookUp("A", in: "A=\(text)\n") != Array(text.utf8))
    }

    @Test(arguments: ["fish", "powershell", "docker", "systemd", "github-actions", "gitlab"])
    func whatIsNoIdentifierOrNoTextIsRefused(format: String) throws {
        for name in ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "A;id"] {
            let refusal = try ExportFormat.refusal(of: [ExportValue(name: name, value: Secret("x"))], by: format)
            #expect(refusal?.reason.contains("takes only letters, digits and _") == true, "\(name)")
        }
        let bytes = ExportValue(name: "A", value: Secret([0x61, 0xFF]))
        let isRefused = try ExportFormat.refusal(of: [bytes], by: format)?.reason.contains("is not UTF-8") == true
        #expect(isRefused == (format != "fish"))
    }

    /// Has systemd's own library read the file as its manager does, and leaves out what the manager then drops.
    private static let systemdCode = """
        import ctypes, glob, sys
        systemd = ctypes.CDLL((glob.glob("/usr/lib/*/systemd/libsystemd-shared-*.so")
            + glob.glob("/usr/lib*/systemd/libsystemd-shared-*.so"))[0])
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        strings = ctypes.POINTER(ctypes.c_char_p)
        systemd.load_env_file.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(strings)]
        systemd.env_assignment_is_valid.restype = ctypes.c_bool
        list = strings()
        code = systemd.load_env_file(libc.fopen(b"secrets.env", b"re"), b"secrets.env", ctypes.byref(list))
        if code < 0: sys.exit(f"load_env_file: {code}")
        index = 0
        while list and list[index] is not None:
            if systemd.env_assignment_is_valid(list[index]):
                name, value = list[index].split(b"=", 1)
                sys.stdout.buffer.write(name + b"\\0" + value + b"\\0")
            index += 1
        """

    private static let systemd = Reader(
        format: "systemd", name: "systemd", version: ["systemctl", "--version"], file: "secrets.env",
        command: ["python3", "-c", systemdCode])

    @Test func aUnitIsGivenEachAcceptedText() async throws {
        let refused = try await Self.systemd.expectReturn(of: Reader.texts)
        let outlaws: [Unicode.Scalar] = ["\u{FEFF}", "\u{FFFF}", "\u{10FFFF}"]
        let texts = refused.map { $0.value.revealed() ?? "" }
        #expect(texts.allSatisfy { text in outlaws.contains { text.unicodeScalars.contains($0) } })
        #expect(outlaws.allSatisfy { texts.contains(String($0)) })
    }

    @Test(arguments: ["\u{FFFF}", "a\u{2FFFF}", "\u{1FFFE}b", "\u{10FFFF}"])
    func aUnitWouldNotStartWithANoncharacter(text: String) async throws {
        _ = try await Self.systemd.requiredVersion()
        #expect(try await Self.systemd.lookUp("B", in: "A=\"\(text)\"\nB=\"b\"\n") == nil)
        #expect(try await Self.systemd.lookUp("B", in: "A=\"a\"\nB=\"b\"\n") == [UInt8(ascii: "b")])
    }

    /// The names are systemd's to judge, too: what is an identifier here is one there.
    @Test func aUnitIsGivenOddNames() async throws {
        let names = ["_", "a", "A1", "_1", "if", "PATH", "export", String(repeating: "N", count: 300)]
        try await Self.systemd.expectReturn(of: names.map { ExportValue(name: $0, value: Secret("of it")) })
    }
}

extension Reader {
    /// What the program finds under a name in a file of that text; nil where it refuses the file.
    func lookUp(_ name: String, in text: String) async throws -> [UInt8]? {
        let end = try await Place.with { place in
            try place.write(file, text)
            return await ChildProcess.run(command, environment: environment, directory: place.folder).end
        }
        return end == .exited(0) ? try await read(Secret(text))[name] : nil
    }
}

extension ExportFormat {
    /// The format of that name without options, and why it refuses these values; nil when it takes them.
    static func refusal(of values: [ExportValue], by format: String) throws -> ExportRefusal? {
        do {
            _ = try #require(try named(format)).render(values)
            return nil
        } catch let refusal as ExportRefusal { return refusal }
    }
}
