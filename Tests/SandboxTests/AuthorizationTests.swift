import LocalServer
import Sandbox
import Testing

@Suite(.timeLimit(.minutes(1))) struct AuthorizationTests {
    @Test(arguments: Manners.allCases) func aRightRequestIsRedirectedWithACodeAndItsState(manners: Manners) async throws
    {
        try await withSandbox(manners) { client in
            let answer = try await client.authorize()
            let fields = try answer.redirect(Client.redirectURI)
            #expect(answer.status == 302)
            #expect(fields["state"] == "s t&=%")
            #expect(fields["code"]?.hasSuffix("*0!6410") == (manners == .tiktok))
            #expect(answer.header("location")?.contains("%2A0%216410&") == (manners == .tiktok))
            #expect(fields["scopes"] == (manners == .tiktok ? "user.info.basic,video.upload" : nil))
        }
    }

    @Test(
        arguments: Manners.allCases,
        [
            ["client": "other"], ["client": nil], ["redirect_uri": nil], ["redirect_uri": "https://evil.example/"],
            ["redirect_uri": "http://127.0.0.1:3000/auth/tiktok/callback"],
            ["redirect_uri": "http://127.0.0.1:3000/auth/tiktok/callback/?x=1"],
            ["redirect_uri": "http://127.0.0.1:3001/auth/tiktok/callback/"],
            ["redirect_uri": "http://localhost:3000/auth/tiktok/callback/"],
        ] as [[String: String?]])
    func anUntrustedClientOrRedirectIsShownAPageAndNeverRedirected(
        manners: Manners, change: [String: String?]
    ) async throws {
        try await withSandbox(manners) { client in
            let changes = change.map { ($0.key == "client" ? client.idName : $0.key, $0.value) }
            let answer = try await client.authorize(Dictionary(uniqueKeysWithValues: changes))
            #expect(answer.status == 400)
            #expect(answer.header("location") == nil)
            #expect(answer.header("content-type") == "text/html; charset=utf-8")
        }
    }

    @Test func aParameterThatStandsTwiceIsRefused() async throws {
        try await withSandbox { client in
            let right = try client.authorization()
            func ask(_ more: Client.Fields) async throws -> Answer? {
                try await client.ask("GET", "/authorize?" + FormFields(right + more).encoded)
            }
            #expect(try await ask([("redirect_uri", Client.redirectURI)])?.status == 400)
            #expect(try await ask([("client_id", "sandbox-client")])?.status == 400)
            let answer = try #require(try await ask([("scope", "other")]))
            #expect(try answer.redirect(Client.redirectURI)["error"] == "invalid_request")
        }
    }

    @Test(
        arguments: Manners.allCases,
        [
            (["response_type": nil], "invalid_request"), (["response_type": "token"], "unsupported_response_type"),
            (["state": nil], "invalid_request"), (["state": ""], "invalid_request"),
            (["scope": nil], "invalid_scope"), (["scope": "a,b c"], "invalid_scope"),
            (["scope": "a\"b"], "invalid_scope"),
            (["code_challenge": nil], "invalid_request"), (["code_challenge_method": nil], "invalid_request"),
            (["code_challenge_method": "plain"], "invalid_request"), (["code_challenge": "short"], "invalid_request"),
        ] as [([String: String?], String)])
    func anyOtherErrorIsToldByRedirect(manners: Manners, wrong: ([String: String?], String)) async throws {
        try await withSandbox(manners) { client in
            let fields = try await client.authorize(wrong.0).redirect(Client.redirectURI)
            #expect(fields["error"] == wrong.1)
            #expect(fields["error_description"]?.isEmpty == false)
            #expect(fields["code"] == nil)
            #expect(fields["state"] == (wrong.0.keys.contains("state") ? nil : "s t&=%"))
        }
    }

    @Test func eachMannersWantTheirOwnEncodingOfTheChallenge() async throws {
        let hexadecimal = String(repeating: "0a", count: 32)
        let base64URL = String(repeating: "A", count: 43)
        func error(_ manners: Manners, _ challenge: String) async throws -> String? {
            var error: String?
            try await withSandbox(manners) { client in
                let answer = try await client.authorize(["code_challenge": challenge])
                error = try answer.redirect(Client.redirectURI)["error"]
            }
            return error
        }
        #expect(try await error(.standard, base64URL) == nil)
        #expect(try await error(.standard, hexadecimal) == "invalid_request")
        #expect(try await error(.standard, String(repeating: "A", count: 42) + "=") == "invalid_request")
        #expect(try await error(.tiktok, hexadecimal) == nil)
        #expect(try await error(.tiktok, base64URL) == "invalid_request")
        #expect(try await error(.tiktok, hexadecimal.uppercased()) == "invalid_request")
    }

    @Test func tikTokTakesNoChallengeForAWebRedirect() async throws {
        let uri = "https://app.example/callback/"
        try await withSandbox(.tiktok, change: { $0.redirectURIs.append(uri) }) { client in
            let refused = try await client.authorize(["redirect_uri": uri])
            #expect(try refused.redirect(uri)["error"] == "invalid_request")
            let web: [String: String?] = ["redirect_uri": uri, "code_challenge": nil, "code_challenge_method": nil]
            let verified = try await client.exchange(try await client.code(web), ["redirect_uri": uri])
            #expect(verified?.text("error") == "invalid_grant")
            let plain = try await client.exchange(
                try await client.code(web), ["redirect_uri": uri, "code_verifier": nil])
            #expect(plain?.status == 200)
        }
    }

    @Test func aRedirectURIMayHaveAQueryOfItsOwn() async throws {
        let uri = "https://app.example/callback?tenant=1"
        try await withSandbox(change: { $0.redirectURIs = [uri] }) { client in
            let location = try await client.authorize(["redirect_uri": uri]).header("location")
            #expect(location?.hasPrefix(uri + "&code=") == true)
        }
    }

    @Test(arguments: Manners.allCases) func aSlashTooManyOrTooFewIsAnotherPath(manners: Manners) async throws {
        try await withSandbox(manners) { client in
            for path in [manners.authorizationPath, manners.tokenPath, manners.revocationPath, manners.resourcePath] {
                let other = path.hasSuffix("/") ? String(path.dropLast()) : path + "/"
                let statuses = try await [client.ask("GET", other), client.ask("PUT", path)].map { $0?.status }
                #expect(statuses == [404, 405])
            }
        }
    }
}
