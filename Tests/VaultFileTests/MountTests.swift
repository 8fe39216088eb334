import Glibc
import Host
import Testing
import Tokens

@testable import VaultFile

/// Disks that are full, read-only or made of one file. Each is a real mount in a mount namespace of its own.
@Suite(.enabled(if: Mounts.areAllowed, "NOT TESTED: mounts need root and unshare(1)"))
struct MountTests {
    @Test func aFullDiskIsFoundBeforeAnythingIsAsked() async throws {
        let seen = try await Disk("-t tmpfs -o size=16k none").run("steps open begin:1; steps open commit")
        #expect(seen.has("failed begin:1: cannotWrite"), "\(seen.words)")
        #expect(seen.has("done commit"), "the vault itself still fits")
        #expect(seen.names == ["vault", "vault.lock"])
    }

    @Test func withoutAnswersAFullDiskMeansThatNothingHappened() async throws {
        let seen = try await Disk("-t tmpfs -o size=12k none").run("steps open commit read")
        #expect(seen.has("failed commit: cannotWrite") && seen.has("done read"), "\(seen.words)")
        #expect(seen.names == ["vault", "vault.lock"])
    }

    @Test func answersStayInTheJournalUntilTheDiskHasRoom() async throws {
        let disk = try Disk("-t tmpfs -o size=32k none")
        let seen = try await disk.run("steps open begin:1 keep:0 merge commit read")
        #expect(seen.has("done keep:0") && seen.has("failed commit: kept") && seen.has("done read"), "\(seen.words)")
        #expect(seen.names == ["vault", "vault.journal", "vault.lock"])
        let later = try await disk.run(
            "steps open begin:1 keep:0 merge commit; mount -o remount,size=1m disk; steps open merge commit")
        #expect(later.has("failed commit: kept") && later.has("done commit"), "\(later.words)")
        #expect(later.names == ["vault", "vault.lock"])
        #expect(try later.vault.records.text("c0") == "answer-0")
    }

    @Test func anAnswerThatWasCutShortIsWrittenOver() async throws {
        let seen = try await Disk("-t tmpfs -o size=1m none").run(
            "steps open begin:2 fill:disk/x keep:1:60000 free:disk/x keep:1:60000 keep:0; steps open merge commit")
        #expect(seen.has("failed keep:1:60000: notKept") && seen.has("done keep:1:60000"), "\(seen.words)")
        #expect(seen.has("done commit") && seen.names == ["vault", "vault.lock"], "\(seen.words)")
        let records = try seen.vault.records
        #expect(try records.text("c0") == "answer-0" && records.text("c1")?.utf8.count == 60008)
    }

    @Test func theRestOfAnAnswerThatWasCutShortIsNotTakenForDamage() async throws {
        let seen = try await Disk("-t tmpfs -o size=1m none").run(
            "steps open begin:3 fill:disk/x keep:1:60000 keep:0 keep:2; rm disk/x; steps open merge commit")
        #expect(seen.has("failed keep:1:60000: notKept") && seen.has("done keep:2"), "\(seen.words)")
        #expect(seen.has("done commit"), "\(seen.words)")
        #expect(seen.names.contains { $0.hasSuffix(".unread") }, "the rest is put aside, not thrown away")
        let records = try seen.vault.records
        #expect(try records.text("c0") == "answer-0" && records.text("c1") == nil)
        #expect(try records.text("c2") == "answer-2")
    }

    @Test func anAnswerThatFindsNoRoomGoesToTheStateFolderAndTheNextRunFindsItThere() async throws {
        let full = "export STATE=$PWD/state; steps open begin:2 keep:0 fill:disk/x keep:1:60000 merge commit; ls state"
        let seen = try await Disk("-t tmpfs -o size=1m none").run(full)
        #expect(seen.has("done keep:1:60000") && seen.has("failed commit: kept"), "\(seen.words)")
        #expect(seen.words.contains("/state/"), "the message names the file")
        #expect(seen.names == ["vault", "vault.journal", "vault.lock", "x"])
        #expect(try seen.vault.records.text("c1") == nil)
        let later = try await Disk("-t tmpfs -o size=1m none").run(
            "\(full); rm disk/x; steps open merge commit; echo state: $(ls state | grep -vc pin)")
        #expect(later.has("done commit") && later.words.contains("state: 0\n"), "\(later.words)")
        #expect(later.names == ["vault", "vault.lock"])
        #expect(
            try later.vault.records.text("c0") == "answer-0" && later.vault.records.text("c1")?.utf8.count == 60008)
    }

    @Test func answersThatCameBeforeTheirCommitAreOnTheDiskThatTookThem() async throws {
        // The disk is full from the second answer on: all frames, the first too, stand in the state folder.
        let seen = try await Disk("-t tmpfs -o size=1m none").run(
            "export STATE=$PWD/state; steps open begin:2 keep:0 fill:disk/x keep:1:60000; umount disk && "
                + "mount -t tmpfs -o size=1m none disk && cp vault disk/vault && steps open merge commit")
        #expect(seen.has("done commit") && seen.names == ["vault", "vault.lock"], "\(seen.words)")
        let records = try seen.vault.records
        #expect(try records.text("c0") == "answer-0" && records.text("c1")?.utf8.count == 60008)
    }

    @Test func spaceIsSetAsideWhereTheFileSystemHasNoCallForIt() async throws {
        let seen = try await Disk("-t ramfs none").run("steps open begin:1 keep:0 merge commit")
        #expect(seen.has("done commit") && seen.names == ["vault", "vault.lock"], "\(seen.words)")
    }

    @Test func aReadOnlyFolderCanBeReadAndNotWritten() async throws {
        let seen = try await Disk("-t tmpfs none").run("mount -o remount,ro disk; steps read open")
        #expect(seen.has("done read") && seen.has("failed open: cannotWrite"), "\(seen.words)")
        #expect(seen.names == ["vault"])
    }

    @Test func aVaultThatIsMountedAsASingleFileCanBeReadAndNotWritten() async throws {
        let seen = try await Disk("-t tmpfs none").run("mount --bind disk/vault disk/vault; steps read open")
        #expect(seen.has("done read") && seen.has("failed open: cannotWrite"), "\(seen.words)")
        #expect(seen.words.contains("mount its folder instead"))
        #expect(seen.names == ["vault"])
    }
}

private enum Mounts {
    /// Whether this process may mount.
    static let areAllowed: Bool = unsafe system("unshare --mount true 2> /dev/null") == 0
}

/// A file system that a script has for itself, with a vault on it.
private struct Disk {
    private let place: Place
    private let mount: String

    /// Names what `mount` mounts.
    init(_ mount: String) throws {
        self.mount = mount
        place = try Place()
    }

    /// What the steps said, what was left, and the vault as it was then.
    struct Seen {
        let words: String
        let names: [String]
        private let place: Place

        init(_ output: String, _ place: Place) {
            let parts = output.split(separator: "left:\n", maxSplits: 1, omittingEmptySubsequences: false)
            words = String(parts[0])
            names = parts.last?.split(separator: "\n").map(String.init) ?? []
            self.place = place
        }

        func has(_ line: String) -> Bool { words.split(separator: "\n").contains { $0.hasPrefix(line) } }

        var vault: OpenVault {
            get throws { try OpenVault(try place.bytes("left") ?? [], with: place.secret) }
        }
    }

    /// Runs a script on a new disk; `steps` in it are those of a `VaultCrasher` with the vault there.
    func run(_ script: String) async throws -> Seen {
        let crasher = try place.crasher()
        let all = """
            mkdir -p disk && mount \(mount) disk && cp vault disk/vault && chmod 600 disk/vault || exit 1
            steps() { \(crasher[0]) disk/vault \(crasher[2]) "$@"; }
            \(script)
            echo left: && ls -A disk && cp disk/vault left
            """
        return Seen(try await place.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", all]), place)
    }
}
