package import Host
import Tokens

/// What has to be known of outputs though a run dies: which apps are still to be told, and which files may be half-written.
///
/// It stands in a file beside the vault, and not in the vault. A deploy writes outputs from a *copy* of the vault; if that
/// wrote the copy, the next copy would be refused as a fork. Nor need `export` wait for the vault's lock because of it.
/// Whoever can write that folder can remove the file, and then an `after` that failed is not tried again; to put another
/// one there takes this user's rights.
///
/// The file is locked from the note to the last write of a run: so what is noted by others, when one has the lock, is of
/// runs that have written their files, or have died.
package struct OutputNotes: Sendable {
    /// What is noted.
    package struct State: Sendable, Equatable {
        /// The outputs whose file was about to be replaced and whose `after` has not succeeded since; the text tells one
        /// replacement from the next.
        package var untold: [String: String] = [:]
        /// The files that are being written in place: whatever they hold is this program's.
        package var halfWritten: Set<String> = []

        /// Nothing is noted.
        package init() {}

        /// Whether nothing is noted.
        package var isEmpty: Bool { untold.isEmpty && halfWritten.isEmpty }
    }

    /// From where on the older lines are dropped.
    private static let enough: Int64 = 1 << 16

    private let path: String

    /// Names the file that the notes are in.
    package init(path: String) { self.path = path }

    /// What is noted now. Where there is nothing, as mostly, this is one look at the file's size.
    package func read() -> State {
        guard let status = try? FileSystem.status(of: path, followingLinks: false), status.kind == .regular,
            status.size > 0, status.owner == FileSystem.effectiveUser, status.mode & 0o022 == 0,
            let bytes = try? FileSystem.contents(of: path, limit: 16 << 20)
        else { return State() }
        return State(lines: bytes)
    }

    /// Takes the lock, and waits for it as long as another run writes its files.
    package func lock() throws(HostError) -> Locked {
        let file = try File(path, .locking)
        try file.lock()
        return Locked(file, path, read())
    }

    /// Takes back what was noted of apps that have been told, unless another run has noted it anew since.
    package func forget(_ told: [String: String]) throws(HostError) {
        let notes = try lock()
        defer { notes.release() }
        var state = notes.state
        for (path, mark) in told where state.untold[path] == mark { state.untold[path] = nil }
        try notes.write(state)
    }

    /// The notes, with nobody else at them.
    package final class Locked {
        private let file: File
        private let path: String
        /// What they say.
        package private(set) var state: State

        fileprivate init(_ file: consuming File, _ path: String, _ state: State) {
            self.file = file
            (self.path, self.state) = (path, state)
        }

        /// Writes them down, and waits until they are on the disk.
        ///
        /// Each version is a line of its own behind the ones before it, and the last whole line counts: a death leaves the
        /// old version or the new one. When nothing is left to note, the file is empty. Only one of 64 KiB, for which an
        /// `after` has to fail through hundreds of changes, is begun anew, and a death in that moment forgets it.
        package func write(_ new: State) throws(HostError) {
            guard new != state else { return }
            let size = try file.status.size
            if new.isEmpty || size > OutputNotes.enough { try file.truncate(to: 0) }
            if !new.isEmpty {
                // A line that a death cut short is ended.
                let line = [UInt8(ascii: "\n")] + new.line + [UInt8(ascii: "\n")]
                try file.write(line.span, at: try file.status.size)
            }
            try file.sync()
            if size == 0 { try FileSystem.syncFolder(of: path) }
            state = new
        }

        /// Lets others at them.
        package func release() { file.unlock() }
    }
}

extension OutputNotes.State {
    /// The last version of a file's lines that is whole.
    fileprivate init(lines: [UInt8]) {
        for line in lines.split(separator: UInt8(ascii: "\n")).reversed() {
            guard let state = try? Self(parsing: Array(line)) else { continue }
            self = state
            return
        }
    }

    private init(parsing line: [UInt8]) throws(JSONError) {
        let object = try JSONObject(parsing: line.span, rules: .record)
        let untold = try object.object("untold")
        for path in untold?.names ?? [] { self.untold[path] = try untold?.text(path) }
        halfWritten = Set(try object.texts("half_written") ?? [])
    }

    fileprivate var line: [UInt8] {
        var untold = JSONObject()
        for (path, mark) in self.untold { untold.set(path, mark) }
        var object = JSONObject()
        object.set("untold", untold)
        object.set("half_written", halfWritten.sorted())
        return object.encoded().revealedBytes()
    }
}
