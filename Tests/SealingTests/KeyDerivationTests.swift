import Host
import Sealing
import Testing

@Suite struct KeyDerivationTests {
    struct HKDFVector: Sendable {
        let ikm: [UInt8]
        let salt: [UInt8]
        let info: [UInt8]
        let okm: String
    }

    /// The inputs of RFC 5869 appendix A.1 to A.3 and of the format's payload key, with SHA-512, for which the RFC has
    /// no vectors: the outputs are pyca/cryptography's.
    static let hkdf: [HKDFVector] = [
        HKDFVector(
            ikm: .init(repeating: 0x0b, count: 22), salt: Array(0...0x0c), info: Array(0xf0...0xf9),
            okm: "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb"),
        HKDFVector(
            ikm: Array(0...0x4f), salt: Array(0x60...0xaf), info: Array(0xb0...0xff),
            okm: """
                ce6c97192805b346e6161e821ed165673b84f400a2b514b2fe23d84cd189ddf1b695b48cbd1c8388
                441137b3ce28f16aa64ba33ba466b24df6cfcb021ecff235f6a2056ce3af1de44d572097a8505d9e7a93
                """),
        HKDFVector(
            ikm: .init(repeating: 0x0b, count: 22), salt: [], info: [],
            okm: "f5fa02b18298a72a8c23898a8703472c6eb179dc204c03425c970e3b164bf90fff22d04836d0e2343bac"),
        HKDFVector(
            ikm: Array(0x20...0x3f), salt: Array(0xa0...0xbf),
            info: Array("tokenkeep/v1/payload".utf8) + .init(repeating: 0, count: 32),
            okm: """
                3b53c1abc9536b54ae423ba926a5d23b00c9d604dd475003ec24cfce54c1d20f309fb03cb8877b43
                041ab764c27113a20e1f8e412f21c00a2fdf683163504ea5b7c40dc6f08f168efb59899c
                """),
    ]

    @Test(arguments: hkdf)
    func hkdfGivesWhatAnotherLibraryDerives(_ vector: HKDFVector) throws {
        let expected = bytes(vector.okm)
        let derived = try HKDF.derive(
            from: vector.ikm.span, salt: vector.salt.span, info: vector.info.span, count: expected.count)
        #expect(bytes(of: derived) == expected)
    }

    @Test func hkdfGivesWhatWycheproofSaysAndRefusesWhatItCallsInvalid() throws {
        for vector in try Vector.all(of: "wycheproof-hkdf-sha512") {
            let (ikm, salt) = (try vector.bytes("ikm"), try vector.bytes("salt"))
            let (info, size) = (try vector.bytes("info"), try vector.number("size"))
            func derive() throws -> [UInt8] {
                bytes(of: try HKDF.derive(from: ikm.span, salt: salt.span, info: info.span, count: size))
            }
            if try vector.isValid() {
                #expect(try derive() == vector.bytes("okm"), "\(vector.id)")
            } else {
                #expect(throws: SealingError.self, "\(vector.id)") { try derive() }
            }
        }
    }

    /// FORMAT §2 leans on it: Expand's first block is HMAC-SHA-512(PRK, info ‖ 0x01).
    @Test func hkdfIsItsDefinitionInHMAC() throws {
        let (ikm, salt, info) = (Array(1...32), Array(64...95), Array("tokenkeep".utf8)) as ([UInt8], [UInt8], [UInt8])
        let extracted = bytes(of: try HMAC.code(.sha512, key: salt.span, message: ikm.span))
        let expanded = bytes(of: try HMAC.code(.sha512, key: extracted.span, message: (info + [1]).span))
        #expect(bytes(of: try HKDF.derive(from: ikm.span, salt: salt.span, info: info.span, count: 64)) == expanded)
    }

    /// A span of nothing has no address, which OpenSSL takes for a mistake.
    @Test func noSaltAndNoInfoNeedNoMemory() throws {
        let vector = Self.hkdf[2]
        let derived = try HKDF.derive(from: vector.ikm.span, salt: Span(), info: Span(), count: 42)
        #expect(bytes(of: derived) == bytes(vector.okm))
    }

    @Test func hkdfRefusesMoreThan255Blocks() throws {
        let key = [UInt8](repeating: 1, count: 32)
        let most = try HKDF.derive(from: key.span, salt: Span(), info: Span(), count: 255 * 64)
        #expect(most.count == 255 * 64)
        #expect(throws: SealingError.self) {
            _ = try HKDF.derive(from: key.span, salt: Span(), info: Span(), count: 255 * 64 + 1)
        }
    }

    /// Whether the system can spare the 1 GiB that the RFC's last case takes, and as much again.
    static let hasRoom: Bool = {
        guard let memory = try? FileSystem.contents(of: "/proc/meminfo", limit: 1 << 16) else { return false }
        let line = String(decoding: memory, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("MemAvailable:")
        }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) >= 2 << 20
    }()

    private func check(_ vector: Vector) throws {
        let n = try vector.number("n")
        let cost = try ScryptCost(
            log2N: UInt32(n.trailingZeroBitCount), r: UInt32(vector.number("r")), p: UInt32(vector.number("p")))
        try #require(n == 1 << cost.log2N)
        let (passphrase, salt) = (try vector.bytes("passphrase"), try vector.bytes("salt"))
        let key = try Scrypt.derive(from: passphrase.span, salt: salt.span, cost: cost, count: 64)
        #expect(try bytes(of: key) == vector.bytes("key"), "\(vector.id)")
    }

    @Test func scryptGivesWhatTheRFCComputed() throws {
        for vector in try Vector.all(of: "rfc7914-scrypt").dropLast() { try check(vector) }
    }

    @Test(.enabled(if: hasRoom, "NOT TESTED: the RFC's scrypt of 1 GiB needs 2 GiB of memory that is available"))
    func scryptOfOneGibibyteGivesWhatTheRFCComputed() throws {
        let vector = try #require(try Vector.all(of: "rfc7914-scrypt").last)
        #expect(try vector.number("n") == 1 << 20)
        try check(vector)
    }

    /// A cost of the format that is beyond OpenSSL's own memory cap; the key is Python's hashlib's.
    @Test func scryptBeyondOpenSSLsMemoryCapGivesWhatAnotherLibraryDerives() throws {
        let key = try Scrypt.derive(
            from: "pleaseletmein".utf8.span, salt: "SodiumChloride".utf8.span, cost: ScryptCost(log2N: 15, r: 8, p: 3),
            count: 64)
        let expected = bytes(
            """
            20e21e255b2f0b703d7e4840cc641809ce3c2bc118f5031d859003233a0485dd
            c5c28088c66112edecb6055e28c0ffe2dde864dbbf863f6b6b0d09ee9f9dc172
            """)
        #expect(bytes(of: key) == expected)
    }

    @Test(arguments: [(0, 8, 1), (15, 0, 1), (15, 8, 0), (63, 8, 1), (64, 8, 1), (.max, .max, .max)])
    func aCostThatCannotBeMetIsAnErrorAndNoTrap(log2N: UInt32, r: UInt32, p: UInt32) {
        let one: [UInt8] = [1]
        #expect(throws: SealingError.self) {
            _ = try Scrypt.derive(
                from: one.span, salt: one.span, cost: ScryptCost(log2N: log2N, r: r, p: p), count: 32)
        }
    }

    @Test func anErrorNamesItsStepAndNoEarlierCause() {
        let one: [UInt8] = [1]
        #expect(throws: SealingError.library("scrypt: memory limit exceeded")) {
            _ = try Scrypt.derive(
                from: one.span, salt: one.span, cost: ScryptCost(log2N: 63, r: 8, p: 1), count: 32)
        }
        #expect(throws: SealingError.library("HKDF")) {
            _ = try HKDF.derive(from: one.span, salt: Span(), info: Span(), count: 255 * 64 + 1)
        }
    }

    @Test func manyTasksAtOnceDeriveTheSame() async throws {
        let vector = Self.hkdf[3]
        let expected = bytes(vector.okm)
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<200 {
                group.addTask {
                    bytes(
                        of: try HKDF.derive(
                            from: vector.ikm.span, salt: vector.salt.span, info: vector.info.span,
                            count: expected.count))
                }
            }
            for try await derived in group { #expect(derived == expected) }
        }
    }
}
