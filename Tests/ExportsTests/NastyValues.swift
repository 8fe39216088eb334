/// SplitMix64: the same values in each run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Starts at `seed`.
    init(seed: UInt64) { state = seed }

    /// The next number.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Values that have broken a format's quoting somewhere.
enum NastyValues {
    private static let pieces = [
        "'", "\"", "\\", "`", "$", "${", "}", "${HOME}", "$HOME", "$(id)", "#", " #", "!", "%", "%s", "=", "\r", "\n",
        "\r\n", "\t", " ", "  ", ";", "&", "|", "<", ">", "*/", "//", "--", ",", ":", "a", "n", "x41", "u0041",
        "\\n", "\\'", "\\\"", "\\\\", "NAME=", "export ", "</script>", "__proto__", "\u{1}", "\u{8}", "\u{B}", "\u{C}",
        "\u{1B}", "\u{1F}", "\u{7F}", "\u{85}", "\u{A0}", "\u{FEFF}", "\u{200F}", "\u{202E}", "\u{2028}", "\u{2029}",
        "é", "e\u{301}", "😀", "👩‍👩‍👧", "\u{FFFF}", "\u{10FFFF}",
    ]

    /// Text without NUL: the known troublemakers, then as many random mixtures.
    static func texts(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        let long = ["'", "\\", "\"", "\n", "a b", "é😀"].map { String(repeating: $0, count: 65536 / $0.utf8.count) }
        let random = (0..<count).map { _ in
            (0..<Int.random(in: 1...7, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
                .joined()
        }
        return ([""] + pieces + long + random).map { Array($0.utf8) }
    }

    /// Any bytes but NUL.
    static func bytes(_ count: Int, seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        let each = (1...255).map { [UInt8($0)] } + (1...255).map { [0x61, UInt8($0), 0x62] }
        return each
            + (0..<count).map { _ in
                (0..<Int.random(in: 1...40, using: &generator)).map { _ in UInt8.random(in: 1...255, using: &generator)
                }
            }
    }
}
