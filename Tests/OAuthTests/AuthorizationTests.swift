import OAuth
import Testing
import Tokens

/// The URL that a person opens, and what he brings back.
struct AuthorizationTests {
    private func registration(_ provider: String) throws -> Registration {
        Registration(
            provider: try #require(Catalogue.provider(provider)), clientID: Secret("client id"),
            clientSecret: Secret("s&=+"),
            redirectURI: nil, scopes: ["user.info.basic", "video.upload"], variables: ["base_url": "http://127.0.0.1:1"]
        )
    }

    private func fields(_ url: String) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: url.drop { $0 != "?" }.dropFirst().split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                return (parts[0], parts[1])
            })
    }

    @Test func tikTokTakesAHexadecimalChallengeOnLoopbackAndNoneOnTheWeb() throws {
        let loopback = try Authorization(registration("tiktok"), redirectURI: "http://127.0.0.1:3000/cb/", now: 0)
        let sent = fields(loopback.url)
        let verifier = try #require(loopback.pending.verifier)
        #expect(
            loopback.url.hasPrefix(
                "https://www.tiktok.com/v2/auth/authorize/?client_key=client%20id&response_type=code&"))
        #expect(sent["code_challenge"] == (try PKCE.challenge(for: verifier, encoding: .hexadecimal)))
        #expect(sent["code_challenge_method"] == "S256" && sent["scope"] == "user.info.basic%2Cvideo.upload")
        #expect(sent["state"] == loopback.pending.state.revealed() && sent["state"]?.count == 43)
        let web = try Authorization(registration("tiktok"), redirectURI: "https://example.com/cb/", now: 0)
        #expect(fields(web.url)["code_challenge"] == nil && web.pending.verifier == nil)
        #expect(fields(web.url)["state"] != sent["state"], "each authorisation has a state of its own")
        #expect(loopback.pending.expiresAt == 900)
    }

    @Test func othersTakeTheChallengeOfTheRFC() throws {
        let authorization = try Authorization(registration("sandbox"), redirectURI: "https://example.com/cb", now: 0)
        let verifier = try #require(authorization.pending.verifier)
        #expect(
            fields(authorization.url)["code_challenge"] == (try PKCE.challenge(for: verifier, encoding: .base64URL)))
        #expect(fields(authorization.url)["scope"] == "user.info.basic%20video.upload")
    }

    @Test func aTokenRequestIsAFormWithTheProvidersNames() throws {
        let refresh = TokenRequest.refresh(try registration("tiktok"), with: Secret("rft.!*'()é"))
        #expect(refresh.url == "https://open.tiktokapis.com/v2/oauth/token/")
        #expect(
            refresh.body.revealed()
                == "client_key=client%20id&client_secret=s%26%3D%2B&grant_type=refresh_token&refresh_token=rft.%21%2A%27%28%29%C3%A9"
        )
        let exchange = TokenRequest.exchange(
            try registration("sandbox"), code: Secret("c*0!6410"), redirectURI: "http://[::1]/", verifier: Secret("v"))
        #expect(
            (exchange.body.revealed() ?? "").hasSuffix(
                "grant_type=authorization_code&code=c%2A0%216410&redirect_uri=http%3A%2F%2F%5B%3A%3A1%5D%2F&code_verifier=v"
            ))
        let revoke = TokenRequest.revoke(
            try registration("tiktok"), TokenSet(accessToken: Secret("a"), refreshToken: Secret("r")))
        #expect(revoke?.url == "https://open.tiktokapis.com/v2/oauth/revoke/")
        #expect(
            revoke?.body.revealed()?.hasSuffix("&token=a") == true,
            "TikTok revokes by the access token")
    }

    @Test(arguments: [
        "http://127.0.0.1:3000/cb/?code=a%2A0%21&state=s", "code=a%2A0%21&state=s",
        "https://h/?state=s&code=a%2A0%21#_",
        "  https://h/?code=a%2A0%21&state=s&scopes=x%2Cy \n",
    ])
    func aCodeIsDecodedOnceFromTheAddressOrItsQuery(text: String) throws {
        let callback = try #require(Callback(pasted: text))
        #expect(callback.code == Secret("a*0!") && callback.state == Secret("s") && callback.error == nil)
    }

    @Test func aCodeIsNotDecodedTwice() throws {
        #expect(Callback(query: "code=a%252A&state=s")?.code == Secret("a%2A"))
        #expect(Callback(query: "code=a+b&state=s")?.code == Secret("a b"))
    }

    @Test(arguments: [
        "", "http://127.0.0.1:3000/", "code=a&code=b", "state=a&code=x&state=b", "code=%", "code=%zz", "code=%+1",
        "state=s", "hello",
    ])
    func whatIsNoCallbackIsNone(text: String) {
        #expect(Callback(pasted: text) == nil)
    }

    @Test(arguments: [
        ("http://127.0.0.1:3000/a/b/", RedirectURI(loopback: "http://127.0.0.1:3000/a/b/"), 3000, "/a/b/"),
        ("http://localhost/", RedirectURI(loopback: "http://localhost/"), 80, "/"),
        ("http://[::1]:8/x?y", RedirectURI(loopback: "http://[::1]:8/x?y"), 8, "/x"),
    ])
    func aLoopbackRedirectHasAPortAndAPath(text: String, uri: RedirectURI?, port: Int, path: String) {
        #expect(uri?.port == port && uri?.path == path, "\(text)")
    }

    @Test(arguments: [
        ("https://example.com/cb?x=1", true), ("https://example.com:8443/cb/", true),
        ("http://127.0.0.1:3000/cb/", true),
        ("http://[::1]:8/x", true), ("http://localhost/", true), ("com.example.app:/cb", true),
        ("http://example.com/cb", false), ("http://127.0.0.1:99999/cb", false), ("https://example.com:0/", false),
        ("https://example.com/#x", false), ("https://user@example.com/", false), ("https:///cb", false),
        ("https://example.com/a b", false), ("ftp://example.com/", false), ("example.com/cb", false), ("", false),
        ("javascript:alert(1)", false),
    ])
    func aRedirectURIIsOneThatABrowserCanBeSentTo(text: String, isOne: Bool) {
        #expect((RedirectURI.problem(with: text) == nil) == isOne, "\(text)")
    }

    @Test(arguments: [
        "https://127.0.0.1/", "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/", "http://127.0.0.1:+80/", "http://user@127.0.0.1/", "http://example.com/", "",
        "http://",
    ])
    func nobodyListensElsewhere(text: String) {
        #expect(RedirectURI(loopback: text) == nil)
    }
}
