import Sealing
package import Tokens

/// A passphrase of words that are chosen by chance from `WordList`.
package enum GeneratedPassphrase {
    /// The fewest words that one is made of.
    package static let fewestWords = 6

    /// Makes one of that many words, `fewestWords` to 100, with hyphens between them: a shell and an environment file
    /// take it without quotes, and no blank of it is lost at the end of a line.
    ///
    /// Each word is one of 7,776 = 6^5, all equally likely, which is log2 7776 = 12.925 bits; six are 77.5 bits. The
    /// hyphens cost nothing of that although four words have one of their own (drop-down, felt-tip, t-shirt, yo-yo): no
    /// word is the beginning of another, so two rows of words are never the same text.
    package static func make(words: Int = fewestWords) -> Secret {
        make(words: words) {
            SecretBuffer(randomCount: 2).withSpan { UInt16($0[0]) << 8 | UInt16($0[1]) }
        }
    }

    /// The same, with 16 random bits from `draw` whenever it is called.
    static func make(words: Int, drawing draw: () -> UInt16) -> Secret {
        precondition((fewestWords...100).contains(words))
        let list = WordList.words()
        let longest = list.reduce(0) { max($0, $1.count) }
        var size = 0
        // Written where it is wiped; no String or array holds any of it.
        let buffer = SecretBuffer(count: words * (longest + 1), isKey: true) { bytes in
            for _ in 0..<words {
                if size > 0 { append(UInt8(ascii: "-")) }
                list[index(below: list.count, drawing: draw)].forEach(append)
            }
            func append(_ byte: UInt8) {
                bytes[size] = byte
                size += 1
            }
        }
        return buffer.withSpan { Secret($0.extracting(0..<size), isKey: true) }
    }

    /// One of the numbers below `count`, which is at most 8,192, all equally likely: a draw's lowest 13 bits. A draw
    /// that is too high is thrown away, for a remainder would favour the first numbers.
    static func index(below count: Int, drawing draw: () -> UInt16) -> Int {
        while true {
            let number = Int(draw() & 0x1FFF)
            if number < count { return number }
        }
    }
}
