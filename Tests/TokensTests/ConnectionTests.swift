import Testing
import Tokens

@Suite struct ConnectionTests {
    /// Every member that the program knows, and some that it does not.
    private let full = #"""
        {"access_token":"a/1","attempts":{"b":1.0, "a":[]},"expires_at":1767232800,"extras":{"open_id":"o-1","x":""},\#
        "kind":"connection","last":{"at":1767225600,"error":"denied \"x\"","outcome":"rejected"},"note":"\u00e9",\#
        "obtained_at":1767225600,"pending":{"expires_at":1767226500,"redirect_uri":"http://127.0.0.1:3000/cb/",\#
        "scopes":["user.info.basic"],"state":"s","verifier":"v"},"provider":"tiktok",\#
        "question":{"at":1767225601,"attempt":2,"host":"h"},"refresh_expires_at":1782777600,"refresh_token":"r-1",\#
        "scopes":["a","b"],"subject":"anna","token_type":"Bearer","trouble":"uncertain",\#
        "unread":[{"at":1,"body":"eA==","status":200},{"at":2,"body":"","status":502}]}
        """#

    @Test func aRecordThatIsReadAndWrittenIsTheSameText() throws {
        #expect(text(try connection(full)) == full)
        for bare in [
            #"{"kind":"connection","provider":"x"}"#,
            #"{"access_token":"t","kind":"connection","provider":"x"}"#,
            #"{"kind":"connection","provider":"x","refresh_token":"r"}"#,
            #"{"access_token":"t","kind":"connection","provider":"x","scopes":[]}"#,
            #"{"kind":"connection","pending":{"expires_at":0,"redirect_uri":"","scopes":[],"state":"s"},"provider":"x"}"#,
            #"{"kind":"connection","pending":{"expires_at":9,"grant":"refresh_token","provider":"y","state":"r"},"provider":"x"}"#,
        ] {
            #expect(text(try connection(bare)) == bare)
        }
    }

    @Test func everyMemberIsRead() throws {
        let connection = try connection(full)
        #expect(connection.provider == "tiktok")
        #expect(
            connection.tokens
                == TokenSet(
                    accessToken: Secret("a/1"), tokenType: "Bearer", obtainedAt: 1_767_225_600,
                    expiresAt: 1_767_232_800, refreshToken: Secret("r-1"), refreshExpiresAt: 1_782_777_600,
                    scopes: ["a", "b"], subject: "anna", extras: ["open_id": Secret("o-1"), "x": Secret("")]))
        #expect(connection.trouble == .uncertain)
        #expect(connection.last == .init(at: 1_767_225_600, outcome: "rejected", error: "denied \"x\""))
        #expect(connection.question == .init(at: 1_767_225_601, host: "h", attempt: 2))
        #expect(
            connection.unread
                == [.init(at: 1, status: 200, body: Secret("eA==")), .init(at: 2, status: 502, body: Secret(""))])
        #expect(
            connection.pending
                == .init(
                    state: Secret("s"), verifier: Secret("v"), redirectURI: "http://127.0.0.1:3000/cb/",
                    scopes: ["user.info.basic"], expiresAt: 1_767_226_500))
    }

    @Test func whatIsTakenAwayIsAbsentAndTheUnknownStays() throws {
        var connection = try connection(full)
        connection.tokens = nil
        connection.trouble = nil
        connection.last = nil
        connection.question = nil
        connection.unread = []
        connection.pending = nil
        #expect(
            text(connection)
                == #"{"attempts":{"b":1.0, "a":[]},"kind":"connection","note":"\u00e9","provider":"tiktok"}"#)
    }

    @Test(arguments: ["obtained_at", "expires_at", "refresh_expires_at"])
    func timesOutOfRangeAreRefused(member: String) throws {
        func record(_ time: String) -> String {
            "{\"access_token\":\"t\",\"\(member)\":\(time),\"kind\":\"connection\",\"provider\":\"x\"}"
        }
        for time in ["0", "9007199254740991"] {
            #expect(try connection(record(time)).tokens != nil)
        }
        for time in [
            "-1", "9007199254740992", "9223372036854775807", "99999999999999999999", "1.5", "1e9", "\"1\"", "null",
        ] {
            #expect(throws: JSONError.self, "\(time)") { try connection(record(time)) }
        }
    }

    @Test(arguments: [
        #"{"kind":"connection"}"#, #"{"provider":1}"#, #"{"provider":"x","access_token":1}"#,
        #"{"provider":"x","refresh_token":null}"#, #"{"provider":"x","access_token":"t","scopes":"a b"}"#,
        #"{"provider":"x","access_token":"t","extras":[]}"#, #"{"provider":"x","access_token":"t","extras":{"a":1}}"#,
        #"{"provider":"x","last":{"at":-1,"outcome":"renewed"}}"#, #"{"provider":"x","question":{"at":"1"}}"#,
        #"{"provider":"x","unread":{}}"#, #"{"provider":"x","pending":[]}"#,
        #"{"provider":"x","pending":{"state":"s","expires_at":9007199254740992}}"#,
    ])
    func aRecordOfAnotherShapeIsRefused(text: String) {
        #expect(throws: JSONError.self) { try connection(text) }
    }

    @Test func onlyTheLastThreeUnreadAnswersAreKept() {
        var connection = Connection(provider: "x")
        for number in 1...5 as ClosedRange<Int64> {
            connection.keepUnread(.init(at: number, status: 200, body: Secret("")))
        }
        #expect(connection.unread.map(\.at) == [3, 4, 5])
    }

    private func connection(_ text: String) throws -> Connection {
        try Connection(JSONObject(parsing: text.utf8.span, rules: .record))
    }

    private func text(_ connection: Connection) -> String? { connection.object.encoded().revealed() }
}
