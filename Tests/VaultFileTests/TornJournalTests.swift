import Sealing
import Testing
import Tokens

@testable import VaultFile

/// A journal that was cut or altered at any place: what opens comes back, and nothing is made up or thrown away.
@Suite struct TornJournalTests {
    private let header: VaultHeader
    private let key: Secret
    private let frames: [Secret]
    /// A real journal's bytes, with unused space at the end.
    private let journal: [UInt8]
    /// Where each frame ends.
    private let ends: [Int]

    init() throws {
        let place = try Place()
        let vault = try place.vault()
        (header, key) = (vault.header, vault.vaultKey)
        var bytes = Journal.header(for: header, id: [UInt8](repeating: 0xAB, count: 16))
        let start = bytes
        frames =
            try place.asks(2).map { JournalFrame.encode($0) }
            + (0..<2).map { try #require(JournalFrame.encode(Place.got("answer \($0)"), ask: $0)) }
        var ends: [Int] = []
        for (index, frame) in frames.enumerated() {
            bytes += try Journal.seal(frame, index: index, header: start, vaultKey: key, randomness: .system)
            ends.append(bytes.count)
        }
        self.ends = ends
        journal = bytes + [UInt8](repeating: 0, count: 200)
    }

    private func read(_ bytes: [UInt8]) throws -> Journal.Finding {
        try Journal.read(bytes, beside: header, vaultKey: key)
    }

    @Test func aCutAtAnyPlaceLeavesTheFramesBeforeIt() throws {
        for count in 0...journal.count {
            let cut = Array(journal[..<count])
            let finding = try read(cut)
            let whole = ends.count { $0 <= count }
            #expect(finding.frames.map(\.frame) == Array(frames[..<whole]), "\(count) bytes")
            let start = count < 64 ? 0 : whole == 0 ? 64 : ends[whole - 1]
            #expect(finding.isTorn == cut[start...].contains { $0 != 0 }, "\(count) bytes")
            #expect(!finding.isCommitted)
            _ = try JournalFrame.decode(finding.frames)
        }
    }

    @Test func aCutInReservedSpaceIsACutAllTheSame() throws {
        for count in 64...journal.count {
            // The file kept its size, and what was not on the disk yet is zeros.
            let cut = Array(journal[..<count]) + [UInt8](repeating: 0, count: journal.count - count)
            let finding = try read(cut)
            #expect(finding.frames.count >= ends.count { $0 <= count }, "\(count) bytes")
            #expect(finding.frames.map(\.frame) == Array(frames.prefix(finding.frames.count)))
            if finding.frames.count < ends.count, count > ends.last(where: { $0 <= count }) ?? 64 {
                let start = finding.frames.last.map { _ in ends[finding.frames.count - 1] } ?? 64
                #expect(finding.isTorn == cut[start...].contains { $0 != 0 }, "\(count) bytes")
            }
        }
    }

    @Test func aFlippedBitAnywhereIsNeverTakenForWhatWasWritten() throws {
        for index in journal.indices {
            for bit in [0, 7] {
                var altered = journal
                altered[index] ^= 1 << UInt8(bit)
                let isLast = index >= ends[2]
                do {
                    let finding = try read(altered)
                    #expect(finding.isTorn, "bit \(bit) of byte \(index)")
                    // In front of the last frame one stands that opens, so it was no cut.
                    #expect(index < 56 || isLast, "bit \(bit) of byte \(index)")
                    #expect(index >= 64 || finding.frames.isEmpty)
                    #expect(finding.frames.map(\.frame) == Array(frames.prefix(finding.frames.count)))
                } catch {
                    let name = "\(error)".prefix { $0 != "(" }
                    let allowed =
                        index < 64 ? ["journalDamaged", "unsupported", "olderThanJournal"] : ["journalDamaged"]
                    #expect(!isLast && allowed.contains(String(name)), "bit \(bit) of byte \(index): \(name)")
                }
            }
        }
    }

    @Test func framesThatAreMissingMixedUpOrStrangeAreDamage() throws {
        let parts = ([64] + ends).indices.dropLast().map { Array(journal[([64] + ends)[$0]..<ends[$0]]) }
        let start = Array(journal[..<64])
        func refused(_ parts: [[UInt8]]) -> String { refusal { try read(start + parts.joined()) } }
        #expect(refused(parts) == "nothing")
        #expect(refused([parts[1], parts[2], parts[3]]) == "journalDamaged", "the first is gone")
        #expect(refused([parts[0], parts[2], parts[3]]) == "journalDamaged", "one is gone")
        #expect(refused([parts[0], parts[3]]) == "journalDamaged", "two are gone")
        #expect(refused([[0xFF, 0xFF, 0xFF, 0xFF], parts[1], parts[2]]) == "journalDamaged")
        #expect(refused([parts[0], parts[2], parts[1]]) == "journalDamaged", "two changed places")
        let twice = try read(start + parts[0] + parts[0])
        #expect(twice.frames.count == 1 && twice.isTorn)
        // Another journal of the same vault, spliced in.
        let other = Journal.header(for: header, id: [UInt8](repeating: 0xCD, count: 16))
        let strange = try Journal.seal(frames[1], index: 1, header: other, vaultKey: key, randomness: .system)
        let spliced = try read(start + parts[0] + strange)
        #expect(spliced.frames.count == 1 && spliced.isTorn)
    }

    @Test func aPowerCutLeavesAnySectorsOfTheLastWriteAndThatIsNoDamage() throws {
        let start = Array(journal[..<64])
        func seal(_ frame: Secret, _ index: Int) throws -> [UInt8] {
            try Journal.seal(frame, index: index, header: start, vaultKey: key, randomness: .system)
        }
        // An answer and the intent that took its place are one write, whose beginning is missing.
        let (answer, next) = (try seal(frames[2], 1), try seal(frames[1], 2))
        for lost in [4, answer.count / 2, answer.count] {
            let zeros = [UInt8](repeating: 0, count: lost)
            let finding = try read(start + journal[64..<ends[0]] + zeros + answer[lost...] + next)
            #expect(finding.isTorn && finding.frames.map(\.index) == [0, 2])
            #expect(try JournalFrame.decode(finding.frames).map(\.reply) == [.missing, .missing])
        }
        // The header and the first intents are one write: without its beginning nothing was asked.
        let beginning = try read([UInt8](repeating: 0, count: 64) + journal[64..<ends[1]])
        #expect(beginning.isTorn && beginning.frames.isEmpty)
        let second = try read(start + [UInt8](repeating: 0, count: ends[0] - 64) + journal[ends[0]..<ends[1]])
        #expect(second.isTorn && second.frames.map(\.index) == [1])
    }

    @Test func ofADamagedJournalThatIsHandedInAllThatOpensIsTaken() throws {
        for damaged in frames.indices {
            var bytes = journal
            bytes[ends[damaged] - 1] ^= 1
            let finding = try Journal.read(bytes, beside: header, vaultKey: key, isRescued: true)
            #expect(finding.isTorn && finding.frames.map(\.index) == frames.indices.filter { $0 != damaged })
            let asks = try JournalFrame.decode(finding.frames, isTorn: true)
            #expect(asks.count == (damaged < 2 ? 1 : 2), "an answer without its ask is nobody's")
            #expect(asks.count { $0.reply != .missing } == 1)
        }
    }

    @Test func behindMorePlacesThanATornWriteHasNothingIsLookedFor() throws {
        let start = Array(journal[..<64])
        let intent = try Journal.seal(frames[0], index: 1, header: start, vaultKey: key, randomness: .system)
        /// At each third byte stands a length that could be a frame's.
        func crafted(_ places: Int) -> [UInt8] {
            start + [1] + (0..<places).flatMap { _ in [0, 0x01, 0x00] as [UInt8] }
                + [UInt8](repeating: 0xFF, count: 70_000)
        }
        let few = try read(crafted(1000) + intent)
        #expect(few.isTorn && few.frames.map(\.frame) == [frames[0]])
        let many = try read(crafted(Journal.mostPlaces + 1) + intent)
        #expect(many.isTorn && many.frames.isEmpty, "it is kept, and not worked through")
    }

    @Test func aFrameIsTwoMebibytesAtTheMost() throws {
        let start = Array(journal[..<64])
        func size(_ count: Int) throws -> [UInt8] {
            let text = Secret([UInt8](repeating: 0x20, count: count))
            return try Journal.seal(text, index: 0, header: start, vaultKey: key, randomness: .system)
        }
        let largest = try size(Journal.largestFrame - 48)
        #expect(try read(start + largest).frames.count == 1)
        #expect(refusal { try size(Journal.largestFrame - 47) } == "notKept")
        for length: UInt32 in [0, 1, 47, UInt32(Journal.largestFrame) + 1, 1 << 31, .max] {
            var bytes = start
            bytes.append(bigEndian: length)
            bytes += [UInt8](repeating: 1, count: Journal.largestFrame + 48)
            let finding = try read(bytes)
            #expect(finding.frames.isEmpty && finding.isTorn, "length \(length)")
        }
    }
}
