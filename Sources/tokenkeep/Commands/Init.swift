import ArgumentParser
import Config
import Host
import VaultFile

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an empty vault and a tokenkeep.toml here; give the new key once.",
        discussion: "Example: tokenkeep init --key-out ~/.config/tokenkeep.key")

    @OptionGroup var options: VaultOptions
    @OptionGroup var newKey: NewKeyOptions

    func run() async throws {
        let place = try Workplace(options, onlyHere: true)
        let path = place.newVaultPath
        let file = try VaultFile(path: path, state: place.state)
        do {
            guard try FileSystem.status(of: path, followingLinks: false) == nil else { throw VaultError.alreadyThere }
            let secret = try place.newSecret(passphrase: newKey.passphrase, keyOut: newKey.keyOut)
            var isGiven = false
            do {
                try file.create(unlocking: secret, label: "main") {
                    try place.announce(secret, to: newKey.keyOut)
                    isGiven = true
                }
            } catch let error as VaultError where isGiven {
                let failure = Failure(error, vault: path)
                // Another `init` may have been faster: what stands there is then another vault.
                guard (try? file.read(unlocking: secret)) == nil else {
                    throw Failure(
                        failure.status,
                        "\(path) opens with the key that was given out, but that may not last: \(failure.message)",
                        hint: "keep the key, and mend the disk")
                }
                place.withdraw(secret, from: newKey.keyOut)
                throw Failure(
                    failure.status, failure.message + "; the key that was given out opens nothing", hint: failure.hint)
            }
        } catch { throw Failure(error, vault: path) }
        var made = "made \(path)"
        if place.config == nil {
            try write(configNaming: path, to: place.configPath)
            made += " and \(place.configPath)"
        }
        place.say(made)
        if !newKey.passphrase {
            let where_ = newKey.keyOut.map { "the key is in \($0)" } ?? "the key is the line that begins with tkk1_"
            place.say("\(where_); keep a copy where the vault is not: without it nothing in the vault can be read")
        }
    }

    private func write(configNaming vault: String, to path: String) throws {
        let folder = FileSystem.folder(of: path)
        let name = vault.hasPrefix(folder + "/") ? String(vault.dropFirst(folder.count + 1)) : vault
        let text = """
            # What tokenkeep keeps fresh and for whom. No secret stands here: those are in the vault.
            vault = \(TOMLText.quote(name))

            """
        do throws(HostError) { try FileSystem.create(path, with: text.utf8.span) } catch {
            throw Failure(
                .cannotWrite, "the vault is made, but not the config: \(error)",
                hint: "write the line vault = \(TOMLText.quote(name)) into \(path)")
        }
    }
}
