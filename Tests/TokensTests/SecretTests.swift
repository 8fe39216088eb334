import Sealing
import Testing
import Tokens

@Suite struct SecretTests {
    private static let value = "sk-5f0c-never-to-be-seen"

    /// Every value that holds the secret, each part of it filled.
    private static var holders: [Any] {
        get throws {
            let secret = Secret(value)
            let tokens = TokenSet(accessToken: secret, refreshToken: secret, extras: ["open_id": secret])
            let unread = Connection.UnreadAnswer(at: 1, status: 200, body: secret)
            let pending = Connection.PendingAuthorization(
                state: secret, verifier: secret, redirectURI: "http://127.0.0.1/", scopes: [], expiresAt: 2)
            var connection = Connection(provider: "tiktok")
            connection.tokens = tokens
            connection.pending = pending
            connection.keepUnread(unread)
            let object = connection.object
            var records = Records()
            records.set(try #require(RecordName("tiktok")), object)
            return [
                secret, tokens, unread, pending, connection, object, object.encoded(), records,
                object.raw("extras") as Any, [secret], ["name": secret], (1, secret) as Any, Optional(tokens) as Any,
                Answer(status: 200, date: nil, at: 1, body: secret),
            ]
        }
    }

    @Test func noRenderingOfAHolderShowsTheValue() throws {
        for holder in try Self.holders {
            var seen = ""
            print(holder, to: &seen)
            debugPrint(holder, to: &seen)
            dump(holder, to: &seen)
            seen += "\(holder)" + String(describing: holder) + String(reflecting: holder)
            seen += reflection(of: holder)
            #expect(!seen.contains("sk-5f0c"), "\(type(of: holder))")
            // The bytes as numbers would be the value, too.
            #expect(!seen.contains("115, 107, 45"), "\(type(of: holder))")
            #expect(
                seen.contains("<redacted>"), "\(type(of: holder)) was rendered without the secret: the test is blind")
        }
    }

    @Test func aSecretReflectsNothing() {
        let mirror = Mirror(reflecting: Secret(Self.value))
        #expect(mirror.children.isEmpty)
        #expect(mirror.superclassMirror == nil)
    }

    /// Everything that reflection can reach, described.
    private func reflection(of value: Any) -> String {
        var mirrors = [Mirror(reflecting: value)]
        var seen = ""
        while let mirror = mirrors.popLast() {
            seen += "\(mirror)" + String(describing: mirror.subjectType)
            for child in mirror.children {
                seen += (child.label ?? "") + String(describing: child.value) + String(reflecting: child.value)
                mirrors.append(Mirror(reflecting: child.value))
            }
            if let above = mirror.superclassMirror { mirrors.append(above) }
        }
        return seen
    }

    @Test func noErrorHoldsWhatWasRead() throws {
        let texts = [
            "{\"\(Self.value)\":1,\"\(Self.value)\":2}", "{\"a\":\(Self.value)}", "{\"a\":\"\(Self.value)\\q\"}",
            "{\"a\":\"\(Self.value)", "\(Self.value)",
        ]
        for text in texts {
            let failure = #expect(throws: JSONError.self) {
                _ = try JSONObject(parsing: text.utf8.span, rules: .record)
            }
            #expect(!String(reflecting: failure).contains("sk-5f0c"))
            #expect(failure?.description.contains("sk-5f0c") == false)
        }
        let record = "{\"provider\":\"x\",\"access_token\":\"t\",\"extras\":{\"\(Self.value)\":1}}"
        let object = try JSONObject(parsing: record.utf8.span, rules: .record)
        let failure = #expect(throws: JSONError.self) { _ = try Connection(object) }
        #expect(failure?.description.contains("sk-5f0c") == false)
    }

    @Test func secretsAreEqualByTheirBytes() {
        #expect(Secret("a") == Secret([0x61]))
        #expect(Secret("") == Secret([]))
        #expect(Secret("a") != Secret("b"))
        #expect(Secret("a") != Secret("aa"))
        // One name to a reader of Unicode, two secrets to a server.
        #expect(Secret("\u{E9}") != Secret("e\u{301}"))
    }

    @Test func whatIsRevealedIsWhatWasKept() {
        #expect(Secret("grüße \u{1F511}").revealed() == "grüße \u{1F511}")
        #expect(Secret([0xFF]).revealed() == nil)
        #expect(Secret([0xFF, 0]).revealedBytes() == [0xFF, 0])
        #expect(Secret(joining: [Secret("a"), Secret(""), Secret("bc")]).revealed() == "abc")
        #expect(Secret(joining: []).isEmpty)
        #expect(Secret("grüße").count == 7)
    }

    /// A vault's body is built line by line: capacity that is reserved exactly would copy it once a line.
    @Test func appendingManySpansMovesTheArraySeldom() {
        let line = [UInt8](repeating: 0x61, count: 100)
        var body: [UInt8] = []
        var moves = 0
        for _ in 0..<1000 {
            let before = body.capacity
            body.append(copying: line.span)
            if body.capacity != before { moves += 1 }
        }
        #expect(body == [UInt8](repeating: 0x61, count: 100_000))
        #expect(moves < 20)
        #expect([UInt8](copying: line.span) == line)
    }
}
