import LocalServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct LocalServerTests {
    private func with(
        _ limits: LocalServer.Limits = .init(), host: String = "127.0.0.1",
        handler: @escaping LocalServer.Handler = { .text(200, "\($0.method) \($0.path) \($0.query) \($0.body.count)") },
        _ body: (LocalServer) async throws -> Void
    ) async throws {
        let server = try await LocalServer.start(host: host, limits: limits, handler: handler)
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    @Test func aRequestReachesTheHandlerWhole() async throws {
        let handler: LocalServer.Handler = { request in
            .text(201, "\(request.method) \(request.path) \(request.query) \(request.header("X-a")) \(request.body)")
        }
        try await with(handler: handler) { server in
            let request = "POST /a%20b?c=%2541?d HTTP/1.1\r\nHost: x\r\nx-A: 1\r\nx-A: 2\r\nConnection: close\r\n"
            let answer = try await Wire.ask(server.port, request + "Content-Length: 3\r\n\r\n\u{1}\u{2}\u{3}")
            #expect(answer?.status == 201)
            #expect(answer?.text == "POST /a%20b c=%2541?d [\"1\", \"2\"] [1, 2, 3]\n")
            #expect(answer?.header("connection") == "close")
        }
    }

    @Test func aConnectionTakesOneRequestAfterTheOther() async throws {
        try await with { server in
            try await Wire.open(server.port) { wire in
                let lines: [Substring] = ["GET /1  0", "GET /2  0", "GET /3  0"]
                try await wire.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")
                var seen = try await wire.read(until: "/2  0\n")
                try await wire.send(get("/3"))
                seen += String(decoding: try await wire.rest(), as: UTF8.self)
                #expect(seen.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("GET") } == lines)
            }
        }
    }

    @Test func anAnswerToHEADHasNoBody() async throws {
        try await with { server in
            let answer = try await Wire.ask(server.port, "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n")
            #expect(answer?.status == 200)
            #expect(answer?.header("content-length") == "10")
            #expect(answer?.body == [])
        }
    }

    @Test func aClientThatWaitsToSendItsBodyIsToldToGoOn() async throws {
        try await with { server in
            try await Wire.open(server.port) { wire in
                try await wire.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try await wire.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
                try await wire.send("ab")
                #expect(try await wire.read(until: "2\n").hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    /// Requests by what is special about them, and the status they get; a test's name would hold them whole.
    static let limits: [String: (request: String, status: Int)] = [
        "a long path": ("GET /" + String(repeating: "a", count: 17_000) + " HTTP/1.1\r\n\r\n", 431),
        "a long field": ("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 17_000) + "\r\n\r\n", 431),
        "many fields": ("GET / HTTP/1.1\r\n" + String(repeating: "X: aaaaaaaa\r\n", count: 5000) + "\r\n", 431),
        "a head that just fits": (
            "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 16_000) + "\r\nConnection: close\r\n\r\n", 200
        ),
        "a body that is announced": ("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        "a body in pieces": (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "4000\r\n" + String(repeating: "a", count: 0x4000) + "\r\n", count: 64), 413
        ),
        "a body that just fits": (
            "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n"
                + String(repeating: "a", count: 65536), 200
        ),
        "no HTTP": ("nonsense\r\n\r\n", 400),
        "two lengths": ("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        "a whole address": ("GET http://other.example/ HTTP/1.1\r\n\r\n", 400),
    ]

    @Test(arguments: limits.keys.sorted()) func aRequestBeyondALimitIsRefused(name: String) async throws {
        let (request, status) = try #require(Self.limits[name])
        try await with { server in
            let answer = try await Wire.ask(server.port, request)
            #expect(answer?.status == status)
        }
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
    func aConnectionThatStallsIsClosed(beginning: String) async throws {
        var limits = LocalServer.Limits()
        limits.idle = .milliseconds(50)
        try await with(limits) { server in
            let bytes = try await Wire.open(server.port) { wire in
                // On a busy machine the server may already be gone.
                try? await wire.send(beginning)
                return try await wire.rest()
            }
            #expect(bytes == [])
        }
    }

    @Test func aHandlerMayTakeLongerThanAConnectionMayStall() async throws {
        var limits = LocalServer.Limits()
        limits.idle = .milliseconds(400)
        let slow: LocalServer.Handler = { _ in
            try? await Task.sleep(for: .milliseconds(600))
            return .text(200, "late")
        }
        try await with(limits, handler: slow) { server in
            // On a busy machine the request itself may come too late, and is made again.
            var answer: Answer?
            for _ in 0..<20 where answer == nil { answer = try? await Wire.ask(server.port, get("/")) }
            #expect(answer?.text == "late\n")
        }
    }

    @Test func aConnectionBeyondTheLimitWaitsForItsTurn() async throws {
        var limits = LocalServer.Limits()
        limits.connections = 1
        let (paths, log) = AsyncStream.makeStream(of: String.self)
        let note: LocalServer.Handler = { request in
            log.yield(request.path)
            return .text(200, "ok")
        }
        try await with(limits, handler: note) { server in
            try await Wire.open(server.port) { first in
                try await Wire.open(server.port) { second in
                    try await second.send(get("/second"))
                    for _ in 0..<10 {
                        try await first.send("GET /first HTTP/1.1\r\n\r\n")
                        _ = try await first.read(until: "ok\n")
                    }
                    try await first.send(get("/first"))
                    _ = try await first.rest()
                    #expect(Answer(try await second.rest())?.status == 200)
                }
            }
        }
        log.finish()
        #expect(await paths.reduce(into: []) { $0.append($1) } == Array(repeating: "/first", count: 11) + ["/second"])
    }

    @Test func anAnswerCanBeHeldBackOrCutInHalf() async throws {
        let handler: LocalServer.Handler = { request in
            var response = LocalResponse.text(200, "abc")
            response.delivery = request.path == "/half" ? .half : .none
            return response
        }
        try await with(handler: handler) { server in
            let half = try await Wire.ask(server.port, "GET /half HTTP/1.1\r\n\r\n")
            #expect(half?.header("content-length") == "4")
            #expect(half?.text == "ab")
            let answer = try await Wire.ask(server.port, "GET /none HTTP/1.1\r\n\r\n")
            #expect(answer == nil)
        }
    }

    @Test func stoppingCancelsAHandlerAndSendsItsAnswer() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let server = try await LocalServer.start { _ in
            begin.yield()
            try? await Task.sleep(for: .seconds(300))
            return .text(200, Task.isCancelled ? "cancelled" : "late")
        }
        try await Wire.open(server.port) { wire in
            try await wire.send("GET / HTTP/1.1\r\n\r\n")
            _ = await begun.first { true }
            await server.stop()
            let answer = Answer(try await wire.rest())
            #expect(answer?.text == "cancelled\n")
            #expect(answer?.header("connection") == "close")
        }
        await #expect(throws: (any Error).self) { try await Wire.ask(server.port, get("/")) }
    }

    @Test func stoppingClosesWhatIsIdleOrHalfAsked() async throws {
        var limits = LocalServer.Limits()
        limits.idle = .seconds(60)
        let server = try await LocalServer.start(limits: limits) { _ in .text(200, "ok") }
        try await Wire.open(server.port) { idle in
            try await idle.send("GET / HTTP/1.1\r\n\r\n")
            _ = try await idle.read(until: "ok\n")
            try await Wire.open(server.port) { asking in
                try await asking.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                _ = try await asking.read(until: "\r\n\r\n")
                let time = await ContinuousClock().measure { await server.stop() }
                #expect(time < limits.idle / 2)
                #expect(try await asking.rest() == [])
                #expect(try await idle.rest() == [])
            }
        }
    }

    @Test func aClientThatLeavesCancelsItsHandler() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: String.self)
        let handler: LocalServer.Handler = { _ in
            begin.yield()
            try? await Task.sleep(for: .seconds(300))
            end.yield(Task.isCancelled ? "cancelled" : "late")
            return .text(200, "ok")
        }
        try await with(handler: handler) { server in
            try await Wire.open(server.port) { wire in
                try await wire.send(get("/"))
                _ = await begun.first { true }
            }
            let how = await ended.first { _ in true }
            #expect(how == "cancelled")
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func aPortInUseIsToldFromOtherFailures(host: String) async throws {
        try await with { server in
            let error = await #expect(throws: BindError.self) {
                try await LocalServer.start(host: host, port: server.port) { _ in .dropped }
            }
            #expect(error == .addressInUse(host: "127.0.0.1", port: server.port))
        }
    }

    @Test(arguments: ["0.0.0.0", "example.com", "192.168.1.1", ""])
    func nothingButLoopbackIsListenedOn(host: String) async throws {
        await #expect(throws: BindError.notLoopback(host: host)) {
            try await LocalServer.start(host: host) { _ in .dropped }
        }
    }

    @Test(arguments: [-1, 65536]) func aPortThatDoesNotExistIsTold(port: Int) async throws {
        await #expect(throws: BindError.noSuchPort(port)) {
            try await LocalServer.start(port: port) { _ in .dropped }
        }
    }

    @Test func localhostMeansBothFamilies() async throws {
        try await with(host: "localhost") { server in
            let four = try await Wire.ask(server.port, get("/4"))
            #expect(four?.text == "GET /4  0\n")
            guard let probe = try? await LocalServer.start(host: "::1", handler: { _ in .dropped }) else { return }
            await probe.stop()
            let six = try await Wire.ask(server.port, host: "::1", get("/6"))
            #expect(six?.text == "GET /6  0\n")
        }
    }
}
