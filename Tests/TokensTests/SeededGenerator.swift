/// SplitMix64: the same numbers on every run, so that what fails once fails again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Up to twenty scalars of all planes, those that JSON and line-based readers trip over more often than others.
    mutating func text() -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &self) {
            let ranges: [ClosedRange<UInt32>] = [0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x1_0000...0x10_FFFF]
            let nasty: [Unicode.Scalar] = [
                "\"", "\\", "/", "\0", "\u{1F}", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "u",
            ]
            if Bool.random(using: &self) {
                text.append(nasty[Int.random(in: 0..<nasty.count, using: &self)])
            } else {
                let range = ranges[Int.random(in: 0..<ranges.count, using: &self)]
                text.append(Unicode.Scalar(UInt32.random(in: range, using: &self)) ?? "\u{FFFD}")
            }
        }
        return String(text)
    }
}
