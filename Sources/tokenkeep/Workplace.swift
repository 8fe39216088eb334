import Config
import Host
import OAuth
import Renewal
import Synchronization
import Tokens
import VaultFile

/// Where a command works: its config, its vault, and what unlocks it.
struct Workplace {
    let options: VaultOptions
    /// The config; nil when there is none and none was named.
    let config: Config?
    /// Where the config is, or would be.
    let configPath: String
    /// Where the vault is, or would be.
    let vaultPath: String?
    /// What has opened the vault already.
    private let unlocked = Unlocked()

    /// Finds config and vault as the contract orders: option, environment, the nearest config upwards, or with
    /// `onlyHere` the one in this folder.
    init(_ options: VaultOptions, onlyHere: Bool = false) throws {
        self.options = options
        if options.verbose { Console.isVerbose.store(true, ordering: .relaxed) }
        let here = FileSystem.currentFolder
        let named = options.config ?? ThisProcess.setting("TOKENKEEP_CONFIG")
        if let named {
            configPath = FileSystem.path(named, from: here)
            config = try Config.read(configPath)
        } else if !onlyHere, let found = Config.nearest(from: here) {
            configPath = found
            config = try Config.read(found)
        } else {
            configPath = FileSystem.path(Config.fileName, from: here)
            config = try Config.read(configPath)
        }
        let vault = options.vault ?? ThisProcess.setting("TOKENKEEP_VAULT")
        vaultPath = vault.map { FileSystem.path($0, from: here) } ?? config?.vault
    }

    /// The config, for a command that cannot do without.
    func requiredConfig() throws -> Config {
        guard let config else {
            throw Failure(
                .notThere, "there is no config at \(configPath)",
                hint: "make one with: tokenkeep init, or name it with --config")
        }
        return config
    }

    /// The vault's file.
    func vault() throws -> VaultFile {
        guard let vaultPath else {
            if let config {
                throw Failure(
                    .misconfigured, "\(config.path) names no vault", hint: "add the line: vault = \"tokenkeep.vault\"")
            }
            throw Failure(
                .notThere, "there is no config at \(configPath), and no vault was named",
                hint: "make both with: tokenkeep init, or name a vault with --vault")
        }
        return try naming(vaultPath) { try VaultFile(path: vaultPath, state: state, acceptsOlder: options.acceptOlder) }
    }

    /// Where the newest version that was seen is noted, and answers are rescued: the user's state folders (XDG Base Directory
    /// Specification), then the config's folder.
    var state: StateFolders {
        let named = ThisProcess.environmentVariable("XDG_STATE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
        let usual = ThisProcess.homeFolder.map { FileSystem.path(".local/state", from: $0) }
        return StateFolders(
            own: [named, usual].compactMap { $0.map { FileSystem.path("tokenkeep", from: $0) } },
            beside: [FileSystem.folder(of: configPath)])
    }

    /// The vault, what stands beside it, and the config: what no other file may take the place of.
    var ownFiles: [String] {
        let vault = FileSystem.resolved(newVaultPath)
        return [configPath] + ["", ".lock", ".journal", ".next", ".log", ".log.1", ".outputs"].map { vault + $0 }
    }

    /// Where the vault is, or would be made.
    var newVaultPath: String {
        vaultPath ?? FileSystem.path("tokenkeep.vault", from: FileSystem.folder(of: configPath))
    }

    /// Opens the vault as it stands, without the lock.
    func read() async throws -> OpenVault {
        let file = try vault()
        return try await naming(file.path) {
            // The file is looked at first: without a vault nobody is asked for a key.
            _ = try file.readHeader()
            let secret = try await secret(for: file)
            let vault = try file.read(unlocking: secret)
            unlocked.secret = vault.known(or: secret)
            return vault
        }
    }

    /// Takes the lock and opens the vault for writing; what a dead run left is in it and committed.
    ///
    /// `prepare` runs between the question for the key and the lock: no person is waited for while others wait.
    func open(
        notesStagedKey: Bool = true, wait: Duration? = nil, preparing prepare: () throws -> Void = {}
    ) async throws -> VaultSession {
        let file = try vault()
        return try await naming(file.path) {
            _ = try file.readHeader()
            let secret = try await secret(for: file)
            try prepare()
            let session = try await file.session(unlocking: secret, wait: wait ?? options.lockWait.duration)
            unlocked.secret = session.vault.known(or: secret)
            let generation = session.vault.header.generation
            if session.isOlder { try Refresh.distrust(oldCopy: session) }
            if let epoch = session.laterEpoch {
                Console.say(
                    "\(file.path) is of key epoch \(session.vault.header.epoch), and epoch \(epoch) was seen: keys that were taken away since open it again\nhint: take them away again: tokenkeep key list, then tokenkeep key remove LABEL"
                )
            }
            if let config { session.records.guardSecrets(config.clientSecretNames) }
            try settle(session)
            // The next command needs not be told again.
            if session.isOlder, session.vault.header.generation == generation { try session.commit() }
            if notesStagedKey { try session.noteStagedOpening(at: ThisProcess.now) }
            return session
        }
    }

    /// What has opened the vault, without paying for it again.
    var unlocking: UnlockSecret? { unlocked.secret }

    /// Writes down that a staged key has opened the vault, for a command that had nothing else to write. It is tried once:
    /// where it cannot be done, the next command does it. It writes like any other command, what a dead run left first, and
    /// not to an old copy that is only looked at. Returns the vault as it is then, also where it was settled but not noted.
    func noteStagedOpening(_ vault: OpenVault) async -> OpenVault {
        guard !options.acceptOlder, (try? vault.isOpenedByNewStagedKey) == true,
            (try? self.vault().isWrittenHere(vault.header)) == true
        else { return vault }
        guard let session = try? await open(wait: .zero) else { return (try? await read()) ?? vault }
        defer { session.close() }
        return session.vault
    }

    /// What unlocks the vault; it is asked for once, however often the vault is opened.
    private func secret(for file: VaultFile) async throws -> UnlockSecret {
        if let secret = unlocked.secret { return secret }
        return try await unlockSecret(for: file)
    }

    /// Runs a step so that its errors name the vault.
    func naming<R>(_ path: String, _ step: () async throws -> R) async throws -> R {
        do { return try await step() } catch let stopped as Stopped { throw stopped } catch {
            throw Failure(error, vault: path)
        }
    }

    private func naming<R>(_ path: String, _ step: () throws -> R) throws -> R {
        do { return try step() } catch { throw Failure(error, vault: path) }
    }

    /// Commits what a dead run asked and was answered, before anything else is written.
    private func settle(_ session: VaultSession) throws {
        for path in session.keptAside {
            Console.say(
                "a journal could not be used to its end; it is kept in \(path)\nhint: keep it until every connection is renewed"
            )
        }
        let nobody = Batch(host: Self.host, clock: { ThisProcess.milliseconds }, log: log) { _ in
            .init(reply: .unsent, problem: nil)
        }
        for (name, outcome) in try nobody.settleLeftBehind(on: session) {
            let end = outcome.problem == nil ? "its answer is in the vault now" : "the outcome is \(outcome.name)"
            // Where the tokens that there are stand as they were, no later run says what mends it.
            let isSettled = try session.records.connection(name)?.trouble == nil
            let hint = isSettled ? outcome.problem.map { "\nhint: \($0.hint)" } : nil
            say("\(name): an earlier run could not finish; \(end)\(hint ?? "")")
        }
    }

    /// Says something unless it was asked to be quiet.
    func say(_ words: String) { if !options.quiet { Console.say(words) } }
}

extension ThisProcess {
    /// An environment variable of ours; an empty one counts as absent.
    static func setting(_ name: String) -> String? {
        environmentVariable(name).flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// What has opened the vault before, in this process.
private final class Unlocked: Sendable {
    private let stored = Mutex<UnlockSecret?>(nil)

    var secret: UnlockSecret? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
