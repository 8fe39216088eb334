import OAuth
import Renewal
import Sandbox
import Testing
import Tokens
import VaultFile

/// A code's way to tokens, and that what there was before stands when it fails.
struct CodeExchangeTests {
    private func exchange(_ code: Secret, _ place: Place) async throws -> Outcome {
        let session = try await place.session()
        return try await CodeExchange(place.batch).run(code, for: place.name, place.registration, on: session)
    }

    @Test func aWrongVerifierIsRefusedAndTheOldTokensStay() async throws {
        let place = try await Place.make(.standard)
        try await place.connect()
        let old = try place.stored()?.tokens
        let code = try await place.pendingCode()
        try await place.change { $0.pending?.verifier = PKCE.verifier() }
        #expect(try await exchange(code, place).name == "rejected")
        let after = try place.stored()
        #expect(after?.tokens == old && after?.trouble == nil && after?.pending == nil)
        #expect(try await place.refresh(try await place.session()) == .renewed)
    }

    @Test func aCodeIsExchangedOnce() async throws {
        let place = try await Place.make(.standard)
        let code = try await place.pendingCode()
        let pending = try place.stored()?.pending
        #expect(try await exchange(code, place) == .renewed)
        #expect(try await exchange(code, place) == .notConnected, "nothing is pending any more")
        #expect(try await place.count("code_exchange") == 1)
        // As from an older copy of the vault.
        try await place.change { $0.pending = pending }
        #expect(try await exchange(code, place).name == "rejected")
    }

    @Test(arguments: ["drop:1", "html:1"])
    func aCodeWithoutAnAnswerIsNotTriedAgain(fault: String) async throws {
        let place = try await Place.make(faults: [fault])
        let code = try await place.pendingCode()
        guard case .uncertain(let problem) = try await exchange(code, place) else {
            Issue.record("it is not said")
            return
        }
        #expect(problem.hint.contains("tokenkeep connect tiktok"))
        #expect(try place.stored()?.pending == nil && place.stored()?.tokens == nil)
    }

    @Test func aCodeThatWasNotSentCanBeHandedInAgain() async throws {
        let place = try await Place.make()
        let code = try await place.pendingCode()
        await place.sandbox.stop()
        #expect(try await exchange(code, place).name == "unavailable")
        #expect(try place.stored()?.pending != nil)
    }
}
