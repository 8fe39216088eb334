import Sealing
import Testing
import Tokens

@Suite struct Base64Tests {
    /// RFC 4648 §10.
    static let vectors = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test(arguments: vectors)
    func bothDirectionsGiveTheRFCsVectors(plain: String, encoded: String) {
        let unpadded = encoded.filter { $0 != "=" }
        #expect(encode(Array(plain.utf8), .standard) == encoded)
        #expect(encode(Array(plain.utf8), .url) == unpadded)
        #expect(decode(encoded, .standard) == Array(plain.utf8))
        #expect(decode(unpadded, .url) == Array(plain.utf8))
    }

    @Test func theAlphabetsDifferInTheirLastTwoDigits() {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xBE, 0xFF, 0xFF, 0xFF]
        #expect(encode(bytes, .standard) == "++++////")
        #expect(encode(bytes, .url) == "----____")
        #expect(decode("++++////", .standard) == bytes)
        #expect(decode("----____", .url) == bytes)
        for foreign in ["++++", "////"] { #expect(decode(foreign, .url) == nil) }
        for foreign in ["----", "____"] { #expect(decode(foreign, .standard) == nil) }
    }

    @Test(arguments: [
        "A", "AA", "AAA", "AAAAA", "=", "==", "===", "====", "A===", "AA=", "AA=A", "AA==AAAA", "A=AA", "AAA==",
        "AAA=A",
        "AA===", " AA==", "AA==\n", "AA\n==", "A A==", "AA*=", "Zg==Zg==", "\u{E9}A==", "AA=\0",
    ])
    func whatIsNotPaddedBase64IsRefused(text: String) {
        #expect(decode(text, .standard) == nil)
    }

    @Test(arguments: ["A", "AAAAA", "AA==", "AAA=", "AA=", "AA\n", " AAA", "A.AA", "=", "AA%3D"])
    func whatIsNotURLSafeBase64IsRefused(text: String) {
        #expect(decode(text, .url) == nil)
    }

    /// One text for each value: a second one that decodes to it would slip past a comparison of texts.
    @Test func onlyOneLastDigitInSixteenAndOneInFourIsCanonical() {
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        #expect(digits.filter { decode("A\($0)", .url) != nil } == "AQgw")
        #expect(digits.filter { decode("AA\($0)", .url) != nil } == "AEIMQUYcgkosw048")
        #expect(decode("Zh==", .standard) == nil)
        #expect(decode("Zm9=", .standard) == nil)
    }

    @Test func anyBytesComeBack() {
        var generator = SeededGenerator(seed: 4648)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for variant in [Base64.Variant.standard, .url] {
                #expect(decode(encode(bytes, variant), variant) == bytes)
            }
        }
    }

    @Test func hexadecimalDigitsAreLowerCaseAndTwoAByte() {
        let bytes: [UInt8] = [0x00, 0x0F, 0xA0, 0xFF]
        #expect(hexadecimal(bytes.span) == "000fa0ff")
    }

    private func encode(_ bytes: [UInt8], _ variant: Base64.Variant) -> String {
        String(decoding: Base64.encode(bytes.span, variant).withSpan { [UInt8](copying: $0) }, as: UTF8.self)
    }

    private func decode(_ text: String, _ variant: Base64.Variant) -> [UInt8]? {
        Base64.decode(text.utf8.span, variant)?.withSpan { [UInt8](copying: $0) }
    }
}
