import Host
package import Tokens

/// What is to become of an output's file: decided, not yet done.
package struct OutputPlan: Sendable {
    /// What differs between the file and the plan.
    enum Change: Sendable {
        /// Nothing.
        case none
        /// Only the permission bits or the group.
        case attributes
        /// The bytes, or there is no file.
        case bytes
    }

    /// The path as configured.
    package let path: String
    /// The file's bytes.
    package let bytes: Secret
    /// The digest of the bytes, where the format has no first line to know the file by.
    ///
    /// It is recorded before `write`, beside the one of the file that is there: a crash between the two then leaves
    /// a file that is still known as ours.
    package let digest: String?
    /// Why the file will be written in place; nil where it is replaced in one step.
    package let inPlace: InPlace?
    /// Whether a file that was written by half would not be known as ours, so that this is noted before `write`.
    package let needsNote: Bool
    private(set) var change: Change
    let target: String
    let present: FileStatus?
    /// The bytes of somebody's own file that ours have been put into.
    let mergedInto: Secret?
    let mode: UInt32
    let group: UInt32?
    let groupName: String?
    let isVerified: Bool

    /// Whether the bytes differ from the file's, so that it will be replaced.
    package var changed: Bool { change == .bytes }

    /// Brings the file to the planned state: whole and durable, or as it was. Only one that is written in place can be left
    /// half-written (`OutputError.torn`).
    ///
    /// What is planned is done to the name: a file that somebody else puts there between plan and rename is replaced, and
    /// a link that is put there is replaced, not followed. Who can do that can write the folder, and so the file. Somebody's
    /// own file is read once more: what an editor saves later than that, in the moment before the rename, is lost.
    package func write() throws(OutputError) {
        if let mergedInto, change == .bytes, (try? Self.contents(of: target)) ?? Secret("") != mergedInto {
            throw .notMergeable(path: path, .changedMeanwhile)
        }
        if inPlace != nil, let present {
            try writeInPlace(over: present)
        } else {
            do throws(HostError) { try replace() } catch {
                if error.operation == "chgrp" { throw .groupRefused(path: path, groupName ?? "") }
                throw .unwritable(path: path, error.reason)
            }
        }
        if isVerified, change != .none { try verify() }
    }

    /// The bytes of a file; nil when there is none.
    /// The plan, without what another run has done since: then it is that run's to tell of.
    package var unlessDone: OutputPlan {
        var plan = self
        if change == .bytes, let present = try? Self.contents(of: target), present == bytes { plan.change = .none }
        return plan
    }

    static func contents(of target: String) throws(HostError) -> Secret? {
        // Far above what a vault holds; it only keeps a mistyped path from being read into memory.
        try FileSystem.contents(of: target, limit: 64 << 20).map { Secret($0) }
    }

    private func replace() throws(HostError) {
        switch change {
        case .none: break
        case .attributes:
            let file = try File(target, .reading)
            let now = try file.status
            guard (now.device, now.inode) == (present?.device, present?.inode) else {
                throw HostError(operation: "open", path: target, code: staleFile)
            }
            try file.setMode(mode, group: group)
        case .bytes:
            // They hold values, and no .gitignore names them.
            try FileSystem.removeAbandoned(beside: target)
            try bytes.withSpan { bytes throws(HostError) in
                try FileSystem.replace(target, with: bytes, mode: mode, group: group)
            }
        }
    }

    /// Reads the file again, by the name that the app has for it, and from the disk where the system lets go of what it
    /// keeps in memory.
    private func verify() throws(OutputError) {
        let found: Secret
        let status: FileStatus
        do throws(HostError) {
            let file = try File(path, .reading)
            file.dropCache()
            status = try file.status
            found = Secret(try file.readToEnd(limit: bytes.count))
        } catch {
            throw .notAsWritten(path: path, error.code == fileTooLarge ? "its bytes are others" : error.reason)
        }
        guard found == bytes else { throw .notAsWritten(path: path, "its bytes are others") }
        guard status.mode == mode, status.group == group ?? status.group else {
            throw .notAsWritten(path: path, "its mode or group is another")
        }
    }
}
