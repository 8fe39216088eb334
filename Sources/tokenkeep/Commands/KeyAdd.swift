import ArgumentParser
import Host
import VaultFile

struct KeyAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a key slot; its new key is printed once.",
        discussion: "Example: tokenkeep key add deploy --key-out deploy.key")

    @OptionGroup var options: VaultOptions
    @OptionGroup var newKey: NewKeyOptions

    @Argument(help: "The new slot's label.")
    var label: String

    func run() async throws {
        guard KeySlot.isLabel(label) else { throw SlotProblem.badLabel(label) }
        let place = try Workplace(options)
        let session = try await place.addSlot("key_add", label, passphrase: newKey.passphrase, keyOut: newKey.keyOut) {
            session, secret, announce in
            try session.addSlot(label, for: secret, announce: announce)
        }
        place.say("\(session.path) opens with the \(newKey.passphrase ? "passphrase" : "key") of \(label), too")
    }
}

struct KeyStage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "Add the key that is to take another one's place, to be deployed first.",
        discussion: """
            The old key goes on opening the vault until `key commit`.
            Example: tokenkeep key stage cron --key-out cron.key.new
            """)

    @OptionGroup var options: VaultOptions

    @Option(
        help: ArgumentHelp("Write the new key to this new file (0600) instead of standard output.", valueName: "file"))
    var keyOut: String?

    @Argument(help: "The slot's label, of at most 19 characters.")
    var label: String

    func run() async throws {
        guard KeySlot.canBeStaged(label) else { throw SlotProblem.badLabel(label) }
        let place = try Workplace(options)
        let session = try await place.addSlot("key_stage", label + KeySlot.stagedSuffix, keyOut: keyOut) {
            session, secret, announce in
            try session.stageSlot(label, for: secret, announce: announce)
        }
        place.say(
            "\(session.path) opens with the new key, too: put it where the one of \(label) is used, run tokenkeep refresh there, and then: tokenkeep key commit \(label)"
        )
    }
}

struct KeyPasswd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Give a passphrase slot another passphrase; the vault key stays.",
        discussion: """
            This does not undo a leak: who has the old passphrase and a copy of the vault opens that copy, and has the key of \
            every later one. After a leak: tokenkeep key rotate.
            Example: tokenkeep key passwd human
            """)

    @OptionGroup var options: VaultOptions

    @Argument(help: "The slot's label.")
    var label: String

    func run() async throws {
        let place = try Workplace(options)
        let vault = try await place.read()
        let path = try place.vault().path
        let secret = try await place.naming(path) {
            guard let slot = vault.header.slots.first(where: { $0.label == label }) else {
                throw SlotProblem.notThere(label)
            }
            guard slot.kind == .passphrase else { throw SlotProblem.noPassphrase(label) }
            return try place.newSecret(passphrase: true)
        }
        let session = try await place.open(notesStagedKey: false)
        try await place.naming(path) {
            try place.handOut(nil, to: nil, session) { announce in
                try session.changePassphrase(of: label, to: secret, announce: announce)
            } done: { epoch in
                place.log("key_passwd", label, epoch: epoch)
            }
        }
        place.say(
            "\(label) has the new passphrase. This does not undo a leak: the old one still opens copies of the vault, and with them the key of this one; after a leak: tokenkeep key rotate \(label)"
        )
    }
}

extension Workplace {
    /// Opens the vault and adds a slot for a new secret, which is handed out first.
    fileprivate func addSlot(
        _ event: String, _ label: String, passphrase: Bool = false, keyOut: String?,
        _ add: (VaultSession, UnlockSecret, @escaping () throws -> Void) throws -> Void
    ) async throws -> VaultSession {
        var secret = UnlockSecret.newRawKey()
        let session = try await open(notesStagedKey: false) {
            secret = try newSecret(passphrase: passphrase, keyOut: keyOut)
        }
        try await naming(session.path) {
            try handOut(secret, to: keyOut, session) { announce in
                try add(session, secret, announce)
            } done: { epoch in
                log(event, label, epoch: epoch)
            }
        }
        return session
    }
}
