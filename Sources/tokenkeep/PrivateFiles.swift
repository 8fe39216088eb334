import ArgumentParser
import Exports
import Host
import Tokens

/// A file that a command is given instead of variables: `NAME=FORMAT`, or `NAME=FORMAT:DIALECT`.
struct FileRequest {
    /// The variable that its path stands in.
    let variable: String
    let format: ExportFormat

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let isName = parts[0].utf8.first.map { !(48...57).contains($0) } ?? false
        guard parts.count == 2, isName, parts[0].utf8.allSatisfy({ $0 == 95 || Character(Unicode.Scalar($0)).isWord })
        else {
            throw ValidationError("--file takes the name of a variable and a format, as in SECRETS=json")
        }
        variable = parts[0]
        let words = parts[1].split(separator: ":", maxSplits: 1).map(String.init)
        var options = ExportFormat.Options()
        options.dialect = words.count == 2 ? words[1] : nil
        do {
            guard let format = try ExportFormat.named(words.first ?? "", options) else {
                throw Failure.noSuchFormat(words.first ?? "", .wrongUse)
            }
            guard !format.isForAStep else {
                throw FormatProblem(
                    "\(format.name) is for a step of a job, and makes no file",
                    hint: "name another format, such as json"
                )
            }
            self.format = format
        } catch let problem as FormatProblem {
            throw Failure(.wrongUse, "--file \(variable): \(problem.message)", hint: problem.hint)
        }
    }

    /// The file's name, by whose end many readers tell what it is.
    var fileName: String {
        let ends = [
            "json": "json", "yaml": "yaml", "kubernetes": "yaml", "toml": "toml", "properties": "properties",
            "commonjs": "js", "esm": "mjs", "typescript": "ts", "python": "py", "ruby": "rb", "php": "php", "go": "go",
            "swift": "swift", "shell": "sh", "fish": "fish", "powershell": "ps1", "dotenv": "env", "docker": "env",
            "systemd": "env", "terraform": "tfvars",
        ]
        return variable + (ends[format.name].map { "." + $0 } ?? "")
    }
}

/// The files that a command is given, in memory and gone with it.
final class PrivateFiles: Sendable {
    private let requests: [FileRequest]
    private let folder: MemoryFolder

    /// Makes their folder; nothing is in it yet.
    init(_ requests: [FileRequest]) throws {
        let own = ThisProcess.setting("XDG_RUNTIME_DIR").flatMap { FileSystem.isPrivate(folder: $0) ? $0 : nil }
        guard let folder = MemoryFolder(inOneOf: [own, "/dev/shm"].compactMap(\.self)) else {
            throw Failure(
                .cannotWrite, "--file needs a file system in memory, and there is none that can be written",
                hint: "mount a tmpfs at /dev/shm, or set XDG_RUNTIME_DIR to a folder of your own on one")
        }
        (self.requests, self.folder) = (requests, folder)
    }

    /// The variables that tell where the files are.
    var variables: [ProgramEnvironment.Variable] {
        requests.map { ($0.variable, Secret(path(of: $0))) }
    }

    /// Writes all of them; none where one of them cannot hold the values. Whoever reads one sees the old or the new.
    func write(_ values: [ExportValue]) throws {
        let files = try requests.map { request in
            do throws(ExportRefusal) { return (path(of: request), try request.format.render(values)) } catch {
                throw Failure(.misconfigured, "--file \(request.variable): \(error.message)", hint: error.hint)
            }
        }
        for (path, bytes) in files {
            do { try bytes.withSpan { bytes in try FileSystem.replace(path, with: bytes, mode: 0o600) } } catch let
                error
                as HostError
            {
                throw Failure(.cannotWrite, "\(error)", hint: "make room in \(FileSystem.folder(of: folder.path))")
            }
        }
    }

    /// Takes them away.
    func remove() { folder.remove() }

    private func path(of request: FileRequest) -> String { folder.path + "/" + request.fileName }
}

extension Character {
    fileprivate var isWord: Bool { isASCII && (isLetter || isNumber) }
}
