import Sealing

/// The two directions of a JSON string (RFC 8259 §7), on bytes that wipe themselves.
enum JSONString {
    /// Decodes a string token, quotes included, that a scanner has walked over; a lone surrogate becomes U+FFFD.
    static func decode(_ token: Span<UInt8>) -> SecretBuffer {
        // A decoded string is never longer than its token.
        SecretBuffer(capacity: token.count) { out in decode(token, into: &out) }
    }

    private static func decode(_ token: Span<UInt8>, into out: inout OutputSpan<UInt8>) {
        var position = 1
        while position < token.count - 1 {
            let byte = token[position]
            position += 1
            if byte != UInt8(ascii: "\\") {
                out.append(byte)
            } else if let plain = unescaped(token[position]) {
                out.append(plain)
                position += 1
            } else {
                for unit in scalar(token, at: &position).utf8 { out.append(unit) }
            }
        }
    }

    /// Reads `uXXXX`, and the second half of a surrogate pair behind it.
    private static func scalar(_ token: Span<UInt8>, at position: inout Int) -> Unicode.Scalar {
        guard let unit = codeUnit(token, at: position + 1) else { return "\u{FFFD}" }
        position += 5
        if UTF16.isLeadSurrogate(unit), position + 1 < token.count, token[position] == UInt8(ascii: "\\"),
            token[position + 1] == UInt8(ascii: "u"), let low = codeUnit(token, at: position + 2),
            UTF16.isTrailSurrogate(low)
        {
            position += 6
            return Unicode.Scalar(0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))) ?? "\u{FFFD}"
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"
    }

    /// The UTF-16 code unit that four hexadecimal digits stand for; nil for anything else.
    static func codeUnit(_ bytes: Span<UInt8>, at position: Int) -> UInt16? {
        guard position + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for index in position..<position + 4 {
            guard let digit = hexValue(bytes[index]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// What a letter after a backslash stands for, but for `u`.
    static func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Encodes `value`, which is UTF-8, with its quotes; only what JSON requires is escaped.
    static func encode(_ value: Span<UInt8>) -> SecretBuffer {
        var size = 2
        for index in value.indices {
            let byte = value[index]
            size += letter(for: byte) != nil ? 2 : byte < 0x20 ? 6 : 1
        }
        return SecretBuffer(count: size) { out in
            var position = 0
            func put(_ byte: UInt8, _ out: inout MutableSpan<UInt8>) {
                out[position] = byte
                position += 1
            }
            put(UInt8(ascii: "\""), &out)
            for index in value.indices {
                let byte = value[index]
                if let letter = letter(for: byte) {
                    put(UInt8(ascii: "\\"), &out)
                    put(letter, &out)
                } else if byte < 0x20 {
                    for unit in "\\u00".utf8 { put(unit, &out) }
                    put(UInt8(ascii: byte < 0x10 ? "0" : "1"), &out)
                    put(byte & 15 + (byte & 15 < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10), &out)
                } else {
                    put(byte, &out)
                }
            }
            put(UInt8(ascii: "\""), &out)
        }
    }

    /// The letter of a two-character escape, for the bytes that have one and need it.
    private static func letter(for byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }
}
