import ArgumentParser
import Host
import Tokens
import VaultFile

/// The file that holds a key slot's secret, written `LABEL=FILE`.
struct SlotKey: ExpressibleByArgument {
    let label, path: String

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        (label, path) = (String(parts[0]), String(parts[1]))
    }
}

/// What becomes of the slots that a command does not name, when the vault gets a new key.
struct SlotOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file with the key or the passphrase of another slot, which stays; may stand more than once.",
            valueName: "label=file"))
    var slotKey: [SlotKey] = []

    @Option(help: ArgumentHelp("Another slot that goes; may stand more than once.", valueName: "label"))
    var drop: [String] = []
}

extension Workplace {
    /// Opens the vault, gives it a new vault key and hands out what is new.
    ///
    /// `plan` says what becomes of the slots that the command is about; those that it says nothing of stay, for which
    /// their secrets are needed, or are dropped by name. All questions are asked before the lock is taken.
    func rekey(
        _ options: SlotOptions, _ plan: (OpenVault) throws -> Plan
    ) async throws -> (session: VaultSession, old: VaultHeader) {
        let vault = try await read()
        let path = try self.vault().path
        let (wanted, fates) = try await naming(path) {
            let wanted = try plan(vault)
            return (wanted, try self.fates(wanted, options, vault))
        }
        let session = try await open(notesStagedKey: false)
        try await naming(path) {
            let old = session.vault.header
            let staying = if case .stays = fates[vault.openedBy] { true } else { false }
            let gone = staying ? [] : [unlocking].compactMap(\.self)
            try handOut(wanted.new, to: wanted.keyOut, session) { announce in
                try session.rekey(fates, closedTo: gone, now: ThisProcess.now, announce: announce)
            } done: { epoch in
                log(fates, old, epoch: epoch)
            }
        }
        return (session, vault.header)
    }

    private func log(_ fates: [String: SlotFate], _ old: VaultHeader, epoch: UInt32) {
        for label in old.slots.map(\.label) {
            switch fates[label] {
            case .dropped: log("key_remove", label, epoch: epoch)
            case .replaced: log("key_rotate", label, epoch: epoch)
            case .stays(_, let name) where name != label: log("key_commit", name, epoch: epoch)
            case .stays, nil: break
            }
        }
    }

    /// What a command does to the slots that it is about.
    struct Plan {
        /// By label.
        var fates: [String: Fate]
        /// What is handed out.
        var new: UnlockSecret?
        /// Where to.
        var keyOut: String?

        enum Fate {
            case stays(as: String)
            case replaced(UnlockSecret)
            case dropped
        }
    }

    /// The fate of every slot, with the secrets of those that stay: given, or asked for.
    private func fates(
        _ plan: Plan, _ options: SlotOptions, _ vault: OpenVault
    ) throws -> [String: SlotFate] {
        let labels = vault.header.slots.map(\.label)
        for label in options.drop + options.slotKey.map(\.label) {
            guard labels.contains(label) else { throw SlotProblem.notThere(label) }
            let isDropped = options.drop.contains(label)
            guard plan.fates[label].map({ $0.needsSecret && !isDropped }) ?? true,
                options.drop.count(where: { $0 == label }) + options.slotKey.count(where: { $0.label == label }) == 1
            else {
                throw Failure(
                    .wrongUse, "the key slot \(label) is given two fates", hint: "name each slot once")
            }
        }
        func file(_ label: String) -> String? { options.slotKey.first { $0.label == label }?.path }
        let staying = vault.header.slots.filter { slot in
            plan.fates[slot.label]?.needsSecret ?? !options.drop.contains(slot.label)
        }
        for slot in staying { if case .reserved = slot.kind { throw SlotProblem.unknownKind(slot.label) } }
        if !canAsk {
            let missing = staying.map(\.label).filter { file($0) == nil && $0 != vault.openedBy }
            guard missing.isEmpty else { throw SlotProblem.secretNeeded(missing) }
        }
        var fates: [String: SlotFate] = [:]
        for label in labels {
            fates[label] = if case .replaced(let secret) = plan.fates[label] { .replaced(secret) } else { .dropped }
        }
        for slot in staying {
            let name = if case .stays(let name) = plan.fates[slot.label] { name } else { slot.label }
            fates[slot.label] = .stays(try secret(of: slot, file(slot.label), vault), label: name)
        }
        return fates
    }

    private var canAsk: Bool { Terminal.isThere && ThisProcess.isTerminal(2) }

    private func secret(of slot: KeySlot, _ file: String?, _ vault: OpenVault) throws -> UnlockSecret {
        if slot.label == vault.openedBy, file == nil, let unlocking { return unlocking }
        let given: UnlockSecret
        let isPassphrase = slot.kind == .passphrase
        if let file {
            given = isPassphrase ? try passphraseFile(file) : try keyFile(file)
        } else {
            let question = "\(isPassphrase ? "Passphrase" : "Key") of the slot \(slot.label): "
            guard let answer = try Console.ask(question, hidden: true, isKey: true), !answer.isEmpty else {
                throw SlotProblem.secretNeeded([slot.label])
            }
            given =
                isPassphrase
                ? try UnlockSecret(passphrase: answer) : .rawKey(try KeyText.decode(answer))
        }
        guard let known = try vault.known(given, toOpen: slot) else { throw SlotProblem.wrongSecret(slot.label) }
        return known
    }

    /// Runs a change of the key slots, which hands out what is new before the vault is replaced. When it fails afterwards,
    /// it is told which of the two the vault is, and a key that opens nothing is taken away again; one that may open it is not.
    /// `done` writes down what the vault has become, whatever else failed.
    func handOut(
        _ secret: UnlockSecret?, to path: String?, _ session: VaultSession,
        _ change: (@escaping () throws -> Void) throws -> Void, done: (_ epoch: UInt32) -> Void
    ) throws {
        var isGiven = false
        do {
            try change {
                if let secret { try announce(secret, to: path) }
                isGiven = true
            }
            done(session.vault.header.epoch)
        } catch let error as VaultError where isGiven {
            let failure = Failure(error, vault: session.path)
            switch session.standing {
            case .before:
                if let secret { withdraw(secret, from: path) }
                throw Failure(
                    failure.status, failure.message + "; it opens with the old keys only", hint: failure.hint)
            case .after:
                done((try? vault().readHeader().epoch) ?? session.vault.header.epoch)
                throw Failure(
                    failure.status,
                    "\(session.path) opens with the new keys, but that may not last: \(failure.message)",
                    hint: "keep the old keys and the new ones until the disk is mended")
            case .unknown:
                throw Failure(
                    failure.status,
                    failure.message + "; whether it opens with the old keys or with the new ones cannot be seen",
                    hint: "keep both, mend that, and try them: tokenkeep list")
            }
        }
    }

    /// Tells what has become of the vault, and what those could read whose key is gone.
    func report(_ session: VaultSession, _ words: String) throws {
        let exposures = try session.vault.exposures()
        say("\(session.path) \(words)")
        say(
            "it has a new vault key (epoch \(session.vault.header.epoch)); each key that stays was tried and opens it, and the old one fails. Copies and backups still open with the old one"
        )
        for path in session.filesPutAside {
            say("\(path) is sealed with an old key\nhint: keep it until every connection is renewed, then remove it")
        }
        guard !exposures.isEmpty else { return }
        let shown = exposures.prefix(20)
        say("what the old key could read, if it was in other hands:")
        say(Table.text(try shown.map { try $0.cells(session.records) }))
        if shown.count < exposures.count { say("and \(exposures.count - shown.count) more") }
        say("hint: what is left to do: tokenkeep key list --exposed")
    }
}

extension Workplace.Plan.Fate {
    fileprivate var needsSecret: Bool { if case .stays = self { true } else { false } }
}

extension Exposure {
    /// One row of a table: the record, what it is, what is to be done.
    func cells(_ records: Records) throws -> [String] {
        [name.text, try records.kind(name)?.name ?? "", try advice(records)]
    }

    /// What makes the value that was read worthless.
    func advice(_ records: Records) throws -> String {
        if isReplaced {
            guard let accessEnds, accessEnds > ThisProcess.now else { return "replaced since" }
            return "replaced since; the access token that was there works until \(Moment.text(accessEnds))"
        }
        guard let connection = try records.connection(name) else {
            return "by hand: have a new one issued where it is from, then: tokenkeep set \(name)"
        }
        guard let tokens = connection.tokens, tokens.refreshToken != nil, connection.trouble == nil else {
            return "by hand: tokenkeep connect \(name)"
        }
        // It was renewed, and its refresh token stayed what it was.
        if tokens.obtainedAt ?? 0 > at {
            return "by hand: its provider keeps the refresh token; tokenkeep disconnect \(name), and connect it again"
        }
        return "its provider issues a new one: tokenkeep refresh --force \(name)"
    }
}
