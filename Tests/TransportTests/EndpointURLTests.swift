import Testing

@testable import Transport

/// Where a request may go. An address that is refused here never becomes a request.
@Suite struct EndpointURLTests {
    @Test(arguments: [
        "https://open.tiktokapis.com/v2/oauth/token/", "HTTPS://Example.com", "https://example.com:8443/a?b=c@d",
        "https://192.0.2.1/", "https://[2001:db8::1]:443/", "https://xn--bcher-kva.example/",
        "https://host_name.example./",
    ])
    func httpsMayGoAnywhere(text: String) throws {
        let url = try EndpointURL(text)
        #expect(url.text == text)
        #expect(!url.isLoopback)
    }

    @Test(arguments: [
        "http://127.0.0.1:8765/token", "http://127.255.0.9", "http://localhost:1/", "http://LocalHost",
        "http://[::1]:80/",
        "https://127.0.0.1/", "https://[::1]/", "https://localhost/?a",
    ])
    func plainHTTPMayGoToThisMachine(text: String) throws {
        #expect(try EndpointURL(text).isLoopback)
    }

    @Test(arguments: [
        "http://example.com/", "http://192.0.2.1/", "http://localhost.example.com/", "http://127.0.0.1.example.com/",
        "http://127.0.0.256/", "http://127.1/", "http://0127.0.0.1/", "http://127.0.0.01/", "http://0x7f.0.0.1/",
        "http://2130706433/", "http://[::2]/", "http://[::ffff:127.0.0.1]/", "http://localhost./", "http://128.0.0.1/",
        "http://127.0.0.1.:80/", "http://+127.0.0.1/",
    ])
    func plainHTTPToAnotherMachineIsRefused(text: String) {
        let refusal = #expect(throws: EndpointURL.Refusal.self) { try EndpointURL(text) }
        #expect(refusal == .plainHTTP || text.contains("+"))
    }

    @Test(arguments: [
        "https://user@example.com/", "https://user:pass@example.com/", "http://127.0.0.1@example.com/",
        "https://example.com:443@evil.example/", "http://127.0.0.1:80@example.com",
    ])
    func aUserNameIsRefused(text: String) {
        #expect(throws: EndpointURL.Refusal.userInfo) { try EndpointURL(text) }
    }

    @Test(arguments: [
        "", "example.com", "https:/example.com", "https://", "https:///path", "https://?a", "https://:443/",
        "https://[::1",
        "https://[::1]x/", "https://[]/", "https://[fe80::1%25eth0]/", "https://a b/", "https://a\nb/",
        "https://a\u{0}/",
        "https://b\u{FC}cher.example/", "https://example.com\\@evil.example/", "https://ex%61mple.com/", "https://a:0/",
        "https://a:65536/", "https://a:x/", "https://a:/", "https://a:+1/", "https://./", "https://{a}/",
    ])
    func anAddressThatReadersCouldReadInTwoWaysIsRefused(text: String) {
        #expect(throws: EndpointURL.Refusal.malformed) { try EndpointURL(text) }
    }

    @Test(arguments: ["ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "://example.com/"])
    func anotherSchemeIsRefused(text: String) {
        #expect(throws: EndpointURL.Refusal.unsupportedScheme) { try EndpointURL(text) }
    }

    @Test func aFragmentIsRefused() {
        #expect(throws: EndpointURL.Refusal.fragment) { try EndpointURL("https://example.com/token#a") }
        #expect(throws: EndpointURL.Refusal.fragment) { try EndpointURL("http://127.0.0.1#@example.com/") }
    }

    @Test func everyRefusalSaysWhatMendsIt() {
        for refusal in EndpointURL.Refusal.allCases {
            #expect(!refusal.hint.isEmpty && !refusal.hint.hasSuffix("."))
            #expect(refusal.description.hasPrefix("the address ") && !refusal.description.hasSuffix("."))
        }
    }
}
