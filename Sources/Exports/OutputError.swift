/// Why an output was not written; the old file stands.
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
        case .notIgnored(let path, let repository): "\(path) is not ignored by the git repository \(repository)"
        case .gitUnclear(let path, let repository, let reason):
            "\(path): git does not say whether the repository \(repository) ignores it: \(reason)"
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }

    /// What mends it.
    package var hint: String {
        switch self {
        case .refused(_, let refusal): refusal.hint
        case .unknownGroup: "correct `group` of this output in the config"
        case .noFolder(_, let folder): "mkdir -p \(Self.quoted(folder))"
        case .notAFile: "correct `path` of this output; `tokenkeep export FORMAT` prints to standard output"
        case .link: "remove the link, or let `path` name the file itself"
        case .anotherOwner: "run tokenkeep as that user, or remove the file first"
        case .notOurs(let path): "tokenkeep export --adopt \(Self.quoted(path)) replaces it"
        case .notIgnored(let path, _):
            "add it to .gitignore (and `git rm --cached \(Self.quoted(path))` if it is tracked), or --allow-tracked"
        case .gitUnclear(_, let repository, _):
            """
            mend what git says (for another user's repository: git config --global --add safe.directory \
            \(Self.quoted(repository))), or --allow-tracked
            """
        case .unreadable: "give this user access to the file and its folder"
        case .unwritable:
            "the folder must be writable and have room, and a file mounted on its own must be mounted with its folder"
        }
    }

    /// The path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let plain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return plain
            ? path
            : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
