import Host
import Renewal
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

    /// Appends events, each in one write, so that lines of several processes do not mix.
    ///
    /// A log that cannot be written is said, and is no failure. `isByReader`: whoever may only read a vault, such as a copy
    /// for a deploy, keeps no log, and nothing is said.
    func append(_ events: [JSONObject], isByReader: Bool = false) {
        guard !events.isEmpty else { return }
        do {
            let file = try File(path, .appending)
            for event in events { try file.write((event.encoded().revealedBytes() + [0x0A]).span) }
            // Of several processes one renames it, and only the file that is full.
            let status = try file.status
            if status.size > Self.largest, try file.tryLock(), try FileSystem.status(of: path)?.inode == status.inode {
                try FileSystem.rename(path, to: olderPath)
            }
        } catch {
            if isByReader, error.isNotAllowed { return }
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
    /// Writes down which values left, by their names: printed, or for a file.
    func logExport(_ format: String, _ names: [String], path: String?) {
        logHandOuts([handOut("export", format, names, path, path == nil ? "printed" : "written")])
    }

    /// Writes down which values left for the outputs that were written.
    func logExports(_ written: HandOut.Written) {
        logHandOuts(
            written.reports.filter(\.changed).map { handOut("export", $0.format, $0.names, $0.path, "written") })
    }

    /// Writes down which values a command was given.
    func logRun(_ names: [String]) { logHandOuts([handOut("run", nil, names, nil, "given")]) }

    private func logHandOuts(_ events: [JSONObject]) {
        guard let vault = try? vault().path else { return }
        EventLog(ofVault: vault).append(events, isByReader: true)
    }

    private func handOut(
        _ event: String, _ format: String?, _ names: [String], _ path: String?, _ outcome: String
    ) -> JSONObject {
        var object = JSONObject()
        object.set("at", ThisProcess.now)
        object.set("event", event)
        object.set("format", format)
        object.set("names", names)
        object.set("outcome", outcome)
        object.set("path", path)
        return object
    }

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
