import ArgumentParser
import Host
import Tokens
import VaultFile

struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at what unlocks the vault, or change it.",
        discussion: """
            A key slot is one way to unlock the vault: a raw key or a passphrase.
            Example: tokenkeep key list
            """,
        subcommands: [
            KeyList.self, KeyAdd.self, KeyPasswd.self, KeyRemove.self, KeyRotate.self, KeyStage.self, KeyCommit.self,
        ])
}

struct KeyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the key slots; no key is needed.",
        discussion: "What is shown is not authenticated until the vault is opened. Example: tokenkeep key list --json")

    @OptionGroup var options: VaultOptions

    @Flag(help: "List what keys that are gone could read, and what is to be done about it; the key is needed.")
    var exposed = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let place = try Workplace(options)
        let file = try place.vault()
        let header = try await place.naming(file.path) { try file.readHeader() }
        if exposed { return try await listExposed(place) }
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

    private func listExposed(_ place: Workplace) async throws {
        let vault = try await place.read()
        try await place.naming(try place.vault().path) {
            let exposures = try vault.exposures()
            guard json else {
                guard !exposures.isEmpty else { return place.say("no key that is gone could read what is here now") }
                return try Console.print(
                    Table.text(
                        try exposures.map { one in
                            let cells = try one.cells(vault.records)
                            return Array(cells.dropLast()) + ["until " + Moment.text(one.at), cells.last ?? ""]
                        }))
            }
            var answer = JSONObject()
            answer.set(
                "exposed",
                try exposures.map { one in
                    var object = JSONObject()
                    object.set("at", one.at)
                    object.set("kind", try vault.records.kind(one.name)?.name)
                    object.set("name", one.name.text)
                    object.set("access_ends", one.accessEnds)
                    object.set("replaced", one.isReplaced)
                    object.set("advice", try one.advice(vault.records))
                    return object
                })
            try Console.print(answer)
        }
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
