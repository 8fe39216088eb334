import Glibc
import Sealing
import Testing

@testable import Host

/// This process; each test has one of its own, where it changes it.
@Suite struct ThisProcessTests {
    /// Gives this process another environment, as raw entries.
    private static func setEnvironment(_ entries: [[UInt8]]) {
        // The block is the C library's, which grows it.
        for index in entries.indices { unsafe setenv("ROOM\(index)", "", 1) }
        for (index, entry) in entries.enumerated() {
            unsafe environ[index] = strdup((entry + [0]).map { CChar(bitPattern: $0) })
        }
        unsafe environ[entries.count] = nil
    }

    @Test func ofAVariableThatStandsTwiceTheFirstCounts() async {
        await #expect(processExitsWith: .success) {
            Self.setEnvironment(
                ["A=1", "B=", "A=2", "novalue", "C==x=", "é=ü", "=odd"].map { Array($0.utf8) } + [[0x44, 0x3D, 0xFF]])
            #expect(
                ThisProcess.environment
                    == ["A": "1", "B": "", "C": "=x=", "é": "ü", "": "odd", "D": "\u{FFFD}"])
            #expect(ThisProcess.environmentVariable("A") == "1" && ThisProcess.environmentVariable("B") == "")
            #expect(ThisProcess.environmentVariable("nothing") == nil)
            #expect(ThisProcess.environmentBlock.count == 8 && ThisProcess.environmentBlock[7] == [0x44, 0x3D, 0xFF])
        }
    }

    @Test func anotherProgramTakesItsPlaceWithTheseBytes() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let script = "test \"$1\" = 'é $HOME' && test \"$(printf %s \"$X\" | od -An -tx1)\" = ' ff 41' && exit 7"
            let environment: [UInt8] = [0x58, 0x3D, 0xFF, 0x41, 0] + Array("PATH=/usr/bin:/bin\0".utf8)
            _ = ThisProcess.execute(
                "/bin/sh", arguments: ["sh", "-c", script, "x", "é $HOME"], environment: environment.span)
        }
        let error = ThisProcess.execute("/no/such/program", arguments: ["x"], environment: Span())
        #expect(error.code == ENOENT && error.isNotFound)
    }

    @Test func aClosedPipeIsAnErrorAndNotTheEnd() async {
        await #expect(processExitsWith: .success) {
            ThisProcess.ignoreBrokenPipes()
            var ends: [Int32] = [0, 0]
            unsafe pipe(&ends)
            close(ends[0])
            let error = #expect(throws: HostError.self) { try ThisProcess.write("x".utf8.span, to: ends[1]) }
            #expect(error?.code == EPIPE)
        }
        await #expect(processExitsWith: .signal(SIGPIPE)) {
            ThisProcess.ignoreBrokenPipes()
            ThisProcess.restoreBrokenPipes()
            var ends: [Int32] = [0, 0]
            unsafe pipe(&ends)
            close(ends[0])
            try ThisProcess.write("x".utf8.span, to: ends[1])
        }
    }

    @Test func aVariableThatIsTakenIsGoneAndItsBytesAreWiped() async {
        await #expect(processExitsWith: .success) {
            Self.setEnvironment(["A=1", "KEY=first", "KEYS=x", "KEY=second", "Z="].map { Array($0.utf8) })
            let places = unsafe [environ[1], environ[3]]
            guard let taken = ThisProcess.takeVariable("KEY") else { throw NotThere() }
            #expect(taken.withSpan { equalInConstantTime($0, "first".utf8.span) })
            #expect(ThisProcess.environmentBlock == ["A=1", "KEYS=x", "Z="].map { Array($0.utf8) })
            for index in 0..<2 {
                let bytes = unsafe UnsafeRawBufferPointer(start: places[index], count: 9)
                let isWiped = unsafe bytes.allSatisfy { $0 == 0 }
                #expect(isWiped)
            }
            let isThere = ThisProcess.takeVariable("KEY") != nil
            #expect(!isThere)
        }
    }

    private struct NotThere: Error {}

    @Test func standardInputIsReadToItsEndAndStaysOpen() async {
        await #expect(processExitsWith: .success) {
            var ends: [Int32] = [0, 0]
            unsafe pipe(&ends)
            dup2(ends[0], 0)
            try ThisProcess.write("words\n".utf8.span, to: ends[1])
            close(ends[1])
            let words = try ThisProcess.standardInput(limit: 6)
            #expect(words.withSpan { equalInConstantTime($0, "words\n".utf8.span) })
            #expect(fcntl(0, F_GETFD) >= 0)
        }
    }

    @Test func theMachineHasAName() {
        #expect(!ThisProcess.machineName.isEmpty && !ThisProcess.machineName.contains("\n"))
        #expect(ThisProcess.now > 1_767_225_600)
    }

    @Test func anErrorSaysWhatWasTriedOnWhat() {
        let error = HostError(operation: "open", path: "/tmp/x", code: EACCES)
        #expect(error.description == "open /tmp/x: Permission denied")
        #expect(!error.isNotFound && HostError(operation: "open", path: "x", code: ENOTDIR).isNotFound)
    }
}
