import Testing
import Tokens

/// Which texts are taken: the cases of Nicolas Seriot's JSONTestSuite, as members of an object, which is all that we
/// read.
@Suite struct JSONTextTests {
    @Test(arguments: [
        "{}", " \t\r\n{ \t\r\n} \t\r\n", #"{"":0}"#, #"{"a":[]}"#, #"{"a":{}}"#, #"{"a":[1,2,"b",null,true,false,{}]}"#,
        #"{ "a" : [ 1 , 2 ] , "b" : 3 }"#, #"{"a":0}"#, #"{"a":-0}"#, #"{"a":10}"#, #"{"a":0.0}"#, #"{"a":-1.5}"#,
        #"{"a":1e5}"#, #"{"a":1E5}"#, #"{"a":1e+05}"#, #"{"a":0e-1}"#, #"{"a":1.25E-99999}"#,
        #"{"a":123456789012345678901234567890}"#, #"{"a":"\"\\\/\b\f\n\r\t"}"#, #"{"a":"\u0041\u00e9\u00E9\u2028"}"#,
        #"{"a":"\ud83d\ude00\uDBFF\uDFFF"}"#, #"{"a":"\uFFFF\uFFFE\uFEFF"}"#, #"{"a":"\\u0041"}"#, #"{"a":"\\\\"}"#,
        "{\"a\":\"\u{7F}\u{2028}\u{2029}\u{FEFF}\u{10FFFF}\"}", #"{"\u0061":1}"#, #"{"a":"/*"}"#,
        // Two names: canonically equivalent is not equal (RFC 8259 §8.3 compares code units).
        "{\"\u{E9}\":1,\"e\u{301}\":2,\"K\":3,\"\u{212A}\":4}",
    ])
    func goodTextsAreTaken(text: String) {
        #expect(isTaken(text, .record))
        #expect(isTaken(text, .answer))
    }

    @Test(arguments: [
        "", " ", "null", "1", "\"a\"", "[]", "[{}]", "{", "}", "{}}", "{}{}", "{},", "{} x", "{}\0", "{}#",
        "\u{FEFF}{}",
        "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\"::1}", "{:1}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}",
        "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1;}", "{\"a\":1/**/}", "{\"a\":1//\n}",
        "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[,]}", "{\"a\":[1 2]}", "{\"a\":[1}", "{\"a\":[}", "{\"a\":]}",
        "{\"a\":[1,,2]}",
        "{\"a\":(1)}", "{\"a\":{]}", "{\"a\":\u{A0}1}", "{\"a\":\u{B}1}", "{\"a\":\u{C}1}",
        "{\"a\":01}", "{\"a\":-01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":-.5}", "{\"a\":+1}", "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":1e-}", "{\"a\":1.e1}", "{\"a\":1.5.5}", "{\"a\":1e1.5}", "{\"a\":-}", "{\"a\":--1}", "{\"a\":- 1}",
        "{\"a\":0x1}",
        "{\"a\":1_000}", "{\"a\":1,000}", "{\"a\":1a}", "{\"a\":0 0}", "{\"a\":\u{FF11}}",
        "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":-Infinity}", "{\"a\":True}", "{\"a\":nul}", "{\"a\":nulll}",
        "{\"a\":tru}",
        "{\"a\":fals }", "{\"a\":undefined}",
        "{\"a\":\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\", "{\"a\":\"\\u\"}", "{\"a\":\"\\u00\"}", "{\"a\":\"\\u00G0\"}",
        "{\"a\":\"\\u+041\"}", "{\"a\":\"\\U0041\"}", "{\"a\":\"\\x41\"}", "{\"a\":\"\\'\"}", "{\"a\":\"\\a\"}",
        "{\"a\":\"\\0\"}",
        "{\"a\":\"\\\n\"}", "{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "{\"a\":\"\0\"}", "{\"a\":\"\u{1F}\"}",
        "{\"a\u{1}\":1}",
        "{\"a\":\"\\ud83d\\u\"}", "{\"a\":\"\\ud83d\\uZZZZ\"}", "{\"a\":\"\\ud83d\\x\"}", "{\"\\q\":1}",
        "{\"a\":\u{201C}a\u{201D}}",
    ])
    func badTextsAreRefused(text: String) {
        #expect(!isTaken(text, .record))
        #expect(!isTaken(text, .answer))
    }

    @Test(arguments: [
        #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"b":{"a":1,"a":2}}"#, #"{"b":[{"a":1,"a":2}]}"#, #"{"":1,"":2}"#,
        #"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#, #"{"a":"\udfff"}"#, #"{"a":"\ud800x"}"#, #"{"a":"\ud800\n"}"#,
        #"{"a":"\ud800\ud800\udc00"}"#, #"{"a":"\ud800\u0041"}"#, #"{"a":"\udc00\ud800"}"#, #"{"\ud800":1}"#,
        #"{"a":["\ud800"]}"#, #"{"a":{"b":"\ud800"}}"#, #"{"a":{"\udc00":1}}"#,
    ])
    func aRecordMayNotBeAmbiguousWhereAnAnswerMay(text: String) {
        #expect(!isTaken(text, .record))
        #expect(isTaken(text, .answer))
    }

    @Test(
        arguments: [
            [0xFF], [0x80], [0xC0, 0xAF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF0, 0x80, 0x80, 0xAF],
            [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func whatIsNotUTF8IsRefused(bytes: [UInt8]) {
        for text in [bytes, Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8), Array("{}".utf8) + bytes] {
            #expect(throws: JSONError.self) { _ = try JSONObject(parsing: text.span, rules: .record) }
            #expect(throws: JSONError.self) { _ = try JSONObject(parsing: text.span, rules: .answer) }
        }
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func thirtyTwoLevelsAreTakenAndNoMore(open: String, close: String) {
        func nested(_ levels: Int, around inner: String) -> String {
            "{\"a\":" + String(repeating: open, count: levels - 1) + inner + String(repeating: close, count: levels - 1)
                + "}"
        }
        for rules in [JSONRules.record, .answer] {
            #expect(isTaken(nested(32, around: "1"), rules))
            #expect(!isTaken(nested(33, around: "1"), rules))
            #expect(isTaken(nested(31, around: "{}"), rules))
            #expect(isTaken(nested(31, around: "[]"), rules))
            #expect(!isTaken(nested(32, around: "{}"), rules))
            #expect(!isTaken(nested(32, around: "[]"), rules))
            #expect(!isTaken("{\"a\":" + String(repeating: open, count: 100_000), rules))
            #expect(!isTaken(nested(100_000, around: "1"), rules))
        }
    }

    @Test func everyPrefixOfATextIsRefused() {
        let text = Array(
            #" {"a":[1,-2.5e+3,"\u00e9\ud83d\ude00\n",{"b":null,"c":true}],"d":false,"é":{},"f":[]}"#.utf8)
        #expect(throws: Never.self) { _ = try JSONObject(parsing: text.span, rules: .record) }
        for count in 0..<text.count {
            let prefix = Array(text[..<count])
            #expect(throws: JSONError.self, "\(count) bytes") {
                _ = try JSONObject(parsing: prefix.span, rules: .record)
            }
            #expect(throws: JSONError.self, "\(count) bytes") {
                _ = try JSONObject(parsing: prefix.span, rules: .answer)
            }
        }
    }

    @Test func anErrorSaysWhereItIs() {
        let failure = #expect(throws: JSONError.self) {
            _ = try JSONObject(parsing: #"{"a":1,"b":01}"#.utf8.span, rules: .record)
        }
        #expect(failure?.offset == 12)
        #expect(failure?.description == "no } at byte 12")
    }

    private func isTaken(_ text: String, _ rules: JSONRules) -> Bool {
        (try? JSONObject(parsing: text.utf8.span, rules: rules)) != nil
    }
}
