import Host
package import Tokens

/// A file generated from the vault for an app.
package struct Output: Sendable {
    /// Where the file stands, absolute.
    package let path: String
    /// How the values are written down.
    package let format: ExportFormat
    /// The permission bits; nil is 0600, or what the present file has where that is stricter.
    package let mode: UInt32?
    /// The group that the file is given; nil leaves it to the system.
    package let group: String?

    /// Describes an output.
    package init(path: String, format: ExportFormat, mode: UInt32? = nil, group: String? = nil) {
        (self.path, self.format, self.mode, self.group) = (path, format, mode, group)
    }

    /// Renders the values and decides whether and how the file may be replaced; writes nothing.
    ///
    /// - Parameters:
    ///   - recorded: The digests of what was written before in formats without a first line.
    ///   - adopt: Takes over a file that this program did not write.
    ///   - allowTracked: Writes within a git work tree, too.
    ///   - environment: Ours; git gets its `PATH` and what it needs to find its own settings.
    ///   - digest: The SHA-256 of some bytes, in the form that `recorded` has.
    package func plan(
        _ values: [ExportValue], recorded: Set<String>, adopt: Bool = false, allowTracked: Bool = false,
        environment: [String: String], digest: (Secret) -> String
    ) async throws(OutputError) -> OutputPlan {
        let bytes: Secret
        do { bytes = try format.render(values) } catch { throw .refused(path: path, error) }
        let group = try groupID()
        let (target, present) = try target()
        let mode = mode ?? present.map { $0.mode & 0o600 } ?? 0o600
        let old = try contents(of: target)
        var change = OutputPlan.Change.bytes
        if let old, old == bytes, let present {
            change = present.mode != mode || group.map { $0 != present.group } ?? false ? .attributes : .none
        }
        if change != .none, let present, present.owner != FileSystem.effectiveUser {
            throw .anotherOwner(path: path)
        }
        if change == .bytes {
            if let old, !adopt, !Self.isOurs(old), !recorded.contains(digest(old)) { throw .notOurs(path: path) }
            if !allowTracked { try await WorkTree.check(target, of: path, environment: environment) }
        }
        return OutputPlan(
            path: path, bytes: bytes, digest: format.firstLine == nil ? digest(bytes) : nil, change: change,
            target: target, mode: mode, group: group, groupName: self.group)
    }

    /// Whether some bytes begin as a file of ours in any format: the format of an output may be changed.
    ///
    /// An empty file is nobody's, so it has to be adopted like any other.
    private static func isOurs(_ bytes: Secret) -> Bool {
        bytes.withSpan { bytes in
            ExportFormat.firstLines.contains { line in
                let line = Array(line.utf8) + [UInt8(ascii: "\n")]
                return bytes.count >= line.count && line.indices.allSatisfy { bytes[$0] == line[$0] }
            }
        }
    }

    private func groupID() throws(OutputError) -> UInt32? {
        guard let group else { return nil }
        guard let id = FileSystem.groupID(named: group) else { throw .unknownGroup(path: path, group) }
        return id
    }

    /// The file to replace, and what stands there; a symbolic link is followed once, and only to a file of ours.
    ///
    /// Whoever can make links in the folder could otherwise choose which file is replaced.
    private func target() throws(OutputError) -> (path: String, present: FileStatus?) {
        let folder = FileSystem.folder(of: path)
        guard let present = try status(of: path) else {
            let found = try status(of: folder, followingLinks: true)
            guard found?.kind == .folder else { throw .noFolder(path: path, folder) }
            return (path, nil)
        }
        if present.kind == .regular { return (path, present) }
        guard present.kind == .link else { throw .notAFile(path: path) }
        let target = FileSystem.path(try linkTarget(), from: folder)
        guard let linked = try status(of: target) else { throw .link(path: path, "is not there") }
        guard linked.kind == .regular else { throw .link(path: path, "is not a regular file") }
        guard linked.owner == FileSystem.effectiveUser else { throw .link(path: path, "belongs to another user") }
        return (target, linked)
    }

    private func status(of file: String, followingLinks: Bool = false) throws(OutputError) -> FileStatus? {
        do { return try FileSystem.status(of: file, followingLinks: followingLinks) } catch {
            throw unreadable(error)
        }
    }

    private func linkTarget() throws(OutputError) -> String {
        do { return try FileSystem.linkTarget(of: path) } catch { throw unreadable(error) }
    }

    private func contents(of target: String) throws(OutputError) -> Secret? {
        // Far above what a vault holds; it only keeps a mistyped path from being read into memory.
        do { return try FileSystem.contents(of: target, limit: 64 << 20).map { Secret($0) } } catch {
            throw unreadable(error)
        }
    }

    private func unreadable(_ error: HostError) -> OutputError { .unreadable(path: path, error.reason) }
}
