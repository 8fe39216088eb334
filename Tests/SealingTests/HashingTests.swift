import Sealing
import Testing

@Suite struct HashingTests {
    /// FIPS 180-4's examples and the empty text.
    @Test(arguments: [
        ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func sha256GivesTheStandardsDigests(text: String, times: Int, digest: String) throws {
        let message = Array(String(repeating: text, count: times).utf8)
        #expect(try SHA256.digest(of: message.span) == bytes(digest))
    }

    @Test(arguments: ["nist-sha256-short", "nist-sha256-long"])
    func sha256GivesNISTsDigests(file: String) throws {
        for vector in try Vector.all(of: file) {
            let message = try vector.bytes("msg")
            #expect(try SHA256.digest(of: message.span) == vector.bytes("md"), "\(vector.id)")
        }
    }

    /// NIST's Monte Carlo test (SHAVS §6.4): a thousand digests in a chain to a case.
    @Test func sha256ChainsToNISTsDigests() throws {
        for vector in try Vector.all(of: "nist-sha256-monte") {
            var last = [[UInt8]](repeating: try vector.bytes("seed"), count: 3)
            for _ in 0..<1000 {
                let joined = last[0] + last[1] + last[2]
                last = [last[1], last[2], try SHA256.digest(of: joined.span)]
            }
            #expect(try last[2] == vector.bytes("md"), "\(vector.id)")
        }
    }

    @Test(arguments: [HMAC.Hash.sha256, .sha512])
    func hmacGivesTheRFCsCodes(hash: HMAC.Hash) throws {
        for vector in try Vector.all(of: "rfc4231-hmac-\(hash)") {
            let (key, message) = (try vector.bytes("key"), try vector.bytes("msg"))
            let code = try HMAC.code(hash, key: key.span, message: message.span)
            #expect(try bytes(of: code) == vector.bytes("md"), "\(vector.id)")
        }
    }

    /// RFC 4231 §4.6, of which the RFC has the first 128 bits only, and an empty message (Python's hmac).
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0c, count: 20), "Test With Truncation", HMAC.Hash.sha256,
            "a3b6167473100ee06e0c796c2955552b"
        ),
        ([UInt8](repeating: 0x0c, count: 20), "Test With Truncation", .sha512, "415fad6271580a531d4179bc891d87a6"),
        (Array("k".utf8), "", .sha256, "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620"),
        (
            Array("k".utf8), "", .sha512,
            """
            893ccbf5d0b335fcda6f625e4a59055a364d75a9251589428750782c116830a1
            af455efe1094c1901d0e8fd5beb6df64c6d5fe1c6f09be6ef47fb3987260cdd8
            """
        ),
    ])
    func hmacOfNothingAndHMACCutShortAreRight(key: [UInt8], message: String, hash: HMAC.Hash, code: String) throws {
        let made = bytes(of: try HMAC.code(hash, key: key.span, message: message.utf8.span))
        #expect(made.starts(with: bytes(code)))
    }
}
