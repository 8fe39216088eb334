import LocalServer
import Sandbox
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConsentTests {
    private let path = "/sandbox/consent"

    private func id(_ page: Answer) throws -> String {
        let begin = try #require(page.text.firstRange(of: "name=\"id\" value=\""))
        return String(page.text[begin.upperBound...].prefix { $0 != "\"" })
    }

    private func ask(
        _ manners: Manners = .standard, clock: TestClock = TestClock(), _ body: (Client, String) async throws -> Void
    ) async throws {
        try await withSandbox(manners, clock: clock, change: { $0.approves = false }) { client in
            let page = try await client.authorize()
            #expect(page.status == 200)
            #expect(page.header("content-security-policy")?.hasPrefix("default-src 'none'") == true)
            try await body(client, try id(page))
        }
    }

    @Test(arguments: Manners.allCases) func whatIsTickedIsGrantedAndNoMore(manners: Manners) async throws {
        try await ask(manners) { client, id in
            let decision: Client.Fields = [
                ("id", id), ("decision", "approve"), ("scope", "video.upload"), ("scope", "x"),
            ]
            let answer = try #require(try await client.post(path, decision))
            #expect(answer.status == 303)
            let code = try #require(try answer.redirect(Client.redirectURI)["code"])
            #expect(try await client.exchange(code)?.text("scope") == "video.upload")
        }
    }

    @Test(
        arguments: [[("decision", "deny"), ("scope", "video.upload")], [("decision", "approve")]] as [Client.Fields])
    func aPersonCanSayNo(decision: Client.Fields) async throws {
        try await ask { client, id in
            let answer = try #require(try await client.post(path, [("id", id)] + decision))
            let fields = try answer.redirect(Client.redirectURI)
            #expect(fields["error"] == "access_denied")
            #expect(fields["state"] == "s t&=%")
        }
    }

    @Test func aDecisionIsTakenOnceAndOnlyWithItsID() async throws {
        try await ask { client, id in
            let rest: Client.Fields = [("decision", "approve"), ("scope", "video.upload")]
            var statuses: [Int?] = []
            for guess in [[], [("id", String(id.reversed()))], [("id", id)], [("id", id)]] as [Client.Fields] {
                statuses.append(try await client.post(path, guess + rest)?.status)
            }
            #expect(statuses == [400, 400, 303, 400])
        }
    }

    @Test func aDecisionAfterTenMinutesIsTooLate() async throws {
        let clock = TestClock()
        try await ask(clock: clock) { client, id in
            clock.advance(600)
            let answer = try await client.post(path, [("id", id), ("decision", "approve"), ("scope", "video.upload")])
            #expect(answer?.status == 400)
        }
    }
}
