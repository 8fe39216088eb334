package import Sealing

/// A value that must not be seen: a token, a key in text form, a password.
///
/// Immutable and shared by reference, so that there is one copy; the bytes are wiped when the last reference goes.
/// It describes, dumps and reflects itself as `<redacted>`.
package final class Secret: Sendable {
    private let buffer: SecretBuffer

    /// Takes over the bytes of `buffer`.
    package init(_ buffer: consuming SecretBuffer) {
        self.buffer = buffer
    }

    /// Copies `bytes`.
    package convenience init(_ bytes: Span<UInt8>, isKey: Bool = false) {
        self.init(SecretBuffer(bytes, isKey: isKey))
    }

    /// Copies `bytes`; what becomes of the array is its owner's matter.
    package convenience init(_ bytes: [UInt8]) {
        self.init(bytes.span)
    }

    /// Copies the UTF-8 of `text`.
    package convenience init(_ text: String) {
        self.init(text.utf8.span)
    }

    /// The size in bytes.
    package var count: Int { buffer.count }

    /// Whether there is no byte.
    package var isEmpty: Bool { buffer.count == 0 }

    /// Whether there is a NUL byte, which no record, environment or text file can carry.
    package var hasNUL: Bool {
        withSpan { bytes in
            for index in bytes.indices where bytes[index] == 0 { return true }
            return false
        }
    }

    /// Lends the bytes for the time of `body`.
    package func withSpan<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try buffer.withSpan(body)
    }

    /// The bytes as text, for the one place that has to hand it out; nil when they are not UTF-8.
    ///
    /// The copy is an ordinary String and is not wiped.
    package func revealed() -> String? {
        withSpan { span in String(validating: span) }
    }

    /// The bytes as an array, for the one place that has to write them out; the copy is not wiped.
    package func revealedBytes() -> [UInt8] {
        withSpan { span in [UInt8](copying: span) }
    }
}

extension Secret: Equatable {
    /// Compares in a time that depends on the lengths only.
    package static func == (a: Secret, b: Secret) -> Bool {
        a.withSpan { a in b.withSpan { b in equalInConstantTime(a, b) } }
    }

    /// Lets a `switch` tell texts that are not secret, such as the code of an error.
    package static func ~= (text: String, secret: Secret) -> Bool { Secret(text) == secret }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never the value.
    package var description: String { "<redacted>" }
    /// Never the value.
    package var debugDescription: String { "<redacted>" }
    /// Never the value.
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension String {
    /// Copies the bytes of a span, or gives nil when they are not UTF-8.
    package init?(validating span: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: span) else { return nil }
        self.init(copying: text)
    }
}

extension [UInt8] {
    /// Copies the bytes of a span.
    package init(copying span: Span<UInt8>) {
        self.init()
        append(copying: span)
    }

    /// Appends the bytes of a span.
    package mutating func append(copying span: Span<UInt8>) {
        // Not `reserveCapacity`, which reserves exactly: called for each line it makes a large body quadratic.
        append(addingCapacity: span.count) { target in
            for index in span.indices { target.append(span[index]) }
        }
    }
}
