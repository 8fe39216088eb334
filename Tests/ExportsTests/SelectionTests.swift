import Testing
import Tokens

@testable import Exports

/// Which values leave a vault, and under which names.
struct SelectionTests {
    private func records(_ secrets: [String], _ connections: [String: TokenSet] = [:]) throws -> Records {
        var records = Records()
        for name in secrets { try records.set(try #require(RecordName(name)), secret: Secret("v"), at: 1) }
        for (name, tokens) in connections {
            var connection = Connection(provider: "tiktok")
            connection.tokens = tokens
            records.set(try #require(RecordName(name)), connection: connection)
        }
        return records
    }

    private let tokens = TokenSet(
        accessToken: Secret("a"), expiresAt: 1_800_000_000, refreshToken: Secret("r"), extras: ["open_id": Secret("o")])

    private func names(
        _ records: Records, _ patterns: [String]?, clientSecrets: Set<String> = []
    ) throws -> [String] {
        try Selection(records, clientSecrets: clientSecrets).values(matching: patterns).values.map(\.name)
    }

    @Test func aConnectionGivesItsTokenItsEndAndItsExtras() throws {
        let selection = try Selection(try records(["STRIPE_KEY"], ["tiktok/brand-a": tokens]), clientSecrets: [])
        let values = selection.values(matching: nil).values
        #expect(
            values.map(\.name) == [
                "STRIPE_KEY", "TIKTOK_BRAND_A_ACCESS_TOKEN", "TIKTOK_BRAND_A_EXPIRES_AT", "TIKTOK_BRAND_A_OPEN_ID",
            ])
        #expect(values.map { $0.value.revealed() } == ["v", "a", "1800000000", "o"])
    }

    @Test(arguments: [nil, ["*"], ["TIKTOK_*"], ["TIKTOK_REFRESH_TOKE?"], ["*REFRESH*", "*SECRET"]])
    func whatIsGuardedLeavesOnlyByItsFullName(patterns: [String]?) throws {
        let records = try records(["TIKTOK_CLIENT_SECRET", "OTHER_SECRET"], ["tiktok": tokens])
        let chosen = try names(records, patterns, clientSecrets: ["OTHER_SECRET"])
        #expect(!chosen.contains { $0.contains("REFRESH") || $0.contains("SECRET") })
        for name in ["TIKTOK_REFRESH_TOKEN", "TIKTOK_CLIENT_SECRET", "OTHER_SECRET"] {
            #expect(try names(records, (patterns ?? []) + [name], clientSecrets: ["OTHER_SECRET"]).contains(name))
        }
    }

    @Test func whatIsCalledAClientSecretOrARefreshTokenIsGuardedWithoutConfigOrConnection() throws {
        let guarded = [
            "TIKTOK_CLIENT_SECRET", "tiktok-client-secret", "CLIENT_SECRET", "X_REFRESH_TOKEN", "clientSecret",
            "tiktokRefreshToken", "TIKTOK_CLIENTSECRET", "MY_CLIENT_SECRETS", "REFRESH_TOKEN_2",
        ]
        let records = try records(guarded + ["WEBHOOK_SECRET"])
        #expect(try names(records, ["*"]) == ["WEBHOOK_SECRET"] && names(records, nil) == ["WEBHOOK_SECRET"])
        #expect(try names(records, guarded).count == guarded.count)
    }

    @Test func aNameThatIsNotThereIsMissingAndAPatternIsNot() throws {
        let selection = try Selection(try records(["A", "B"]), clientSecrets: [])
        let (values, missing) = selection.values(matching: ["A", "NOT_THERE", "X*", "Y?"])
        #expect(values.map(\.name) == ["A"] && missing == ["NOT_THERE"])
        #expect(selection.values(matching: []).values.isEmpty)
        #expect(selection.values(matching: ["A", "?", "*"]).values.map(\.name) == ["A", "B"], "each once")
    }

    @Test(arguments: ["TIKTOK_ACCESS_TOKEN", "TIKTOK_REFRESH_TOKEN", "TIKTOK_OPEN_ID"])
    func twoSourcesForOneNameAreAnErrorThatNamesBoth(name: String) throws {
        let records = try records([name], ["tiktok": tokens])
        let error = #expect(throws: Selection.Conflict.self) { try Selection(records, clientSecrets: []) }
        let both = [error?.first, error?.second].compactMap { $0 }
        #expect(error?.name == name && both.contains("the secret \(name)"))
        #expect(both.contains { $0.hasSuffix("of the connection tiktok") })
    }

    @Test(arguments: [
        ("A", "A", true), ("A", "a", false), ("", "", true), ("", "A", false), ("*", "", true), ("?", "", false),
        ("A*", "A", true), ("*A", "BA", true), ("*A", "AB", false), ("A*C", "ABBC", true), ("A?C", "ABC", true),
        ("A?C", "AC", false), ("*_*_*", "A_B_C", true), ("*_*_*", "A_B", false), ("**", "A", true),
        ("A[B]", "AB", false),
        ("*AB*AC", "ABABAC", true),
    ])
    func patternsKnowRunsAndSingleCharacters(pattern: String, name: String, covers: Bool) {
        #expect(Selection.matches(pattern, name) == covers, "\(pattern) \(name)")
    }

    @Test func aPathologicalPatternIsDecidedAllTheSame() {
        let name = String(repeating: "A", count: 4000)
        #expect(!Selection.matches(String(repeating: "*A", count: 2000) + "B", name))
        #expect(Selection.matches(String(repeating: "A*", count: 2000), name))
    }
}
