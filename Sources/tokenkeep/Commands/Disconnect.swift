import ArgumentParser
import Config
import Host
import OAuth
import Renewal
import Tokens
import VaultFile

struct Disconnect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Revoke at the provider, then forget.", discussion: "Example: tokenkeep disconnect tiktok")

    @OptionGroup var options: VaultOptions
    @OptionGroup var renewal: RenewalOptions

    @Argument(help: "The connection's name.")
    var name: String

    func run() async throws {
        try renewal.requireOnline()
        let name = try RecordName(typed: name)
        let place = try Workplace(options)
        let session = try await place.open()
        try await place.naming(session.path) {
            guard let connection = try session.records.connection(name) else { throw Failure.noSuchName(name.text) }
            if let tokens = connection.tokens { try await revoke(tokens, name, place, session) }
            // Forgotten only now: until the provider has said yes, the token may still be needed to ask again.
            session.records.remove(name)
            try session.commit()
        }
        place.say("\(name) is disconnected")
    }

    private func revoke(_ tokens: TokenSet, _ name: RecordName, _ place: Workplace, _ session: VaultSession)
        async throws
    {
        let target = try place.requiredConfig().targets([name], in: session.records)[0]
        let registration: Registration
        do { registration = try target.registration.get() } catch {
            throw Failure(.misconfigured, "\(name): \(error.message)", hint: error.hint)
        }
        var tokens = tokens
        if tokens.isExpired(at: ThisProcess.now) {
            // TikTok is asked with the access token, which has to be one that it still knows.
            let refresh = Refresh(place.batch(renewal), policy: place.policy)
            _ = try await refresh.run([target], on: session)
            tokens = try session.records.connection(name)?.tokens ?? tokens
        }
        guard let request = TokenRequest.revoke(registration, tokens) else {
            return place.say(
                "\(registration.provider.displayName) has nothing to revoke with; end the access in the account's own settings"
            )
        }
        let response = await place.batch(renewal).send(request)
        guard case .got(let answer) = response.reply, (200..<300).contains(answer.status) else {
            throw notRevoked(name, .unavailable, response.problem?.message ?? "the provider refused")
        }
        if case .error(let error) = TokenAnswer(answer, from: registration.provider) {
            throw notRevoked(name, .other, error.words)
        }
    }

    private func notRevoked(_ name: RecordName, _ status: Failure.Status, _ why: String) -> Failure {
        Failure(
            status, "\(name) is not revoked, and nothing was forgotten: \(why)",
            hint: "run it again; to forget it all the same: tokenkeep remove \(name)")
    }
}
