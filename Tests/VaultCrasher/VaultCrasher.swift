import Host
import Sealing
import Tokens
import VaultFile

/// Takes one step after the other on a vault and says of each how it went: `VaultCrasher VAULT KEY STEP…`
///
/// So a test can end this process anywhere, or take the disk away beneath it, and see from outside what is left.
@main struct VaultCrasher {
    private let path: String
    private let key: UnlockSecret
    private var session: VaultSession?
    private var kept: [(name: RecordName, reply: Reply)] = []

    static func main() async throws {
        let arguments = CommandLine.arguments
        var crasher = VaultCrasher(path: arguments[1], key: .rawKey(try KeyText.decode(Secret(arguments[2]))))
        for step in arguments.dropFirst(3) {
            do {
                try await crasher.take(step.split(separator: ":").map(String.init))
                say("done \(step)")
            } catch {
                say("failed \(step): \(error)")
                // Without intents there are no answers; all else goes on, to save what can be saved.
                if step.hasPrefix("open") || step.hasPrefix("begin") { return }
            }
        }
    }

    private init(path: String, key: UnlockSecret) {
        self.path = path
        self.key = key
    }

    /// `open` takes the lock; `begin:N` makes intents for c0 … cN-1; `keep:I` and `keep:I:SIZE` keep an answer for cI;
    /// `merge` puts what is known into the records; `commit`; `rotate` prints the new key; `read` reads without the
    /// lock; `fill:FILE` uses up the disk, `free:FILE` gives it back.
    private mutating func take(_ step: [String]) async throws {
        let argument = step.count > 1 ? step[1] : ""
        switch step[0] {
        case "read": _ = try file.read(unlocking: key)
        case "open": session = try await file.session(unlocking: key, wait: .milliseconds(200))
        case "begin": try opened.begin((0..<(Int(argument) ?? 0)).compactMap(Self.ask))
        case "keep": try keep(Int(argument) ?? 0, size: step.count > 2 ? Int(step[2]) ?? 0 : 0)
        case "merge": try merge()
        case "commit": try opened.commit()
        case "rotate": try rotate()
        case "fill": try Self.fill(argument)
        case "free": try FileSystem.remove(argument)
        default: preconditionFailure("no such step: \(step)")
        }
    }

    /// Says how a step went, in one write.
    private static func say(_ words: String) {
        try? ThisProcess.write((words + "\n").utf8.span, to: 1)
    }

    /// The vault; answers are rescued to the folder that `STATE` names.
    private var file: VaultFile {
        get throws(VaultError) {
            let folders = ThisProcess.environmentVariable("STATE").map { [$0] } ?? []
            return try VaultFile(path: path, state: StateFolders(own: folders, beside: []))
        }
    }

    /// What opens every slot but `main`.
    private static let other = UnlockSecret.rawKey(Secret([UInt8](repeating: 7, count: 32)))

    private struct NotOpen: Error {}

    private var opened: VaultSession {
        get throws {
            guard let session else { throw NotOpen() }
            return session
        }
    }

    private static func ask(_ index: Int) -> Ask? {
        RecordName("c\(index)").map {
            Ask(name: $0, fingerprint: "f\(index)", attempt: 1, at: 1_767_225_600, host: "here")
        }
    }

    private mutating func keep(_ index: Int, size: Int) throws {
        guard let ask = Self.ask(index) else { return }
        let body = Secret("answer-\(index)" + String(repeating: "x", count: size))
        let reply = Reply.got(Answer(status: 200, date: nil, at: ask.at, body: body))
        try opened.keep(reply, forAsk: index)
        kept.append((ask.name, reply))
    }

    /// Puts each answer where the next token would stand.
    private func merge() throws {
        let session = try opened
        for (name, reply) in session.leftBehind.map({ ($0.ask.name, $0.reply) }) + kept {
            guard case .got(let answer) = reply else { continue }
            try session.records.set(name, secret: answer.body, at: answer.at)
        }
    }

    private func rotate() throws {
        let new = Secret(SecretBuffer(randomCount: 32))
        let session = try opened
        var fates = ["main": SlotFate.replaced(.rawKey(new))]
        for slot in session.vault.header.slots where slot.label != "main" {
            fates[slot.label] = .stays(Self.other, label: slot.label)
        }
        try session.rekey(fates, closedTo: [key], now: 1_767_225_600) {
            let text = try KeyText.encode(new).revealed() ?? ""
            try ThisProcess.write("key \(text)\n".utf8.span, to: 1)
        }
    }

    /// Writes to a new file until there is no more space.
    private static func fill(_ path: String) throws {
        let ballast = try File(path, .creating(mode: 0o600))
        let block = [UInt8](repeating: 1, count: 4096)
        while (try? ballast.write(block.span)) != nil {}
    }
}
