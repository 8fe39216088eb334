import Sealing
import Testing

@Suite struct AESGCMTests {
    static let files = ["nist-aes-gcm-encrypt", "nist-aes-gcm-decrypt", "wycheproof-aes-gcm"]

    @Test(arguments: files)
    func sealingGivesWhatNISTAndWycheproofSay(file: String) throws {
        // Of a case that has to be refused NIST gives no plaintext; in Wycheproof's the tag alone is wrong.
        for vector in try Vector.all(of: file) where vector.has("msg") {
            let (text, key) = (try vector.bytes("msg"), try vector.bytes("key"))
            let (nonce, aad) = (try vector.bytes("iv"), try vector.bytes("aad"))
            let sealed = try AESGCM.seal(text.span, key: key.span, nonce: nonce.span, authenticating: aad.span)
            #expect(try sealed.dropLast(AESGCM.tagSize) == vector.bytes("ct")[...], "\(vector.id)")
            #expect(try (sealed.suffix(AESGCM.tagSize) == vector.bytes("tag")[...]) == vector.isValid(), "\(vector.id)")
        }
    }

    @Test(arguments: files)
    func openingGivesWhatNISTAndWycheproofSayAndRefusesWhatTheyCallInvalid(file: String) throws {
        for vector in try Vector.all(of: file) {
            let parts = try parts(of: vector)
            if try vector.isValid() {
                #expect(try open(parts) == vector.bytes("msg"), "\(vector.id)")
            } else {
                #expect(throws: SealingError.notAuthentic, "\(vector.id)") { try open(parts) }
            }
        }
    }

    private func parts(of vector: Vector) throws -> [[UInt8]] {
        let sealed = try vector.bytes("ct") + vector.bytes("tag")
        return [sealed, try vector.bytes("key"), try vector.bytes("iv"), try vector.bytes("aad")]
    }

    /// A case of NIST's in which no part is empty.
    private func whole() throws -> [[UInt8]] {
        let vectors = try Vector.all(of: "nist-aes-gcm-encrypt")
        return try parts(of: #require(vectors.last { try !$0.bytes("ct").isEmpty && !$0.bytes("aad").isEmpty }))
    }

    @Test func anyFlippedBitIsRefused() throws {
        let parts = try whole()
        for part in parts.indices {
            for bit in 0..<parts[part].count * 8 {
                var altered = parts
                altered[part][bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(throws: SealingError.notAuthentic, "part \(part), bit \(bit)") { try open(altered) }
            }
        }
    }

    @Test func everyShorterOrLongerTextIsRefused() throws {
        let parts = try whole()
        let sealed = parts[0]
        for text in sealed.indices.map({ Array(sealed[..<$0]) }) + [sealed + [0]] {
            #expect(throws: SealingError.notAuthentic, "\(text.count) bytes") { try open([text] + parts.dropFirst()) }
        }
    }

    @Test func associatedDataIsNotCiphertext() throws {
        let (key, nonce) = ([UInt8](repeating: 7, count: 32), [UInt8](repeating: 9, count: 12))
        let aad: [UInt8] = [1, 2, 3]
        let sealed = try AESGCM.seal(Span(), key: key.span, nonce: nonce.span, authenticating: aad.span)
        #expect(sealed.count == AESGCM.tagSize)
        #expect(throws: SealingError.notAuthentic) { try open([sealed, key, nonce, []]) }
        #expect(try open([sealed, key, nonce, aad]).isEmpty)
    }

    @Test func aLargeTextComesBackWhole() throws {
        let text = [UInt8]((0..<(1 << 20) + 3).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let (key, nonce) = ([UInt8](repeating: 7, count: 32), [UInt8](repeating: 9, count: 12))
        let sealed = try AESGCM.seal(text.span, key: key.span, nonce: nonce.span, authenticating: Span())
        #expect(try open([sealed, key, nonce, []]) == text)
    }

    /// Each call has its own context; none can see another's key, text or error.
    @Test func manyTasksAtOnceDoNotDisturbEachOther() async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let key = [UInt8](repeating: UInt8(number), count: 32)
                    let nonce = [UInt8](repeating: 1, count: 12)
                    let text = [UInt8](repeating: UInt8(number), count: number * 7)
                    let sealed = try AESGCM.seal(text.span, key: key.span, nonce: nonce.span, authenticating: key.span)
                    #expect(try open([sealed, key, nonce, key]) == text)
                    #expect(throws: SealingError.notAuthentic) { try open([sealed, key, nonce, text]) }
                    let mac = try HMAC.code(.sha256, key: key.span, message: sealed.span)
                    let again = try HMAC.code(.sha256, key: key.span, message: sealed.span)
                    #expect(bytes(of: mac) == bytes(of: again))
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Opens sealed text, key, nonce and associated data.
private func open(_ parts: [[UInt8]]) throws(SealingError) -> [UInt8] {
    let (sealed, key, nonce, aad) = (parts[0], parts[1], parts[2], parts[3])
    return bytes(of: try AESGCM.open(sealed.span, key: key.span, nonce: nonce.span, authenticating: aad.span))
}
