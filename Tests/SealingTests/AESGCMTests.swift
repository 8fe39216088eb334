import Sealing
import Testing

@Suite struct AESGCMTests {
    struct Vector: Sendable {
        let key: String
        let nonce: String
        let plaintext: String
        let aad: String
        let ciphertext: String
        let tag: String

        var sealed: [UInt8] { bytes(ciphertext) + bytes(tag) }
    }

    @Test(arguments: cavpEncrypt)
    func sealingGivesWhatNISTComputed(_ vector: Vector) throws {
        let sealed = try AESGCM.seal(
            bytes(vector.plaintext).span, key: bytes(vector.key).span, nonce: bytes(vector.nonce).span,
            authenticating: bytes(vector.aad).span)
        #expect(sealed == vector.sealed)
    }

    @Test(arguments: cavpEncrypt)
    func openingGivesThePlaintextBack(_ vector: Vector) throws {
        let opened = try open(vector.sealed, bytes(vector.key), bytes(vector.nonce), bytes(vector.aad))
        #expect(opened == bytes(vector.plaintext))
    }

    @Test(arguments: cavpDecryptFailures)
    func aTagThatNISTCallsWrongIsRefused(_ vector: Vector) {
        #expect(throws: SealingError.notAuthentic) {
            try open(vector.sealed, bytes(vector.key), bytes(vector.nonce), bytes(vector.aad))
        }
    }

    @Test func anyFlippedBitIsRefused() throws {
        let vector = Self.cavpEncrypt[3]
        let parts = [vector.sealed, bytes(vector.key), bytes(vector.nonce), bytes(vector.aad)]
        for part in parts.indices {
            for bit in 0..<parts[part].count * 8 {
                var altered = parts
                altered[part][bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(throws: SealingError.notAuthentic, "part \(part), bit \(bit)") {
                    try open(altered[0], altered[1], altered[2], altered[3])
                }
            }
        }
    }

    @Test func everyShorterOrLongerTextIsRefused() {
        let vector = Self.cavpEncrypt[3]
        for text in vector.sealed.indices.map({ Array(vector.sealed[..<$0]) }) + [vector.sealed + [0]] {
            #expect(throws: SealingError.notAuthentic, "\(text.count) bytes") {
                try open(text, bytes(vector.key), bytes(vector.nonce), bytes(vector.aad))
            }
        }
    }

    @Test func associatedDataIsNotCiphertext() throws {
        let (key, nonce) = (bytes(Self.cavpEncrypt[0].key), bytes(Self.cavpEncrypt[0].nonce))
        let aad: [UInt8] = [1, 2, 3]
        let sealed = try AESGCM.seal(Span(), key: key.span, nonce: nonce.span, authenticating: aad.span)
        #expect(sealed.count == AESGCM.tagSize)
        #expect(throws: SealingError.notAuthentic) { try open(sealed, key, nonce, []) }
        #expect(try open(sealed, key, nonce, aad).isEmpty)
    }

    @Test func aLargeTextComesBackWhole() throws {
        let text = [UInt8]((0..<(1 << 20) + 3).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let (key, nonce) = ([UInt8](repeating: 7, count: 32), [UInt8](repeating: 9, count: 12))
        let sealed = try AESGCM.seal(text.span, key: key.span, nonce: nonce.span, authenticating: Span())
        #expect(try open(sealed, key, nonce, []) == text)
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
                    #expect(try open(sealed, key, nonce, key) == text)
                    #expect(throws: SealingError.notAuthentic) { try open(sealed, key, nonce, text) }
                    let mac = try HMAC.code(.sha256, key: key.span, message: sealed.span)
                    let again = try HMAC.code(.sha256, key: key.span, message: sealed.span)
                    #expect(bytes(of: mac) == bytes(of: again))
                }
            }
            try await group.waitForAll()
        }
    }
}

private func open(_ sealed: [UInt8], _ key: [UInt8], _ nonce: [UInt8], _ aad: [UInt8]) throws(SealingError) -> [UInt8] {
    bytes(of: try AESGCM.open(sealed.span, key: key.span, nonce: nonce.span, authenticating: aad.span))
}

extension AESGCMTests {
    /// From NIST's CAVP, `gcmEncryptExtIV256.rsp`: the first row of six of its sections.
    static let cavpEncrypt: [Vector] = [
        Vector(
            key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
            nonce: "516c33929df5a3284ff463d7",
            plaintext: "",
            aad: "",
            ciphertext: "",
            tag: "bdc1ac884d332457a1d2664f168c76f0"),
        Vector(
            key: "78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223",
            nonce: "d79cf22d504cc793c3fb6c8a",
            plaintext: "",
            aad: "b96baa8c1c75a671bfb2d08d06be5f36",
            ciphertext: "",
            tag: "3e5d486aa2e30b22e040b85723a06e76"),
        Vector(
            key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
            nonce: "0d18e06c7c725ac9e362e1ce",
            plaintext: "2db5168e932556f8089a0622981d017d",
            aad: "",
            ciphertext: "fa4362189661d163fcd6a56d8bf0405a",
            tag: "d636ac1bbedd5cc3ee727dc2ab4a9489"),
        Vector(
            key: "69b458f2644af9020463b40ee503cdf083d693815e2659051ae0d039e606a970",
            nonce: "8d1da8ab5f91ccd09205944b",
            plaintext: "f3e0e09224256bf21a83a5de8d",
            aad: "036ad5e5494ef817a8af2f5828784a4bfedd1653",
            ciphertext: "c0a62d77e6031bfdc6b13ae217",
            tag: "a794a9aaee48cd92e47761bf1baff0af"),
        Vector(
            key: "dc776f0156c15d032623854b625c61868e5db84b7b6f9fbd3672f12f0025e0f6",
            nonce: "67130951c4a57f6ae7f13241",
            plaintext: "9378a727a5119595ad631b12a5a6bc8a91756ef09c8d6eaa2b718fe86876da20",
            aad: """
                fd0920faeb7b212932280a009bac969145e5c316cf3922622c3705c3457c4e9f124b2076994323fbcfb523f8
                ed16d241
                """,
            ciphertext: "6d958c20870d401a3c1f7a0ac092c97774d451c09f7aae992a8841ff0ab9d60d",
            tag: "b876831b4ecd7242963b040aa45c4114"),
        Vector(
            key: "148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691",
            nonce: "b08a5ea1927499c6ecbfd4e0",
            plaintext: """
                9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c275a7cd7b39d638f
                b81ca52b49dc41
                """,
            aad: """
                e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca572347e247d25f56b
                a7ae8e05cde2be3c97931292c02370208ecd097ef692687fecf2f419d3200162a6480a57dad408a0dfeb492e
                2c5d
                """,
            ciphertext: """
                2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f82ee663919c64002a
                5c198d7878fd3f
                """,
            tag: "adbecdb0d5c2224d804d2886ff9a5760"),
    ]

    /// From NIST's CAVP, `gcmDecrypt256.rsp`: rows marked FAIL.
    static let cavpDecryptFailures: [Vector] = [
        Vector(
            key: "c997768e2d14e3d38259667a6649079de77beb4543589771e5068e6cd7cd0b14",
            nonce: "835090aed9552dbdd45277e2",
            plaintext: "",
            aad: "",
            ciphertext: "9f6607d68e22ccf21928db0986be126e",
            tag: "f32617f67c574fd9f44ef76ff880ab9f"),
        Vector(
            key: "f05871fa6fced6d88fb68b0f2cd8b3ff6298901c38799be6be33e7d6193a18e6",
            nonce: "1424ef6d15967c05509e50f2",
            plaintext: "",
            aad: "",
            ciphertext: "8492fe9e53510d96d9c2aa00e4967112",
            tag: "33656dd6b89763313b4fd0105f506310"),
    ]
}
