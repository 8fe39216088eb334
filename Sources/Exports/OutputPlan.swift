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
    let change: Change
    let target: String
    let mode: UInt32
    let group: UInt32?
    let groupName: String?

    /// Whether the bytes differ from the file's, so that it will be replaced.
    package var changed: Bool { change == .bytes }

    /// Brings the file to the planned state: whole and durable, or as it was.
    package func write() throws(OutputError) {
        do throws(HostError) {
            switch change {
            case .none: break
            case .attributes: try File(target, .reading).setMode(mode, group: group)
            case .bytes:
                // They hold values, and no .gitignore names them.
                try FileSystem.removeAbandoned(beside: target)
                try bytes.withSpan { bytes throws(HostError) in
                    try FileSystem.replace(target, with: bytes, mode: mode, group: group)
                }
            }
        } catch {
            if error.operation == "chgrp" { throw .groupRefused(path: path, groupName ?? "") }
            throw .unwritable(path: path, error.reason)
        }
    }
}
