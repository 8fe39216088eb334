import ArgumentParser
import Host
import VaultFile

struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give the vault a new key, and a slot another secret; the old one opens it no more.",
        discussion: """
            Every slot that stays is needed: what opens it is asked for, or given by --slot-key; or it goes with --drop.
            What the old key could read it may have read: see `key list --exposed` after a leak.
            Example: tokenkeep key rotate --key-out new.key
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var newKey: NewKeyOptions
    @OptionGroup var slots: SlotOptions

    @Argument(help: "The slot's label; may be left out with one slot.")
    var label: String?

    func run() async throws {
        let place = try Workplace(options)
        var isPassphrase = false
        let (session, old) = try await place.rekey(slots) { vault in
            let slot = try self.slot(of: vault.header)
            isPassphrase = newKey.passphrase || slot.kind == .passphrase
            guard !isPassphrase || newKey.keyOut == nil else {
                throw Failure(
                    .wrongUse, "--key-out is for a raw key, and the key slot \(slot.label) holds a passphrase",
                    hint: "leave --key-out out")
            }
            let secret = try place.newSecret(passphrase: isPassphrase, keyOut: newKey.keyOut)
            return .init(fates: [slot.label: .replaced(secret)], new: secret, keyOut: newKey.keyOut)
        }
        let rotated = try slot(of: old).label
        let what = isPassphrase ? "passphrase" : "key"
        try place.report(
            session,
            session.vault.header.slots.count == 1
                ? "opens with the new \(what) only\(isPassphrase ? "" : "; put it where the old one was used")"
                : "opens with the new \(what) of \(rotated), and no more with the old one")
    }

    private func slot(of header: VaultHeader) throws -> KeySlot {
        guard let label else {
            guard header.slots.count == 1 else {
                throw Failure(
                    .wrongUse, "the vault has \(header.slots.count) key slots, and one has to be named",
                    hint: "tokenkeep key rotate LABEL; it is one of "
                        + header.slots.map(\.label).joined(separator: ", "))
            }
            return header.slots[0]
        }
        guard let slot = header.slots.first(where: { $0.label == label }) else { throw SlotProblem.notThere(label) }
        return slot
    }
}

struct KeyRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a key slot away, and give the vault a new key.",
        discussion: """
            Every slot that stays is needed: what opens it is asked for, or given by --slot-key; or it goes with --drop.
            Example: tokenkeep key remove deploy --slot-key cron=cron.key
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var slots: SlotOptions

    @Argument(help: "The slot's label.")
    var label: String

    func run() async throws {
        let place = try Workplace(options)
        let (session, _) = try await place.rekey(slots) { vault in
            guard vault.header.slots.contains(where: { $0.label == label }) else { throw SlotProblem.notThere(label) }
            return .init(fates: [label: .dropped])
        }
        try place.report(session, "opens with the key of \(label) no more")
    }
}

struct KeyCommit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit", abstract: "Put a staged key in its slot's place, and give the vault a new key.",
        discussion: """
            Only when the staged key has opened the vault where it is deployed. Every slot that stays is needed: what opens \
            it is asked for, or given by --slot-key; or it goes with --drop.
            Example: tokenkeep key commit cron --key-file cron.key.new
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var slots: SlotOptions

    @Argument(help: "The label of the slot whose key goes.")
    var label: String

    func run() async throws {
        let staged = label + KeySlot.stagedSuffix
        let place = try Workplace(options)
        let (session, _) = try await place.rekey(slots) { vault in
            let labels = vault.header.slots.map(\.label)
            guard labels.contains(staged) else { throw SlotProblem.notThere(staged) }
            guard try vault.hasOpened(staged) else { throw SlotProblem.notOpenedYet(staged) }
            var plan = Workplace.Plan(fates: [staged: .stays(as: label)])
            if labels.contains(label) { plan.fates[label] = .dropped }
            return plan
        }
        try place.report(session, "opens with the new key of \(label), and no more with the old one")
    }
}
