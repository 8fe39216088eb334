import ArgumentParser
import Host
import Tokens
import VaultFile

struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the vault's key, or change it.",
        discussion: "Example: tokenkeep key list", subcommands: [KeyList.self, KeyRotate.self])
}

struct KeyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the key slots; no key is needed.",
        discussion: "What is shown is not authenticated until the vault is opened. Example: tokenkeep key list --json")

    @OptionGroup var options: VaultOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let place = try Workplace(options)
        let file = try place.vault()
        let header = try await place.naming(file.path) { try file.readHeader() }
        guard json else {
            return try Console.print(
                Table.text(
                    header.slots.map { slot in
                        [String(slot.id), slot.label, slot.kind.words, "made " + Moment.text(slot.createdAt)]
                    }))
        }
        var answer = JSONObject()
        answer.set("vault_id", hexadecimal(header.vaultID.span))
        answer.set("generation", Int64(header.generation))
        answer.set("epoch", Int64(header.epoch))
        answer.set(
            "slots",
            header.slots.map { slot in
                var object = JSONObject()
                object.set("id", Int64(slot.id))
                object.set("label", slot.label)
                object.set("kind", slot.kind.words)
                object.set("created_at", slot.createdAt)
                return object
            })
        try Console.print(answer)
    }
}

struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Give the vault a new key; the old one opens it no more.",
        discussion: """
            What the old key could read it may have read: rotate the secrets themselves too, after a leak.
            Example: tokenkeep key rotate --key-out new.key
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var newKey: NewKeyOptions

    @Argument(help: "The slot's label; may be left out with one slot.")
    var label: String?

    func run() async throws {
        let place = try Workplace(options)
        let session = try await place.open()
        var isPassphrase = false
        try await place.naming(session.path) {
            let slot = session.vault.header.slots[0]
            guard label == nil || label == slot.label else {
                throw Failure(
                    .notThere, "there is no key slot of that label", hint: "see them with: tokenkeep key list")
            }
            isPassphrase = newKey.passphrase || slot.kind == .passphrase
            let secret = try place.newSecret(newKey, passphrase: isPassphrase)
            var isGiven = false
            do {
                try session.rotateKey(for: secret, now: ThisProcess.now) {
                    try place.announce(secret, to: newKey.keyOut)
                    isGiven = true
                }
            } catch let error as VaultError where isGiven {
                // Which of the two it opens with is tried, not guessed: it may be only the last sync that failed.
                let opens = (try? place.vault().read(unlocking: secret)) != nil
                let failure = Failure(error, vault: session.path)
                if !opens { place.withdraw(secret, from: newKey.keyOut) }
                throw Failure(
                    failure.status,
                    failure.message + (opens ? "; it opens with the new key" : "; it opens with the old key only"),
                    hint: opens ? "keep both keys until the disk is mended" : failure.hint)
            }
        }
        place.say(
            "\(session.path) opens with the new \(isPassphrase ? "passphrase only" : "key only; put it where the old one was used")"
        )
    }
}

extension KeySlot.Kind {
    /// As `key list` names it.
    var words: String {
        switch self {
        case .rawKey: "raw-key"
        case .passphrase: "passphrase"
        case .reserved(let number): "reserved-\(number)"
        }
    }
}
