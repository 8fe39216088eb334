import ArgumentParser
import Config
import Host
import Imports
import OAuth
import Tokens
import VaultFile

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take the values of a file or of another program into the vault.",
        discussion: """
            A secrets.js, .env, JSON or YAML file is parsed, never executed, and stays as it is. Its name tells what it is, \
            else its first line does. Standard input is told by its first line; the JSON of op item get, doppler secrets and \
            infisical export is known. Example: tokenkeep import secrets.js; sops -d secrets.yaml | tokenkeep import -
            """)

    @OptionGroup var options: VaultOptions

    @Argument(help: "The file; - for standard input.")
    var file: String

    @Option(help: "What it is, whatever it looks like: \(formats.joined(separator: ", ")).")
    var format: String?

    @Option(help: "For what pass show prints: the name of its first line. A line key: value becomes NAME_KEY.")
    var name: String?

    @Flag(help: "Replace values that the vault holds already.")
    var replace = false

    private static let formats = (ImportSyntax.named.keys + ["pass"]).sorted()

    func run() async throws {
        let place = try Workplace(options)
        let isPiped = file == "-"
        let path = isPiped ? "standard input" : FileSystem.path(file, from: FileSystem.currentFolder)
        let told = try toldSyntax()
        let bytes = try isPiped ? standardInput() : contents(of: path)
        let found = try parse(bytes, as: told, path)
        if isPiped || found.kind != told?.words { place.say("\(path) is read as \(found.kind)") }
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
        if !isPiped { await warnOfGit(path, place) }
    }

    /// The syntax that the options or the file's name tell; nil leaves it to the text.
    private func toldSyntax() throws -> ImportSyntax? {
        let isPass = format == "pass" || format == nil && name != nil
        guard isPass == (name != nil) else {
            throw isPass
                ? Failure(
                    .wrongUse, "an entry of pass has no name for its value", hint: "give one with --name STRIPE_KEY")
                : Failure(
                    .wrongUse, "--name is for an entry of pass: here names stand in the text", hint: "leave it out")
        }
        if let name { return .pass(name: try RecordName(secret: name).text) }
        guard let format else { return ImportSyntax(fileName: file) }
        guard let syntax = ImportSyntax.named[format] else {
            throw Failure(
                .wrongUse, "there is no format of that name to import",
                hint: "there are \(Self.formats.joined(separator: ", "))")
        }
        return syntax
    }

    private func parse(_ bytes: [UInt8], as told: ImportSyntax?, _ path: String) throws -> ImportedFile {
        guard let syntax = told ?? ImportSyntax(content: bytes) else {
            throw Failure(
                .wrongUse, "what \(path) holds cannot be told from its first line",
                hint: "say it with --format, or with --name STRIPE_KEY for what pass show prints")
        }
        do throws(ImportError) { return try Imports.parse(bytes, as: syntax) } catch {
            throw Failure(.wrongUse, "\(path), read as \(syntax.words): \(error.message)", hint: error.hint)
        }
    }

    private func contents(of path: String) throws -> [UInt8] {
        guard let bytes = try FileSystem.contents(of: path, limit: 16 << 20) else {
            throw Failure(.notThere, "there is no file \(path)", hint: "check its path")
        }
        return bytes
    }

    /// Standard input; an empty one is what a command leaves that failed.
    private func standardInput() throws -> [UInt8] {
        guard !ThisProcess.isTerminal(0) else {
            throw Failure(
                .wrongUse, "standard input is a terminal",
                hint: "pipe into it: sops -d secrets.yaml | tokenkeep import -; for one value: tokenkeep set NAME")
        }
        let bytes = try Console.standardInput().revealedBytes()
        guard !bytes.isEmpty else {
            throw Failure(
                .wrongUse, "standard input is empty",
                hint: "look whether the command before it failed; nothing was changed")
        }
        return bytes
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
