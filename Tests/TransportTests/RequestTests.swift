import Testing

@testable import Transport

/// What goes out, to the byte.
@Suite struct RequestTests {
    private func received(_ request: (String) throws -> HTTPRequest) async throws -> [String] {
        let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        #expect(try await send(request(server.url)).answer?.status == 200)
        #expect(server.requests.count == 1)
        return server.requests[0].replacing(":\(server.port)\r\n", with: ":PORT\r\n").components
    }

    @Test func aPostIsTheseBytes() async throws {
        let lines = try await received {
            try .post(
                $0, "grant_type=refresh_token&refresh_token=r%2F1",
                headers: [
                    ("User-Agent", "tokenkeep/1.0"), ("Accept", "application/json"), ("Authorization", "Basic eA=="),
                ])
        }
        #expect(lines[0] == "POST /token/ HTTP/1.1")
        #expect(
            lines.dropFirst().dropLast(2).sorted() == [
                "Accept: application/json",
                "Authorization: Basic eA==",
                "Content-Length: 44",
                "Content-Type: application/x-www-form-urlencoded",
                "Host: 127.0.0.1:PORT",
                "User-Agent: tokenkeep/1.0",
            ])
        #expect(lines.suffix(2) == ["", "grant_type=refresh_token&refresh_token=r%2F1"])
    }

    @Test func aGetIsTheseBytes() async throws {
        let lines = try await received { try .get($0 + "?access_token=a%20b") }
        #expect(lines == ["GET /token/?access_token=a%20b HTTP/1.1", "Host: 127.0.0.1:PORT", "Accept: */*", "", ""])
    }

    @Test func aBodyOfMoreThanAMegabyteIsSentAtOnce() async throws {
        let body = String(repeating: "x", count: 1_500_000)
        let lines = try await received { try .post($0, body) }
        #expect(!lines.contains { $0.hasPrefix("Expect") })
        #expect(lines.last == body)
    }

    @Test func aPostWithoutABodySaysSo() async throws {
        let lines = try await received { try .post($0, "") }
        #expect(lines[0] == "POST /token/ HTTP/1.1")
        #expect(lines.contains("Content-Length: 0"))
    }

    @Test(arguments: [("", ""), (" ", ""), ("\u{E9}\t", "\u{E9}\t"), ("a: b; c", "a: b; c")])
    func aHeaderArrivesAsItWasGiven(value: String, arrived: String) async throws {
        let lines = try await received { try .post($0, headers: [("X-Value", value)]) }
        #expect(lines.contains("X-Value:" + (arrived.isEmpty ? "" : " " + arrived)))
    }

    @Test(arguments: [
        ("X-A", "b\r\nX-C: d"), ("X-A", "b\nc"), ("X-A", "b\u{0}c"), ("X-A", "b\u{7F}"), ("X\r\nY", "b"), ("X Y", "b"),
        ("X:Y", "b"), ("X\u{0}", "b"), ("\u{DC}", "b"), ("", "b"),
    ])
    func aHeaderThatWouldBreakTheRequestIsNotSent(name: String, value: String) async throws {
        let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let reason = try #require(try await send(.post(server.url, headers: [(name, value)])).notSent)
        #expect(server.connections == 0)
        #expect(!reason.contains("\r") && !reason.contains("\n"))
    }
}

extension String {
    fileprivate var components: [String] {
        var lines: [String] = []
        var rest = self[...]
        while let end = rest.firstRange(of: "\r\n") {
            lines.append(String(rest[..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        return lines + [String(rest)]
    }
}
