import LocalServer
import Testing

@Suite struct FormFieldsTests {
    @Test func whatIsEncodedIsDecodedToTheSame() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let pairs = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                (name: text(&random), value: text(&random))
            }
            let decoded = try #require(FormFields(decoding: FormFields(pairs).encoded))
            #expect(decoded.pairs.map(\.name) == pairs.map(\.name))
            #expect(decoded.pairs.map(\.value) == pairs.map(\.value))
        }
    }

    private func text(_ random: inout SystemRandomNumberGenerator) -> String {
        let scalars = (0..<Int.random(in: 1...12, using: &random)).map { _ in
            Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &random)) ?? "&"
        }
        let marks: [Unicode.Scalar] = ["%", "+", "=", "&", " ", "\0"]
        return String(String.UnicodeScalarView(scalars + [marks[Int.random(in: marks.indices, using: &random)]]))
    }

    @Test(arguments: [
        ("code=abc%2A0%216410", "abc*0!6410"), ("code=%2541", "%41"), ("code=a+b%2Bc", "a b+c"), ("code=a=b", "a=b"),
        ("code", ""), ("&&code=%c3%A9&", "é"), ("code=1&code=2", "1"),
    ])
    func aValueIsDecodedExactlyOnce(text: String, value: String) {
        #expect(FormFields(decoding: text)?["code"] == value)
    }

    @Test(arguments: ["a=%", "a=%4", "a=%4g", "a=%-1", "%zz=1", "a=%ff", "a=%c3%28", "a=%+1"])
    func whatEscapesNothingIsRefused(text: String) {
        #expect(FormFields(decoding: text) == nil)
    }

    @Test func aNameThatStandsTwiceIsSeen() {
        #expect(FormFields(decoding: "a=1&b=2&a=1")?.repeatsName == true)
        #expect(FormFields(decoding: "a=1&b=1")?.repeatsName == false)
        #expect(FormFields(decoding: "a=1&b=2&a=3")?.all("a") == ["1", "3"])
    }
}
