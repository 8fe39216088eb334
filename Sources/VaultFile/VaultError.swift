package import Host
package import Tokens

/// Why a vault could not be opened or written; each case is told apart for the person and has its exit status.
package enum VaultError: Error {
    /// There is no file there.
    case notFound
    /// There is one already, and it is not overwritten.
    case alreadyThere
    /// The first eight bytes are not a vault's.
    case notAVault
    /// A version, suite or schema that this program does not read.
    case unsupported(String)
    /// A field, size or limit of the format is broken.
    case malformed(String)
    /// A key's text has a wrong checksum or shape.
    case mistypedKey
    /// No slot opens with this raw key.
    case wrongKey
    /// No slot opens with this passphrase.
    case wrongPassphrase
    /// The text cannot be a passphrase.
    case unusablePassphrase(String)
    /// The key fits the slot, and the slot's seal does not hold.
    case slotDamaged(label: String)
    /// The header's authentication code does not match.
    case headerAltered
    /// The payload's commitment or tag does not match.
    case payloadAltered
    /// A record's inside is broken.
    case record(RecordError)
    /// Somebody else holds the lock.
    case locked(waited: Duration)
    /// Nothing can be written, and nothing was asked.
    case cannotWrite(String)
    /// An answer is in a journal, and the vault could not be written: why, and the journal's path.
    case kept(String, String)
    /// An answer could be written to no journal, nor to the vault.
    case notKept(String)
    /// The vault is older than the version last seen on this machine, or another one of the same generation; and where that
    /// one is, if it still is.
    case older(
        vault: (epoch: UInt32, generation: UInt64), seen: (epoch: UInt32, generation: UInt64), newerAt: String?)
    /// The file was replaced by a program that does not take the lock.
    case replacedMeanwhile
    /// The journal continues a newer vault than this one.
    case olderThanJournal(vault: UInt64, journal: UInt64)
    /// The journal was altered, or belongs to another vault.
    /// Under the name of a rescued one what opens of it can be taken.
    case journalDamaged(String, rescue: String?)
    /// The journal has more bytes than are read.
    case journalTooLarge(limit: Int)
    /// The file could not be read.
    case unreadable(HostError)
    /// The cryptographic library failed.
    case cryptography(String)
}

/// Runs a system call that reads; its failure means that the file could not be read.
func reading<R: ~Copyable>(_ call: () throws(HostError) -> R) throws(VaultError) -> R {
    do { return try call() } catch {
        if error.code == fileTooLarge { throw .malformed("the file is larger than it can be") }
        throw .unreadable(error)
    }
}

/// Runs a system call that writes; its failure means that nothing can be written.
func writing<R: ~Copyable>(_ call: () throws(HostError) -> R) throws(VaultError) -> R {
    do { return try call() } catch { throw .cannotWrite("\(error)") }
}
