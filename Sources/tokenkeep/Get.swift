import ArgumentParser
import Tokens
import VaultFile

struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print one value and a newline.", discussion: "Example: tokenkeep get STRIPE_KEY")

    @OptionGroup var options: VaultOptions

    @Argument(help: "A record's name, or an export name.")
    var name: String

    func run() async throws {
        let place = try Workplace(options)
        let vault = try await place.read()
        let name = try RecordName(typed: name)
        guard let value = try vault.records.secret(name) else { throw Failure.noSuchName(name.text) }
        try Console.print(value)
    }
}
