/// The text of a file, taken one Unicode scalar at a time, and the line it has come to.
struct Source {
    private let scalars: [Unicode.Scalar]
    private(set) var position = 0
    private(set) var line = 1

    init(_ bytes: [UInt8]) throws(ImportError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            let before = bytes[..<error.byteOffsets.lowerBound]
            throw ImportError(problem: .notUTF8, line: 1 + before.count { $0 == UInt8(ascii: "\n") })
        }
        scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        if peek() == "\u{FEFF}" { position = 1 }
    }

    /// The scalar that `offset` places ahead, or nil past the end.
    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    /// Takes one scalar; nil at the end.
    @discardableResult
    mutating func take() -> Unicode.Scalar? {
        guard let scalar = peek() else { return nil }
        position += 1
        // CRLF is one line's end, counted at its second half.
        if scalar == "\n" || scalar == "\r" && peek() != "\n" { line += 1 }
        return scalar
    }

    /// Takes `text` where it comes next, or takes nothing.
    mutating func take(_ text: StaticString) -> Bool {
        let wanted = "\(text)".unicodeScalars
        guard scalars[position...].starts(with: wanted) else { return false }
        for _ in wanted { take() }
        return true
    }

    /// Takes scalars as long as they fit.
    @discardableResult
    mutating func take(while fits: (Unicode.Scalar) -> Bool) -> String {
        var taken = String.UnicodeScalarView()
        while let scalar = peek(), fits(scalar) {
            taken.append(scalar)
            take()
        }
        return String(taken)
    }

    /// Takes up to `count` hexadecimal digits and answers their value, or nil when there are fewer.
    mutating func takeHexadecimal(_ count: Int) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let digit = peek()?.hexadecimalValue else { return nil }
            value = value << 4 | digit
            take()
        }
        return value
    }
}

extension Unicode.Scalar {
    /// The value of a hexadecimal digit, or nil.
    var hexadecimalValue: UInt32? {
        switch self {
        case "0"..."9": value - 0x30
        case "a"..."f": value - 0x61 + 10
        case "A"..."F": value - 0x41 + 10
        default: nil
        }
    }

    /// Whether this is a digit from 0 to 9.
    var isDecimalDigit: Bool { ("0"..."9").contains(self) }
}
