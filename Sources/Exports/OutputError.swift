import Host

/// Why an output was not written; the old file stands, unless it is said otherwise.
package enum OutputError: Error, Equatable {
    /// A value cannot be written in the format.
    case refused(path: String, ExportRefusal)
    /// The system knows no such group.
    case unknownGroup(path: String, String)
    /// The folder is not there.
    case noFolder(path: String, String)
    /// A folder, device, pipe or socket stands there.
    case notAFile(path: String)
    /// A symbolic link stands there, and its target is nothing to replace.
    case link(path: String, String)
    /// The file belongs to another user.
    case anotherOwner(path: String)
    /// This program did not write the file.
    case notOurs(path: String)
    /// The file stands in a git work tree and is not ignored.
    case notIgnored(path: String, repository: String)
    /// The file stands in a git work tree, and git does not say whether it is ignored.
    case gitUnclear(path: String, repository: String, String)
    /// What stands there could not be read.
    case unreadable(path: String, String)
    /// The file could not be written.
    case unwritable(path: String, String)
    /// The file was being written in place, and may hold a beginning of the new bytes and an end of the old ones.
    case torn(path: String, String)
    /// The file, read again, is not what was written.
    case notAsWritten(path: String, String)
    /// The file's own lines are in the way of ours.
    case notMergeable(path: String, MergeProblem)
    /// The group could not be given the file.
    case groupRefused(path: String, String)

    /// What happened.
    package var message: String {
        switch self {
        case .refused(let path, let refusal): "\(path): \(refusal.message)"
        case .unknownGroup(let path, let group): "\(path): there is no group \(group)"
        case .noFolder(let path, let folder): "\(path): the folder \(folder) is not there"
        case .notAFile(let path): "\(path) is not a regular file"
        case .link(let path, let reason): "\(path) is a symbolic link whose target \(reason)"
        case .anotherOwner(let path): "\(path) belongs to another user"
        case .notOurs(let path): "\(path) was not written by tokenkeep and is left as it is"
        case .notIgnored(let path, let repository):
            "\(path) could be committed: it is tracked, or not ignored by the git repository \(repository)"
        case .gitUnclear(let path, let repository, let reason):
            "\(path): git does not say whether the repository \(repository) ignores it: \(reason)"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .groupRefused(let path, let group): "\(path): this user cannot give a file to the group \(group)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        case .torn(let path, let reason):
            "\(path) was being written in place, and that broke off: \(reason); half of it may be of before"
        case .notAsWritten(let path, let reason):
            "\(path) was written, and read again it is not what was written: \(reason)"
        case .notMergeable(let path, let problem): "\(path): \(problem.message)"
        }
    }

    /// What mends it.
    package var hint: String {
        switch self {
        case .refused(_, let refusal): refusal.hint
        case .unknownGroup: "correct `group` of this output in the config"
        case .noFolder(_, let folder): "mkdir -p \(ShellWord.quoted(folder))"
        case .notAFile: "correct `path` of this output; `tokenkeep export FORMAT` prints to standard output"
        case .link: "remove the link, or let `path` name the file itself"
        case .anotherOwner: "run tokenkeep as that user, or remove the file first"
        case .notOurs(let path): "tokenkeep export --adopt \(ShellWord.quoted(path)) replaces it"
        case .notIgnored(let path, let repository):
            "add it to .gitignore (and `git -C \(ShellWord.quoted(repository)) rm --cached \(ShellWord.quoted(path))` if it is tracked), or --allow-tracked"
        case .gitUnclear(_, let repository, _):
            """
            mend what git says (for another user's repository: git config --global --add safe.directory \
            \(ShellWord.quoted(repository))), or --allow-tracked
            """
        case .groupRefused: "make this user a member of the group, or correct `group` of this output in the config"
        case .unreadable: "give this user access to the file and its folder"
        case .torn: "mend that, and run: tokenkeep export, which writes it anew"
        case .notAsWritten:
            "look whether another program writes it, and whether its file system keeps modes; tokenkeep export writes it anew"
        case .notMergeable(_, let problem): problem.hint
        case .unwritable:
            "the folder must be writable and have room, and a file mounted on its own must be mounted with its folder"
        }
    }
}
