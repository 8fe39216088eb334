import OAuth
import Renewal
import Testing
import Tokens
import VaultFile

/// What each kind of answer does to a connection, settled from the journal of a run that died.
struct SettlementTests {
    private static let token = "rft.0123456789abcdef"

    /// Lets a run die with this answer in its journal, and the next one settle it.
    private func settled(
        _ body: String, status: Int64 = 200, date: String? = nil, at time: Int64 = 0, unread: Int = 0
    ) async throws -> (outcome: Outcome, before: Connection, after: Connection) {
        let place = try await Place.make()
        var before = Connection(provider: "sandbox-tiktok")
        before.tokens = TokenSet(
            accessToken: Secret("act.0123456789abcdef"), expiresAt: place.now + 100, refreshToken: Secret(Self.token))
        for index in 0..<unread {
            before.keepUnread(.init(at: 1, status: Int64(200 + index), body: Secret("e30=")))
        }
        do {
            let dead = try await place.session()
            dead.records.set(place.name, connection: before)
            let client = try #require(RecordName("TIKTOK_CLIENT_SECRET"))
            try dead.records.set(client, secret: Secret("the client&secret 7"), at: 1)
            try dead.commit()
            let ask = Ask(
                name: place.name, fingerprint: try dead.fingerprint(of: Secret(Self.token)), attempt: 1, at: 7,
                host: "here")
            try dead.begin([ask])
            try dead.keep(.got(Answer(status: status, date: date, at: time, body: Secret(body))), forAsk: 0)
        }
        let session = try await place.session()
        let outcome = try place.batch.settleLeftBehind(on: session)[0].outcome
        return (outcome, before, try #require(try place.stored()))
    }

    /// A body and a status, the outcome, what is in the way then, and whether the answer is kept.
    struct Case: Sendable {
        let body: String
        var status: Int64 = 200
        let outcome: String
        var trouble: Connection.Trouble?
        var isKept = false
    }

    @Test(arguments: [
        Case(body: #"{"error":"invalid_grant"}"#, outcome: "rejected", trouble: .reauthorize),
        Case(body: #"{"error":"invalid_grant"}"#, status: 500, outcome: "rejected", trouble: .reauthorize),
        Case(body: #"{"error":"invalid_client"}"#, status: 401, outcome: "misconfigured", trouble: .misconfigured),
        Case(body: #"{"error":{"code":"scope_not_authorized"}}"#, outcome: "misconfigured", trouble: .misconfigured),
        Case(body: #"{"error":"temporarily_unavailable"}"#, status: 503, outcome: "uncertain", trouble: .uncertain),
        Case(body: #"{"error":"temporarily_unavailable"}"#, outcome: "unavailable"),
        Case(body: #"{"error":"slow_down"}"#, status: 400, outcome: "unavailable"),
        Case(body: #"{"error":"whatever"}"#, status: 429, outcome: "unavailable"),
        Case(body: "<html>", status: 429, outcome: "unavailable"),
        Case(body: #"{"error":"server_error"}"#, outcome: "uncertain", trouble: .uncertain),
        Case(body: #"{"error":"whatever"}"#, status: 502, outcome: "uncertain", trouble: .uncertain),
        Case(body: "<html>", status: 404, outcome: "uncertain", trouble: .uncertain, isKept: true),
        Case(body: "", status: 302, outcome: "uncertain", trouble: .uncertain, isKept: true),
        Case(body: "{}", outcome: "uncertain", trouble: .uncertain, isKept: true),
        Case(
            body: #"{"access_token":"a","refresh_token":7}"#, outcome: "uncertain", trouble: .uncertain, isKept: true),
    ])
    func anAnswerWithoutTokensLeavesTheOldOnes(_ one: Case) async throws {
        let (outcome, before, after) = try await settled(one.body, status: one.status)
        #expect(outcome.name == one.outcome && after.trouble == one.trouble && after.tokens == before.tokens)
        let kept = after.unread.first.flatMap { $0.body.withSpan { Base64.decode($0, .standard) } }
        #expect(kept == (one.isKept ? Secret(one.body) : nil))
        #expect(after.last?.outcome == one.outcome && after.last?.at == 7)
        #expect(after.question?.attempt == (one.trouble == .uncertain ? 1 : nil))
        #expect(outcome.problem?.hint.isEmpty == false)
    }

    @Test func aLifetimeBeginsWithTheAnswerAndNotWithItsReading() async throws {
        let body = #"{"access_token":"a","refresh_token":"r","expires_in":7200,"refresh_expires_in":9000}"#
        let (outcome, _, after) = try await settled(body, at: 1_000_000)
        #expect(outcome == .renewed)
        #expect(after.tokens?.expiresAt == 1_007_200 && after.tokens?.refreshExpiresAt == 1_009_000)
        #expect(after.tokens?.refreshToken == Secret("r") && after.tokens?.obtainedAt == 1_000_000)
    }

    @Test(arguments: [
        token, "act.0123456789abcdef", "rft.01234567", "rft%2E0123456789abcdef", "the client&secret 7",
        "the+client%26secret%207", "the%20client%26",
    ])
    func aSecretThatTheProviderQuotesIsNotRepeated(quoted: String) async throws {
        let body =
            #"{"error":"invalid_request","error_description":"(token=\#(quoted)) is wrong","log_id":"\#(quoted)"}"#
        let (outcome, _, after) = try await settled(body, status: 400)
        let words = try #require(outcome.problem?.message)
        #expect(words.hasSuffix("invalid_request ((token=<redacted>) is wrong), log id <redacted>"), "\(words)")
        #expect(after.last?.error == words)
    }

    @Test func aSecretIsNotCutShortBeforeItIsLookedFor() async throws {
        let body = #"{"error":"x","error_description":"\#(String(repeating: "y", count: 290))\#(Self.token)"}"#
        let words = try await settled(body, status: 400).outcome.problem?.message
        #expect(words?.contains("y<redacted") == true && words?.contains("rft") == false)
    }

    @Test func beingToldToWaitPushesNoKeptAnswerOut() async throws {
        let (_, before, after) = try await settled("<html>", status: 429, unread: 3)
        #expect(after.unread == before.unread)
    }

    @Test(arguments: [(60, nil), (61, 61), (-60, nil), (-61, -61), (90_000, 90_000)] as [(Int64, Int64?)])
    func aClockThatIsOverAMinuteOffIsNoted(ahead: Int64, noted: Int64?) async throws {
        // 2026-01-01T00:00:00Z
        let date = "Thu, 01 Jan 2026 00:00:00 GMT"
        let body = #"{"access_token":"a","refresh_token":"r","expires_in":7200}"#
        let (outcome, _, after) = try await settled(body, date: date, at: 1_767_225_600 - ahead)
        #expect(outcome == .renewed && after.skew == noted)
    }
}
