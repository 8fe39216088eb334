import Glibc
import Testing

@testable import Transport

/// What a server does to a request, and what is said of it: the answer, "not sent" or "may have been received".
@Suite(.timeLimit(.minutes(1))) struct DeliveryTests {
    private let json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"

    @Test func aWholeAnswerIsGivenWithItsHeaders() async throws {
        let server = try ScriptedServer(
            answer: "HTTP/1.1 200 OK\r\ncontent-type:  application/json; charset=utf-8 \r\n"
                + "DATE: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 120\r\nContent-Length: 7\r\n\r\n{\"a\":1}")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.status == 200)
        #expect(answer.contentType == "application/json; charset=utf-8")
        #expect(answer.date == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(answer.retryAfter == "120")
        #expect(answer.text == "{\"a\":1}")
        #expect(answer.isDelimited)
    }

    @Test(arguments: [400, 401, 429, 500, 503])
    func aStatusOfFailureIsAnAnswerWithABody(status: Int) async throws {
        let server = try ScriptedServer(answer: "HTTP/1.1 \(status) No\r\nContent-Length: 4\r\n\r\noops")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.status == status)
        #expect(answer.text == "oops")
    }

    @Test func aPageOfHTMLIsAnAnswer() async throws {
        let server = try ScriptedServer(
            answer: "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.contentType == "text/html")
        #expect(answer.text == "<html></html>")
    }

    @Test func chunksAreJoined() async throws {
        let server = try ScriptedServer(
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n"
                + "Content-Type: of/a-trailer\r\n\r\n")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.text == "{\"a\":1}")
        #expect(answer.isDelimited)
        #expect(answer.contentType == nil)
    }

    @Test func aBodyThatEndsWithTheConnectionIsCalledUndelimited() async throws {
        let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.text == "{\"a\":1}")
        #expect(!answer.isDelimited)
    }

    @Test func interimAnswersAreForgotten() async throws {
        let server = try ScriptedServer(
            answer: "HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\n"
                + "HTTP/1.1 103 Early Hints\r\nContent-Type: of/a-hint\r\nContent-Length: 5\r\n\r\n"
                + "HTTP/1.1 200 OK\r\n\r\n{}")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.status == 200)
        #expect(answer.contentType == nil)
        #expect(answer.retryAfter == nil)
        #expect(!answer.isDelimited)
        #expect(answer.text == "{}")
    }

    @Test func anInterimAnswerAloneIsNoAnswer() async throws {
        let server = try ScriptedServer(answer: "HTTP/1.1 100 Continue\r\nContent-Type: text/plain\r\n\r\n")
        let delivery = try await send(.post(server.url))
        #expect(delivery.unanswered != nil)
        #expect(delivery.partial == nil)
    }

    @Test func aRedirectIsAnAnswerAndIsNotFollowed() async throws {
        let other = try ScriptedServer(answer: json)
        let server = try ScriptedServer(
            answer: "HTTP/1.1 307 Elsewhere\r\nLocation: \(other.url)\r\nContent-Length: 0\r\n\r\n")
        let answer = try #require(try await send(.post(server.url)).answer)
        #expect(answer.status == 307)
        #expect(other.connections == 0)
    }

    @Test func aRequestIsNeverSentTwice() async throws {
        let server = try ScriptedServer { $0.readRequest() }
        let delivery = try await send(.post(server.url, "refresh_token=once"))
        #expect(delivery.unanswered != nil)
        #expect(delivery.partial == nil)
        #expect(server.connections == 1)
        #expect(server.requests.count == 1)
    }

    @Test func aConnectionIsNotUsedAgain() async throws {
        let answer = json
        let server = try ScriptedServer { connection in
            connection.readRequest()
            connection.send(answer)
            connection.waitForClose()
        }
        for _ in 1...3 { #expect(try await send(.post(server.url)).answer != nil) }
        #expect(server.connections == 3)
    }

    @Test func aConnectionClosedUnreadMayHaveBeenReceived() async throws {
        let server = try ScriptedServer { _ in }
        #expect(try await send(.post(server.url)).unanswered != nil)
        #expect(server.connections == 1)
    }

    @Test func aResetMayHaveBeenReceived() async throws {
        let server = try ScriptedServer { connection in
            connection.readRequest()
            connection.resetOnClose()
        }
        #expect(try await send(.post(server.url)).unanswered != nil)
        #expect(server.connections == 1)
    }

    @Test(arguments: [
        "Content-Length: 100\r\n\r\n{\"a\"",
        "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n",
        "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n0\r\n",
        "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"a\"",
    ])
    func anAnswerCutInItsBodyIsKeptAsAPart(rest: String) async throws {
        let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + rest)
        let delivery = try await send(.post(server.url))
        #expect(delivery.unanswered != nil)
        let partial = try #require(delivery.partial)
        #expect(partial.status == 200)
        #expect(partial.contentType == "application/json")
        #expect(partial.text == "{\"a\"")
    }

    @Test(arguments: [
        "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Ty",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
    ])
    func headersThatAreCutAreNoAnswer(answer: String) async throws {
        let server = try ScriptedServer(answer: answer)
        let delivery = try await send(.post(server.url))
        #expect(delivery.unanswered != nil)
        #expect(delivery.partial == nil)
    }

    @Test func somethingThatIsNotHTTPIsNoAnswer() async throws {
        let server = try ScriptedServer(answer: "SSH-2.0-OpenSSH_9.2\r\n")
        #expect(try await send(.post(server.url)).unanswered != nil)
    }

    @Test func silenceBeyondTheLimitMayHaveBeenReceived() async throws {
        let server = try ScriptedServer { connection in
            connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-")
            connection.waitForClose()
        }
        let delivery = try await send(.post(server.url, timeout: .milliseconds(300)))
        #expect(delivery.unanswered != nil)
        #expect(delivery.partial == nil)
    }

    @Test func aBodyBeyondTheTimeLimitIsKeptAsAPart() async throws {
        let server = try ScriptedServer { connection in
            connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\"")
            connection.waitForClose()
        }
        let delivery = try await send(.post(server.url, timeout: .milliseconds(300)))
        #expect(delivery.unanswered != nil)
        #expect(delivery.partial?.text == "{\"a\"")
    }

    @Test func anAnswerOverTheLimitIsCutOffThere() async throws {
        let server = try ScriptedServer(
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n" + String(repeating: "x", count: 2 << 20))
        let delivery = try await send(.post(server.url))
        #expect(delivery.unanswered == "the answer is over 1048576 bytes")
        #expect(delivery.partial?.status == 200)
        #expect(delivery.partial?.body.count == 1 << 20)
    }

    @Test func anAnswerOfExactlyTheLimitIsWhole() async throws {
        let server = try ScriptedServer(
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + String(repeating: "x", count: 100))
        #expect(try await send(.post(server.url, answerLimit: 100)).answer?.body.count == 100)
        #expect(try await send(.post(server.url, answerLimit: 99)).partial?.body.count == 99)
    }

    @Test func headersOverTheLimitAreCutOff() async throws {
        let server = try ScriptedServer { connection in
            connection.readRequest()
            connection.send(
                "HTTP/1.1 100 Continue\r\n\r\n" + String(repeating: "HTTP/1.1 102 Wait\r\n\r\n", count: 1000))
            connection.waitForClose()
        }
        let delivery = try await send(.post(server.url, answerLimit: 4096))
        #expect(delivery.unanswered == "the answer is over 4096 bytes")
        #expect(delivery.partial == nil)
    }

    @Test func aRefusedPortIsNotSent() async throws {
        let port = try Socket.refusedPort()
        let reason = try #require(try await send(.post("http://127.0.0.1:\(port)/")).notSent)
        #expect(reason.contains("127.0.0.1"))
    }

    @Test func anUnknownNameIsNotSent() async throws {
        let reason = try await send(.post("https://tokenkeep.invalid/token?key=hunter2")).notSent
        #expect(reason == "could not resolve host: tokenkeep.invalid")
    }

    @Test func aHandshakeWithoutEndIsNotSent() async throws {
        let server = try ScriptedServer { $0.waitForClose() }
        let request = try HTTPRequest.post("https://127.0.0.1:\(server.port)/", connectTimeout: .milliseconds(300))
        #expect(try await send(request).notSent != nil)
        #expect(server.connections == 1)
    }

    @Test func tlsToAPlainTextPortIsNotSent() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        #expect(try await send(.post("https://127.0.0.1:\(server.port)/")).notSent != nil)
        #expect(server.connections == 1)
    }

    @Test func aCancelledTaskStillGetsItsAnswer() async throws {
        let server = try ScriptedServer(answer: json)
        let request = try HTTPRequest.post(server.url)
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await send(request)
        }
        #expect(try await task.value.answer?.status == 200)
    }

    @Test func requestsWaitSideBySideHoweverFewTheCores() async throws {
        let (count, answer) = (16, json)
        let barrier = try Pipe()
        let arrived = Arrivals()
        let servers = try (0..<count).map { _ in
            try ScriptedServer { connection in
                connection.readRequest()
                if arrived.next() == count { barrier.write([UInt8](repeating: 0, count: count)) }
                barrier.readByte()
                connection.send(answer)
            }
        }
        let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
            for server in servers {
                let request = try HTTPRequest.post(server.url)
                group.addTask { try await send(request).answer != nil }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(answered == count)
    }
}
