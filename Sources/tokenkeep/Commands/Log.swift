import ArgumentParser
import Host
import Sealing
import Tokens
import VaultFile

struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what was asked for, what was exported, which keys were changed; never a value.",
        discussion: """
            Needs no key, but for --raw-answers. Times are UTC.
            Example: tokenkeep log tiktok
            """)

    @OptionGroup var options: VaultOptions

    @Argument(help: "Connections, key slots and export names; all when left out.")
    var names: [String] = []

    @Option(
        help: ArgumentHelp(
            "Print the last three answers for this connection that could not be read, as they came: they may hold tokens.",
            valueName: "name"))
    var rawAnswers: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard rawAnswers == nil || names.isEmpty else {
            throw ValidationError("--raw-answers takes one name, and no more")
        }
    }

    func run() async throws {
        let place = try Workplace(options)
        if let rawAnswers { return try await printAnswers(of: try RecordName(typed: rawAnswers), place) }
        let names = Swift.Set(try names.map { KeySlot.isLabel($0) ? $0 : try RecordName(typed: $0).text })
        let events = try EventLog(ofVault: try place.vault().path).events().filter { event in
            names.isEmpty
                || ["name", "slot"].contains { (try? event.text($0)).flatMap { $0 }.map(names.contains) ?? false }
                || (try? event.texts("names"))?.contains(where: names.contains) ?? false
        }
        if json {
            var answer = JSONObject()
            answer.set("events", events)
            return try Console.print(answer)
        }
        guard !events.isEmpty else {
            return place.say(names.isEmpty ? "nothing has happened yet" : "nothing of that name has happened yet")
        }
        try Console.print(Table.text([["WHEN", "NAME", "WHAT", "OUTCOME", "DETAILS"]] + events.map(Self.cells)))
    }

    private static func cells(_ event: JSONObject) -> [String] {
        func text(_ member: String) -> String? { (try? event.text(member)) ?? nil }
        func number(_ member: String) -> Int64? { (try? event.integer(member)) ?? nil }
        let details = [
            number("status").map { "HTTP \($0)" }, text("error"), text("log_id").map { "log id \($0)" },
            number("attempt").flatMap { $0 > 1 ? "try \($0)" : nil }, number("duration_ms").map { "\($0) ms" },
            number("epoch").map { "epoch \($0)" }, event.has("committed") ? "waits in a journal" : nil,
            (try? event.texts("names")).map { (text("format").map { "\($0): " } ?? "") + $0.joined(separator: " ") },
        ]
        return [
            number("at").map { Moment.text($0, withSeconds: true) } ?? "",
            text("name") ?? text("slot") ?? text("path") ?? "",
            text("event") ?? "",
            text("outcome") ?? "", details.compactMap(\.self).joined(separator: ", "),
        ]
    }

    private func printAnswers(of name: RecordName, _ place: Workplace) async throws {
        let vault = try await place.read()
        try await place.naming(try place.vault().path) {
            guard let connection = try vault.records.connection(name) else { throw Failure.noSuchName(name.text) }
            if json {
                var answer = JSONObject()
                answer.set(
                    "answers",
                    connection.unread.map { unread in
                        var object = JSONObject()
                        object.set("at", unread.at)
                        object.set("status", unread.status)
                        object.set("body", unread.body)
                        return object
                    })
                return try Console.print(answer)
            }
            guard !connection.unread.isEmpty else { return place.say("\(name): every answer could be read") }
            for unread in connection.unread {
                place.say("\(name): HTTP \(unread.status) at \(Moment.text(unread.at, withSeconds: true)):")
                guard let body = unread.body.withSpan({ Base64.decode($0, .standard) }) else { continue }
                try Console.print(ThisProcess.isTerminal(1) ? body.visible : body)
            }
        }
    }
}

extension Secret {
    /// The bytes with every one that is not printable ASCII or a newline as `\xNN`: what another host wrote steers no terminal.
    fileprivate var visible: Secret {
        Secret(
            revealedBytes().flatMap { byte -> [UInt8] in
                if byte == 0x0A || 0x20...0x7E ~= byte { return [byte] }
                return Array("\\x".utf8) + Array(hexadecimal([byte].span).utf8)
            })
    }
}
