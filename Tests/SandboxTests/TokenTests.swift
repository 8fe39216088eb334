import LocalServer
import Sandbox
import Testing
import Tokens

@Suite(.timeLimit(.minutes(1))) struct TokenTests {
    @Test(arguments: Manners.allCases) func theWholeFlowWorks(manners: Manners) async throws {
        try await withSandbox(manners) { client in
            let first = try #require(try await client.exchange(try await client.code()))
            #expect(first.status == 200)
            #expect(first.header("cache-control") == "no-store")
            let names = ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
            let extras = manners == .tiktok ? ["open_id", "refresh_expires_in"] : []
            #expect(try first.json().names == (names + extras).sorted())
            #expect(try first.json().integer("expires_in") == 7200)
            #expect(first.text("scope") == ["user.info.basic", "video.upload"].joined(separator: client.separator))
            let access = try first.accessToken
            #expect((access.hasPrefix("act.") && access.hasSuffix("!6410")) == (manners == .tiktok))
            #expect(try await client.resource(access) == 200)

            let second = try #require(try await client.refresh(try first.refreshToken))
            let renewed = try second.accessToken
            #expect(second.text("refresh_token") != first.text("refresh_token"))
            #expect(try await client.resource(renewed) == 200)

            let revoked = try await client.post(manners.revocationPath, client.credentials + [("token", renewed)])
            #expect(revoked?.status == 200)
            #expect(revoked?.text == (manners == .tiktok ? "{}" : ""))
            for token in [access, renewed] { #expect(try await client.resource(token) == 401) }
            let dead = try await client.refresh(try second.refreshToken)
            #expect(dead?.text("error") == "invalid_grant")
            #expect(try await client.families("revoked") == 1)
        }
    }

    @Test func aCodeIsBoundToItsVerifierAndRedirect() async throws {
        let wrong: [[String: String?]] = [
            ["code_verifier": String(repeating: "w", count: 43)], ["code_verifier": nil],
            ["code_verifier": String(Client.verifier.dropLast())],
            ["redirect_uri": "http://127.0.0.1:3000/auth/tiktok/callback"],
        ]
        for manners in Manners.allCases {
            try await withSandbox(manners) { client in
                for change in wrong {
                    let code = try await client.code()
                    let answer = try await client.exchange(code, change)
                    #expect(answer?.status == 400)
                    #expect(answer?.text("error") == "invalid_grant")
                    // A failed attempt spends the code as well.
                    #expect(try await client.exchange(code)?.text("error") == "invalid_grant")
                }
                #expect(try await client.exchange("made-up")?.text("error") == "invalid_grant")
                #expect(try await client.exchange("", [:])?.text("error") == "invalid_request")
            }
        }
    }

    @Test func aCodeIsGoodForTenMinutes() async throws {
        let clock = TestClock()
        try await withSandbox(clock: clock) { client in
            let (early, late) = (try await client.code(), try await client.code())
            clock.advance(599)
            #expect(try await client.exchange(early)?.status == 200)
            clock.advance(1)
            #expect(try await client.exchange(late)?.text("error") == "invalid_grant")
        }
    }

    @Test func aCodeUsedTwiceTakesItsTokensWithIt() async throws {
        try await withSandbox { client in
            let code = try await client.code()
            let first = try #require(try await client.exchange(code))
            let second = try await client.exchange(code)
            #expect(second?.text("error") == "invalid_grant")
            #expect(try await client.resource(try first.accessToken) == 401)
            let refresh = try await client.refresh(try first.refreshToken)
            #expect(refresh?.text("error") == "invalid_grant")
        }
    }

    @Test(arguments: Manners.allCases) func aSpentRefreshTokenTakesItsFamilyWithIt(manners: Manners) async throws {
        try await withSandbox(manners) { client in
            let other = try await client.connect()
            let old = try await client.connect()
            let answer = try #require(try await client.refresh(old))
            #expect(try await client.refresh(old)?.text("error") == "invalid_grant")
            let new = try answer.refreshToken
            #expect(try await client.refresh(new)?.text("error") == "invalid_grant")
            #expect(try await client.resource(try answer.accessToken) == 401)
            #expect(try await client.refresh(other)?.status == 200)
            #expect(try await client.families("alive") == 1)
        }
    }

    @Test func ofTwoAtOnceOneWinsAndTheOtherRevokes() async throws {
        try await withSandbox(change: { $0.latency = .milliseconds(20) }) { client in
            let token = try await client.connect()
            async let first = client.refresh(token)
            async let second = client.refresh(token)
            let statuses = try await [first, second].map { $0?.status }
            #expect(statuses.compactMap(\.self).sorted() == [200, 400])
            #expect(try await client.count("refresh", "ok") == 1)
            #expect(try await client.count("refresh", "invalid_grant") == 1)
            #expect(try await client.families("revoked") == 1)
        }
    }

    @Test func tokensExpireWhenTheyShould() async throws {
        let clock = TestClock()
        try await withSandbox(
            clock: clock,
            change: { options in
                options.accessLifetime = 60
                options.refreshLifetime = 100
            }
        ) { client in
            let answer = try #require(try await client.exchange(try await client.code()))
            let access = try answer.accessToken
            clock.advance(59)
            #expect(try await client.resource(access) == 200)
            clock.advance(1)
            #expect(try await client.resource(access) == 401)
            clock.advance(39)
            let renewed = try #require(try await client.refresh(try answer.refreshToken))
            clock.advance(99)
            let last = try await client.refresh(try renewed.refreshToken)
            clock.advance(100)
            let late = try await client.refresh(try #require(last?.text("refresh_token")))
            #expect(late?.text("error") == "invalid_grant")
        }
    }

    @Test func aRefreshMayNarrowScopesAndNotWidenThem() async throws {
        try await withSandbox { client in
            let token = try await client.connect()
            #expect(try await client.refresh(token, [("scope", "user.info.basic x")])?.text("error") == "invalid_scope")
            #expect(try await client.refresh(token, [("scope", "video.upload")])?.text("scope") == "video.upload")
        }
    }

    @Test(arguments: Manners.allCases) func aClientHasToProveItself(manners: Manners) async throws {
        let basic = "Authorization: Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ="
        try await withSandbox(manners) { client in
            let grant: Client.Fields = [("grant_type", "refresh_token"), ("refresh_token", try await client.connect())]
            func error(_ fields: Client.Fields, _ headers: [String] = []) async throws -> String? {
                let answer = try await client.post(manners.tokenPath, fields + grant, headers)
                if answer?.text("error") == "invalid_client" {
                    #expect(answer?.status == (manners == .tiktok ? 400 : 401))
                }
                return answer?.text("error")
            }
            #expect(try await error([]) == "invalid_client")
            #expect(try await error([(client.idName, "sandbox-client")]) == "invalid_client")
            #expect(try await error([(client.idName, "sandbox-client"), ("client_secret", "x")]) == "invalid_client")
            #expect(try await error([(client.idName, "x"), ("client_secret", "sandbox-secret")]) == "invalid_client")
            #expect(try await error([], ["Authorization: Basic eDp5"]) == "invalid_client")
            if manners == .tiktok {
                #expect(try await error([], [basic]) == "invalid_client")
                #expect(try await error(client.credentials) == nil)
            } else {
                #expect(try await error(client.credentials, [basic]) == "invalid_client")
                #expect(try await error([], [basic]) == nil)
            }
        }
    }

    @Test(arguments: Manners.allCases) func onlyAProperFormIsTaken(manners: Manners) async throws {
        try await withSandbox(manners) { client in
            let grant: Client.Fields = [("grant_type", "refresh_token"), ("refresh_token", try await client.connect())]
            let body = FormFields(client.credentials + grant).encoded
            let form = "Content-Type: application/x-www-form-urlencoded"
            func error(_ headers: [String], _ body: String) async throws -> String? {
                try await client.ask("POST", manners.tokenPath, headers, body: body)?.text("error")
            }
            #expect(try await error([], body) == "invalid_request")
            #expect(try await error(["Content-Type: application/json"], "{}") == "invalid_request")
            #expect(try await error([form], body + "&scope=%") == "invalid_request")
            #expect(try await error([form], body + "&grant_type=refresh_token") == "invalid_request")
            let other = FormFields(client.credentials + [("grant_type", "password")]).encoded
            #expect(try await error([form], other) == "unsupported_grant_type")
            #expect(try await error([form], FormFields(client.credentials).encoded) == "invalid_request")
            #expect(try await error([form + "; charset=utf-8"], body) == nil)
            let query = manners.tokenPath + "?" + body
            #expect(try await client.ask("POST", query, [form], body: "")?.text("error") == "invalid_client")
        }
    }

    @Test func revocationTakesWhatTheProviderTakes() async throws {
        for manners in Manners.allCases {
            try await withSandbox(manners) { client in
                let answer = try #require(try await client.exchange(try await client.code()))
                func revoke(_ fields: Client.Fields) async throws -> Answer? {
                    try await client.post(manners.revocationPath, fields)
                }
                let token = [(name: "token", value: try answer.refreshToken)]
                #expect(try await revoke(token)?.text("error") == "invalid_client")
                #expect(try await revoke(client.credentials)?.text("error") == "invalid_request")
                // RFC 7009 §2.2 has no error for a token that is none; TikTok wants an access token.
                let unknown = try await revoke(client.credentials + [("token", "made-up")])
                #expect(unknown?.status == (manners == .tiktok ? 400 : 200))
                #expect(try await revoke(client.credentials + token)?.status == (manners == .tiktok ? 400 : 200))
                #expect(try await client.families("alive") == (manners == .tiktok ? 1 : 0))
            }
        }
    }

    @Test(arguments: Manners.allCases) func onlyABearerOpensTheResource(manners: Manners) async throws {
        try await withSandbox(manners) { client in
            let answer = try #require(try await client.exchange(try await client.code()))
            let access = try answer.accessToken
            let open = try await client.ask("GET", manners.resourcePath, ["Authorization: bearer \(access)"])
            #expect(open?.text.contains("Sandbox Person") == true)
            for header in [[], ["Authorization: \(access)"], ["Authorization: Basic \(access)"]] {
                let shut = try await client.ask("GET", manners.resourcePath, header)
                #expect(shut?.status == 401)
                #expect(shut?.text.contains("Sandbox Person") == false)
            }
            let refresh = try answer.refreshToken
            #expect(try await client.resource(refresh) == 401)
        }
    }

    @Test func noTwoTokensAreAlike() async throws {
        try await withSandbox { client in
            var seen: Set<String> = []
            var token = try await client.connect()
            for _ in 0..<20 {
                let answer = try #require(try await client.refresh(token))
                token = try answer.refreshToken
                for new in [token, try answer.accessToken] {
                    #expect(new.utf8.count >= 43)
                    #expect(seen.insert(new).inserted)
                }
            }
        }
    }

    @Test func tikTokErrorsCarryALogID() async throws {
        try await withSandbox(.tiktok) { client in
            let answer = try await client.refresh("made-up")
            #expect(try answer?.json().names == ["error", "error_description", "log_id"])
        }
    }
}
