import Host
import Tokens
import VaultFile

/// Keys and passphrases that are made here, and where they go.
extension Workplace {
    /// A new raw key or a new passphrase, for `init` and `key rotate`.
    func newSecret(passphrase: Bool, keyOut: String? = nil) throws -> UnlockSecret {
        if let path = keyOut.map({ FileSystem.path($0, from: FileSystem.currentFolder) }),
            ownFiles.map(FileSystem.resolved).contains(FileSystem.resolved(path))
        {
            throw Failure(
                .wrongUse, "--key-out names a file of the vault itself, \(path)", hint: "give the key a file of its own"
            )
        }
        guard passphrase else { return .newRawKey() }
        if let given = KeyVariables.setting("TOKENKEEP_NEW_PASSPHRASE") {
            return try UnlockSecret(newPassphrase: given)
        }
        guard Terminal.isThere else {
            throw Failure(
                .noKey, "there is no terminal to ask for a new passphrase at",
                hint: "set TOKENKEEP_NEW_PASSPHRASE")
        }
        let nothing = Failure(.noKey, "no passphrase was given", hint: "run it again and type one")
        let question =
            "New passphrase, at least 12 characters, or Enter for one of \(GeneratedPassphrase.fewestWords) words: "
        guard let first = try Console.ask(question, hidden: true, isKey: true) else { throw nothing }
        let words = first.isEmpty ? GeneratedPassphrase.make() : first
        if first.isEmpty {
            let lines = [Secret("It is this; write it down, for it is not shown again:\n"), words, Secret("\n")]
            try Secret(joining: lines).withSpan { try Terminal.show($0) }
        }
        let secret = try UnlockSecret(newPassphrase: words)
        guard let second = try Console.ask("The same again: ", hidden: true, isKey: true) else { throw nothing }
        guard try secret == UnlockSecret(passphrase: second) else {
            throw Failure(.noKey, "the two passphrases differ", hint: "run it again; nothing has changed")
        }
        return secret
    }

    /// Takes a key's new file away again, when the key opens nothing: it would stand in the way of the next try. A file that
    /// holds anything else is not the one, and stays.
    func withdraw(_ secret: UnlockSecret, from path: String?) {
        guard case .rawKey(let key) = secret, let path, let text = try? KeyText.encode(key) else { return }
        let whole = FileSystem.path(path, from: FileSystem.currentFolder)
        // Nobody is waited for at a pipe, and what others wrote into one is not read away.
        guard (try? FileSystem.status(of: whole, followingLinks: false))?.kind == .regular,
            let file = try? File(whole, .reading), let found = try? file.readSecret(limit: 4096, isKey: true),
            Secret(found) == Secret(joining: [text, Secret("\n")])
        else { return }
        try? FileSystem.remove(whole)
    }

    /// Hands a new key out, flushed, before anything depends on it; a passphrase is known already.
    func announce(_ secret: UnlockSecret, to path: String?) throws {
        guard case .rawKey(let key) = secret else { return }
        let line = Secret(joining: [try KeyText.encode(key), Secret("\n")])
        guard let path else {
            do {
                try Console.print(line, newline: false)
                return try ThisProcess.syncOutput()
            } catch {
                throw Failure(
                    .cannotWrite,
                    "the new key cannot be written to standard output: \((error as? HostError)?.reason ?? "")",
                    hint: "give it a place with room, or use --key-out; nothing has changed")
            }
        }
        do throws(HostError) {
            try line.withSpan { line throws(HostError) in
                try FileSystem.create(FileSystem.path(path, from: FileSystem.currentFolder), with: line)
            }
        } catch {
            let isTaken = error.code == fileExists
            // It may be whole and only not certain to last.
            if !isTaken { withdraw(secret, from: path) }
            throw Failure(
                .cannotWrite,
                isTaken
                    ? "\(path) is there already, and no key is overwritten"
                    : "the new key cannot be written to \(path): \(error.reason)",
                hint: "name a new file with --key-out; nothing has changed")
        }
    }
}
