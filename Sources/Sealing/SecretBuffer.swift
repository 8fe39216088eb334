internal import COpenSSL

/// Bytes that are wiped before their memory is given back.
///
/// One owner, no copies: the bytes are lent to a closure and cannot leave it but by a deliberate copy.
@safe package struct SecretBuffer: ~Copyable, @unchecked Sendable {
    private let memory: SecretMemory

    /// The size in bytes.
    package let count: Int

    /// Makes a buffer of `count` zero bytes and lets `fill` write them. The memory of a key is locked where it may be.
    package init<E: Error>(
        count: Int, isKey: Bool = false, fill: (inout MutableSpan<UInt8>) throws(E) -> Void
    ) throws(E) {
        let memory = SecretMemory(count, isKey: isKey)
        unsafe memory.base.initialize(repeating: 0, count: count)
        do {
            var span = unsafe MutableSpan(_unsafeStart: memory.base, count: count)
            try fill(&span)
        } catch {
            memory.release(count)
            throw error
        }
        self.memory = memory
        self.count = count
    }

    /// Lets `fill` write at most `capacity` bytes, and keeps those that it wrote. Room that is not used costs nothing.
    package init<E: Error>(
        capacity: Int, isKey: Bool = false, fill: (inout OutputSpan<UInt8>) throws(E) -> Void
    ) throws(E) {
        let room = SecretMemory(capacity, isKey: isKey)
        let buffer = unsafe UnsafeMutableBufferPointer(start: room.base, count: capacity)
        var output = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
        do { try fill(&output) } catch {
            room.release(unsafe output.finalize(for: buffer))
            throw error
        }
        let count = unsafe output.finalize(for: buffer)
        self.init(unsafe Span(_unsafeStart: room.base, count: count), isKey: isKey)
        room.release(count)
    }

    /// Copies `bytes`.
    package init(_ bytes: Span<UInt8>, isKey: Bool = false) {
        memory = SecretMemory(bytes.count, isKey: isKey)
        count = bytes.count
        unsafe bytes.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { unsafe memory.base.initialize(from: start, count: source.count) }
        }
    }

    /// Makes `count` bytes from the operating system's generator, by way of OpenSSL's private DRBG.
    package init(randomCount count: Int) {
        self.init(count: count, isKey: true) { span in
            unsafe span.withUnsafeMutableBufferPointer { target in
                // A process without randomness must not go on: there is no safe value to return.
                precondition(unsafe RAND_priv_bytes(target.baseAddress, Int32(count)) == 1, "no randomness")
            }
        }
    }

    /// Lends the bytes for the time of `body`.
    package borrowing func withSpan<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(unsafe Span(_unsafeStart: memory.base, count: count))
    }

    deinit { memory.release(count) }
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
