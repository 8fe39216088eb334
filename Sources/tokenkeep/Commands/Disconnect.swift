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
            try session.records.refuseSecret(name)
            guard let connection = try session.records.connection(name) else { throw Failure.noSuchName(name.text) }
            let request: (TokenRequest, Provider)? =
                if let tokens = connection.tokens { try await revocation(tokens, name, place, session) } else { nil }
            session.records.remove(name)
            try await forget(name, session) { try await revoke(request, name, place) }
        }
        place.say("\(name) is disconnected")
    }

    /// Has the vault without the connection ready on the disk, revokes, and then only renames: until the provider has
    /// said yes the token may still be needed to ask again, and afterwards a full disk must not bring it back.
    private func forget(_ name: RecordName, _ session: VaultSession, _ revoke: () async throws -> Void) async throws {
        var isRevoked = false
        // Once it is revoked it is forgotten, too, whoever asks to stop meanwhile.
        StopSignals.hold()
        defer { StopSignals.release() }
        do {
            try await session.commit {
                try await revoke()
                isRevoked = true
            }
        } catch let error as VaultError where isRevoked {
            let why = if case .cannotWrite(let why) = error { why } else { "another program replaced the vault" }
            throw Failure(
                .other, "\(name) is revoked at the provider, but could not be forgotten here: \(why)",
                hint: "mend that, and then: tokenkeep remove \(name)")
        }
    }

    /// The request that revokes, with a token that the provider still knows; nil where there is none to send.
    private func revocation(
        _ tokens: TokenSet, _ name: RecordName, _ place: Workplace, _ session: VaultSession
    ) async throws -> (TokenRequest, Provider)? {
        let config = try place.requiredConfig()
        _ = try config.connections([name], in: session.records)
        let target = Refresh.Target(name: name, registration: config.registration(of: name, in: session.records))
        let registration: Registration
        do { registration = try target.registration.get() } catch {
            throw Failure(.misconfigured, "\(name): \(error.message)", hint: error.hint)
        }
        guard let connection = try session.records.connection(name), connection.provider == registration.provider.id
        else {
            let problem = Refresh.otherProvider(
                name, try session.records.connection(name), configured: registration.provider.id)
            throw Failure(.misconfigured, "\(name): \(problem.message)", hint: problem.hint)
        }
        var tokens = tokens
        if tokens.isExpired(at: ThisProcess.now) {
            // TikTok is asked with the access token, which has to be one that it still knows.
            let terms = Terms(place.policy, waitingSince: ThisProcess.milliseconds)
            let outcome = try await Refresh(place.batch(renewal), terms).run([target], on: session)[0].outcome
            if StopSignals.noted != nil { throw Stopped.notedMeanwhile }
            if case .rejected(let problem) = outcome {
                place.say("there is nothing left to revoke: \(problem.message)")
                return nil
            }
            if let problem = outcome.problem, let status = outcome.status {
                throw Failure(
                    status, "\(name) is not revoked, and nothing was forgotten: \(problem.message)",
                    hint: "\(problem.hint); to forget it all the same: tokenkeep remove \(name)")
            }
            tokens = try session.records.connection(name)?.tokens ?? tokens
        }
        guard let request = TokenRequest.revoke(registration, tokens) else {
            place.say(
                "\(registration.provider.displayName) has nothing to revoke with; end the access in the account's own settings"
            )
            return nil
        }
        return (request, registration.provider)
    }

    private func revoke(_ asked: (request: TokenRequest, provider: Provider)?, _ name: RecordName, _ place: Workplace)
        async throws
    {
        guard let (request, provider) = asked else { return }
        let response = await place.batch(renewal).send(request)
        guard case .got(let answer) = response.reply, response.problem == nil else {
            throw notRevoked(name, .unavailable, response.problem?.message ?? "no answer came")
        }
        if case .error(let error) = TokenAnswer(answer, from: provider) {
            let status: Failure.Status =
                switch error.code {
                case "invalid_client", "unauthorized_client": .misconfigured
                default: answer.status >= 500 || answer.status == 429 ? .unavailable : .other
                }
            throw notRevoked(name, status, "the provider answered \(error.words(hiding: request.secrets))")
        }
        guard TokenAnswer.isRevoked(answer) else {
            throw notRevoked(name, .unavailable, "the answer, with HTTP status \(answer.status), is no yes")
        }
    }

    private func notRevoked(_ name: RecordName, _ status: Failure.Status, _ why: String) -> Failure {
        Failure(
            status, "\(name) is not revoked, and nothing was forgotten: \(why)",
            hint: "run it again; to forget it all the same: tokenkeep remove \(name)")
    }
}
