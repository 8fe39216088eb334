import Glibc
import Sealing
import Testing

@testable import Host

/// A person at a terminal: a real one, which each test's own process is given, with nobody there but the test.
@Suite struct TerminalTests {
    @Test func whatIsTypedHiddenIsReadAndNotShown() async {
        await #expect(processExitsWith: .success) {
            let person = try Person()
            let (answer, seen) = try await person.answer("s3cret é\n", to: "Key: ", hidden: true)
            #expect(answer == Array("s3cret é".utf8))
            #expect(seen.hasPrefix("Key: ") && !seen.contains("s3cret"))
            #expect(person.isEchoing)
        }
    }

    @Test func whatIsTypedOpenlyIsShown() async {
        await #expect(processExitsWith: .success) {
            let person = try Person()
            let (answer, seen) = try await person.answer("tiktok\n", to: "Name: ", hidden: false)
            #expect(answer == Array("tiktok".utf8) && seen.contains("tiktok"))
        }
    }

    @Test func correctionsCount() async {
        await #expect(processExitsWith: .success) {
            let (answer, _) = try await Person().answer(
                "x\u{15}a\u{1B}[D\u{1}é\u{7F} wörd \u{17}\u{7F}c\n", to: "Key: ", hidden: true)
            #expect(answer == Array("ac".utf8))
        }
    }

    @Test func aLongLineAndAPastedTextAreWhole() async {
        await #expect(processExitsWith: .success) {
            let long = String(repeating: "x", count: 20_000)
            let (answer, _) = try await Person().answer(long + "\n", to: "Key: ", hidden: true)
            #expect(answer == Array(long.utf8))
        }
        await #expect(processExitsWith: .success) {
            let pasted = "-----BEGIN-----\nabc\n\n-----END-----"
            let (answer, _) = try await Person().answer(pasted + "\n", to: "Key: ", hidden: true)
            #expect(answer == Array(pasted.utf8))
        }
    }

    @Test func whoEndsTheInputGivesNoAnswer() async {
        await #expect(processExitsWith: .success) {
            let person = try Person()
            let (answer, _) = try await person.answer("\u{4}", to: "Key: ", hidden: true)
            #expect(answer == nil)
            #expect(person.isEchoing)
        }
    }

    @Test(arguments: ["\u{3}", "half\u{3}"]) func interruptingEndsTheProgramAtOnce(_ keys: String) async {
        // With no Enter behind it.
        await #expect(processExitsWith: .signal(SIGINT)) { [keys] in
            _ = try await Person().answer(keys, to: "Key: ", hidden: true)
        }
    }

    @Test func theTerminalShowsAgainWhatIsTypedBeforeTheInterruptComes() async {
        await #expect(processExitsWith: .success) {
            let person = try Person()
            signal(SIGINT, SIG_IGN)
            let (answer, _) = try await person.answer("half\u{3}", to: "Key: ", hidden: true)
            #expect(answer == nil)
            #expect(person.isEchoing)
        }
    }

    @Test func whoSuspendsIsAskedAgainAndLosesNoKeyToTheAnswer() async {
        await #expect(processExitsWith: .success) {
            let person = try Person()
            // As where there is no job control: the stop does not come.
            signal(SIGTSTP, SIG_IGN)
            let (answer, seen) = try await person.answer(["half\u{1A}", "whole\n"], to: "Key: ", hidden: true)
            #expect(answer == Array("whole".utf8))
            #expect(!seen.contains("half") && !seen.contains("whole"))
        }
    }

    @Test func aLineThatEndsWithTheInputIsAnAnswer() async {
        await #expect(processExitsWith: .success) {
            let (answer, _) = try await Person().answer("half\u{4}\u{4}", to: "Key: ", hidden: true)
            #expect(answer == Array("half".utf8))
        }
    }

    @Test func withoutATerminalThereIsNobodyToAsk() async {
        await #expect(processExitsWith: .success) {
            setsid()
            #expect(!Terminal.isThere)
            #expect(throws: HostError.self) { _ = try Terminal.ask("Key: ", hidden: true) }
        }
    }
}

/// The other end of this process's terminal.
private struct Person {
    private let end: Int32
    private let terminal: Int32

    struct NoTerminal: Error {}

    /// Makes a terminal and makes it this process's own.
    init() throws {
        // Whatever goes wrong, nobody waits for a key that no one presses.
        alarm(20)
        setsid()
        end = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (number, isLocked): (Int32, Int32) = (0, 0)
        // TIOCSPTLCK and TIOCGPTN: what unlockpt(3) and ptsname(3) do, which Swift's Glibc leaves out.
        let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
        guard unsafe ioctl(end, unlock, &isLocked) == 0, unsafe ioctl(end, getNumber, &number) == 0 else {
            throw NoTerminal()
        }
        // Whoever leads a session without a terminal and opens one has it from then on.
        terminal = unsafe open("/dev/pts/\(number)", O_RDWR | O_CLOEXEC)
        guard terminal >= 0, Terminal.isThere else { throw NoTerminal() }
    }

    /// Waits for the question, types, and gives what `ask` answered and what the terminal showed.
    func answer(_ keys: String, to question: String, hidden: Bool) async throws -> ([UInt8]?, String) {
        try await answer([keys], to: question, hidden: hidden)
    }

    /// The same, with further keys each time that the question comes again.
    func answer(_ keys: [String], to question: String, hidden: Bool) async throws -> ([UInt8]?, String) {
        async let typing = type(keys, after: question)
        var answer: [UInt8]?
        if let typed = try Terminal.ask(question, hidden: hidden) {
            answer = typed.withSpan { span in span.indices.map { span[$0] } }
        }
        return (answer, try await typing)
    }

    @concurrent private func type(_ keys: [String], after question: String) async throws -> String {
        var seen: [UInt8] = []
        var all = ""
        for keys in keys {
            while !String(decoding: seen, as: UTF8.self).contains(question) { seen += read() }
            try ThisProcess.write(keys.utf8.span, to: end)
            // The answer is complete when the terminal is told to go on, or shows what was typed.
            while !seen.contains(UInt8(ascii: "\n")) { seen += read() }
            let next = seen.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
            all += String(decoding: next[0], as: UTF8.self) + "\n"
            seen = Array(next[1])
        }
        return all
    }

    private func read() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(end, &bytes, bytes.count)
        return Array(bytes.prefix(max(count, 0)))
    }

    /// Whether the terminal shows what is typed.
    var isEchoing: Bool {
        var state = termios()
        let endOfLine = unsafe tcgetattr(terminal, &state) == 0 ? state.c_cc.11 : 1
        return endOfLine == 0 && state.c_lflag & tcflag_t(ECHO | ISIG) == tcflag_t(ECHO | ISIG)
    }
}
