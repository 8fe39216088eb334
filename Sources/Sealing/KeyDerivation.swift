internal import COpenSSL

/// HKDF with SHA-512 (RFC 5869): Extract, then Expand.
package enum HKDF {
    /// Derives `count` bytes from the key material `ikm`.
    package static func derive(
        from ikm: Span<UInt8>, salt: Span<UInt8>, info: Span<UInt8>, count: Int
    ) throws(SealingError) -> SecretBuffer {
        guard let kdf = unsafe EVP_KDF_fetch(nil, "HKDF", nil) else { throw .library(at: "HKDF") }
        defer { unsafe EVP_KDF_free(kdf) }
        guard let context = unsafe EVP_KDF_CTX_new(kdf) else { throw .library(at: "HKDF") }
        defer { unsafe EVP_KDF_CTX_free(context) }
        return try SecretBuffer(count: count, isKey: true) { (out: inout MutableSpan<UInt8>) throws(SealingError) in
            let done = unsafe out.withUnsafeMutableBufferPointer { out in
                unsafe ikm.withUnsafeBufferPointer { ikm in
                    unsafe salt.withUnsafeBufferPointer { salt in
                        unsafe info.withUnsafeBufferPointer { info in
                            var parameters = unsafe [
                                OSSL_PARAM_construct_utf8_string(pointer(to: "digest"), pointer(to: "SHA512"), 0),
                                octets("key", ikm),
                            ]
                            // What is empty is left out (RFC 5869 §2.2): OpenSSL refuses a salt without an address.
                            if !salt.isEmpty { unsafe parameters.append(octets("salt", salt)) }
                            if !info.isEmpty { unsafe parameters.append(octets("info", info)) }
                            unsafe parameters.append(OSSL_PARAM_construct_end())
                            return unsafe EVP_KDF_derive(context, out.baseAddress, out.count, &parameters)
                        }
                    }
                }
            }
            guard done == 1 else { throw .library(at: "HKDF") }
        }
    }

    private static func octets(_ name: StaticString, _ bytes: UnsafeBufferPointer<UInt8>) -> OSSL_PARAM {
        unsafe OSSL_PARAM_construct_octet_string(
            pointer(to: name), UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    /// A name of OpenSSL's `core_names.h`. An OSSL_PARAM keeps the pointer, so the text has to stand still, which the
    /// macros as Swift imports them do not; it is only read, though its type says otherwise.
    private static func pointer(to name: StaticString) -> UnsafeMutablePointer<CChar> {
        unsafe UnsafeMutableRawPointer(mutating: name.utf8Start).assumingMemoryBound(to: CChar.self)
    }
}

/// What scrypt (RFC 7914) may cost.
package struct ScryptCost: Sendable, Hashable {
    /// The base-2 logarithm of the cost parameter N.
    package let log2N: UInt32
    /// The block size r.
    package let r: UInt32
    /// The parallelization p.
    package let p: UInt32

    /// Names a cost; whether a vault may use it is the format's to say.
    package init(log2N: UInt32, r: UInt32, p: UInt32) {
        (self.log2N, self.r, self.p) = (log2N, r, p)
    }
}

/// scrypt (RFC 7914): a key from a passphrase, at a cost that slows down guessing.
package enum Scrypt {
    /// Derives `count` bytes. Takes 128 · N · r bytes of memory.
    package static func derive(
        from passphrase: Span<UInt8>, salt: Span<UInt8>, cost: ScryptCost, count: Int
    ) throws(SealingError) -> SecretBuffer {
        try SecretBuffer(count: count, isKey: true) { (out: inout MutableSpan<UInt8>) throws(SealingError) in
            let done = unsafe out.withUnsafeMutableBufferPointer { out in
                unsafe passphrase.withUnsafeBytes { passphrase in
                    unsafe salt.withUnsafeBufferPointer { salt in
                        // OpenSSL's own cap on memory, 32 MiB, is lifted: the cost says what is needed.
                        unsafe EVP_PBE_scrypt(
                            passphrase.baseAddress?.assumingMemoryBound(to: CChar.self), passphrase.count,
                            salt.baseAddress, salt.count, 1 << UInt64(cost.log2N), UInt64(cost.r), UInt64(cost.p),
                            .max, out.baseAddress, out.count)
                    }
                }
            }
            guard done == 1 else { throw .library(at: "scrypt") }
        }
    }
}
