import Sealing
import Tokens
import VaultFile

/// The journal, beside the vault of FORMAT §7.
enum JournalTarget {
    private static let header = Journal.header(for: VaultTarget.vault.header, id: [UInt8](repeating: 7, count: 16))
    private static let randomness = Randomness { count in [UInt8](repeating: 9, count: count) }

    /// A whole file as it came; and one of a good header and the input's lines, each sealed as the frame of its number. A line
    /// that begins with NUL goes in as it is without the NUL: a torn frame, a length that leads nowhere, unused space.
    static func feed(_ input: [UInt8]) throws {
        read(input)
        var file = header
        for (index, line) in input.split(separator: 0x0A).enumerated() {
            file +=
                line.first == 0
                ? Array(line.dropFirst())
                : try Journal.seal(
                    Secret(Array(line)), index: index, header: header, vaultKey: VaultTarget.vault.vaultKey,
                    randomness: randomness)
        }
        read(file)
    }

    private static func read(_ file: [UInt8]) {
        let vault = VaultTarget.vault
        for isRescued in [false, true] {
            guard
                let finding = try? Journal.read(
                    file, beside: vault.header, vaultKey: vault.vaultKey, isRescued: isRescued)
            else { continue }
            _ = try? JournalFrame.decode(finding.frames, isTorn: finding.isTorn)
        }
    }
}
