import Host

/// What git thinks of a file. Git itself is asked, since its ignore rules are many.
enum WorkTree {
    /// Refuses a file that a commit could take in: within a work tree, and tracked or not ignored.
    static func check(
        _ target: String, of path: String, environment: [String: String]
    ) async throws(OutputError) {
        let folder: String
        let found: String?
        do throws(HostError) {
            folder = try FileSystem.realPath(of: FileSystem.folder(of: target))
            found = try repository(above: folder)
        } catch {
            throw .unreadable(path: path, error.reason)
        }
        guard let repository = found else { return }
        let name = target.split(separator: "/").last ?? ""
        let (end, _, errors) = await ChildProcess.run(
            // Behind `./` no name is taken for pathspec magic.
            ["git", "-C", folder, "check-ignore", "-q", "--", "./\(name)"],
            environment: Self.environment(from: environment), directory: folder, timeout: .seconds(10))
        switch end {
        case .exited(0): return
        case .exited(1): throw .notIgnored(path: path, repository: repository)
        case .exited:
            let line = errors.prefix { $0 != UInt8(ascii: "\n") }
            throw .gitUnclear(path: path, repository: repository, String(decoding: line, as: UTF8.self))
        case .notFound: throw .gitUnclear(path: path, repository: repository, "there is no git on the PATH")
        case .timedOut: throw .gitUnclear(path: path, repository: repository, "no answer within 10 s")
        case .signalled, .failed: throw .gitUnclear(path: path, repository: repository, "git did not run")
        }
    }

    /// The nearest folder from here upwards that has a `.git`: a folder, or a file in work trees and submodules.
    private static func repository(above folder: String) throws(HostError) -> String? {
        var folder = folder
        while try FileSystem.status(of: folder == "/" ? "/.git" : folder + "/.git") == nil {
            guard folder != "/" else { return nil }
            folder = FileSystem.folder(of: folder)
        }
        return folder
    }

    /// What git needs to find itself and the user's settings, and nothing else: inherited `GIT_DIR` and its kin (a
    /// hook sets them) would turn the question to another repository.
    private static func environment(from ours: [String: String]) -> [String: String] {
        var environment = ours.filter { name, value in
            ["PATH", "HOME", "XDG_CONFIG_HOME", "SUDO_UID"].contains(name) && !value.isEmpty
        }
        if environment["PATH"] == nil { environment["PATH"] = "/usr/local/bin:/usr/bin:/bin" }
        environment["LC_ALL"] = "C"
        return environment
    }
}
