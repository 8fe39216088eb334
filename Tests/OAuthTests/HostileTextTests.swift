import OAuth
import Testing
import Tokens

/// Answers and callbacks that no honest provider sends, and what must not become of them.
struct HostileTextTests {
    private func read(_ body: String, status: Int64 = 200) throws -> TokenAnswer {
        let entry = try #require(Catalogue.provider("tiktok"))
        return TokenAnswer(Answer(status: status, date: nil, at: 1000, body: Secret(body)), from: entry)
    }

    private func tokens(_ body: String) throws -> TokenSet? {
        if case .tokens(let tokens) = try read(body) { return tokens }
        return nil
    }

    @Test func aSecretAndATextThatRepeatThemselvesCostNoTime() {
        let text = String(repeating: "a", count: 4096)
        let secret = Secret([UInt8](repeating: UInt8(ascii: "a"), count: 1 << 17))
        #expect(
            ProviderError(code: Secret("x"), detail: Secret(text), logID: nil).words(hiding: [secret])
                == "x (<redacted>)")
    }

    @Test(arguments: [
        ("unknown:T4-abcdefghijkl", "RT4-abcdefghijkl"), ("x UlQ0LWFiY2RlZmdoaWprbA== y", "RT4-abcdefghijkl"),
        ("got abcdefghijkl-m", "RT4-abcdefghijkl-mn"), ("eD1SVDQtYWJjZGVmZ2hpamts", "RT4-abcdefghijkl"),
        ("cmVmcmVzaF90b2tlbj1SVDQtYWJjZGVmZ2hpamtsJmE9Yg==", "RT4-abcdefghijkl"),
        ("5254342d6162636465666768696a6b6c", "RT4-abcdefghijkl"), ("%2552T4-abcdefghijkl", "RT4-abcdefghijkl"),
        ("b%63%64efghijklmn", "abcdefghijklmnop"), ("at 5%6efghijklmnopr", "efghijklmnopq"),
        ("at 5%256efghijklmnopr", "efghijklmnopq"),
    ])
    func noPartOfASecretThatGivesItAwayIsRepeated(text: String, secret: String) {
        let said = Secret(text)
        let error = ProviderError(code: said, detail: said, logID: said)
        let (code, logID) = error.parts(hiding: [Secret(secret)])
        for shown in [code, logID ?? "", error.words(hiding: [Secret(secret)])] {
            #expect(shown.contains("<redacted>") && !shown.contains("ghijkl") && !shown.contains("WFiY2Rl"), "\(shown)")
            #expect(!shown.contains("6566676869") && !shown.contains("YWJjZGVmZ2hp"), "\(shown)")
        }
        #expect(error.parts(hiding: [Secret("something else")]).code == text, "and nothing else is hidden")
    }

    @Test(arguments: [
        #"7"#, #"{}"#, #"true"#, #""a\u0000b""#, #""a\nb""#, #""\ud83d""#, #""é""#, #"["r"]"#,
    ])
    func aRefreshTokenThatIsNoneIsNotTakenForOneLeftOut(value: String) throws {
        // The old one may be spent: the whole answer is kept aside, where a person can find it.
        guard case .unreadable = try read(#"{"access_token":"a","refresh_token":\#(value)}"#) else {
            Issue.record("the old refresh token would be kept")
            return
        }
    }

    @Test(arguments: ["", #","refresh_token":null"#, #","refresh_token":"""#])
    func aRefreshTokenLeftOutIsLeftOut(rest: String) throws {
        let tokens = try #require(try tokens(#"{"access_token":"a"\#(rest)}"#))
        #expect(tokens.accessToken == Secret("a") && tokens.refreshToken == nil)
    }

    @Test(arguments: [#""a\r\nX: y""#, #""a\ud83d""#, #""a\u007f""#, #""\u00e9""#])
    func anAccessTokenThatCannotStandInAHeaderIsNone(value: String) throws {
        #expect(try tokens(#"{"access_token":\#(value)}"#) == nil)
    }

    @Test(arguments: [
        (
            #"{"error":{"code":"access_token_invalid","message":"No","log_id":"L"}}"#,
            "access_token_invalid (No), log id L"
        ),
        (#"{"error":"invalid_grant","error_description":7,"log_id":[]}"#, "invalid_grant"),
        (#"{"error":"a","error":"b"}"#, "b"), (#"{"error":"x","access_token":""}"#, "x"),
    ])
    func anErrorIsReadInTheShapesThatAreMet(body: String, words: String) throws {
        guard case .error(let error) = try read(body) else {
            Issue.record("no error")
            return
        }
        #expect(error.words(hiding: []) == words)
    }

    @Test(arguments: [
        #"{"error":{"code":"ok"}}"#, #"{"error":""}"#, #"{"error":null}"#, #"{"error":{"code":7}}"#, #"{"error":[]}"#,
    ])
    func whatIsNoErrorIsNone(body: String) throws {
        guard case .unreadable = try read(body) else {
            Issue.record("taken for something")
            return
        }
    }

    @Test func tokensBesideAnErrorAreTokens() throws {
        #expect(
            try tokens(#"{"error":{"code":"ok"},"access_token":"a","refresh_token":"r"}"#)?.refreshToken == Secret("r"))
        guard case .tokens = try read(#"{"access_token":"a"}"#, status: 500) else {
            Issue.record("the body decides")
            return
        }
    }

    @Test(arguments: [
        (#""a,b""#, ["a", "b"]), (#""a b""#, ["a", "b"]), (#""a, b,,c ""#, ["a", "b", "c"]),
        (#"["a","b"]"#, ["a", "b"]),
        (#"["a","b\u0000"]"#, ["a"]), (#""""#, nil), (#""a\u0000""#, nil), ("[1]", nil), ("{}", nil),
    ])
    func scopesAreTextOrAList(scope: String, expected: [String]?) throws {
        #expect(try tokens(#"{"access_token":"a","scope":\#(scope)}"#)?.scopes == expected)
    }

    @Test func whatIsKeptBesideTheTokensHasNoNUL() throws {
        let tokens = try tokens(#"{"access_token":"a","open_id":"o\u0000","token_type":"B\u0000"}"#)
        #expect(tokens?.subject == nil && tokens?.tokenType == nil && tokens?.extras == [:])
        #expect(tokens?.accessToken == Secret("a"))
    }

    @Test func depthCostsNoStack() throws {
        let deep = String(repeating: "[", count: 200_000) + String(repeating: "]", count: 200_000)
        guard case .unreadable = try read(#"{"access_token":"a","x":\#(deep)}"#) else {
            Issue.record("read")
            return
        }
    }

    @Test(arguments: [
        "code=a&iss=https://accounts.example.com&state=s", "?code=a&state=s", "127.0.0.1:3000/cb?code=a&state=s",
        "code=a&next=x?y&state=s", "http://h/cb;v=1?code=a&state=s", "/cb?code=a&state=s", "code=a&state=s#_=_",
        "code=a&error=&state=s", "code=a&&state=s&",
    ])
    func aPastedCallbackIsFoundInWhatPeopleCopy(text: String) throws {
        let callback = try #require(Callback(pasted: text))
        #expect(callback.code == Secret("a") && callback.state == Secret("s") && callback.error == nil)
    }

    @Test(arguments: [
        "code=%-1&state=s", "code=%4&state=s", "code=%\u{FF11}1", "code=", "error=&state=s", "a=1&code=x&a=1",
    ])
    func aMalformedCallbackIsNone(query: String) {
        #expect(Callback(query: query) == nil)
    }

    @Test func anEmptyStateIsAMissingOne() throws {
        #expect(try #require(Callback(query: "code=a&state=")).state == nil)
    }

    @Test func aRefusalIsShownWithoutWhatSteersATerminal() throws {
        let query = "error=access_denied&error_description=No%1B%5B2J%0Anow%E2%80%AE%FF&log_id=L%07&state=s"
        let error = try #require(Callback(query: query)?.error)
        #expect(error.words(hiding: []) == "access_denied (No[2Jnow\u{FFFD}), log id L")
    }

    @Test func aRequestShowsNothingOfWhatItSends() throws {
        let registration = Registration(
            provider: try #require(Catalogue.provider("tiktok")), clientID: Secret("ID-CANARY"),
            clientSecret: Secret("SECRET-CANARY"), redirectURI: nil, scopes: [], variables: [:])
        let request = TokenRequest.exchange(
            registration, code: Secret("CODE-CANARY"), redirectURI: "https://h/", verifier: Secret("V-CANARY"))
        var dumped = ""
        dump(request, to: &dumped)
        dump(registration, to: &dumped)
        dump(Callback(query: "code=C-CANARY&state=S-CANARY"), to: &dumped)
        #expect(!"\(request) \(String(reflecting: request)) \(dumped)".contains("CANARY"))
        #expect(dumped.contains("<redacted>"))
    }

    @Test func aBaseAddressMayEndWithASlash() throws {
        for base in ["http://127.0.0.1:1", "http://127.0.0.1:1/"] {
            let registration = Registration(
                provider: try #require(Catalogue.provider("sandbox")), clientID: Secret("c"), clientSecret: nil,
                redirectURI: nil, scopes: [], variables: ["base_url": base])
            #expect(TokenRequest.refresh(registration, with: Secret("r")).url == "http://127.0.0.1:1/token")
        }
    }

    @Test(arguments: ["http://example.com", "ftp://127.0.0.1", "http://127.0.0.1.example.com", "http://u@127.0.0.1"])
    func noTokenIsSentInPlainToAnotherMachine(base: String) async throws {
        let registration = Registration(
            provider: try #require(Catalogue.provider("sandbox")), clientID: Secret("c"), clientSecret: nil,
            redirectURI: nil, scopes: [], variables: ["base_url": base])
        #expect(registration.problem != nil)
        let endpoint = TokenEndpoint(timeout: .seconds(1), userAgent: "test", now: { 1 })
        let response = await endpoint.send(.refresh(registration, with: Secret("r")))
        #expect(response.reply == .unsent && response.problem?.hint.isEmpty == false)
    }
}
