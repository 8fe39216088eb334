import Host
import TOMLKit
import Tokens

extension Config {
    /// The file's name where nothing else is said.
    package static let fileName = "tokenkeep.toml"
    /// In bytes: room for a hundred thousand connections.
    package static let largestFile = 16 << 20

    /// The nearest config from `folder` upwards; nil when there is none.
    package static func nearest(from folder: String) -> String? {
        var folder = folder
        while true {
            let path = FileSystem.path(fileName, from: folder)
            if let status = try? FileSystem.status(of: path), status.kind == .regular { return path }
            if folder == "/" || folder == "." { return nil }
            folder = FileSystem.folder(of: folder)
        }
    }

    /// Reads a config; nil when there is no file.
    ///
    /// One that another user could have written is refused, for it can name commands to run.
    package static func read(_ path: String) throws(ConfigError) -> Config? {
        let path = FileSystem.path(path, from: FileSystem.currentFolder)
        if let kind = (try? FileSystem.status(of: path))?.kind, kind != .regular {
            throw ConfigError("\(path) is not a regular file", hint: "name the config with --config")
        }
        let name, status: FileStatus
        let text: [UInt8]
        do throws(HostError) {
            guard let found = try FileSystem.status(of: path, followingLinks: false) else { return nil }
            let file = try File(path, .reading)
            // Both of the one file that was opened: another may stand under its name by now.
            (name, status) = (found, try file.status)
            text = try file.readToEnd(limit: largestFile)
        } catch {
            if error.code == fileTooLarge {
                throw ConfigError("\(path) is larger than 16 MiB", hint: "name the config with --config")
            }
            throw ConfigError(
                "\(path) cannot be read: \(error.reason)",
                hint: "look at the file and its permissions: ls -l \(ShellWord.quoted(path))")
        }
        // A link's owner counts as well: relative paths and commands in the config start from where the link stands.
        for owner in [name.owner, status.owner] where owner != FileSystem.effectiveUser && owner != 0 {
            throw ConfigError(
                "\(path) belongs to another user (id \(owner)), and a config can run commands",
                hint: "make it yours: chown -h $(id -u) \(ShellWord.quoted(path))")
        }
        guard status.mode & 0o022 == 0 else {
            throw ConfigError(
                "\(path) can be written by others, and a config can run commands",
                hint: "chmod go-w \(ShellWord.quoted(path))")
        }
        guard let text = String(validating: text.span) else {
            throw ConfigError("\(path) is not UTF-8", hint: "save it as UTF-8 text")
        }
        return try parse(text, path: path)
    }

    /// Reads a config's text.
    package static func parse(_ text: String, path: String) throws(ConfigError) -> Config {
        // The parser hands texts over as C strings: what follows a NUL would be dropped unseen.
        for nul in ["\0", "\\u0000", "\\U00000000"] where text.contains(nul) {
            throw ConfigError("\(path) holds a NUL character", hint: "take it out: no value can have one")
        }
        switch TOMLGuard.fault(in: text) {
        case .header(let line):
            throw ConfigError(
                "\(path), line \(line): not TOML: a section's name begins with a letter, a digit, _, - or a quote",
                hint: "write [section], or [[outputs]] once for each output")
        case .value(let line):
            throw ConfigError(
                "\(path), line \(line): neither text, a list, a section, true nor false",
                hint: "mend that line; text values stand in \"quotes\"")
        case nil: break
        }
        let table: TOMLTable
        do { table = try TOMLTable(string: text) } catch let error as TOMLParseError {
            throw ConfigError(
                "\(path), line \(error.source.begin.line): not TOML: \(error.description.firstLine)",
                hint: "mend that line; text values stand in \"quotes\"")
        } catch {
            throw ConfigError("\(path) is not TOML", hint: "text values stand in \"quotes\"")
        }
        var config = Config(path: path)
        let root = Section(table, place: "", path: path)
        try root.allow(["vault", "connections", "outputs", "schedule", "unlock"])
        if try root.text("vault") == "" {
            throw root.wrong("vault", "is empty", hint: "for example: vault = \"tokenkeep.vault\"")
        }
        config.vault = try root.text("vault").map { FileSystem.path($0, from: config.folder) }
        if let connections = try root.section("connections") {
            for name in connections.names {
                guard let record = RecordName(name) else {
                    throw connections.wrong(
                        name, "is not a connection's name",
                        hint: "use letters, digits, . _ - and at most one /, as in [connections.\"tiktok/brand-a\"]")
                }
                guard let section = try connections.section(name) else { continue }
                config.connections[record] = try ConnectionConfig(section)
            }
        }
        for section in try root.sections("outputs") {
            let output = try OutputConfig(section, config.folder)
            guard !config.outputs.contains(where: { $0.path == output.path }) else {
                throw section.wrong(
                    "path", "is that of another output, too", hint: "give each output a file of its own")
            }
            config.outputs.append(output)
        }
        if let schedule = try root.section("schedule") {
            try schedule.allow(["every"])
            config.every = try schedule.seconds("every")
        }
        if let unlock = try root.section("unlock") { config.unlock = try Unlock(unlock, config.folder) }
        return config
    }
}

extension ConnectionConfig {
    fileprivate init(_ section: Section) throws(ConfigError) {
        try section.allow(["provider", "client_id", "client_secret", "redirect_uri", "scopes", "variables"])
        guard let provider = try section.text("provider") else {
            throw section.wrong("provider", "is missing", hint: "for example: provider = \"tiktok\"")
        }
        guard let clientID = try section.value("client_id") else {
            throw section.wrong(
                "client_id", "is missing",
                hint: "for example: client_id = \"aw1234567890\", as the provider registered it")
        }
        for (name, isEmpty) in [("provider", provider.isEmpty), ("client_id", clientID == .literal(""))] where isEmpty {
            throw section.wrong(name, "is empty", hint: "write what the provider registered")
        }
        self.init(provider: provider, clientID: clientID)
        if section.isFalse("client_secret") {
            clientSecret = .none
        } else if section.names.contains("client_secret") {
            guard case .secret(let name)? = try? section.value("client_secret") else {
                throw section.wrong(
                    "client_secret", "is a literal, and a config is not the place for a secret",
                    hint: "keep it with: tokenkeep set NAME, and write client_secret = { secret = \"NAME\" }")
            }
            clientSecret = .secret(name)
        }
        redirectURI = try section.text("redirect_uri")
        scopes = try section.texts("scopes") ?? []
        if let variables = try section.section("variables") {
            for name in variables.names { self.variables[name] = try variables.text(name) }
        }
    }
}

extension OutputConfig {
    fileprivate init(_ section: Section, _ folder: String) throws(ConfigError) {
        try section.allow([
            "path", "format", "include", "after", "mode", "group", "dialect", "name", "template", "live", "merge",
            "verify",
        ])
        guard let path = try section.text("path"), !path.isEmpty else {
            throw section.wrong("path", "is missing", hint: "for example: path = \"secrets.js\"")
        }
        guard let format = try section.text("format") else {
            throw section.wrong("format", "is missing", hint: "for example: format = \"commonjs\"")
        }
        self.init(path: FileSystem.path(path, from: folder), format: format)
        include = try section.texts("include")
        after = try section.texts("after")
        if after.map({ $0.first ?? "" }) == "" {
            throw section.wrong("after", "is empty", hint: "name a command, or leave it out")
        }
        if let text = try section.text("mode") {
            guard text.utf8.count <= 4, text.allSatisfy(\.isNumber), let mode = UInt32(text, radix: 8),
                mode & ~0o777 == 0, mode & 0o400 != 0
            else {
                throw section.wrong("mode", "is no file mode", hint: "write it in octal, as in mode = \"0640\"")
            }
            self.mode = mode
        }
        group = try section.text("group")
        dialect = try section.text("dialect")
        name = try section.text("name")
        template = try section.text("template").map { FileSystem.path($0, from: folder) }
        isLive = try section.flag("live")
        isMerged = try section.flag("merge")
        isVerified = try section.flag("verify")
    }
}

extension Config.Unlock {
    fileprivate init?(_ section: Section, _ folder: String) throws(ConfigError) {
        try section.allow(["key_file", "key_command"])
        switch (try section.text("key_file"), try section.texts("key_command")) {
        case (let file?, nil): self = .keyFile(FileSystem.path(file, from: folder))
        case (nil, let command?):
            guard !command.isEmpty else {
                throw section.wrong("key_command", "is empty", hint: "name a command, or leave it out")
            }
            self = .keyCommand(command)
        case (nil, nil): return nil
        default:
            throw section.wrong("key_command", "stands beside key_file", hint: "keep one of the two")
        }
    }
}

extension String {
    fileprivate var firstLine: String { String(prefix { $0 != "\n" }) }
}
