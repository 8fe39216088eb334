import Host
import Tokens

/// The file whose variables GitHub's runner gives to the later steps of a job.
struct StepFile {
    /// Where it is.
    let path: String

    /// The one that the runner names.
    init() throws {
        guard let path = ThisProcess.setting("GITHUB_ENV") else {
            throw Failure(
                .wrongUse, "github-actions is for a step of a job, and GITHUB_ENV names no file",
                hint: "let a step of the workflow run: tokenkeep export github-actions; elsewhere, use shell or json")
        }
        self.path = FileSystem.path(path, from: FileSystem.currentFolder)
    }

    /// Adds variables, in one write.
    func append(_ variables: Secret) throws {
        let reason: String
        do throws(HostError) {
            if let status = try FileSystem.status(of: path) {
                // A step before may have left its last line without an end.
                let present = status.kind == .regular ? try FileSystem.contents(of: path, limit: 64 << 20) : nil
                let isOpen = present?.last.map { $0 != UInt8(ascii: "\n") } ?? false
                let bytes = Secret(joining: [Secret(isOpen ? "\n" : ""), variables])
                return try bytes.withSpan { bytes throws(HostError) in try File(path, .appending).write(bytes) }
            }
            reason = "the runner has made none there"
        } catch { reason = error.reason }
        throw Failure(
            .cannotWrite, "\(path), which GITHUB_ENV names, cannot be written: \(reason)",
            hint: "leave GITHUB_ENV as the runner set it, and make the file writable for this user")
    }
}
