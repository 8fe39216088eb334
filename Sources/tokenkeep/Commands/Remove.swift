import ArgumentParser
import Tokens
import VaultFile

struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Forget a secret or a connection; nothing is revoked.",
        discussion: "Example: tokenkeep remove STRIPE_KEY")

    @OptionGroup var options: VaultOptions

    @Argument(help: "The record's name.")
    var name: String

    func run() async throws {
        let name = try RecordName(typed: name)
        let place = try Workplace(options)
        let session = try await place.open()
        try await place.naming(session.path) {
            guard try session.records.kind(name) != nil else { throw Failure.noSuchName(name.text) }
            session.records.remove(name)
            try session.commit()
        }
        if options.verbose { place.say("\(name) is forgotten") }
    }
}

extension Failure {
    /// There is no record or export of that name.
    static func noSuchName(_ name: String) -> Failure {
        // What is longer than names are may be a value that was typed in the wrong place.
        let shown = name.utf8.count > 48 ? "record or value of that name" : name
        return Failure(.notThere, "there is no \(shown) in the vault", hint: "see what there is with: tokenkeep list")
    }
}

extension Records {
    /// Refuses the name of a secret where a connection's is wanted: the one would take the other's place.
    func refuseSecret(_ name: RecordName) throws {
        guard try kind(name) != .secret else {
            throw Failure(
                .wrongUse, "\(name) is a secret, not a connection",
                hint: "name a connection, or forget the secret with: tokenkeep remove \(name)")
        }
    }
}
