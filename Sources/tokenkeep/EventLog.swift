import Host
import Tokens
import VaultFile

/// What was asked of providers and how it ended, one JSON line an event, beside the vault.
///
/// It holds names, numbers and keyed fingerprints, and no value; it is plain text, for there may be no key when it is read.
struct EventLog: Sendable {
    /// At which size it becomes the older half, which takes the place of the one before; so it never takes more than twice
    /// that on the disk.
    static let largest: Int64 = 8 << 20

    let path: String

    /// The log of a vault, by the vault's real path.
    init(ofVault vault: String) { path = vault + ".log" }

    /// The older half.
    var olderPath: String { path + ".1" }

    /// Appends events, each in one write, so that lines of several processes do not mix. The caller holds the vault's lock.
    ///
    /// By now all is committed: a log that cannot be written is said, and is no failure.
    func append(_ events: [JSONObject]) {
        guard !events.isEmpty else { return }
        do {
            let file = try File(path, .appending)
            for event in events { try file.write((event.encoded().revealedBytes() + [0x0A]).span) }
            if try file.status.size > Self.largest { try FileSystem.rename(path, to: olderPath) }
        } catch {
            Console.say(
                "the log could not be written: \(error)\nhint: nothing else is amiss; make room, or move it away")
        }
    }

    /// All events, oldest first. A line that was cut short is passed over.
    func events() throws -> [JSONObject] {
        try [olderPath, path].flatMap { path -> [JSONObject] in
            guard let status = try FileSystem.status(of: path), status.kind == .regular,
                let bytes = try FileSystem.contents(of: path, limit: 64 << 20)
            else { return [] }
            return bytes.split(separator: 0x0A).compactMap { line in
                try? JSONObject(parsing: Array(line).span, rules: .record)
            }
        }
    }
}

extension Workplace {
    /// Writes down what was done to a key slot.
    func log(_ event: String, _ label: String, epoch: UInt32) {
        guard let path = try? vault().path else { return }
        var object = JSONObject()
        object.set("at", ThisProcess.now)
        object.set("epoch", Int64(epoch))
        object.set("event", event)
        object.set("slot", label)
        EventLog(ofVault: path).append([object])
    }
}
