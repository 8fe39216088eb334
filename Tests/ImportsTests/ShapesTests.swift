import Testing

@testable import Imports

/// What other programs print on standard output. Of those that are not installed the samples are written after their
/// documentation and source.
@Suite struct ShapesTests {
    private func read(_ text: String, as syntax: ImportSyntax = .json) throws -> (
        kind: String, values: [String], left: [String]
    ) {
        let file = try parse(Array(text.utf8), as: syntax)
        return (
            file.kind, file.values.map { "\($0.name)=\($0.value)" },
            file.leftBehind.map { "\($0.name):\($0.line) \($0.why)" }
        )
    }

    /// `op item get ITEM --format json --reveal`.
    private static let item = """
        {
          "id": "ovl5s7ydxmmqvhk2oqxwhcy2vq", "title": "Stripe", "version": 2,
          "vault": { "id": "ftz4pm2xxwmwrsd7rjqn7grzfz", "name": "Private" }, "category": "API_CREDENTIAL",
          "sections": [{ "id": "add more", "label": "more" }],
          "fields": [
            { "id": "notesPlain", "type": "STRING", "purpose": "NOTES", "label": "notesPlain", "reference": "op://P/S/n" },
            { "id": "password", "type": "CONCEALED", "purpose": "PASSWORD", "label": "password", "value": "pa\\"ss",
              "reference": "op://P/S/password", "password_details": { "strength": "FANTASTIC", "history": ["old"] } },
            { "id": "x1", "section": { "id": "add more" }, "type": "CONCEALED", "label": "STRIPE_KEY", "value": "sk_1" },
            { "id": "x2", "type": "STRING", "label": "API host", "value": "api.stripe.com" },
            { "id": "TOTP_1", "type": "OTP", "label": "one-time password", "value": "otpauth://totp/x?secret=S", "totp": "12" },
            { "id": "x3", "type": "CONCEALED", "label": "OTHER", "value": "[use 'op item get ovl5 --reveal' to reveal]" }
          ],
          "urls": [{ "primary": true, "href": "https://stripe.com" }]
        }
        """

    @Test func theFilledInFieldsOfA1PasswordItemAreTakenByTheirLabels() throws {
        let (kind, values, left) = try read(Self.item)
        #expect(kind == "an item of 1Password")
        #expect(values == ["password=pa\"ss", "STRIPE_KEY=sk_1"])
        #expect(left.map { $0.prefix { $0 != ":" } } == ["API host", "one-time password", "OTHER"])
        #expect(left.last == "OTHER:12 concealed by op; add --reveal to its command")
    }

    @Test func fieldsOf1PasswordThatWereAskedForAreTakenToo() throws {
        let field =
            #"{"id":"password","type":"CONCEALED","label":"password","value":"x","reference":"op://P/S/password"}"#
        #expect(try read(field).values == ["password=x"])
        let fields = try read("[\(field), {\"id\":\"u\",\"type\":\"STRING\",\"label\":\"USER_\",\"value\":\"y\"}]")
        #expect(fields.values == ["USER_=y", "password=x"] && fields.kind == "fields of 1Password")
    }

    @Test func theComputedValuesOfDopplerAreTaken() throws {
        let (kind, values, left) = try read(
            #"""
            {"API_KEY":{"computed":"k-1","note":"","raw":"k-${A}"},
            "DOPPLER_CONFIG":{"computed":"dev"},"RESTRICTED":{"computed":null,"raw":null}}
            """#)
        #expect(kind == "secrets of Doppler" && values == ["API_KEY=k-1", "DOPPLER_CONFIG=dev"])
        #expect(left == ["RESTRICTED:2 null"])
        // `doppler secrets download --no-file --format json`.
        let flat = try read(#"{"API_KEY":"k-1","DOPPLER_PROJECT":"shop"}"#)
        #expect(flat.values == ["API_KEY=k-1", "DOPPLER_PROJECT=shop"] && flat.kind == "JSON")
    }

    @Test func theListOfInfisicalIsTakenByItsKeys() throws {
        let (kind, values, left) = try read(
            #"""
            [{"key":"API_KEY","workspace":"w","value":"k\n1","type":"shared","_id":"1","secretPath":"/","tags":[{"slug":"a"}],
            "comment":"","Etag":"","skipMultilineEncoding":false},{"key":"EMPTY","value":"","type":"personal","_id":"2","tags":null}]
            """#)
        #expect(kind == "secrets of Infisical" && values == ["API_KEY=k\n1", "EMPTY="] && left.isEmpty)
    }

    @Test(arguments: [
        #"{"fields":"x","id":"y","category":"z"}"#, #"{"id":"x","type":"y","label":"z","value":"w"}"#,
        #"{"computed":"x","raw":"y"}"#, #"{"A":{"computed":"x"},"B":"y"}"#, #"{"key":"x","value":"y"}"#,
    ])
    func anObjectThatIsNearlyAShapeIsAFlatOne(text: String) throws {
        #expect(try read(text).kind == "JSON")
    }

    @Test(arguments: [
        "[]", #"["x"]"#, #"[{"A":"x"}]"#, #"[{"key":"A","value":"x"},{"key":"B"}]"#, #"[{"key":"A","value":"x"},1]"#,
        #"[[{"key":"A","value":"x"}]]"#, #"[{"key":1,"value":"x"}]"#,
    ])
    func anArrayOfAnythingElseIsRefused(text: String) {
        #expect(throws: ImportError.self) { try read(text) }
    }

    @Test func theFirstLineOfAPassEntryIsThePasswordAndKeysGetItsName() throws {
        let (kind, values, left) = try read(
            "p: w'\"\\ \nUsername: me@example.com\r\nSecret Question 1:  x: y \n\nfree text\notpauth://totp/a?secret=S\nurl:x\nUSERNAME: b",
            as: .pass(name: "DB"))
        #expect(kind == "an entry of pass")
        #expect(values == ["DB=p: w'\"\\ ", "DB_SECRET_QUESTION_1=x: y ", "DB_USERNAME=b"])
        #expect(
            left == [
                "DB_USERNAME:2 replaced on line 8", "a line:5 not key: value",
                "otpauth:6 the seed of one-time passwords",
                "a line:7 not key: value",
            ])
        #expect(try read("", as: .pass(name: "DB")).left == ["DB:1 empty"])
        #expect(try read("a\rb\r\n", as: .pass(name: "DB")).values == ["DB=a\rb"])
    }

    @Test func aKeyOverSeveralLinesIsNotCutToItsFirst() throws {
        let (_, values, left) = try read("-----BEGIN X-----\nabc\n-----END X-----\n", as: .pass(name: "KEY"))
        #expect(values.isEmpty && left.count == 1 && left[0].contains("tokenkeep set"))
    }
}
