import Sealing

/// The bytes that pairs of hexadecimal digits stand for; white space between lines of a vector does not count.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.utf8.compactMap { digit in Character(Unicode.Scalar(digit)).hexDigitValue }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Copies a wiping buffer, so that it can be compared.
func bytes(of buffer: borrowing SecretBuffer) -> [UInt8] {
    buffer.withSpan { span in span.indices.map { span[$0] } }
}
