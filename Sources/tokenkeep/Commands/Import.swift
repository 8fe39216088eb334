import ArgumentParser
import Config
import Host
import Imports
import OAuth
import Tokens
import VaultFile

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take the values of a secrets.js, .env or JSON file into the vault.",
        discussion: "The file is parsed, never executed, and stays as it is. Example: tokenkeep import secrets.js")

    @OptionGroup var options: VaultOptions

    @Argument(help: "The file.")
    var file: String

    @Flag(help: "Replace values that the vault holds already.")
    var replace = false

    func run() async throws {
        let place = try Workplace(options)
        let path = FileSystem.path(file, from: FileSystem.currentFolder)
        let found = try read(path)
        let session = try await place.open()
        var intake = Intake(found, config: place.config, replace: replace, now: ThisProcess.now)
        try await place.naming(session.path) {
            try intake.store(in: &session.records)
            if intake.hasChanged { try session.commit() }
        }
        for line in intake.lines + found.leftBehind.map({ "left behind: \($0.name) (line \($0.line)): \($0.why)" }) {
            place.say(line)
        }
        if intake.lines.isEmpty, found.leftBehind.isEmpty { place.say("\(path) names no value") }
        for name in intake.connections { try configure(name, intake, place) }
        await warnOfGit(path, place)
    }

    private func read(_ path: String) throws -> ImportedFile {
        guard let bytes = try FileSystem.contents(of: path, limit: 16 << 20) else {
            throw Failure(.notThere, "there is no file \(path)", hint: "check its path")
        }
        do throws(ImportError) {
            return try Imports.parse(bytes, as: ImportSyntax(fileName: path, content: bytes))
        } catch { throw Failure(.wrongUse, "\(path): \(error.message)", hint: error.hint) }
    }

    /// Appends the connection's section, unless there is one: the client is what the file named.
    private func configure(_ name: RecordName, _ intake: Intake, _ place: Workplace) throws {
        guard let config = place.config, config.connections[name] == nil else { return }
        guard let client = intake.clients[name] else {
            return Console.say(
                "\(name): the file names no client, so it cannot be refreshed yet\nhint: at a terminal tokenkeep connect \(name) asks for it"
            )
        }
        let section = ConfigText.section(
            name, provider: name.text, clientID: "{ secret = \(TOMLText.quote(client)) }",
            redirectURI: intake.redirectURIs[name],
            scopes: [])
        try ConfigText.append(section, to: config.path)
        place.say("added to \(config.path):\n\n\(section)\n")
    }

    private func warnOfGit(_ path: String, _ place: Workplace) async {
        // The name that was given, and the file that it leads to.
        for path in Swift.Set([path, FileSystem.resolved(path)]).sorted() {
            let folder = FileSystem.folder(of: path)
            let name = String(path.dropFirst(folder.count + (folder == "/" ? 0 : 1)))
            let environment = ThisProcess.environmentForOthers.filter { !$0.key.hasPrefix("GIT_") }
            let end = await ChildProcess.run(
                ["git", "-C", folder, "ls-files", "--error-unmatch", "--", "./" + name], environment: environment,
                timeout: .seconds(10)
            ).end
            let git = "git -C \(ShellWord.quoted(folder))"
            if end == .notFound {
                return place.say(
                    "git is not on the PATH, so whether it tracks \(path) is not known\nhint: look with: \(git) ls-files \(ShellWord.quoted(name))"
                )
            }
            guard end == .exited(0) else { continue }
            Console.say(
                """
                git tracks \(path), so its values are in the history of every clone
                hint: have each value re-issued by its provider, then: \(git) rm --cached \(ShellWord.quoted(name)), and add it to .gitignore
                """)
        }
    }
}
