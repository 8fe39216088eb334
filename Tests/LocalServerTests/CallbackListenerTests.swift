import LocalServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct CallbackListenerTests {
    private func listener(
        page: @escaping @Sendable (String) async -> BrowserPage = { BrowserPage(.success, "Query \($0)", []) }
    ) async throws -> CallbackListener {
        try await CallbackListener.start(
            host: "127.0.0.1", port: 0, path: "/auth/callback/", isExpected: { !$0.contains("stray") }, page: page)
    }

    @Test func theQueryIsHandedBackAsItCame() async throws {
        let listener = try await listener()
        async let query = listener.query()
        let answer = try await Wire.ask(listener.port, get("/auth/callback/?code=a%2A0%21&state=x+y"))
        #expect(try await query == "code=a%2A0%21&state=x+y")
        #expect(answer?.status == 200)
        #expect(answer?.text.contains("<h1>Query code=a%2A0%21&amp;state=x+y</h1>") == true)
        #expect(answer?.header("referrer-policy") == "no-referrer")
        await #expect(throws: (any Error).self) { try await Wire.ask(listener.port, get("/auth/callback/")) }
    }

    @Test(arguments: [
        (get("/favicon.ico"), 404), (get("/auth/callback/?stray"), 400), (get("/auth/callback?code=1"), 404),
        (get("/auth/callback/x"), 404),
        (get("/auth/%63allback/?code=1"), 404),
        ("POST /auth/callback/?code=1 HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
        ("HEAD /auth/callback/?code=1 HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
    ])
    func anythingElseIsTurnedAwayAndTheWaitGoesOn(request: String, status: Int) async throws {
        let listener = try await listener()
        #expect(try await Wire.ask(listener.port, request)?.status == status)
        async let query = listener.query()
        _ = try await Wire.ask(listener.port, get("/auth/callback/?code=2"))
        #expect(try await query == "code=2")
    }

    @Test func aSecondAnswerIsNotTaken() async throws {
        let listener = try await listener()
        #expect(try await Wire.ask(listener.port, get("/auth/callback/?code=1"))?.status == 200)
        #expect(try await Wire.ask(listener.port, get("/auth/callback/?code=2"))?.status == 410)
        #expect(try await listener.query() == "code=1")
    }

    @Test func theWaitEndsInTime() async throws {
        let listener = try await listener()
        await #expect(throws: CallbackListener.Failure.timedOut(after: .milliseconds(20))) {
            try await listener.query(within: .milliseconds(20))
        }
        await #expect(throws: (any Error).self) { try await Wire.ask(listener.port, get("/auth/callback/")) }
    }

    @Test func theWaitCanBeCancelled() async throws {
        let listener = try await listener()
        let wait = Task { try await listener.query() }
        wait.cancel()
        await #expect(throws: CallbackListener.Failure.cancelled) { try await wait.value }
        await #expect(throws: (any Error).self) { try await Wire.ask(listener.port, get("/auth/callback/")) }
    }

    @Test func thePageIsFinishedWhenThePersonHasLeft() async throws {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let (goes, go) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: String.self)
        let listener = try await listener { _ in
            begin.yield()
            _ = await goes.first { true }
            end.yield(Task.isCancelled ? "cancelled" : "finished")
            return BrowserPage(.success, "Connected", [])
        }
        try await Wire.open(listener.port) { wire in
            try await wire.send(get("/auth/callback/?code=1"))
            _ = await begun.first { true }
        }
        async let query = listener.query()
        go.yield()
        let how = await ended.first { _ in true }
        #expect(how == "finished")
        #expect(try await query == "code=1")
    }

    @Test func thePageArrivesThoughTheCallerHasItsAnswer() async throws {
        let (goes, go) = AsyncStream.makeStream(of: Void.self)
        let listener = try await listener { _ in
            _ = await goes.first { true }
            return BrowserPage(.failed, "Refused", [])
        }
        async let query = listener.query()
        try await Wire.open(listener.port) { wire in
            try await wire.send(get("/auth/callback/?code=1"))
            // The page is held back until the listener takes nobody else.
            while (try? await Wire.ask(listener.port, get("/"))) != nil {}
            go.yield()
            #expect(Answer(try await wire.rest())?.text.contains("Refused") == true)
        }
        #expect(try await query == "code=1")
    }

    @Test func aPortInUseIsTold() async throws {
        let first = try await listener()
        let error = await #expect(throws: BindError.self) {
            try await CallbackListener.start(host: "127.0.0.1", port: first.port, path: "/", isExpected: { _ in true })
            { _ in
                BrowserPage(.success, "", [])
            }
        }
        #expect(error == .addressInUse(host: "127.0.0.1", port: first.port))
        await first.stop()
    }
}
