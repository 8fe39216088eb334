import Sealing

/// Why a text is not JSON that can be taken, and at which byte.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong; never any of the text.
    package let reason: String
    /// The offset in bytes.
    package let offset: Int

    /// Describes a fault.
    package init(reason: String, offset: Int) {
        (self.reason, self.offset) = (reason, offset)
    }

    /// For example "a member stands twice at byte 17".
    package var description: String { "\(reason) at byte \(offset)" }
}

/// How strictly a JSON text is read.
package enum JSONRules: Sendable {
    /// RFC 8259 and, above it, no member twice and no lone surrogate: what the vault's own records keep to.
    case record
    /// RFC 8259 alone: what a provider may send. A bad name somewhere in it must not cost the tokens beside it.
    case answer
}

/// Walks over one JSON text (RFC 8259) without making values of it, so that every byte can be kept as it was.
struct JSONScanner {
    /// How many objects and arrays may stand in one another; a deeper text is refused before the stack knows of it.
    static let depthLimit = 32

    let rules: JSONRules
    private(set) var position = 0

    init(rules: JSONRules) {
        self.rules = rules
    }

    /// Walks over a whole text that is one object, and hands out each of its members' name and value by position.
    mutating func members(
        of bytes: Span<UInt8>, _ member: (_ name: [UInt8], _ value: Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        skipBlanks(bytes)
        try object(bytes, depth: 1, member)
        skipBlanks(bytes)
        guard position == bytes.count else { throw failure("more follows the end") }
    }

    /// Walks over a whole text that is one array, and hands out each element by position.
    mutating func elements(
        of bytes: Span<UInt8>, _ element: (Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        skipBlanks(bytes)
        try array(bytes, depth: 1, element)
        skipBlanks(bytes)
        guard position == bytes.count else { throw failure("more follows the end") }
    }

    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> Range<Int> {
        let start = position
        switch peek(bytes) {
        case UInt8(ascii: "{"): try object(bytes, depth: depth) { _, _ throws(JSONError) in }
        case UInt8(ascii: "["): try array(bytes, depth: depth) { _ throws(JSONError) in }
        case UInt8(ascii: "\""): try string(bytes)
        case UInt8(ascii: "t"): try word("true", bytes)
        case UInt8(ascii: "f"): try word("false", bytes)
        case UInt8(ascii: "n"): try word("null", bytes)
        default: try number(bytes)
        }
        return start..<position
    }

    private mutating func object(
        _ bytes: Span<UInt8>, depth: Int, _ member: ([UInt8], Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard depth <= Self.depthLimit else { throw failure("nested too deep") }
        try expect("{", bytes)
        skipBlanks(bytes)
        if take("}", bytes) { return }
        // Names are compared as bytes: to Swift's strings two spellings of `é` would be one name.
        var names: Set<[UInt8]> = []
        repeat {
            skipBlanks(bytes)
            let start = position
            try string(bytes)
            let name = JSONString.decode(bytes.extracting(start..<position)).withSpan { [UInt8](copying: $0) }
            guard names.insert(name).inserted || rules == .answer else { throw failure("a member stands twice") }
            skipBlanks(bytes)
            try expect(":", bytes)
            skipBlanks(bytes)
            try member(name, try value(bytes, depth: depth + 1))
            skipBlanks(bytes)
        } while take(",", bytes)
        try expect("}", bytes)
    }

    private mutating func array(
        _ bytes: Span<UInt8>, depth: Int, _ element: (Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard depth <= Self.depthLimit else { throw failure("nested too deep") }
        try expect("[", bytes)
        skipBlanks(bytes)
        if take("]", bytes) { return }
        repeat {
            skipBlanks(bytes)
            try element(try value(bytes, depth: depth + 1))
            skipBlanks(bytes)
        } while take(",", bytes)
        try expect("]", bytes)
    }

    private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) {
        try expect("\"", bytes)
        while let byte = peek(bytes) {
            guard byte >= 0x20 else { throw failure("a raw control character in a string") }
            position += 1
            if byte == UInt8(ascii: "\"") { return }
            if byte == UInt8(ascii: "\\") { try escape(bytes) }
        }
        throw failure("a string does not end")
    }

    /// Walks over what follows a backslash.
    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONError) {
        if let letter = peek(bytes), JSONString.unescaped(letter) != nil {
            position += 1
            return
        }
        let unit = try codeUnit(bytes)
        guard rules == .record, UTF16.isSurrogate(unit) else { return }
        guard UTF16.isLeadSurrogate(unit), take("\\", bytes), UTF16.isTrailSurrogate(try codeUnit(bytes)) else {
            throw failure("a lone surrogate")
        }
    }

    private mutating func codeUnit(_ bytes: Span<UInt8>) throws(JSONError) -> UInt16 {
        guard take("u", bytes), let unit = JSONString.codeUnit(bytes, at: position) else { throw failure("bad escape") }
        position += 4
        return unit
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) {
        _ = take("-", bytes)
        guard let first = peek(bytes), isDigit(first) else { throw failure("no value") }
        if first == UInt8(ascii: "0") { position += 1 } else { digits(bytes) }
        if take(".", bytes) {
            guard let digit = peek(bytes), isDigit(digit) else { throw failure("bad number") }
            digits(bytes)
        }
        if take("e", bytes) || take("E", bytes) {
            if !take("+", bytes) { _ = take("-", bytes) }
            guard let digit = peek(bytes), isDigit(digit) else { throw failure("bad number") }
            digits(bytes)
        }
    }

    private mutating func digits(_ bytes: Span<UInt8>) {
        while let byte = peek(bytes), isDigit(byte) { position += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>) throws(JSONError) {
        for byte in word.description.utf8 {
            guard peek(bytes) == byte else { throw failure("no value") }
            position += 1
        }
    }

    private func peek(_ bytes: Span<UInt8>) -> UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar, _ bytes: Span<UInt8>) -> Bool {
        guard peek(bytes) == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ bytes: Span<UInt8>) throws(JSONError) {
        guard take(character, bytes) else { throw failure("no \(character)") }
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while let byte = peek(bytes), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private func failure(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position) }
}
