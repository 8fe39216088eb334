import Config
import Host
import Sealing
import Tokens
import VaultFile

extension Workplace {
    /// What unlocks the vault: the first source that is present decides, and a wrong one is an error, never skipped.
    func unlockSecret(for file: VaultFile) async throws -> UnlockSecret {
        if let descriptor = options.keyFd {
            return try rawKey(from: "descriptor \(descriptor)") {
                let file = File(takingDescriptor: descriptor)
                return try file.readSecret(limit: 4096, isKey: true)
            }
        }
        if let path = options.keyFile { return try keyFile(path) }
        if let command = options.keyCommand { return try await keyCommand(["sh", "-c", command]) }
        if let key = KeyVariables.setting("TOKENKEEP_KEY") { return .rawKey(try KeyText.decode(key)) }
        if let path = ThisProcess.setting("TOKENKEEP_KEY_FILE") { return try keyFile(path) }
        if let folder = ThisProcess.setting("CREDENTIALS_DIRECTORY") {
            let path = FileSystem.path("tokenkeep.key", from: folder)
            if try reading(path, { try FileSystem.status(of: path) }) != nil { return try keyFile(path) }
        }
        if let passphrase = KeyVariables.setting("TOKENKEEP_PASSPHRASE") {
            return try UnlockSecret(passphrase: passphrase)
        }
        if let path = ThisProcess.setting("TOKENKEEP_PASSPHRASE_FILE") {
            return try passphraseFile(path)
        }
        switch config?.unlock {
        case .keyFile(let path): return try keyFile(path)
        case .keyCommand(let command): return try await keyCommand(command)
        case nil: break
        }
        return try asked(for: file)
    }

    /// The files that a key or a passphrase may be read from here.
    var keyFiles: [String] {
        var files = [options.keyFile] + ["TOKENKEEP_KEY_FILE", "TOKENKEEP_PASSPHRASE_FILE"].map(ThisProcess.setting)
        if case .keyFile(let path) = config?.unlock { files.append(path) }
        return files.compactMap(\.self).map { FileSystem.path($0, from: FileSystem.currentFolder) }
    }

    /// Asks the person: a passphrase, or the key where the vault has no passphrase slot.
    private func asked(for file: VaultFile) throws -> UnlockSecret {
        guard Terminal.isThere, ThisProcess.isTerminal(2) else { throw noKey }
        let takesPassphrase = try file.readHeader().slots.contains { $0.kind == .passphrase }
        guard
            let answer = try Console.ask(
                "\(takesPassphrase ? "Passphrase" : "Key") for \(file.path): ", hidden: true, isKey: true),
            !answer.isEmpty
        else { throw noKey }
        let isKey = answer.withSpan { $0.count > 5 && Secret($0.extracting(0..<5)) == Secret("tkk1_") }
        if isKey || !takesPassphrase { return .rawKey(try KeyText.decode(answer)) }
        return try UnlockSecret(passphrase: answer)
    }

    private var noKey: Failure {
        let empty = ["TOKENKEEP_KEY", "TOKENKEEP_KEY_FILE", "TOKENKEEP_PASSPHRASE", "TOKENKEEP_PASSPHRASE_FILE"]
            .first { ThisProcess.environmentVariable($0) == "" || KeyVariables.isEmpty($0) }
        return Failure(
            .noKey, empty.map { "there is no key: \($0) is set and empty" } ?? "there is no key to open the vault with",
            hint:
                "set TOKENKEEP_KEY or TOKENKEEP_PASSPHRASE, or name a file that holds it with --key-file or TOKENKEEP_PASSPHRASE_FILE"
        )
    }

    /// The key in a file.
    func keyFile(_ path: String) throws -> UnlockSecret {
        try rawKey(from: path) { try contents(ofKeyFile: path) }
    }

    /// The passphrase in a file.
    func passphraseFile(_ path: String) throws -> UnlockSecret {
        try UnlockSecret(passphrase: Secret(try reading(path) { try contents(ofKeyFile: path) }))
    }

    /// The bytes of a file that unlocks; one that others can read is refused, but where the system hands out credentials.
    private func contents(ofKeyFile path: String) throws -> SecretBuffer {
        guard !path.contains("tkk1_") else {
            throw Failure(
                .noKey, "a key stands where the name of its file should be",
                hint: "give it in TOKENKEEP_KEY, or write it to a file and name that; rotate it if others could see it")
        }
        let path = FileSystem.path(path, from: FileSystem.currentFolder)
        guard let status = try FileSystem.status(of: path) else {
            throw Failure(
                .noKey, "the file \(path), which should unlock the vault, is not there", hint: "check its path")
        }
        // By its real path: a link does not make a file of others one that the system hands out.
        let folders = [ThisProcess.setting("CREDENTIALS_DIRECTORY"), "/run/secrets"].compactMap { $0 }
        let isHandedOut = folders.contains { FileSystem.resolved(path).hasPrefix(FileSystem.resolved($0) + "/") }
        let isPrivate = status.mode & 0o077 == 0 && [0, FileSystem.effectiveUser].contains(status.owner)
        guard options.allowReadableKey || isHandedOut || status.kind != .regular || isPrivate else {
            let quoted = ShellWord.quoted(path)
            throw Failure(
                .noKey, "others can read the key file \(path)",
                hint: status.mode & 0o077 == 0
                    ? "chown \"$(id -u)\" \(quoted), or take it as it is with --allow-readable-key"
                    : "chmod 600 \(quoted), or take it as it is with --allow-readable-key")
        }
        let file = try File(path, .reading)
        return try file.readSecret(limit: 4096, isKey: true)
    }

    private func keyCommand(_ command: [String]) async throws -> UnlockSecret {
        let result = await ChildProcess.key(
            from: command, environment: ThisProcess.environment, directory: config?.folder, limit: 4096)
        guard result.end == .exited(0), let key = result.key else {
            throw Failure(
                .noKey, "the key command \(command[0]) failed: \(result.end.words)",
                hint: "run it by hand; it has to print the key and exit 0")
        }
        return try rawKey(from: "the key command") { key.bytes.withSpan { SecretBuffer($0, isKey: true) } }
    }

    /// Reads what unlocks; that it cannot be read means that there is no key.
    private func reading<R: ~Copyable>(_ source: String, _ read: () throws -> R) throws -> R {
        do { return try read() } catch let error as HostError {
            throw Failure(
                .noKey, "what unlocks the vault cannot be read from \(source): \(error.reason)",
                hint: "check that it is there and yours to read")
        }
    }

    private func rawKey(from source: String, _ read: () throws -> SecretBuffer) throws -> UnlockSecret {
        let bytes = try reading(source, read)
        guard bytes.count > 0 else {
            throw Failure(.noKey, "\(source) gave nothing", hint: "put the key there, as init printed it: tkk1_…")
        }
        return .rawKey(try KeyText.decode(Secret(bytes)))
    }
}

extension ChildProcess.End {
    /// How a command ended, in words.
    var words: String {
        switch self {
        case .exited(let status): "it exited with \(status)"
        case .signalled(let signal): "it was ended by signal \(signal)"
        case .timedOut: "it took too long"
        case .notFound: "there is no such program"
        case .failed(let why): "it could not be started (\(why))"
        }
    }
}
