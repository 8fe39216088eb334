internal import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The 32-byte digest of `bytes`.
    package static func digest(of bytes: Span<UInt8>) throws(SealingError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var size = 0
        let done = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe EVP_Q_digest(nil, "SHA256", nil, bytes.baseAddress, bytes.count, &digest, &size)
        }
        guard done == 1, size == 32 else { throw .library(at: "SHA-256") }
        return digest
    }
}

/// HMAC (RFC 2104) with SHA-2.
package enum HMAC {
    /// The hash beneath.
    package enum Hash: String {
        /// SHA-256: 32-byte codes.
        case sha256 = "SHA256"
        /// SHA-512: 64-byte codes.
        case sha512 = "SHA512"
    }

    /// The authentication code of `message` under `key`; with `isKey` it is itself going to be one.
    package static func code(
        _ hash: Hash, key: Span<UInt8>, message: Span<UInt8>, isKey: Bool = false
    ) throws(SealingError) -> SecretBuffer {
        let count = hash == .sha256 ? 32 : 64
        return try SecretBuffer(count: count, isKey: isKey) { (out: inout MutableSpan<UInt8>) throws(SealingError) in
            var size = 0
            let done = unsafe out.withUnsafeMutableBufferPointer { out in
                unsafe key.withUnsafeBufferPointer { key in
                    unsafe message.withUnsafeBufferPointer { message in
                        unsafe EVP_Q_mac(
                            nil, "HMAC", nil, hash.rawValue, nil, key.baseAddress, key.count, message.baseAddress,
                            message.count, out.baseAddress, out.count, &size)
                    }
                }
            }
            guard unsafe done != nil, size == count else { throw .library(at: "HMAC") }
        }
    }
}
