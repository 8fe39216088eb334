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
        /// The config that each output is of: of two that share a vault, each takes back only what it has noted itself.
        package var configs: [String: String] = [:]

        /// Nothing is noted.
        package init() {}

        /// Whether nothing is noted.
        package var isEmpty: Bool { untold.isEmpty && halfWritten.isEmpty }

        /// Takes back what a config has noted of outputs that are none of its own any more: a file of that path is not
        /// known as this program's by it, and there is no app to tell.
        package mutating func drop(allOf config: String, but paths: Set<String>) {
            for (path, owner) in configs where owner == config && !paths.contains(path) {
                (untold[path], configs[path]) = (nil, nil)
                halfWritten.remove(path)
            }
        }
    }

    /// From where on the older lines are dropped.
    private static let enough: Int64 = 1 << 16

    private let path: String

    /// The config whose outputs these are.
    package let config: String

    /// Names the file that the notes are in, and the config whose outputs are noted.
    package init(path: String, config: String = "") { (self.path, self.config) = (path, config) }

    /// What is noted now. Where there is nothing, as mostly, this is one look at the file's size.
    package func read() -> State {
        guard let status = try? FileSystem.status(of: path, followingLinks: false), status.size > 0,
            status.isPrivate, let bytes = try? FileSystem.contents(of: path, limit: 16 << 20)
        else { return State() }
        return State(lines: bytes)
    }

    /// Takes the lock, and waits for it as long as another run writes its files.
    package func lock() throws(HostError) -> Locked {
        try lock(Handle(try File(path, .locking)))
    }

    fileprivate func lock(_ handle: Handle) throws(HostError) -> Locked {
        // What is noted there would not be believed.
        guard try handle.file.status.isPrivate else {
            throw HostError(operation: "lock", path: path, code: notPermitted)
        }
        try handle.file.lock()
        return Locked(handle, path, read())
    }

    /// Begins to tell apps; nil while another run does so.
    package func beginTelling() throws(HostError) -> Telling? {
        let handle = Handle(try File(path, .locking))
        return try handle.file.tryLock(byte: Telling.byte) ? Telling(self, handle) : nil
    }

    /// An open file, for more than one owner.
    fileprivate final class Handle {
        let file: File
        init(_ file: consuming File) { self.file = file }
    }

    /// The lock of the one run that tells apps now; it ends with the process at the latest.
    ///
    /// Every change is noted before its file is written, with the notes locked until all files are. So what is noted, when
    /// one has both locks, is of files that stand; and as this lock is let go of only with the notes locked and nothing in
    /// them that was not tried, whoever has noted a change and finds this lock taken knows that the holder will see it.
    ///
    /// On NFS, a lock of the whole file and one of a byte exclude each other, unless the same open file has both.
    package final class Telling {
        /// Far behind anything that is noted.
        fileprivate static let byte: Int64 = 1 << 62
        private let notes: OutputNotes
        private let handle: Handle

        fileprivate init(_ notes: OutputNotes, _ handle: Handle) { (self.notes, self.handle) = (notes, handle) }

        /// What is noted of apps that are still to be told, but for the marks in `tried`. When nothing is, or `isEnd`,
        /// the lock is let go of.
        package func untold(
            of paths: Set<String>, but tried: Set<String>, isEnd: Bool
        ) throws(HostError) -> [String: String] {
            let locked = try notes.lock(handle)
            defer { locked.release() }
            let left = locked.state.untold.filter { paths.contains($0.key) && !tried.contains($0.value) }
            if left.isEmpty || isEnd { handle.file.unlock(byte: Self.byte) }
            return isEnd ? [:] : left
        }

        /// Takes back what was noted of an app that has been told, unless it has been noted anew since.
        package func forget(_ path: String, _ mark: String) throws(HostError) {
            let locked = try notes.lock(handle)
            defer { locked.release() }
            var state = locked.state
            guard state.untold[path] == mark else { return }
            state.untold[path] = nil
            try locked.write(state)
        }
    }

    /// The notes, with nobody else at them.
    package final class Locked {
        private let handle: Handle
        private let path: String
        /// What they say.
        package private(set) var state: State

        fileprivate init(_ handle: Handle, _ path: String, _ state: State) {
            (self.handle, self.path, self.state) = (handle, path, state)
        }

        /// Writes them down, and waits until they are on the disk.
        ///
        /// Each version is a line of its own behind the ones before it, and the last whole line counts: a death leaves the
        /// old version or the new one. When nothing is left to note, the file is empty. Only one of 64 KiB, for which an
        /// `after` has to fail through hundreds of changes, is begun anew, and a death in that moment forgets it.
        package func write(_ new: State) throws(HostError) {
            guard new != state else { return }
            let size = try handle.file.status.size
            if new.isEmpty || size > OutputNotes.enough { try handle.file.truncate(to: 0) }
            if !new.isEmpty {
                // A line that a death cut short is ended.
                let line = [UInt8(ascii: "\n")] + new.line + [UInt8(ascii: "\n")]
                try handle.file.write(line.span, at: try handle.file.status.size)
            }
            try handle.file.sync()
            if size == 0 { try FileSystem.syncFolder(of: path) }
            state = new
        }

        /// Lets others at them.
        package func release() { handle.file.unlock() }
    }
}

extension FileStatus {
    /// Whether only this user, and root, can have written it.
    fileprivate var isPrivate: Bool {
        kind == .regular && owner == FileSystem.effectiveUser && mode & 0o022 == 0
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
        let configs = try object.object("configs")
        for path in configs?.names ?? [] { self.configs[path] = try configs?.text(path) }
    }

    fileprivate var line: [UInt8] {
        var untold = JSONObject()
        for (path, mark) in self.untold { untold.set(path, mark) }
        var object = JSONObject()
        object.set("untold", untold)
        object.set("half_written", halfWritten.sorted())
        var configs = JSONObject()
        for (path, config) in self.configs where self.untold[path] != nil || halfWritten.contains(path) {
            configs.set(path, config)
        }
        object.set("configs", configs)
        return object.encoded().revealedBytes()
    }
}
