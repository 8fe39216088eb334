import LocalServer
import Sandbox
import Testing
import Tokens

@Suite(.timeLimit(.minutes(1))) struct StatisticsTests {
    @Test func requestsAreCountedByKindAndOutcome() async throws {
        try await withSandbox(faults: [SandboxFault(.drop, at: 3)]) { client in
            let token = try await client.connect()
            let answer = try #require(try await client.refresh(token))
            _ = try await client.refresh(try answer.refreshToken)
            _ = try await client.refresh("made-up")
            _ = try await client.authorize(["state": nil])
            _ = try await client.authorize([client.idName: "other"])
            _ = try await client.resource("made-up")
            _ = try await client.post("/revoke", client.credentials + [("token", "made-up")])
            _ = try await client.post("/token", client.credentials)
            let stats = try #require(try await client.ask("GET", "/sandbox/stats"))
            #expect(
                stats.text == """
                    {"families":{"alive":1,"revoked":0},"requests":{\
                    "authorize":{"invalid_client":1,"invalid_request":1,"ok":1,"total":3},\
                    "code_exchange":{"ok":1,"total":1},"consent":{"total":0},\
                    "other_grant":{"invalid_request":1,"total":1},\
                    "refresh":{"drop":1,"invalid_grant":1,"ok":1,"total":3},\
                    "resource":{"invalid_token":1,"total":1},"revoke":{"ok":1,"total":1}},"schema":1}
                    """)
        }
    }
}
