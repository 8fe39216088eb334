import Sandbox
import Testing
import Tokens

@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    /// Connects, then refreshes once under the fault, and tells what came and how the old token fares after it.
    private func refresh(
        _ kind: SandboxFault.Kind, _ manners: Manners = .tiktok, change: (inout SandboxOptions) -> Void = { _ in },
        _ check: (Client, Answer?, _ oldTokenIsGood: Bool) async throws -> Void
    ) async throws {
        try await withSandbox(manners, faults: [SandboxFault(kind, at: 2)], change: change) { client in
            let token = try await client.connect()
            let answer = try await client.refresh(token)
            #expect(try await client.count("refresh", kind.rawValue) == 1)
            let isGood = try await client.refresh(token)?.status == 200
            try await check(client, answer, isGood)
        }
    }

    @Test(arguments: Manners.allCases) func anErrorComesWithStatus200AndSpendsNothing(manners: Manners) async throws {
        try await refresh(.error200, manners) { _, answer, oldTokenIsGood in
            #expect(answer?.status == 200)
            #expect(answer?.text("error") == "temporarily_unavailable")
            #expect(oldTokenIsGood)
        }
    }

    @Test func aServerErrorSpendsNothing() async throws {
        try await refresh(.http500) { _, answer, oldTokenIsGood in
            #expect(answer?.status == 500)
            #expect(oldTokenIsGood)
        }
    }

    @Test func aRateLimitSaysWhenAndSpendsNothing() async throws {
        try await refresh(.rateLimit) { _, answer, oldTokenIsGood in
            #expect(answer?.status == 429)
            #expect(answer?.header("retry-after") == "1")
            #expect(oldTokenIsGood)
        }
    }

    @Test func aPageComesInsteadOfTheTokensThatWereSpent() async throws {
        try await refresh(.html) { _, answer, oldTokenIsGood in
            #expect(answer?.status == 200)
            #expect(answer?.header("content-type") == "text/html; charset=utf-8")
            #expect(answer?.text.hasPrefix("<!doctype html>") == true)
            #expect(!oldTokenIsGood)
        }
    }

    @Test func aDroppedAnswerHasSpentTheToken() async throws {
        try await refresh(.drop) { _, answer, oldTokenIsGood in
            #expect(answer == nil)
            #expect(!oldTokenIsGood)
        }
    }

    @Test func aTruncatedAnswerHasSpentTheToken() async throws {
        try await refresh(.truncated) { _, answer, oldTokenIsGood in
            let answer = try #require(answer)
            let length = try #require(answer.header("content-length").flatMap { Int($0) })
            #expect(answer.status == 200)
            #expect(answer.body.count == length / 2)
            #expect(throws: JSONError.self) { try answer.json() }
            #expect(!oldTokenIsGood)
        }
    }

    @Test func anOversizeAnswerIsWholeAndHasSpentTheToken() async throws {
        try await refresh(.oversize) { _, answer, oldTokenIsGood in
            #expect(answer.map { $0.body.count > 2 << 20 } == true)
            #expect(answer?.text("access_token") != nil)
            #expect(!oldTokenIsGood)
        }
    }

    @Test func aSlowAnswerComesAndHasSpentTheToken() async throws {
        try await refresh(.slow, change: { $0.slowness = .milliseconds(50) }) { _, answer, oldTokenIsGood in
            #expect(answer?.text("access_token") != nil)
            #expect(!oldTokenIsGood)
        }
    }

    @Test func aSlowAnswerEndsWhenTheSandboxDoes() async throws {
        var options = SandboxOptions()
        options.faults = [SandboxFault(.slow, at: 1)]
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let provider = try await SandboxProvider.start(options, now: { 0 }, save: { _ in arrival.yield() })
        let client = Client(port: provider.port, manners: .standard)
        async let answer = client.refresh("made-up")
        _ = await arrivals.first { true }
        await provider.stop()
        #expect(try await answer == nil)
    }

    @Test func anAnswerMayLeaveOutTheRefreshTokenAndKeepTheOldOne() async throws {
        try await refresh(.noRefreshToken) { client, answer, oldTokenIsGood in
            let answer = try #require(answer)
            #expect(try answer.json().names == ["access_token", "expires_in", "open_id", "scope", "token_type"])
            #expect(try await client.resource(try answer.accessToken) == 200)
            #expect(oldTokenIsGood)
        }
        try await withSandbox(faults: [SandboxFault(.noRefreshToken, at: 1)]) { client in
            let answer = try await client.exchange(try await client.code())
            #expect(answer?.status == 200)
            #expect(answer?.text("refresh_token") == nil)
        }
    }

    @Test func aLifetimeMayBeAString() async throws {
        try await refresh(.stringExpires) { _, answer, _ in
            #expect(answer?.text("expires_in") == "7200")
            #expect(answer?.text("refresh_expires_in") == "15552000")
        }
    }

    @Test func aFaultStrikesAtItsRequestAndALastingOneFromThenOn() async throws {
        let faults = [SandboxFault(.rateLimit, at: 3), SandboxFault(.http500, at: 2, isLasting: true)]
        try await withSandbox(faults: faults) { client in
            let token = try await client.connect()
            var statuses: [Int?] = []
            for _ in 0..<4 { statuses.append(try await client.refresh(token)?.status) }
            #expect(statuses == [500, 429, 500, 500])
        }
    }

    @Test func aFaultIsReadFromTheCommandLine() throws {
        #expect(try SandboxFault(parsing: "drop:2") == SandboxFault(.drop, at: 2))
        #expect(
            try SandboxFault(parsing: "no-refresh-token:10+") == SandboxFault(.noRefreshToken, at: 10, isLasting: true))
        for kind in SandboxFault.Kind.allCases {
            #expect(try SandboxFault(parsing: "\(kind.rawValue):1") == SandboxFault(kind, at: 1))
        }
    }

    @Test(arguments: [
        "", "drop", "drop:", "drop:0", "drop:-1", "drop:+1", "drop:+", "drop:1++", "drop:x", "drop:1:2",
        "drop:99999999999999999999", "drop :1", ":1", "crash:1", "DROP:1", "drop:١",
    ])
    func whatIsNoFaultIsRefusedWithAHint(text: String) {
        let failure = #expect(throws: SandboxFault.ParseFailure.self) { try SandboxFault(parsing: text) }
        #expect(failure?.hint.isEmpty == false)
    }
}
