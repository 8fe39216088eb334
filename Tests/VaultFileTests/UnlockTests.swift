import Sealing
import Testing
import Tokens

@testable import VaultFile

/// Keys and passphrases as people and files hold them (FORMAT §4 and §5).
@Suite struct UnlockTests {
    @Test func theFormatsKeyIsReadAndWritten() throws {
        let key = try KeyText.decode(Secret(KnownAnswer.keyText))
        #expect(key == Secret(Array(0x40...0x5F)))
        #expect(try KeyText.encode(key).revealed() == KnownAnswer.keyText)
        #expect(try KeyText.decode(Secret(KnownAnswer.keyText + "\n")) == key)
        let new = Secret(SecretBuffer(randomCount: 32))
        #expect(try KeyText.decode(try KeyText.encode(new)) == new)
    }

    @Test func aKeyThatIsNotExactlyOneIsMistyped() throws {
        let text = KnownAnswer.keyText
        let body = text.prefix(48)
        // The last digit's two lowest bits belong to no byte: with its own checksum only the alphabet tells.
        let loose = body.dropLast() + "9"
        let digest = try SHA256.digest(of: loose.utf8.span)
        let checksum = hexadecimal(digest.span.extracting(0..<4))
        let mistyped: [String] = [
            "", "\n", "tkk1_", " " + text, text + " ", text + "\n\n", text + "\r\n", "\n" + text, text + "=",
            text + "0", String(text.dropLast()), text.uppercased(), text.lowercased(),
            text.replacing("42741b7a", with: "42741B7A"), text.replacing("tkk1", with: "tkk2"),
            text.replacing("tkk1", with: "TKK1"), "\(body)-42741b7a", "\(body)\u{0}42741b7a",
            text.replacing("42741b7a", with: "00000000"), "\(loose)_\(checksum)",
        ]
        for text in mistyped { #expect(refusal { try KeyText.decode(Secret(text)) } == "mistypedKey", "\(text)") }
        #expect(refusal { try KeyText.decode(Secret([UInt8](repeating: 0xFF, count: 57))) } == "mistypedKey")
    }

    @Test func everyBitOfTheKeyIsUnderTheChecksum() {
        for index in KnownAnswer.keyText.utf8.indices {
            for bit: UInt8 in 0..<8 {
                var bytes = Array(KnownAnswer.keyText.utf8)
                bytes[KnownAnswer.keyText.utf8.distance(from: KnownAnswer.keyText.startIndex, to: index)] ^= 1 << bit
                #expect(refusal { try KeyText.decode(Secret(bytes)) } == "mistypedKey")
            }
        }
    }

    private func passphrase(_ secret: UnlockSecret) throws -> String? {
        guard case .passphrase(let text) = secret else { return nil }
        return text.revealed()
    }

    @Test func aPassphraseIsOneTextHoweverItIsSpelled() throws {
        #expect(try passphrase(UnlockSecret(passphrase: Secret("e\u{301} a\u{30A}"))) == "\u{E9} \u{E5}")
        #expect(try passphrase(UnlockSecret(passphrase: Secret("two \n\n"))) == "two \n", "one line end goes")
        #expect(try passphrase(UnlockSecret(passphrase: Secret(String(repeating: "x", count: 1024)))) != nil)
    }

    @Test func whatCannotBeAPassphraseIsRefused() {
        let long = String(repeating: "x", count: 1025)
        for bytes in [[], [0x0A], Array("a\u{0}b".utf8), [0xFF, 0xFE], Array(long.utf8)] as [[UInt8]] {
            #expect(refusal { try UnlockSecret(passphrase: Secret(bytes)) } == "unusablePassphrase")
        }
        #expect(refusal { try UnlockSecret(newPassphrase: Secret("elevenchars")) } == "unusablePassphrase")
        #expect(refusal { try UnlockSecret(newPassphrase: Secret("twelve chars")) } == "nothing")
        #expect(refusal { try UnlockSecret(passphrase: Secret("short")) } == "nothing", "what exists is taken")
    }

    @Test func theProgramsOwnLabelsAreNotForPeople() {
        for label in ["main", "a", "A.b_c@d-e", String(repeating: "l", count: 24)] { #expect(KeySlot.isLabel(label)) }
        for label in ["", "a b", "é", "cron.next", "a/b", "a\n", String(repeating: "l", count: 25)] {
            #expect(!KeySlot.isLabel(label))
        }
    }

    @Test func aFingerprintTellsTokensApartAndNothingElse() async throws {
        let place = try Place()
        let session = try await place.session()
        let one = try session.fingerprint(of: Secret("rft.one"))
        let again = try session.fingerprint(of: Secret("rft.one"))
        #expect(one.utf8.count == 32 && one == again)
        #expect(try session.fingerprint(of: Secret("rft.two")) != one)
        let other = try await Place().session()
        #expect(try other.fingerprint(of: Secret("rft.one")) != one, "it is keyed by the vault")
    }
}
