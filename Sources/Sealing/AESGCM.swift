internal import COpenSSL

/// AES-256 in Galois/Counter Mode: 32-byte keys, 12-byte nonces, 16-byte tags (NIST SP 800-38D).
package enum AESGCM {
    /// The size of a tag in bytes.
    package static let tagSize = 16

    /// Encrypts `plaintext` and returns the ciphertext with the tag behind it.
    package static func seal(
        _ plaintext: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, authenticating aad: Span<UInt8> = Span()
    ) throws(SealingError) -> [UInt8] {
        let context = try CipherContext()
        var sealed = [UInt8](repeating: 0, count: plaintext.count + tagSize)
        var out = sealed.mutableSpan
        try context.begin(.encrypt, key: key, nonce: nonce)
        try context.authenticate(aad)
        try context.process(plaintext, into: &out)
        guard context.finish() else { throw .library(at: "AES-256-GCM end") }
        try context.putTag(behind: plaintext.count, in: &out)
        return sealed
    }

    /// Verifies the tag at the end of `sealed` and returns the plaintext; `notAuthentic` when it does not match.
    package static func open(
        _ sealed: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, authenticating aad: Span<UInt8> = Span()
    ) throws(SealingError) -> SecretBuffer {
        guard sealed.count >= tagSize else { throw .notAuthentic }
        let context = try CipherContext()
        try context.begin(.decrypt, key: key, nonce: nonce)
        // The buffer leaves this function only when the tag has been verified; on a mismatch it is wiped.
        // Of what is sealed here, a key alone has a key's size.
        let count = sealed.count - tagSize
        return try SecretBuffer(count: count, isKey: count == 32) {
            (out: inout MutableSpan<UInt8>) throws(SealingError) in
            try context.authenticate(aad)
            try context.process(sealed.extracting(droppingLast: tagSize), into: &out)
            try context.expect(tag: sealed.extracting(last: tagSize))
            guard context.finish() else {
                ERR_clear_error()
                throw .notAuthentic
            }
        }
    }
}

extension AESGCM {
    /// Whether what is sealed would begin so, if it opened. This proves nothing, and gives no plaintext out: it tells cheaply
    /// what need not be opened.
    package static func decryption(
        of sealed: Span<UInt8>, beginsWith start: Span<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>
    ) throws(SealingError) -> Bool {
        guard sealed.count >= start.count + tagSize else { return false }
        let context = try CipherContext()
        try context.begin(.decrypt, key: key, nonce: nonce)
        let found = try SecretBuffer(count: start.count) { (out: inout MutableSpan<UInt8>) throws(SealingError) in
            try context.process(sealed.extracting(0..<start.count), into: &out)
        }
        return found.withSpan { equalInConstantTime($0, start) }
    }
}

/// One EVP_CIPHER_CTX, freed (and so wiped) by its owner.
@safe private struct CipherContext: ~Copyable {
    enum Direction: Int32 { case decrypt, encrypt }

    private let context: OpaquePointer

    init() throws(SealingError) {
        guard let made = unsafe EVP_CIPHER_CTX_new() else { throw .library(at: "AES-256-GCM context") }
        unsafe context = made
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Starts a message.
    borrowing func begin(
        _ direction: Direction, key: Span<UInt8>, nonce: Span<UInt8>
    ) throws(SealingError) {
        precondition(key.count == 32 && nonce.count == 12)
        let done = unsafe key.withUnsafeBufferPointer { key in
            unsafe nonce.withUnsafeBufferPointer { nonce in
                unsafe EVP_CipherInit_ex(
                    context, EVP_aes_256_gcm(), nil, key.baseAddress, nonce.baseAddress, direction.rawValue)
            }
        }
        guard done == 1 else { throw .library(at: "AES-256-GCM key") }
    }

    /// Takes in what is authenticated and not encrypted.
    borrowing func authenticate(_ aad: Span<UInt8>) throws(SealingError) {
        guard !aad.isEmpty else { return }
        var written: Int32 = 0
        let done = unsafe aad.withUnsafeBufferPointer { aad in
            unsafe EVP_CipherUpdate(context, nil, &written, aad.baseAddress, Int32(aad.count))
        }
        guard done == 1 else { throw .library(at: "AES-256-GCM associated data") }
    }

    /// Encrypts or decrypts all of `input` to the start of `output`.
    borrowing func process(_ input: Span<UInt8>, into output: inout MutableSpan<UInt8>) throws(SealingError) {
        guard !input.isEmpty else { return }
        precondition(output.count >= input.count)
        var written: Int32 = 0
        let done = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe input.withUnsafeBufferPointer { input in
                unsafe EVP_CipherUpdate(context, output.baseAddress, &written, input.baseAddress, Int32(input.count))
            }
        }
        guard done == 1 else { throw .library(at: "AES-256-GCM text") }
    }

    /// Says which tag `finish` has to find.
    borrowing func expect(tag: Span<UInt8>) throws(SealingError) {
        let done = unsafe tag.withUnsafeBufferPointer { tag in
            // The pointer is mutable in C only: OpenSSL copies the tag from it.
            unsafe EVP_CIPHER_CTX_ctrl(
                context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), UnsafeMutableRawPointer(mutating: tag.baseAddress))
        }
        guard done == 1 else { throw .library(at: "AES-256-GCM tag") }
    }

    /// Ends the message; false when it is not the one that the tag was made for.
    borrowing func finish() -> Bool {
        // GCM writes nothing here, but it is told where it would.
        var spare: UInt8 = 0
        var written: Int32 = 0
        return unsafe EVP_CipherFinal_ex(context, &spare, &written) == 1
    }

    /// Writes the tag of the finished message to `output`, from `position` on.
    borrowing func putTag(behind position: Int, in output: inout MutableSpan<UInt8>) throws(SealingError) {
        precondition(output.count >= position + AESGCM.tagSize)
        let done = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe EVP_CIPHER_CTX_ctrl(
                context, EVP_CTRL_AEAD_GET_TAG, Int32(AESGCM.tagSize), output.baseAddress.map { unsafe $0 + position })
        }
        guard done == 1 else { throw .library(at: "AES-256-GCM tag") }
    }
}
