import VaultFile

extension Failure {
    /// What cannot be done with key slots, and what can.
    init(_ problem: SlotProblem, _ path: String) {
        let list = "see them with: tokenkeep key list"
        switch problem {
        case .notThere(let label): self.init(.notThere, "\(path) has no key slot \(label)", hint: list)
        case .taken(let label):
            self.init(
                .wrongUse, "\(path) has a key slot \(label) already",
                hint: label.hasSuffix(KeySlot.stagedSuffix)
                    ? "put it in use: tokenkeep key commit \(label.dropLast(KeySlot.stagedSuffix.count)), or give it up: tokenkeep key remove \(label)"
                    : "choose another label, or give that one a new key: tokenkeep key rotate \(label)")
        case .badLabel:
            self.init(
                .wrongUse, "that is no label for a key slot",
                hint:
                    "1 to 24 of A-Z a-z 0-9 . _ @ -, to be staged at most 19, and not .next at the end, which is kept for staged keys"
            )
        case .full:
            self.init(
                .wrongUse, "\(path) has eight key slots, and no more are possible",
                hint: "take one away first: tokenkeep key remove LABEL")
        case .tooManyPassphrases:
            self.init(
                .wrongUse, "\(path) has three passphrase slots, and no more are possible",
                hint: "add a raw key, without --passphrase, or take one away first: tokenkeep key remove LABEL")
        case .last:
            self.init(
                .wrongUse, "nothing would open \(path) any more",
                hint: "keep one key slot, or give it a new key: tokenkeep key rotate LABEL")
        case .noPassphrase(let label):
            self.init(
                .wrongUse, "the key slot \(label) holds a raw key, not a passphrase",
                hint: "give it a new key: tokenkeep key rotate \(label)")
        case .noRawKey(let label):
            self.init(
                .wrongUse, "the key slot \(label) holds a passphrase, and only raw keys are staged",
                hint: "tokenkeep key rotate \(label)")
        case .secretNeeded(let labels):
            let many = labels.count > 1
            self.init(
                .noKey,
                "the vault gets a new key, and for the key slot\(many ? "s" : "") \(labels.joined(separator: ", ")) to stay, what opens \(many ? "each" : "it") is needed",
                hint:
                    "give it with \(labels.map { "--slot-key \($0)=FILE" }.joined(separator: " ")), or let it go with \(labels.map { "--drop \($0)" }.joined(separator: " "))"
            )
        case .wrongSecret(let label):
            self.init(
                .noKey, "that is not the key or passphrase of the key slot \(label); nothing has changed",
                hint: "give the right one with --slot-key \(label)=FILE, or let the slot go with --drop \(label)")
        case .unknownKind(let label):
            self.init(
                .wrongUse, "the key slot \(label) is of a kind that this tokenkeep cannot make anew",
                hint: "use a newer tokenkeep, or let the slot go with --drop \(label)")
        case .alreadyOpens(let label):
            self.init(
                .wrongUse, "that passphrase is the one of the key slot \(label); nothing has changed",
                hint: "choose one that no slot has")
        case .opensGone(let label, let gone):
            self.init(
                .wrongUse,
                "what opens the key slot \(label) opens \(gone), too, and would open the vault still; nothing has changed",
                hint: "give \(label) another one first: tokenkeep key passwd \(label)")
        case .stillOpens:
            self.init(
                .wrongUse, "what should open \(path) no more still would; nothing has changed",
                hint: "drop every slot that it opens, with --drop LABEL")
        case .notOpenedYet(let label):
            self.init(
                .other, "\(label) has not opened \(path) yet, so it may not be deployed; nothing has changed",
                hint:
                    "run tokenkeep refresh with its key where it is deployed, or, where that works on a copy, here once the deploy works; or give it up: tokenkeep key remove \(label)"
            )
        case .usedUp:
            self.init(
                .cannotWrite, "\(path) has had as many keys as there can be",
                hint: "make another vault: tokenkeep init, and connect anew")
        }
    }
}
