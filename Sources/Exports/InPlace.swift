import Host
import Tokens

/// Why a file cannot be replaced in one step, though it can be written: seen in containers, where one file is mounted.
package enum InPlace: Sendable, Equatable {
    /// The file is a mount point, and no other file can take its name.
    case mounted
    /// Nothing can be made in its folder.
    case closedFolder

    /// As the end of a sentence.
    package var reason: String {
        switch self {
        case .mounted: "it is mounted on its own"
        case .closedFolder: "nothing can be made in its folder"
        }
    }

    /// Whether a file that is there has to be written in place. Where the system does not tell one mount from another, the
    /// rename is tried, and its failure reported.
    init?(of target: String) throws(HostError) {
        let folder = FileSystem.folder(of: target)
        let file = try File(target, .reading)
        let above = try File(folder, .reading)
        if try file.status.device != above.status.device || file.mountID != above.mountID {
            self = .mounted
        } else if !FileSystem.canWrite(folder: folder) {
            self = .closedFolder
        } else {
            return nil
        }
    }
}

extension OutputPlan {
    /// Writes the new bytes over the old ones; `present` is the file that was looked at when it was planned.
    func writeInPlace(over present: FileStatus) throws(OutputError) {
        var isTorn = false
        do throws(HostError) {
            let file = try File(target, .updating)
            let now = try file.status
            guard (now.device, now.inode) == (present.device, present.inode) else {
                throw HostError(operation: "open", path: target, code: staleFile)
            }
            // On the disk: the old bytes. Who is not to read the new ones loses the file first.
            if now.mode & mode != now.mode || group != nil { try file.setMode(now.mode & mode, group: group) }
            // Room is made before a byte is lost: a full disk leaves the old bytes, and the old end.
            do { if Int64(bytes.count) > now.size { try file.reserve(Int64(bytes.count)) } } catch {
                try? file.truncate(to: now.size)
                throw error
            }
            isTorn = true
            // From here to the sync: a beginning of the new bytes and an end of the old ones, in any mixture after a power
            // cut. It is known as ours: by its first line, which is in both of them and so in every mixture, or by the
            // note that was made before (`needsNote`).
            try bytes.withSpan { bytes throws(HostError) in try file.write(bytes, at: 0) }
            try file.truncate(to: Int64(bytes.count))
            try file.setMode(mode)
            // On the disk after it: the new bytes.
            try file.sync()
        } catch {
            if error.operation == "chgrp" { throw .groupRefused(path: path, groupName ?? "") }
            throw isTorn ? .torn(path: path, error.reason) : .unwritable(path: path, error.reason)
        }
    }
}
