import Config
import Host
import Tokens
import VaultFile

/// Why a command ends without having done its work.
struct Failure: Error {
    /// The exit statuses (contract: "Exit statuses"), in the order in which the first that applies wins.
    enum Status: Int32, CaseIterable {
        case wrongUse = 64
        case notThere = 66
        case damaged = 65
        case noKey = 77
        case older = 79
        case kept = 74
        case cannotWrite = 73
        case locked = 75
        case misconfigured = 78
        case uncertain = 12
        case personNeeded = 10
        case unavailable = 11
        case other = 1
        /// What `run` was given cannot be executed, or is not found (POSIX, XCU 2.8.2).
        case notExecuted = 126, notFound = 127

        /// The one that the process ends with when several apply.
        static func first(of statuses: [Status]) -> Status? { allCases.first(where: statuses.contains) }
    }

    let status: Status
    /// What happened, in one line.
    let message: String
    /// The command or setting that mends it.
    let hint: String
    /// Whether nothing is said: whoever read the output went away, as `head` does.
    var isSilent = false

    init(_ status: Status, _ message: String, hint: String) {
        (self.status, self.message, self.hint) = (status, message, hint)
    }
}

extension Failure {
    /// Every error that the rooms throw, as what happened, what mends it, and the exit status.
    init(_ error: any Error, vault path: String = "the vault") {
        switch error {
        case let failure as Failure: self = failure
        case let error as ConfigError: self.init(.misconfigured, error.message, hint: error.hint)
        case let error as VaultError: self.init(error, path)
        case let problem as SlotProblem: self.init(problem, path)
        case let error as RecordError: self.init(VaultError.record(error), path)
        case let error as HostError where error.isStandardOutput:
            self.init(
                .other, "standard output cannot be written: \(error.reason)",
                hint: "give it a place with room, and run it again")
            isSilent = error.isBrokenPipe
        case let error as HostError: self.init(.other, "\(error)", hint: "look at the file and its permissions")
        default: self.init(.other, "\(error)", hint: "run it again with -v; if it stays, report it as a bug")
        }
    }

    private init(_ error: VaultError, _ path: String) {
        switch error {
        case .notFound:
            self.init(
                .notThere, "there is no vault at \(path)",
                hint: "make one with: tokenkeep init, or name it with --vault")
        case .alreadyThere:
            self.init(.cannotWrite, "\(path) is there already", hint: "use it, or name another one with --vault")
        case .notAVault:
            self.init(
                .damaged, "\(path) is not a vault, or was copied as text",
                hint: "copy it again as a binary file, or name the right one with --vault")
        case .unsupported(let what):
            self.init(
                .damaged, "\(path): \(what) is not supported by tokenkeep \(Tokenkeep.version)",
                hint: "use a newer tokenkeep")
        case .malformed(let what):
            self.init(
                .damaged, "\(path) is malformed: \(what)",
                hint: "restore the newest backup of it; see \"Backups\" in the README")
        case .mistypedKey:
            self.init(
                .noKey, "the key is mistyped: its checksum does not match",
                hint:
                    "copy the whole key again, from tkk1_ to its last digit; a passphrase belongs in TOKENKEEP_PASSPHRASE"
            )
        case .wrongKey:
            self.init(
                .noKey, "no key slot of \(path) opens with this key",
                hint:
                    "use the newest key of one of its slots: tokenkeep key list; what a command gave out that did not finish opens nothing, and the key before it still does"
            )
        case .wrongPassphrase:
            self.init(
                .noKey, "no key slot of \(path) opens with this passphrase",
                hint:
                    "type it again, capitals and blanks count; a key that begins with tkk1_ belongs in TOKENKEEP_KEY; whether it takes a passphrase at all: tokenkeep key list"
            )
        case .unusablePassphrase(let why):
            self.init(
                .noKey, "the passphrase cannot be used: \(why)",
                hint: "choose one of at least 12 characters and at most 1,024 bytes, that is no key")
        case .slotDamaged(let label):
            self.init(.damaged, "the key slot \(label) of \(path) is damaged", hint: "restore the newest backup of it")
        case .headerAltered:
            self.init(.damaged, "the header of \(path) was altered", hint: "restore the newest backup of it")
        case .payloadAltered:
            self.init(.damaged, "the payload of \(path) was altered", hint: "restore the newest backup of it")
        case .record(let error):
            self.init(
                .damaged, "the record \(error.name) of \(path) is malformed: \(error.reason)",
                hint: "restore the newest backup of it")
        case .locked(let waited):
            self.init(
                .locked,
                "another process holds the lock of \(path), and \(waited) did not end that; nothing was done",
                hint: "wait for it, or give it longer with --lock-wait 2m")
        case .cannotWrite(let why):
            self.init(
                .cannotWrite, "\(path) cannot be written, and nothing was asked: \(why)",
                hint: "mend that and run it again; nothing is lost")
        case .kept(let why, let journal):
            self.init(
                .kept, "what was answered is safe in \(journal), but the vault could not be written: \(why)",
                hint: "mend that and run any command that writes, such as: tokenkeep refresh")
        case .notKept(let why):
            self.init(
                .uncertain, "an answer came that could be written to no journal, nor to \(path): \(why)",
                hint: "mend that, and run: tokenkeep refresh; it names what has to be authorised again")
        case .older(let vault, let seen, let newer):
            func pair(_ one: (epoch: UInt32, generation: UInt64)) -> String {
                "epoch \(one.epoch), generation \(one.generation)"
            }
            let isFork = vault == seen
            self.init(
                .older,
                isFork
                    ? "\(path) (\(pair(vault))) is not the vault of that generation that was last seen on this machine: two copies were written"
                    : "\(path) (\(pair(vault))) is older than the vault last seen on this machine (\(pair(seen)))",
                hint: (newer.map { "a newer copy is at \($0): use that one" } ?? "put the newest copy back")
                    + "; to go on with this one, whose refresh tokens may be spent\(vault.epoch < seen.epoch ? ", and which keys open that were taken away since" : ""): --accept-older"
            )
        case .replacedMeanwhile:
            self.init(
                .cannotWrite, "\(path) was replaced by another program while it was locked",
                hint: "run it again; copy a vault only while nothing writes it")
        case .olderThanJournal(let vault, let journal):
            self.init(
                .older,
                "\(path) (generation \(vault)) is older than its journal (generation \(journal)): an old copy was restored",
                hint:
                    "put the newer copy back; to go on with this one, whose refresh tokens may be spent: --accept-older"
            )
        case .journalDamaged(let why, let rescued):
            self.init(
                .damaged, "\(path).journal cannot be used: \(why)",
                hint: rescued.map { name in
                    let target = FileSystem.path(name, from: FileSystem.folder(of: path))
                    return
                        "to take what opens of it, and keep the rest: mv \(ShellWord.quoted(path + ".journal")) \(ShellWord.quoted(target)) and run the same command again"
                } ?? "nothing of it opens: move it to a safe place, and connect again what the next refresh refuses")
        case .journalTooLarge(let limit):
            let journal = ShellWord.quoted(path + ".journal")
            self.init(
                .damaged, "\(path).journal is larger than any that is written, and was not read",
                hint:
                    "keep a copy of it, and have its beginning read: truncate -s \(limit) \(journal), and run the same command again"
            )
        case .unreadable(let error):
            self.init(
                .other, "\(path) cannot be read: \(error.reason)",
                hint: "look at the file and its permissions: ls -l \(ShellWord.quoted(path))")
        case .cryptography(let what):
            self.init(
                .other, "the system's OpenSSL failed: \(what)",
                hint: "check that libssl 3.0 or newer is installed: openssl version")
        }
    }
}
