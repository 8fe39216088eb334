import Host
import Tokens

/// Folders in which the program keeps what it knows of vaults outside of them: the newest version that was seen, and
/// answers that found no room beside the vault.
package struct StateFolders: Sendable {
    /// The user's own, the first that can be written first: pins, and rescued answers.
    let own: [String]
    /// Further ones, for rescued answers only.
    let beside: [String]

    /// No folder: no pin, and no rescue.
    package static let none = StateFolders(own: [], beside: [])

    /// Names the folders; none of them has to be there.
    package init(own: [String], beside: [String]) {
        (self.own, self.beside) = (own, beside)
    }

    /// Whether pins can be kept somewhere.
    package var keepPins: Bool { own.contains { FileSystem.canMakePrivate(folder: $0) } }
}

extension VaultFile {
    /// The folders in which answers are rescued, in their order, without any that stands twice; the vault's own is the last.
    var refuges: [String] {
        var seen: Set<String> = []
        return (state.own + state.beside + [FileSystem.folder(of: path)]).filter {
            seen.insert(FileSystem.resolved($0)).inserted
        }
    }

    /// What a rescued journal is called: `<vault id>.<journal id>`.
    static func rescueName(_ vaultID: [UInt8], journalID: [UInt8]) -> String {
        hexadecimal(vaultID.span) + "." + hexadecimal(journalID.span)
    }

    /// The files that hold rescued answers of this vault's.
    func rescued(_ vaultID: [UInt8]) -> [String] {
        let prefix = hexadecimal(vaultID.span) + "."
        return refuges.flatMap { folder in
            FileSystem.names(in: folder).filter { name in
                name.hasPrefix(prefix) && name.count == prefix.count + 32
                    && name.dropFirst(prefix.count).allSatisfy { $0.isHexDigit && !$0.isUppercase }
            }.sorted().map { FileSystem.path($0, from: folder) }
        }
    }
}
