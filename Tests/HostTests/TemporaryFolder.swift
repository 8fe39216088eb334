import Glibc
import Host
import Testing

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    /// Its real path.
    let path: String

    init() throws {
        var template = Array("/tmp/tokenkeep-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        path = try FileSystem.realPath(of: String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self))
    }

    deinit { sh("rm -rf '\(path)'") }

    /// The path of a file in it.
    subscript(_ name: String) -> String { path + "/" + name }

    /// A file's text; nil when it is not there.
    func text(_ name: String) throws -> String? {
        try FileSystem.contents(of: self[name], limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Runs a script here, with every descriptor that a child inherits; gives whether it succeeded.
    @discardableResult
    func sh(_ script: String) -> Bool { unsafe system("cd '\(path)' && \(script)") == 0 }

    /// The names in it, hidden ones too.
    func names() throws -> [String] {
        sh("ls -A > .names")
        let all = try text(".names")?.split(separator: "\n").map(String.init) ?? []
        return all.filter { $0 != ".names" }
    }
}
