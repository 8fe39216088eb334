import Host
import LocalServer
import Testing

/// A provider that answers whatever a test wants, and the connection `tiktok` to it.
struct LyingProvider: Sendable {
    let bench: Bench
    private let server: LocalServer

    /// Answers the first request with tokens, and each later one as `answer` makes it from the request's body.
    init(
        answering delay: Duration = .zero, _ answer: @escaping @Sendable (String) -> LocalResponse
    ) async throws {
        let requests = Requests()
        server = try await LocalServer.start { request in
            let body = String(decoding: request.body, as: UTF8.self)
            guard await requests.next() > 1 else {
                return .json(#"{"access_token":"act.FIRST","refresh_token":"rft.FIRST","expires_in":7200}"#)
            }
            try? await Task.sleep(for: delay)
            return answer(body)
        }
        bench = try await Bench(
            config: """
                [connections.tiktok]
                provider = "sandbox-tiktok"
                client_id = "the-client"
                redirect_uri = "http://127.0.0.1:3000/cb/"
                [connections.tiktok.variables]
                base_url = "http://127.0.0.1:\(server.port)"

                """)
        try await bench.ok("printf 'a secret & more' | tokenkeep set TIKTOK_CLIENT_SECRET")
        try await bench.ok("echo rft.GIVEN | tokenkeep -q connect tiktok --refresh-token")
    }

    private actor Requests {
        private var count = 0
        func next() -> Int {
            count += 1
            return count
        }
    }
}

extension LocalResponse {
    static func text(_ text: String) -> LocalResponse {
        LocalResponse(status: 200, headers: [("Content-Type", "text/plain")], body: Array(text.utf8))
    }

    fileprivate static func json(_ text: String, status: Int = 200) -> LocalResponse {
        LocalResponse(status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8))
    }
}

/// What a provider says is looked at before it is believed, and never repeated with what it was sent.
struct LyingProviderTests {
    @Test(arguments: ["disconnect tiktok", "connect tiktok --refresh-token"])
    func whoIsToldToStopEndsByThatSignalAndDropsNothing(command: String) async throws {
        let slow = try await LyingProvider(answering: .milliseconds(700)) { _ in
            .json(#"{"access_token":"act.NEW","refresh_token":"rft.NEW","expires_in":7200}"#)
        }
        let stopped = await slow.bench.sh(
            """
            echo rft.MORE > in; (exec tokenkeep \(command) < in 2> words) & p=$!
            # The request is under way when the journal, or the vault without the connection, is on the disk.
            until [ -e tokenkeep.vault.journal ] || [ -e tokenkeep.vault.next ]; do :; done; sleep 0.2; kill -TERM $p; wait $p; echo $?
            """)
        #expect(stopped.output == "143\n", "\(stopped.words) \(slow.bench.text("words"))")
        let list = try await slow.bench.ok("tokenkeep list; ! ls *.journal")
        #expect(list.contains("connection") == (command != "disconnect tiktok"), "\(list)")
        if command != "disconnect tiktok" { #expect(try await slow.bench.ok("tokenkeep get tiktok") == "act.NEW\n") }
    }

    @Test func whatWasSentIsNotRepeatedWhenTheProviderSendsItBack() async throws {
        let echo = try await LyingProvider { body in
            .json(#"{"error":"invalid_request","error_description":"got \#(body)"}"#, status: 400)
        }
        let bench = echo.bench
        let refreshed = await bench.sh("tokenkeep refresh --force --json")
        #expect(refreshed.status == 78 && refreshed.errors.contains("<redacted>"), "\(refreshed.errors)")
        let connected = await bench.sh(
            """
            u=$(tokenkeep -q connect tiktok --print-url); s=${u##*state=}; s=${s%%&*}; echo "$s" > state
            echo "http://127.0.0.1:3000/cb/?code=code-CANARY%2A7&state=$s" | tokenkeep connect tiktok --callback -
            """)
        #expect(connected.status == 78 && connected.errors.contains("<redacted>"), "\(connected.errors)")
        let disconnected = await bench.sh("tokenkeep disconnect tiktok")
        #expect(disconnected.errors.contains("<redacted>"), "\(disconnected.errors)")
        let status = try await bench.ok("tokenkeep status --json; tokenkeep status")
        for words in [refreshed.words, connected.words, disconnected.words, status] {
            for value in ["FIRST", "secret%20", "secret &", "CANARY", String(bench.text("state").dropLast())] {
                #expect(!words.contains(value), "\(value): \(words)")
            }
        }
    }

    @Test(arguments: [
        ("<html>please log in</html>", 200, Int32(11)), (#"{"error":"#, 200, 11), ("", 500, 11),
        (#"{"error":"invalid_client"}"#, 401, 78), (#"{"error":"x"}"#, 503, 11), (#"{"error":"x"}"#, 400, 1),
        ("", 200, 0), ("{}", 200, 0), ("ok", 200, 0),
    ])
    func onlyAYesForgets(body: String, http: Int, status: Int32) async throws {
        let provider = try await LyingProvider { _ in .json(body, status: http) }
        let ended = await provider.bench.sh("tokenkeep disconnect tiktok")
        #expect(ended.status == status, "\(ended.errors)")
        #expect(await provider.bench.sh("tokenkeep get tiktok").status == (status == 0 ? 66 : 0))
    }

    @Test(arguments: ["", #","expires_in":-5"#, #","expires_in":"soon""#, #","expires_in":0"#, #","expires_in":1e99"#])
    func aTokenOfUnknownLifeIsGoodForAnAssumedHourWhichIsSaid(member: String) async throws {
        let vague = try await LyingProvider { _ in
            .json(#"{"access_token":"act.NEXT","refresh_token":"rft.NEXT"\#(member)}"#)
        }
        let bench = vague.bench
        try await bench.ok("tokenkeep refresh --force")
        let status = try await bench.ok("tokenkeep status")
        #expect(
            status.contains("fresh") && (status.contains("59 min (assumed)") || status.contains("1 h 0 min (assumed)")))
        #expect(try await bench.ok("tokenkeep get tiktok") == "act.NEXT\n")
        let json = try await bench.ok("tokenkeep status --json")
        #expect(!json.contains("\"expires_at\""), "what is unknown is absent: \(json)")
    }
}
