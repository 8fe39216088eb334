import Host
package import Tokens

/// A file generated from the vault for an app.
package struct Output: Sendable {
    /// Where the file stands, absolute.
    package let path: String
    /// How the values are written down.
    package let format: ExportFormat
    /// The permission bits: exactly these where the config names them; nil is 0600, or what the present file has of it
    /// where that is stricter.
    package let mode: UInt32?
    /// The group that the file is given; nil leaves it to the system.
    package let group: String?
    /// Whether the file is somebody's own, and only the lines between two marker lines are ours.
    package let isMerged: Bool
    /// Whether the file is read again after it was written.
    package let isVerified: Bool

    /// Describes an output.
    package init(
        path: String, format: ExportFormat, mode: UInt32? = nil, group: String? = nil, isMerged: Bool = false,
        isVerified: Bool = false
    ) {
        (self.path, self.format, self.mode, self.group) = (path, format, mode, group)
        (self.isMerged, self.isVerified) = (isMerged, isVerified)
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
        var bytes: Secret
        do { bytes = try format.render(values) } catch { throw .refused(path: path, error) }
        let group = try groupID()
        let (target, present) = try target()
        let mode = mode ?? present.map { $0.mode & 0o600 } ?? 0o600
        let old = try contents(of: target)
        if isMerged { bytes = try merged(bytes, values, into: old, isLinked: target != path) }
        var change = OutputPlan.Change.bytes
        if let old, old == bytes, let present {
            change = present.mode != mode || group.map { $0 != present.group } ?? false ? .attributes : .none
        }
        if change != .none, let present, present.owner != FileSystem.effectiveUser {
            throw .anotherOwner(path: path)
        }
        var inPlace: InPlace?
        if change == .bytes {
            if let old, !isMerged, !adopt, !old.isGenerated, !recorded.contains(digest(old)) {
                throw .notOurs(path: path)
            }
            if !allowTracked { try await WorkTree.check(target, of: path, environment: environment) }
            if present != nil {
                do { inPlace = try InPlace(of: target) } catch { throw unreadable(error) }
                // What is generated can be generated again; a line of somebody's own cannot.
                if isMerged, let inPlace {
                    throw .unwritable(
                        path: path, "\(inPlace.reason), and a death could then cost its user a line of their own")
                }
            }
        }
        let keepsFirstLine = format.firstLine.flatMap { line in old.map { $0.begins(with: line + "\n") } } ?? false
        return OutputPlan(
            path: path, bytes: bytes, digest: format.firstLine == nil ? digest(bytes) : nil, inPlace: inPlace,
            needsNote: inPlace != nil && !keepsFirstLine, change: change, target: target, present: present,
            mergedInto: isMerged ? old ?? Secret("") : nil, mode: mode, group: group, groupName: self.group,
            isVerified: isVerified)
    }

    /// The file with our lines in it.
    private func merged(
        _ rendered: Secret, _ values: [ExportValue], into old: Secret?, isLinked: Bool
    ) throws(OutputError) -> Secret {
        do throws(MergeProblem) {
            let file = try MergedFile(old ?? Secret(""), format, Set(values.map(\.name)))
            // Whoever can make links could otherwise choose which of this user's files the values come to stand in.
            if isLinked, !file.hasBlock { throw MergeProblem.link }
            return try file.with(rendered)
        } catch { throw .notMergeable(path: path, error) }
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
        do { return try OutputPlan.contents(of: target) } catch {
            throw unreadable(error)
        }
    }

    private func unreadable(_ error: HostError) -> OutputError { .unreadable(path: path, error.reason) }
}

extension Secret {
    /// Whether these are the bytes of a file of ours, in any format: the format of an output may be changed.
    ///
    /// An empty file is nobody's, so it has to be adopted like any other.
    var isGenerated: Bool { ExportFormat.firstLines.contains { begins(with: $0 + "\n") } }

    /// Whether the bytes begin with a text that is no secret.
    func begins(with text: String) -> Bool {
        let start = Array(text.utf8)
        return withSpan { bytes in
            bytes.count >= start.count && start.indices.allSatisfy { bytes[$0] == start[$0] }
        }
    }
}
