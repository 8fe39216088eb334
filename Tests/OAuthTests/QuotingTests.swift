import OAuth
import Testing
import Tokens

/// What is hidden of a provider's words, held against the rule itself, in arrays and without any index.
struct QuotingTests {
    /// Secrets that repeat themselves, begin with one another, are short, or hold what has to be escaped.
    private static let secrets = [
        "RT4-abcdefghijkl", "RT4-abcdQRSTUVWXYZ", "aaaaaaaaaaaaaaaaaaaaaaaa", "abababababababababababac", "four",
        "seven 7",
        "a b+c%2Fd/e f+g%20h?i", "\u{FFFD}\u{10FFFF}grüße an alle", "1234",
    ].map { Array($0.utf8) }

    @Test(arguments: 0..<300)
    func whatIsHiddenIsWhatTheRuleSays(seed: UInt64) {
        var dice = Dice(state: seed)
        let secrets = Self.secrets.shuffled(using: &dice).prefix(Int.random(in: 1...3, using: &dice))
        let text = text(of: Self.secrets, &dice)
        let error = ProviderError(code: Secret(text), detail: nil, logID: Secret(text))
        let (code, logID) = error.parts(hiding: secrets.map { Secret($0) })
        let expected = String(String.UnicodeScalarView(hidden(text, secrets).unicodeScalars.prefix(80)))
        #expect(code == expected && logID == expected, "\(String(decoding: text, as: UTF8.self))")
    }

    /// Pieces of the secrets' forms one behind the other, and what stands between them.
    private func text(of secrets: [[UInt8]], _ dice: inout Dice) -> [UInt8] {
        var text: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &dice) {
            let forms = forms(of: secrets.randomElement(using: &dice) ?? [])
            let form = forms.randomElement(using: &dice) ?? []
            let start = Bool.random(using: &dice) ? 0 : Int.random(in: 0..<form.count, using: &dice)
            var piece = form[start...].prefix(Int.random(in: 1...20, using: &dice))
            if Bool.random(using: &dice) { piece = escaped(piece, &dice)[...] }
            if Int.random(in: 0..<4, using: &dice) == 0 { piece = escaped(piece, &dice)[...] }
            text +=
                piece + [[], Array(" ".utf8), Array("%".utf8), Array("é".utf8)][Int.random(in: 0..<4, using: &dice)]
        }
        // A text is UTF-8 and has no control characters.
        let scalars = String(decoding: text, as: UTF8.self).unicodeScalars.filter {
            $0.value < 0x250 && $0.value > 0x1F
        }
        return Array(String(String.UnicodeScalarView(scalars)).utf8)
    }

    private func escaped(_ piece: ArraySlice<UInt8>, _ dice: inout Dice) -> [UInt8] {
        piece.flatMap { byte in
            Int.random(in: 0..<3, using: &dice) > 0
                ? [byte] : Array(("%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8)
        }
    }

    /// The rule: beginnings of 8 bytes and more, parts of 12, in each form, as it stands or decoded once or twice.
    private func hidden(_ text: [UInt8], _ secrets: ArraySlice<[UInt8]>) -> String {
        var isCovered = Array(repeating: false, count: text.count)
        var reading = text.enumerated().map { (byte: $0.element, range: $0.offset..<$0.offset + 1) }
        for _ in 0..<3 {
            let bytes = canonical(reading.map(\.byte))
            for form in secrets.flatMap(forms) {
                let least = min(8, form.count)
                for place in bytes.indices {
                    let begun = zip(bytes[place...], form).prefix { $0 == $1 }.count
                    var length = begun >= least ? begun : 0
                    if length == 0, place + 12 <= bytes.count, form.count >= 12 {
                        let part = bytes[place..<place + 12]
                        if (0...form.count - 12).contains(where: { form[$0..<$0 + 12] == part }) { length = 12 }
                    }
                    for entry in reading[place..<place + length] {
                        for index in entry.range { isCovered[index] = true }
                    }
                }
            }
            reading = decoded(reading)
        }
        var shown: [UInt8] = []
        for index in text.indices {
            if !isCovered[index] { shown.append(text[index]) }
            if isCovered[index], index == 0 || !isCovered[index - 1] { shown += Array("<redacted>".utf8) }
        }
        return String(decoding: shown, as: UTF8.self)
    }

    private func decoded(_ reading: [(byte: UInt8, range: Range<Int>)]) -> [(byte: UInt8, range: Range<Int>)] {
        var (decoded, rest) = ([(byte: UInt8, range: Range<Int>)](), reading[...])
        while let first = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2).map(\.byte), as: UTF8.self)
            if first.byte == UInt8(ascii: "%"), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
                let byte = UInt8(digits, radix: 16), let last = rest.prefix(2).last
            {
                decoded.append((byte, first.range.lowerBound..<last.range.upperBound))
                rest = rest.dropFirst(2)
            } else {
                decoded.append(first)
            }
        }
        return decoded
    }

    private func forms(of secret: [UInt8]) -> [[UInt8]] {
        var forms = [canonical(secret)]
        for digits in ["0123456789abcdef", "0123456789ABCDEF"].map({ Array($0.utf8) }) {
            forms.append(secret.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        }
        for (before, shared) in [(0, 0), (1, 2), (2, 3)] {
            for variant in [Base64.Variant.standard, .url] {
                let encoded = Secret(Base64.encode(([UInt8](repeating: 0, count: before) + secret).span, variant))
                forms.append(encoded.revealedBytes().filter { $0 != UInt8(ascii: "=") }.dropFirst(shared).dropLast())
            }
        }
        return forms.map { Array($0) }
    }

    private func canonical(_ bytes: [UInt8]) -> [UInt8] {
        bytes.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "+") : $0 }
    }
}

/// SplitMix64: the same texts in each run.
private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
