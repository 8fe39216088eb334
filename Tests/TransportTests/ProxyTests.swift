import Testing

@testable import Transport

/// The way through a proxy, and past it. The variables are the process's, so each test has one of its own.
@Suite struct ProxyTests {
    private static let target = "https://\(TLSServer.name)/token"

    @Test(arguments: ["407 Proxy Authentication Required", "502 Bad Gateway", "301 Elsewhere"])
    func aProxyThatRefusesIsNotSent(status: String) async {
        await #expect(processExitsWith: .success) { [status = status as String] in
            let proxy = try ScriptedServer(answer: "HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            Environment.set(["https_proxy": proxy.url])
            let delivery = try await send(.post(Self.target, "secret", headers: [("Authorization", "Basic c2VjcmV0")]))
            #expect(delivery.notSent?.contains(status.prefix(3)) == true)
            let request = try #require(proxy.requests.first)
            #expect(request.hasPrefix("CONNECT \(TLSServer.name):443 HTTP/1.1\r\n"))
            #expect(!request.contains("Authorization") && !request.contains("secret"))
        }
    }

    @Test func aProxyThatSaysNothingIsNotSent() async {
        await #expect(processExitsWith: .success) {
            let proxy = try ScriptedServer { connection in
                connection.readRequest()
                connection.waitForClose()
            }
            Environment.set(["HTTPS_PROXY": proxy.url])
            #expect(try await send(.post(Self.target, connectTimeout: .milliseconds(300))).notSent != nil)
            #expect(proxy.connections == 1)
        }
    }

    @Test func aTunnelWithoutTLSAtItsEndIsNotSent() async {
        await #expect(processExitsWith: .success) {
            let proxy = try ScriptedServer { connection in
                connection.readRequest()
                connection.send("HTTP/1.1 200 Connection established\r\n\r\n")
                _ = connection.read()
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            Environment.set(["ALL_PROXY": proxy.url])
            #expect(try await send(.post(Self.target)).notSent != nil)
        }
    }

    @Test func throughATunnelTheAnswerIsTheTargets() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer()
            let port = server.port
            let proxy = try ScriptedServer { connection in
                connection.readRequest()
                connection.send(
                    "HTTP/1.1 200 Connection established\r\nRetry-After: 1\r\nContent-Type: of/the-proxy\r\n\r\n")
                connection.relay(to: port)
            }
            Environment.set(["SSL_CERT_FILE": server.certificate, "https_proxy": proxy.url])
            let answer = try #require(try await send(.get(Self.target)).answer)
            #expect(answer.status == 200)
            #expect(answer.contentType == "text/html")
            #expect(answer.retryAfter == nil)
        }
    }

    @Test func aTunnelThatFallsSilentMayHaveBeenReceived() async {
        await #expect(processExitsWith: .success) {
            let server = try TLSServer(isSilent: true)
            let port = server.port
            let proxy = try ScriptedServer { connection in
                connection.readRequest()
                connection.send("HTTP/1.1 200 Connection established\r\n\r\n")
                connection.relay(to: port)
            }
            Environment.set(["SSL_CERT_FILE": server.certificate, "https_proxy": proxy.url])
            let delivery = try await send(.post(Self.target, timeout: .milliseconds(500)))
            #expect(delivery.unanswered != nil)
            #expect(delivery.partial == nil)
        }
    }

    @Test func noProxyIsHonoured() async {
        await #expect(processExitsWith: .success) {
            let proxy = try ScriptedServer { _ in }
            Environment.set(["https_proxy": proxy.url, "no_proxy": ".invalid"])
            #expect(try await send(.get("https://tokenkeep.invalid/")).notSent?.contains("tokenkeep.invalid") == true)
            #expect(proxy.connections == 0)
        }
    }

    @Test func thisMachineIsAskedPastEveryProxy() async {
        await #expect(processExitsWith: .success) {
            let proxy = try ScriptedServer { _ in }
            let variables = ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"]
            Environment.set(Dictionary(uniqueKeysWithValues: variables.map { ($0, proxy.url) }))
            let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            #expect(try await send(.post(server.url)).answer != nil)
            #expect(try await send(.post("http://localhost:\(server.port)/")).answer != nil)
            let refused = try Socket.refusedPort()
            #expect(try await send(.post("https://localhost:\(refused)/")).notSent != nil)
            #expect(proxy.connections == 0)
        }
    }

    @Test(arguments: [
        "bad://user:hunter2@127.0.0.1:1", "http://user:hunter2@[", "http://user:hunter2@tokenkeep.invalid",
    ])
    func aProxysPasswordIsNotInTheReason(proxy: String) async {
        await #expect(processExitsWith: .success) { [proxy = proxy as String] in
            Environment.set(["https_proxy": proxy])
            let reason = try #require(try await send(.get(Self.target)).notSent)
            #expect(!reason.contains("hunter2") && !reason.isEmpty)
        }
    }

    @Test func aNetrcIsNotRead() async {
        await #expect(processExitsWith: .success) {
            let home = try TemporaryFolder()
            try home.write(".netrc", "machine 127.0.0.1 login a password b\n")
            Environment.set(["HOME": home.path])
            let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            #expect(try await send(.get(server.url)).answer != nil)
            #expect(server.requests.first?.contains("Authorization") == false)
        }
    }
}
