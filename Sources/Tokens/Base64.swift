package import Sealing

/// Base64 (RFC 4648 §4) and its URL-safe alphabet without padding (§5), canonical in both directions.
package enum Base64 {
    /// Which alphabet, and whether `=` fills the last group.
    package enum Variant: Sendable {
        /// `+`, `/` and padding.
        case standard
        /// `-`, `_` and no padding.
        case url
    }

    /// Encodes `bytes` as ASCII.
    package static func encode(_ bytes: Span<UInt8>, _ variant: Variant) -> SecretBuffer {
        let tail = bytes.count % 3
        let size = variant == .url ? bytes.count / 3 * 4 + (tail == 0 ? 0 : tail + 1) : (bytes.count + 2) / 3 * 4
        let alphabet = Array((plain + (variant == .url ? "-_" : "+/")).utf8)
        return SecretBuffer(count: size) { out in
            var position = 0
            var index = 0
            while index < bytes.count {
                let left = bytes.count - index
                let group =
                    UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                    | (left > 2 ? UInt32(bytes[index + 2]) : 0)
                for digit in 0..<4 where position < size {
                    out[position] =
                        digit <= left ? alphabet[Int(group >> UInt32(18 - 6 * digit) & 63)] : UInt8(ascii: "=")
                    position += 1
                }
                index += 3
            }
        }
    }

    /// Decodes ASCII; nil for another alphabet, a wrong length, wrong padding or bits that are not zero at the end.
    package static func decode(_ text: Span<UInt8>, _ variant: Variant, isKey: Bool = false) -> Secret? {
        var digits = text.count
        if variant == .standard {
            guard text.count % 4 == 0 else { return nil }
            while digits > max(0, text.count - 2), text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
        }
        guard digits % 4 != 1 else { return nil }
        do {
            let bytes = try SecretBuffer(count: digits * 3 / 4, isKey: isKey) {
                (out: inout MutableSpan<UInt8>) throws(NotBase64) in
                var group: UInt32 = 0
                var bits: UInt32 = 0
                var position = 0
                for index in 0..<digits {
                    guard let value = value(of: text[index], variant) else { throw NotBase64() }
                    group = group << 6 | value
                    bits += 6
                    guard bits >= 8 else { continue }
                    bits -= 8
                    out[position] = UInt8(truncatingIfNeeded: group >> bits)
                    group &= (1 << bits) - 1
                    position += 1
                }
                guard group == 0 else { throw NotBase64() }
            }
            return Secret(bytes)
        } catch {
            return nil
        }
    }

    private struct NotBase64: Error {}

    private static let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

    private static func value(of digit: UInt8, _ variant: Variant) -> UInt32? {
        switch (digit, variant) {
        case (UInt8(ascii: "A")...UInt8(ascii: "Z"), _): UInt32(digit - UInt8(ascii: "A"))
        case (UInt8(ascii: "a")...UInt8(ascii: "z"), _): UInt32(digit - UInt8(ascii: "a")) + 26
        case (UInt8(ascii: "0")...UInt8(ascii: "9"), _): UInt32(digit - UInt8(ascii: "0")) + 52
        case (UInt8(ascii: "+"), .standard), (UInt8(ascii: "-"), .url): 62
        case (UInt8(ascii: "/"), .standard), (UInt8(ascii: "_"), .url): 63
        default: nil
        }
    }
}

/// Lower-case hexadecimal digits of `bytes`.
package func hexadecimal(_ bytes: Span<UInt8>) -> String {
    var digits = ""
    for index in bytes.indices {
        let byte = bytes[index]
        digits += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return digits
}
