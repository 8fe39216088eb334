import Sealing
import Tokens

extension Secret {
    /// The text's first Unicode scalars without what it quotes of `secrets`: their beginnings from 8 bytes on and any part from
    /// 12 on, as they are, percent-encoded, in base64 or hexadecimal; of one that is shorter, all of it. Less than 4 bytes are
    /// not looked for.
    ///
    /// All forms of a secret, and the text, which may quote it, stand in memory that is wiped.
    func hiding(_ secrets: [Secret], limit: Int) -> String {
        let quoting = QuotingText(self)
        for secret in secrets where secret.count >= 4 {
            secret.withSpan { quoting.cover($0) }
            for digits in ["0123456789abcdef", "0123456789ABCDEF"] {
                secret.hexadecimal(Array(digits.utf8)).withSpan { quoting.cover($0) }
            }
            // In base64 behind a multiple of three bytes, one more, or two more: without the digits that its neighbours share.
            for (before, shared) in [(0, 0), (1, 2), (2, 3)] {
                let moved = Secret(joining: [Secret([UInt8](repeating: 0, count: before)), secret])
                for variant in [Base64.Variant.standard, .url] {
                    moved.withSpan { Base64.encode($0, variant) }.withSpan { encoded in
                        var end = encoded.count
                        while encoded[end - 1] == UInt8(ascii: "=") { end -= 1 }
                        quoting.cover(encoded.extracting(shared..<end - 1))
                    }
                }
            }
        }
        return quoting.shown(limit)
    }

    private func hexadecimal(_ digits: [UInt8]) -> SecretBuffer {
        SecretBuffer(capacity: 2 * count) { out in
            withSpan { bytes in
                for index in bytes.indices {
                    out.append(digits[Int(bytes[index] >> 4)])
                    out.append(digits[Int(bytes[index] & 15)])
                }
            }
        }
    }
}

/// A text in which quotations are looked for.
private final class QuotingText {
    private let text: Secret
    /// The text as it is, and with its percent-encoding taken off once and twice: where a quotation follows a percent sign, its
    /// first letters can look like the rest of an escape.
    private let readings: [Reading]
    /// How many more quotations begin than end at each byte.
    private var turns: [Int]

    init(_ text: Secret) {
        self.text = text
        let asItIs = Reading(text.withSpan(Reading.canonical), ends: Array(1..<text.count + 1))
        let once = asItIs.decoded
        readings = [asItIs, once, once?.decoded].compactMap(\.self)
        turns = Array(repeating: 0, count: text.count + 1)
    }

    /// Covers what is quoted of a secret.
    func cover(_ secret: Span<UInt8>) {
        let secret = Reading.canonical(secret)
        for reading in readings {
            secret.withSpan { secret in
                reading.find(secret) { range in
                    turns[range.lowerBound] += 1
                    turns[range.upperBound] -= 1
                }
            }
        }
    }

    /// The text's first scalars, with each quotation as `<redacted>`.
    func shown(_ limit: Int) -> String {
        // A scalar has four bytes at the most, and a word more is put where there is room for a byte.
        let shown = SecretBuffer(capacity: 4 * limit + 9) { out in
            text.withSpan { text in
                var depth = 0
                for index in text.indices where out.count < 4 * limit {
                    let isInside = depth > 0
                    depth += turns[index]
                    if depth == 0 {
                        out.append(text[index])
                    } else if !isInside {
                        for letter in "<redacted>".utf8 { out.append(letter) }
                    }
                }
            }
        }
        return String(String.UnicodeScalarView(Scalars(of: Secret(shown)).prefix(limit)))
    }
}

/// One way to read a text.
private final class Reading {
    private let bytes: Secret
    /// Where in the text each byte ends.
    private let ends: [Int]
    /// Beginnings of 4 to 8 bytes.
    private let beginnings: [Places]
    private var parts: Places

    init(_ bytes: Secret, ends: [Int]) {
        (self.bytes, self.ends) = (bytes, ends)
        beginnings = bytes.withSpan { bytes in (4...8).map { Places(of: $0, in: bytes) } }
        parts = bytes.withSpan { Places(of: 12, in: $0) }
    }

    /// A blank as `+`.
    static func canonical(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: " ") ? UInt8(ascii: "+") : byte }

    static func canonical(_ text: Span<UInt8>) -> Secret {
        Secret(
            SecretBuffer(capacity: text.count) { out in
                for index in text.indices { out.append(canonical(text[index])) }
            })
    }

    /// With the percent-encoding taken off once; nil when there is none.
    var decoded: Reading? {
        var places: [Int] = []
        let decoded = SecretBuffer(capacity: bytes.count) { out in
            bytes.withSpan { bytes in
                var index = 0
                while index < bytes.count {
                    let value = Self.escaped(bytes, at: index)
                    out.append(Self.canonical(value ?? bytes[index]))
                    index += value == nil ? 1 : 3
                    places.append(ends[index - 1])
                }
            }
        }
        return decoded.count < bytes.count ? Reading(Secret(decoded), ends: places) : nil
    }

    private static func escaped(_ bytes: Span<UInt8>, at index: Int) -> UInt8? {
        func digit(_ index: Int) -> Int? { Character(Unicode.Scalar(bytes[index])).hexDigitValue }
        guard bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(index + 1),
            let low = digit(index + 2)
        else { return nil }
        return UInt8(high << 4 | low)
    }

    /// Finds where the text quotes a secret; but a part that was found before is covered already, and is not found again.
    func find(_ secret: Span<UInt8>, _ found: (Range<Int>) -> Void) {
        let least = min(8, secret.count)
        bytes.withSpan { bytes in
            if beginnings[least - 4].has(secret.extracting(first: least), in: bytes) {
                Self.find(beginningsOf: secret.extracting(first: bytes.count), least, in: bytes) { found(inText($0)) }
            }
            parts.take(secret, in: bytes) { found(inText($0)) }
        }
    }

    private func inText(_ range: Range<Int>) -> Range<Int> {
        (range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1])..<ends[range.upperBound - 1]
    }

    /// Knuth, Morris and Pratt's search, for beginnings of every size at once: linear, whatever the text repeats.
    private static func find(
        beginningsOf secret: Span<UInt8>, _ least: Int, in bytes: Span<UInt8>, _ found: (Range<Int>) -> Void
    ) {
        // For each beginning, the size of the longest shorter one that it ends with.
        var borders = [0]
        func longer(_ size: Int, _ byte: UInt8) -> Int {
            var size = size
            while size > 0, size == secret.count || secret[size] != byte { size = borders[size - 1] }
            return secret[size] == byte ? size + 1 : 0
        }
        for index in 1..<secret.count { borders.append(longer(borders[index - 1], secret[index])) }
        var size = 0
        for index in bytes.indices {
            size = longer(size, bytes[index])
            if size >= least { found(index + 1 - size..<index + 1) }
        }
    }
}

/// Where in a text the parts of one size stand, by their hashes: of the parts themselves there is no copy.
private struct Places {
    private let size: Int
    /// By hash, the last place.
    private var last: [Int] = [-1]
    /// For each place, the one before it that has the same hash.
    private var before: [Int] = []

    init(of size: Int, in text: Span<UInt8>) {
        self.size = size
        while last.count < text.count { last += last }
        eachPart(of: text) { place, hash in
            before.append(last[hash])
            last[hash] = place
        }
    }

    /// Whether a part of that size stands anywhere.
    func has(_ part: Span<UInt8>, in text: Span<UInt8>) -> Bool {
        var isThere = false
        eachPart(of: part) { _, hash in
            var place = last[hash]
            while place >= 0, !isSame(text, place, part, 0) { place = before[place] }
            isThere = place >= 0
        }
        return isThere
    }

    /// Finds the places of all parts of a secret, and forgets them: asked again, they stand nowhere.
    mutating func take(_ secret: Span<UInt8>, in text: Span<UInt8>, _ found: (Range<Int>) -> Void) {
        eachPart(of: secret) { start, hash in
            var (kept, place) = (-1, last[hash])
            while place >= 0 {
                let next = before[place]
                if !isSame(text, place, secret, start) {
                    kept = place
                } else {
                    if kept < 0 { last[hash] = next } else { before[kept] = next }
                    found(place..<place + size)
                }
                place = next
            }
        }
    }

    private func isSame(_ text: Span<UInt8>, _ place: Int, _ secret: Span<UInt8>, _ start: Int) -> Bool {
        (0..<size).allSatisfy { text[place + $0] == secret[start + $0] }
    }

    /// Odd and unknown outside, so that nobody can write a text of parts that have one hash (Dietzfelbinger's multiply-shift).
    private static let keys = (UInt64.random(in: 0 ... .max) | 1, UInt64.random(in: 0 ... .max) | 1)

    private func eachPart(of bytes: Span<UInt8>, _ body: (_ start: Int, _ hash: Int) -> Void) {
        // The last eight bytes, and the four before them.
        var (late, early): (UInt64, UInt64) = (0, 0)
        for end in bytes.indices {
            early = size > 8 ? (early << 8 | late >> 56) & 0xFFFF_FFFF : 0
            late = late << 8 | UInt64(bytes[end])
            guard end + 1 >= size else { continue }
            let hash = (late << (64 - 8 * min(size, 8))) &* Self.keys.0 &+ early &* Self.keys.1
            body(end + 1 - size, Int(hash >> (64 - last.count.trailingZeroBitCount)))
        }
    }
}

/// The scalars of UTF-8, with U+FFFD for what is none. The text is read where it stands.
struct Scalars: Sequence, IteratorProtocol {
    private var bytes: Bytes
    private var decoder = UTF8()

    init(of text: Secret) { bytes = Bytes(text: text) }

    mutating func next() -> Unicode.Scalar? {
        switch decoder.decode(&bytes) {
        case .scalarValue(let scalar): scalar
        case .emptyInput: nil
        case .error: "\u{FFFD}"
        }
    }

    private struct Bytes: IteratorProtocol {
        let text: Secret
        var index = 0

        mutating func next() -> UInt8? {
            guard index < text.count else { return nil }
            defer { index += 1 }
            return text.withSpan { $0[index] }
        }
    }
}
