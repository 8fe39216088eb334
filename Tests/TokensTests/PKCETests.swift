import OAuth
import Testing
import Tokens

@Suite struct PKCETests {
    /// RFC 7636 appendix B.
    private let verifier = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    @Test func theChallengeIsTheRFCs() throws {
        #expect(
            try PKCE.challenge(for: verifier, encoding: .base64URL) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func theHexadecimalChallengeIsTheSameDigest() throws {
        #expect(
            try PKCE.challenge(for: verifier, encoding: .hexadecimal)
                == "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3")
    }

    @Test func aVerifierIsLongEnoughUnreservedAndNew() throws {
        let verifiers = try (0..<100).map { _ in try #require(PKCE.verifier().revealed()) }
        #expect(Set(verifiers).count == 100)
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        #expect(verifiers.allSatisfy { (43...128).contains($0.count) && unreserved.isSuperset(of: $0) })
    }
}
