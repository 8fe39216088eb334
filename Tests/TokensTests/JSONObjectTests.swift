import Testing
import Tokens

@Suite struct JSONObjectTests {
    @Test func membersThatNobodyTouchesKeepTheirBytes() throws {
        let text = #"{"z":1.50E+1,"a":[ 1 , {"b" : "\u0041\/"} ],"m":"\u00e9 é","n":null,"k":-0}"#
        var object = try read(text)
        object.set("kind", "secret")
        #expect(
            string(object.encoded())
                == #"{"a":[ 1 , {"b" : "\u0041\/"} ],"k":-0,"kind":"secret","m":"\u00e9 é","n":null,"z":1.50E+1}"#)
        #expect(string(object.raw("z")) == "1.50E+1")
    }

    @Test func membersAreSortedByTheBytesOfTheirNames() throws {
        let object = try read(
            "{\"b\":1,\"a\":2,\"B\":3,\"\u{FFFF}\":4,\"\u{10000}\":5,\"aa\":6,\"\":7,\"e\u{301}\":8,\"\u{E9}\":9}")
        let names = ["", "B", "a", "aa", "b", "e\u{301}", "\u{E9}", "\u{FFFF}", "\u{10000}"]
        #expect(object.names.map { Array($0.utf8) } == names.map { Array($0.utf8) })
        #expect(
            string(object.encoded())
                == "{\"\":7,\"B\":3,\"a\":2,\"aa\":6,\"b\":1,\"e\u{301}\":8,\"\u{E9}\":9,\"\u{FFFF}\":4,\"\u{10000}\":5}"
        )
    }

    @Test func namesThatUnicodeCallsEquivalentAreTwoMembers() throws {
        var object = try read("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(try object.integer("\u{E9}") == 1)
        #expect(try object.integer("e\u{301}") == 2)
        object.set("e\u{301}", 3)
        #expect(try object.integer("\u{E9}") == 1)
    }

    @Test func onlyWhatJSONRequiresIsEscaped() {
        var object = JSONObject()
        object.set("a", "\"\\/\u{8}\t\n\u{C}\r\0\u{1}\u{F}\u{10}\u{1F}\u{7F}\u{2028}é😀")
        #expect(
            string(object.encoded())
                == #"{"a":"\"\\/\b\t\n\f\r\u0000\u0001\u000f\u0010\u001f"# + "\u{7F}\u{2028}é😀\"}")
    }

    @Test func escapesAreReadAsWhatTheyStandFor() throws {
        let object = try read(#"{"a":"\"\\\/\b\f\n\r\t\u0000\u0041\u00e9\u20aC\ud83d\ude00\udbff\udfffz"}"#)
        #expect(try object.text("a") == "\"\\/\u{8}\u{C}\n\r\t\0A\u{E9}\u{20AC}\u{1F600}\u{10FFFF}z")
    }

    @Test func loneSurrogatesOfAnAnswerAreReplaced() throws {
        let text = #"{"a":"\ud800","b":"\udc00x","c":"\ud800\ud83d\ude00","d":"\ud83dA","e":"\ud83d\u0041","\ud800":1}"#
        let object = try JSONObject(parsing: text.utf8.span, rules: .answer)
        #expect(try object.text("a") == "\u{FFFD}")
        #expect(try object.text("b") == "\u{FFFD}x")
        #expect(try object.text("c") == "\u{FFFD}\u{1F600}")
        #expect(try object.text("d") == "\u{FFFD}A")
        #expect(try object.text("e") == "\u{FFFD}A")
        #expect(object.has("\u{FFFD}"))
    }

    @Test func theLastOfTwoMembersOfAnAnswerCounts() throws {
        let object = try JSONObject(parsing: #"{"a":1,"b":2,"\u0061":3}"#.utf8.span, rules: .answer)
        #expect(try object.integer("a") == 3)
        #expect(object.names == ["a", "b"])
    }

    @Test func wholeNumbersAreReadToTheLastOneAndNothingElseIs() throws {
        for (text, number) in [
            ("0", 0), ("-0", 0), ("7", 7), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ] {
            #expect(try read("{\"a\":\(text)}").integer("a") == Int64(number))
        }
        for text in ["9223372036854775808", "1.0", "1e3", "\"1\"", "true", "null", "[1]", "{}"] {
            #expect(throws: JSONError.self, "\(text)") { try read("{\"a\":\(text)}").integer("a") }
        }
    }

    @Test func anotherTypeIsAnErrorAndAnAbsentMemberNone() throws {
        let object = try read(
            #"{"number":1,"text":"x","list":["a",1],"objects":[{},1],"object":{},"null":null,"bare":[]}"#)
        for name in ["number", "list", "object", "null"] {
            #expect(throws: JSONError.self) { try object.text(name) }
            #expect(throws: JSONError.self) { try object.secret(name) }
        }
        for name in ["number", "text", "object", "list", "null", "objects"] {
            #expect(throws: JSONError.self) { try object.texts(name) }
        }
        for name in ["number", "text", "object", "objects", "list", "null"] {
            #expect(throws: JSONError.self) { try object.objects(name) }
        }
        for name in ["number", "text", "list", "null"] { #expect(throws: JSONError.self) { try object.object(name) } }
        #expect(try object.text("none") == nil)
        #expect(try object.integer("none") == nil)
        #expect(try object.object("none") == nil)
        #expect(try object.texts("none") == nil)
        #expect(try object.objects("none") == nil)
        #expect(try object.texts("bare") == [])
        #expect(!object.has("none") && object.has("null"))
    }

    @Test func whatIsWrittenIsReadBack() throws {
        var inner = JSONObject()
        inner.set("x", 1)
        var object = JSONObject()
        object.set("texts", ["a\"", "", "é"])
        object.set("objects", [inner, JSONObject(), inner])
        object.set("object", inner)
        object.set("yes", true)
        object.set("number", Int64.min)
        object.set("none", [] as [String])
        #expect(
            string(object.encoded())
                == #"{"none":[],"number":-9223372036854775808,"object":{"x":1},"objects":[{"x":1},{},{"x":1}],"#
                + #""texts":["a\"","","é"],"yes":true}"#)
        let back = try read(string(object.encoded()))
        #expect(try back.texts("texts") == ["a\"", "", "é"])
        #expect(try back.objects("objects")?.map(\.names) == [["x"], [], ["x"]])
        #expect(try back.object("object")?.integer("x") == 1)
        #expect(try back.integer("number") == .min)
    }

    @Test func whatIsNotKnownIsAbsent() throws {
        var object = try read(#"{"a":1,"b":"x","c":{"d":1},"e":["f"],"g":[{}],"h":2}"#)
        object.set("a", nil as Int64?)
        object.set("b", nil as String?)
        object.set("c", JSONObject())
        object.set("e", nil as [String]?)
        object.set("g", nil as [JSONObject]?)
        #expect(string(object.encoded()) == #"{"h":2}"#)
        #expect(string(JSONObject().encoded()) == "{}")
    }

    @Test func anyTextComesBackFromAMemberItsNameAndAList() throws {
        var generator = SeededGenerator(seed: 8259)
        for _ in 0..<2000 {
            let (name, text) = (generator.text(), generator.text())
            var object = JSONObject()
            object.set(name, text)
            object.set(name + " list", [text, name])
            let back = try read(string(object.encoded()))
            #expect(bytes(try back.text(name)) == bytes(text))
            #expect(try back.texts(name + " list")?.map(bytes) == [bytes(text), bytes(name)])
        }
    }

    /// Whatever a byte is changed to: a refusal, or an object that reads and writes without a trap and means the same
    /// the second time.
    @Test func damagedTextsAreRefusedOrReadTheSameTwice() throws {
        var generator = SeededGenerator(seed: 1)
        let whole = Array(#"{"a":"\ud83d\ude00\u0041\n","b":[1,-2.5e3,{"c":"d"}],"e":{"f":[]},"é":null,"g":true}"#.utf8)
        let pieces = Array("{}[]\",:\\u0dD8eE+-. \n\u{1F}\u{80}".utf8)
        var taken = 0
        for _ in 0..<20_000 {
            var text = whole
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<text.count, using: &generator)
                let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text[place] = piece
                case 1: text.insert(piece, at: place)
                default: text.remove(at: place)
                }
            }
            guard let object = try? JSONObject(parsing: text.span, rules: .answer) else { continue }
            taken += 1
            for name in object.names {
                _ = try? object.secret(name)
                _ = try? object.integer(name)
                _ = try? object.texts(name)
                _ = try? object.objects(name)
                _ = try? object.object(name)?.encoded()
            }
            let again = try object.encoded().withSpan { try JSONObject(parsing: $0, rules: .answer) }
            #expect(again.encoded() == object.encoded())
        }
        #expect(taken > 1000)
    }

    private func read(_ text: String) throws(JSONError) -> JSONObject {
        try JSONObject(parsing: text.utf8.span, rules: .record)
    }

    private func string(_ secret: Secret?) -> String { secret?.revealed() ?? "" }

    private func bytes(_ text: String?) -> [UInt8]? { text.map { Array($0.utf8) } }
}
