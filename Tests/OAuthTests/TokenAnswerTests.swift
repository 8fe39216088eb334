import OAuth
import Testing
import Tokens

/// What an answer of a token endpoint is taken for. The body decides.
struct TokenAnswerTests {
    private func read(_ body: String, status: Int64 = 200, _ provider: String = "tiktok") throws -> TokenAnswer {
        let entry = try #require(Catalogue.provider(provider))
        return TokenAnswer(Answer(status: status, date: nil, at: 1000, body: Secret(body)), from: entry)
    }

    private func tokens(_ body: String) throws -> TokenSet? {
        if case .tokens(let tokens) = try read(body) { return tokens }
        return nil
    }

    @Test func aCompleteAnswerHasAbsoluteTimes() throws {
        let body = """
            {"access_token":"act.1","expires_in":7200,"open_id":"o","refresh_expires_in":15552000,"refresh_token":"rft.1",
             "scope":"user.info.basic,video.upload","token_type":"Bearer","unknown":{"a":[1,{"b":null}]}}
            """
        let tokens = try #require(try tokens(body))
        #expect(tokens.accessToken == Secret("act.1") && tokens.refreshToken == Secret("rft.1"))
        #expect(tokens.expiresAt == 8200 && tokens.refreshExpiresAt == 15_553_000 && tokens.obtainedAt == 1000)
        #expect(tokens.scopes == ["user.info.basic", "video.upload"] && tokens.subject == "o")
        #expect(tokens.extras["open_id"] == Secret("o") && tokens.extras["unknown"] == nil)
    }

    @Test(arguments: [
        ("7200", Int64(8200)), ("\"7200\"", 8200), ("7200.9", 8200), ("7.2e3", 8200), ("0", nil), ("-1", nil),
        ("1e300", nil),
        ("\"soon\"", nil), ("null", nil), ("true", nil), ("[]", nil), ("99999999999999999999", nil), ("\"nan\"", nil),
    ])
    func aLifetimeIsANumberOrATextThatIsOneAndElseUnknown(text: String, expiresAt: Int64?) throws {
        let tokens = try #require(try tokens("{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":\(text)}"))
        #expect(tokens.expiresAt == expiresAt && tokens.refreshToken == Secret("r"), "a token is never lost for it")
    }

    @Test func anErrorIsAnErrorWhateverItsStatus() throws {
        for status: Int64 in [200, 400, 500] {
            let answer = try read(#"{"error":"invalid_grant","error_description":"Nope","log_id":"L"}"#, status: status)
            #expect(
                answer
                    == .error(ProviderError(code: Secret("invalid_grant"), detail: Secret("Nope"), logID: Secret("L"))))
        }
    }

    @Test(arguments: [
        "", "   ", "<html>", "{", "{\"access_token\":\"a\"", "[]", "null", "\"a\"", "{}", "{\"access_token\":\"\"}",
        "{\"access_token\":1}", "{\"access_token\":\"a\\u0000b\"}", "{\"access_token\":\"a\"}x", "\u{FEFF}",
    ])
    func whatIsNeitherIsUnreadable(body: String) throws {
        guard case .unreadable(let what) = try read(body) else {
            Issue.record("taken for something: \(body)")
            return
        }
        #expect(!what.contains("access_token"))
    }

    @Test func whatElseIsWrongInAnAnswerCostsNoToken() throws {
        for rest in [
            "\"name\":\"\\ud83d\"", "\"a\":1,\"a\":2", "\"scope\":7", "\"token_type\":[]", "\"open_id\":{}",
            "\"expires_in\":null",
        ] {
            #expect(
                try tokens("{\"access_token\":\"a\",\"refresh_token\":\"r\",\(rest)}")?.refreshToken == Secret("r"),
                "\(rest)")
        }
    }

    @Test func whatAProviderWritesCannotSteerATerminal() throws {
        let answer = try read(
            "{\"error\":\"x\\u001b[31m\",\"error_description\":\"a\\n\\u202eb\\u0007\(String(repeating: "y", count: 999))\"}"
        )
        guard case .error(let error) = answer else {
            Issue.record("no error")
            return
        }
        #expect(error.words(hiding: []).hasPrefix("x[31m (ab") && error.words(hiding: []).unicodeScalars.count < 420)
    }
}
