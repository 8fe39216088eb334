import Testing
import Tokens

@Suite struct NamesTests {
    private static let longest = String(repeating: "x", count: 128)

    @Test(arguments: [
        "a", "Z", "0", "TIKTOK_CLIENT_KEY", "a.b-c_d", "tiktok/brand-a", "0/0", "a..b", "a-", "a.", "a_",
        longest, longest + "/" + longest,
    ])
    func namesOfTheAlphabetAreTaken(text: String) throws {
        let name = try #require(RecordName(text))
        #expect(name.text == text)
        #expect(name.description == text)
        #expect(stored(text) == name)
        #expect(!name.isOwn)
        #expect(name.hasTwoParts == text.contains("/"))
    }

    @Test(arguments: [
        "", "_", ".", "-", ".a", "-a", "/", "a/", "/a", "a//b", "a/b/c", "a/_b", "a/.b", "a/-b", "a b", " a", "a ",
        "a\n",
        "a\t", "a\0", "\u{E9}", "a\u{E9}", "e\u{301}", "\u{212A}", "a:b", "a=b", "a*", "$a", "a\\b", "a@b",
        longest + "x", "a/" + longest + "x", longest + "x/a",
    ])
    func otherTextsAreRefused(text: String) {
        #expect(RecordName(text) == nil)
        #expect(stored(text) == nil)
    }

    @Test func theAlphabetIsExactlyThat() {
        let first = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let later = first + Array("._-".utf8)
        for byte in UInt8.min...UInt8.max {
            let (alone, behind) = ([byte], [0x61, byte]) as ([UInt8], [UInt8])
            #expect((RecordName(stored: alone.span) != nil) == first.contains(byte), "\(byte)")
            #expect((RecordName(stored: behind.span) != nil) == later.contains(byte), "\(byte)")
        }
    }

    @Test func theProgramsOwnNamesAreReadFromAVaultAndNeverTakenFromPeople() throws {
        #expect(RecordName("_vault") == nil)
        let own = try #require(stored("_vault"))
        #expect(own == .vault)
        #expect(own.isOwn)
        #expect(stored("_outputs") == .outputs)
        #expect(stored("__vault") == nil)
        #expect(stored("_") == nil)
        #expect(stored("_.a") == nil)
    }

    @Test func namesAreOrderedByBytes() throws {
        let texts = ["a.b", "Z", "a/b", "a", "0", "a-b", "a_b", "ab"]
        let sorted = try texts.map { try #require(RecordName($0)) }.sorted()
        #expect((sorted.map(\.text)) == ["0", "Z", "a", "a-b", "a.b", "a/b", "a_b", "ab"])
        #expect(try #require(RecordName("a")) > .vault)
    }

    @Test(arguments: [
        ("tiktok/brand-a", "TIKTOK_BRAND_A"), ("tiktok", "TIKTOK"), ("a.b_c-d", "A_B_C_D"), ("ABC9", "ABC9"),
        ("9a", "9A"), ("open_id", "OPEN_ID"), ("Z{@[`z", "Z____Z"),
    ])
    func anExportNameIsInCapitalsWithUnderscores(name: String, exported: String) {
        #expect(ExportName.prefix(of: name) == exported)
    }

    @Test func theClientSecretBelongsToAllAccountsOfAKind() throws {
        #expect(ExportName.clientSecret(of: try #require(RecordName("tiktok/brand-a"))) == "TIKTOK_CLIENT_SECRET")
        #expect(ExportName.clientSecret(of: try #require(RecordName("my-app"))) == "MY_APP_CLIENT_SECRET")
    }

    private func stored(_ text: String) -> RecordName? { RecordName(stored: text.utf8.span) }
}
