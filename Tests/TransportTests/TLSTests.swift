import Testing

@testable import Transport

/// TLS, against OpenSSL's own server. A test that sets a variable runs in a process of its own.
@Suite struct TLSTests {
    @Test func aCertificateOfAnUnknownAuthorityIsNotSent() async throws {
        let server = try TLSServer()
        let delivery = try await send(.get("https://127.0.0.1:\(server.port)/"))
        #expect(delivery.notSent == "SSL certificate problem: self-signed certificate")
        guard case .notSent(_, let hint) = delivery else { return }
        #expect(hint.contains("SSL_CERT_FILE"))
    }

    @Test(arguments: ["SSL_CERT_FILE", "CURL_CA_BUNDLE"])
    func anAuthorityOfOnesOwnIsNamedByAVariable(variable: String) async throws {
        await #expect(processExitsWith: .success) { [variable = variable as String] in
            let server = try TLSServer()
            Environment.set([variable: server.certificate])
            let answer = try #require(try await send(.get("https://localhost:\(server.port)/")).answer)
            #expect(answer.status == 200)
            #expect(answer.text.contains("TLSv1.3"))
        }
    }

    @Test func aCertificateForAnotherNameIsNotSent() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer()
            Environment.set(["SSL_CERT_FILE": server.certificate])
            let reason = try #require(try await send(.get("https://127.0.0.1:\(server.port)/")).notSent)
            #expect(reason.contains("does not match") || reason.contains("no alternative certificate subject name"))
        }
    }

    @Test func aVersionBeforeTLS12IsNotSent() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
            // A machine whose settings allow more than is good: OpenSSL alone would take the old version.
            let folder = try TemporaryFolder()
            let settings = """
                openssl_conf = all
                [all]
                ssl_conf = ssl
                [ssl]
                system_default = old
                [old]
                MinProtocol = TLSv1
                CipherString = ALL:@SECLEVEL=0

                """
            try folder.write("openssl.cnf", settings)
            Environment.set(["SSL_CERT_FILE": server.certificate, "OPENSSL_CONF": folder.path + "/openssl.cnf"])
            #expect(try await send(.get("https://localhost:\(server.port)/")).notSent?.contains("version") == true)
        }
    }

    @Test func tls12IsSpoken() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer("-tls1_2")
            Environment.set(["SSL_CERT_FILE": server.certificate])
            #expect(try await send(.get("https://localhost:\(server.port)/")).answer?.text.contains("TLSv1.2") == true)
        }
    }

    // libcurl takes a connection that was cut for the end of such a body, so nobody may rely on it being whole.
    @Test func aBodyCutBeforeTLSHasEndedIsNotCalledDelimited() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer()
            let port = server.port
            Environment.set(["SSL_CERT_FILE": server.certificate])
            let cut = try ScriptedServer { $0.relay(to: port, dropsCloseNotify: true) }
            switch try await send(.get("https://localhost:\(cut.port)/")) {
            case .answered(let answer): #expect(!answer.isDelimited)
            case .unanswered: break
            case .notSent(let reason, _): Issue.record("not sent: \(reason)")
            }
        }
    }
}
