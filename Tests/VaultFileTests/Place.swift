import Glibc
import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// A folder of its own with a vault in it, which goes with its owner.
final class Place: Sendable {
    /// The folder's real path.
    let folder: String
    /// What opens the vault.
    let key: Secret
    /// The vault.
    let file: VaultFile

    /// Costs nothing, and nothing but a test can ask for it.
    static let cheap = ScryptProfile(
        allowed: [ScryptCost(log2N: 4, r: 8, p: 1)], new: ScryptCost(log2N: 4, r: 8, p: 1))
    /// What a vault is given when its own key has to go.
    static let newKey = Secret(SecretBuffer(randomCount: 32))
    static let passphrase = "twelve chars"
    /// 2026-01-01.
    static let now: Int64 = 1_767_225_600

    /// Makes a folder and a vault with one raw-key slot and these secrets.
    init(_ secrets: [String: String] = [:]) throws {
        var template = Array("/tmp/tokenkeep-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        folder = try FileSystem.realPath(of: String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self))
        key = Secret(SecretBuffer(randomCount: 32))
        file = try VaultFile(path: folder + "/vault", profile: Self.cheap, now: { Self.now })
        var records = Records()
        for (name, value) in secrets { try records.set(name.name, secret: Secret(value), at: Self.now) }
        try write(vault(records))
    }

    deinit {
        let keys = [key, Self.newKey].compactMap { try? KeyText.encode($0).revealed() }
        let words = [FileSystem.folder(of: #filePath) + "/../let-go", folder] + keys + [Self.passphrase]
        _ = unsafe system("'" + words.joined(separator: "' '") + "'")
    }

    /// The key as an `UnlockSecret`.
    var secret: UnlockSecret { .rawKey(key) }

    /// A vault that this place's key opens.
    func vault(
        _ records: Records = Records(), generation: UInt64 = 7, epoch: UInt32 = 1, more: [KeySlot] = []
    ) throws -> OpenVault {
        let vaultKey = Secret(SecretBuffer(randomCount: 32))
        var header = VaultHeader(
            vaultID: Randomness.system.bytes(16), generation: generation, epoch: epoch, writtenAt: UInt64(Self.now),
            slots: [])
        let slot = try header.newSlot(for: secret, label: "main", id: 1, vaultKey: vaultKey, at: UInt64(Self.now))
        header.slots = [slot] + more
        return OpenVault(header: header, vaultKey: vaultKey, records: records, openedBy: "main")
    }

    /// Makes or replaces the vault's file.
    func write(_ vault: OpenVault) throws { try write("vault", vault.sealed()) }

    /// Makes or replaces a file of the folder.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        try FileSystem.replace(folder + "/" + name, with: bytes.span, mode: 0o600)
    }

    /// The bytes of a file of the folder; nil when it is not there.
    func bytes(_ name: String) throws -> [UInt8]? {
        try FileSystem.contents(of: folder + "/" + name, limit: 64 << 20)
    }

    /// Takes the lock. Who is about to start a program shares every open file with it for a moment, locks too.
    func session(wait: Duration = .seconds(30)) async throws -> VaultSession {
        try await file.session(unlocking: secret, wait: wait)
    }

    /// The names in the folder, sorted.
    func names() async throws -> [String] {
        try await run(["ls", "-A", folder]).split(separator: "\n").map(String.init)
    }

    /// Runs a command that has to succeed, and gives its output.
    @discardableResult
    func run(_ command: [String], at location: SourceLocation = #_sourceLocation) async throws -> String {
        let (end, output, errors) = await ChildProcess.run(
            command, environment: ThisProcess.environment, directory: folder, outputLimit: 1 << 20,
            timeout: .seconds(60))
        try #require(
            end == .exited(0), "\(command): \(end) \(String(decoding: errors, as: UTF8.self))",
            sourceLocation: location)
        return String(decoding: output, as: UTF8.self)
    }

    /// The steps of a `VaultCrasher` on this vault, as a command.
    func crasher(_ steps: String...) throws -> [String] {
        let text = try KeyText.encode(key).revealed() ?? ""
        let folder = FileSystem.folder(of: try FileSystem.linkTarget(of: "/proc/self/exe"))
        return [folder + "/VaultCrasher", file.path, text] + steps
    }

    /// Intents for c0, c1 ….
    func asks(_ count: Int) -> [Ask] {
        (0..<count).map {
            Ask(name: "c\($0)".name, fingerprint: "f\($0)", attempt: 1, at: Self.now, host: "here")
        }
    }

    /// An answer with this body.
    static func got(_ body: String) -> Reply {
        .got(Answer(status: 200, date: "Thu, 01 Jan 2026 00:00:00 GMT", at: now, body: Secret(body)))
    }
}

extension String {
    /// The record of this name, which has to be one.
    var name: RecordName {
        guard let name = RecordName(self) else { preconditionFailure("\(self) is no name") }
        return name
    }
}

extension Records {
    /// The text of a secret.
    func text(_ name: String) throws -> String? { try secret(name.name)?.revealed() }
}

/// Which `VaultError` a step ends with, by the name of its case; "nothing" when it does not.
func refusal<R>(_ step: () throws -> R) -> String {
    do { _ = try step() } catch { return String("\(error)".prefix { $0 != "(" }) }
    return "nothing"
}

/// Which `VaultError` a step ends with, by the name of its case; "nothing" when it does not.
func refusal<R>(_ step: () async throws -> R) async -> String {
    do { _ = try await step() } catch { return String("\(error)".prefix { $0 != "(" }) }
    return "nothing"
}
