internal import COpenSSL

/// Bytes that are wiped before their memory is given back.
///
/// One owner, no copies: the bytes are lent to a closure and cannot leave it but by a deliberate copy.
@safe package struct SecretBuffer: ~Copyable, @unchecked Sendable {
    private let base: UnsafeMutablePointer<UInt8>

    /// The size in bytes.
    package let count: Int

    /// Makes a buffer of `count` zero bytes and lets `fill` write them.
    package init<E: Error>(count: Int, fill: (inout MutableSpan<UInt8>) throws(E) -> Void) throws(E) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(count, 1))
        unsafe memory.initialize(repeating: 0, count: max(count, 1))
        do {
            var span = unsafe MutableSpan(_unsafeStart: memory, count: count)
            try fill(&span)
        } catch {
            unsafe OPENSSL_cleanse(memory, max(count, 1))
            unsafe memory.deallocate()
            throw error
        }
        unsafe base = memory
        self.count = count
    }

    /// Copies `bytes`.
    package init(_ bytes: Span<UInt8>) {
        unsafe base = .allocate(capacity: max(bytes.count, 1))
        count = bytes.count
        unsafe bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe base.initialize(from: start, count: source.count) }
        }
    }

    /// Makes `count` bytes from the operating system's generator, by way of OpenSSL's private DRBG.
    package init(randomCount count: Int) {
        self.init(count: count) { span in
            unsafe span.withUnsafeMutableBufferPointer { target in
                // A process without randomness must not go on: there is no safe value to return.
                precondition(unsafe RAND_priv_bytes(target.baseAddress, Int32(count)) == 1, "no randomness")
            }
        }
    }

    /// Lends the bytes for the time of `body`.
    package borrowing func withSpan<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(unsafe Span(_unsafeStart: base, count: count))
    }

    deinit {
        unsafe OPENSSL_cleanse(base, max(count, 1))
        unsafe base.deallocate()
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
package func equalInConstantTime(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in unsafe CRYPTO_memcmp(a.baseAddress, b.baseAddress, a.count) == 0 }
    }
}

/// Public random bytes (salts, identifiers), handed in wherever a test needs to know them.
package struct Randomness: Sendable {
    /// Returns that many bytes.
    package let bytes: @Sendable (_ count: Int) -> [UInt8]

    /// Wraps a source of bytes.
    package init(bytes: @escaping @Sendable (_ count: Int) -> [UInt8]) {
        self.bytes = bytes
    }

    /// OpenSSL's generator, seeded by the operating system.
    package static let system = Randomness { count in
        unsafe [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            precondition(unsafe RAND_bytes(target.baseAddress, Int32(count)) == 1, "no randomness")
            filled = count
        }
    }
}
