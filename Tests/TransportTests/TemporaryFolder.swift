import Glibc

/// A folder that goes with its owner, and the files in it.
final class TemporaryFolder {
    let path: String
    private var files: [String] = []

    init() throws {
        var template = Array("/tmp/tokenkeep-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Socket.Failure() }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for file in files { unsafe unlink(file) }
        unsafe rmdir(path)
    }

    /// The path of a file that will go with the folder.
    func file(_ name: String) -> String {
        files.append("\(path)/\(name)")
        return "\(path)/\(name)"
    }

    /// Makes a file with this text.
    func write(_ name: String, _ text: String) throws {
        let descriptor = unsafe open(file(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard unsafe Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else { throw Socket.Failure() }
    }
}
