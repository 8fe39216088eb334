import Sealing
import Testing
import Tokens

@testable import VaultFile

/// Passphrases of words that are chosen by chance.
@Suite struct GeneratedPassphraseTests {
    private let words = WordList.words().map { String(Substring($0)) }

    /// The digest is that of the second column of the EFF's `eff_large_wordlist.txt`, which has the SHA-256
    /// addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e.
    @Test func theWordsAreThoseThatWerePublished() throws {
        #expect(words.count == 7776 && Set(words).count == 7776 && words == words.sorted())
        let digest = try SHA256.digest(of: words.map { $0 + "\n" }.joined().utf8.span)
        #expect(hexadecimal(digest.span) == "6d557f0693958fb5e650b68b5bee585eb82cf4da32965505c789e924743bc522")
    }

    /// So hyphens between words cannot be mistaken for those in words. In a sorted list the words that another begins
    /// stand right behind it.
    @Test func noWordIsTheBeginningOfAnother() {
        for (word, next) in zip(words, words.dropFirst()) { #expect(!next.hasPrefix(word), "\(word), \(next)") }
        #expect(words.filter { $0.contains("-") } == ["drop-down", "felt-tip", "t-shirt", "yo-yo"])
    }

    @Test func ofAllDrawsThatThereAreEightChooseEachWord() {
        var chosen = [Int](repeating: 0, count: 7776)
        for first in 0...UInt16.max {
            var draws = 0
            let index = GeneratedPassphrase.index(below: 7776) {
                draws += 1
                return draws == 1 ? first : 0
            }
            if draws == 1 { chosen[index] += 1 }
        }
        #expect(chosen.allSatisfy { $0 == 8 })
    }

    @Test func theWordsThatWereDrawnStandInTheirOrder() throws {
        // The first and the last word, both sides of the bound, bits that do not count, and words with hyphens.
        var draws: [UInt16] = [0, 7775, 7776, 0x1FFF, 0xE001, 7747, 6639, 2008].reversed()
        let passphrase = GeneratedPassphrase.make(words: 6) { draws.popLast() ?? 0 }
        #expect(passphrase.revealed() == "abacus-zoom-abdomen-yo-yo-t-shirt-drop-down")
        #expect(draws.isEmpty)
    }

    /// The words of a passphrase, read from the left.
    private func words(of passphrase: Secret) throws -> [String] {
        var rest = try #require(passphrase.revealed())[...]
        var read: [String] = []
        while !rest.isEmpty {
            if !read.isEmpty { try #require(rest.popFirst() == "-") }
            read.append(try #require(words.first { rest.hasPrefix($0) }))
            rest.removeFirst(read[read.count - 1].count)
        }
        return read
    }

    @Test(arguments: [6, 7, 100])
    func oneThatIsMadeHasItsWordsAndIsTakenForANewPassphrase(count: Int) throws {
        let passphrase = GeneratedPassphrase.make(words: count)
        #expect(try words(of: passphrase).count == count)
        #expect(try UnlockSecret(newPassphrase: passphrase) == .passphrase(passphrase), "NFC changes nothing")
    }

    @Test func sixWordsAreTheDefaultAndNoTwoAreAlike() throws {
        let made = (0..<20).map { _ in GeneratedPassphrase.make() }
        #expect(Set(made.map { $0.revealed() }).count == 20)
        for passphrase in made { #expect(try words(of: passphrase).count == 6) }
    }

    @Test func aHundredOfTheLongestWordsFit() throws {
        let longest = try #require(words.indices.max { words[$0].count < words[$1].count })
        let passphrase = GeneratedPassphrase.make(words: 100) { UInt16(longest) }
        #expect(passphrase.count == 999)
        #expect(refusal { try UnlockSecret(newPassphrase: passphrase) } == "nothing")
    }

    @Test func fewerThanSixWordsAreNotMade() async {
        await #expect(processExitsWith: .failure) { _ = GeneratedPassphrase.make(words: 5) }
    }
}
