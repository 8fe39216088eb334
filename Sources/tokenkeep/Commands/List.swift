import ArgumentParser
import Tokens
import VaultFile

struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List names, kinds and expiries, never values.", discussion: "Example: tokenkeep list --json")

    @OptionGroup var options: VaultOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let place = try Workplace(options)
        let vault = try await place.read()
        try await place.naming(try place.vault().path) {
            try vault.records.check()
            let rows = try vault.records.names.map { name in
                (
                    name: name, kind: try vault.records.kind(name)?.name ?? "",
                    expiresAt: try vault.records.connection(name)?.tokens?.expiresAt
                )
            }
            if json {
                var answer = JSONObject()
                answer.set(
                    "records",
                    rows.map { row in
                        var object = JSONObject()
                        object.set("name", row.name.text)
                        object.set("kind", row.kind)
                        object.set("expires_at", row.expiresAt)
                        return object
                    })
                try Console.print(answer)
            } else if !rows.isEmpty {
                let lines = rows.map { row in [row.name.text, row.kind, row.expiresAt.map { Moment.text($0) } ?? ""] }
                try Console.print(Table.text(lines))
            }
        }
    }
}
