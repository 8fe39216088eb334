import Glibc
import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// A process that is killed at the entry of each system call that it makes on the vault's files, in turn, and one whose
/// calls fail, each in turn.
@Suite(.enabled(if: Tracer.isAllowed, "NOT TESTED: killing at every step needs strace(1) and ptrace(2)"))
struct KillTests {
    @Test(arguments: Tracer.Fault.allCases) fileprivate func aRefreshLosesNoAnswer(_ fault: Tracer.Fault) async throws {
        var ends: [String: Int] = [:]
        let points = try await Tracer.run(
            fault, { try Place(["c0": "old", "c1": "old"]) },
            steps: ["open", "begin:2", "keep:1", "keep:0", "merge", "commit"]
        ) { place, said in
            ends[said.last { $0.hasPrefix("done") } ?? "nothing", default: 0] += 1
            try await check(place, said)
        }
        #expect(points >= 50)
        print("a refresh, \(fault) at \(points) system calls; it had got as far as: \(ends)")
    }

    @Test(arguments: Tracer.Fault.allCases)
    fileprivate func aRunThatFinishesAnotherLosesNoAnswer(_ fault: Tracer.Fault) async throws {
        let points = try await Tracer.run(
            fault,
            {
                let place = try Place(["c0": "old", "c1": "old"])
                try await place.run(place.crasher("open", "begin:2", "keep:1", "keep:0"))
                return place
            },
            steps: ["open", "merge", "commit"]
        ) { place, said in try await check(place, ["done begin:2", "done keep:1", "done keep:0"] + said) }
        #expect(points >= 40)
        print("a run that finishes another, \(fault) at \(points) system calls")
    }

    /// What holds when a run ended after it had said this.
    private func check(_ place: Place, _ said: [String]) async throws {
        let kept = (0..<2).filter { said.contains("done keep:\($0)") }
        do {
            // Whoever only reads is not disturbed: the old values, or all that was kept.
            let read = try place.file.read(unlocking: place.secret).records
            let values = [try read.text("c0"), try read.text("c1")]
            let session = try await place.session()
            if values == ["old", "old"], !said.contains("done commit") {
                if said.contains("done begin:2") {
                    #expect(session.leftBehind.map(\.ask.fingerprint) == ["f0", "f1"], "\(said)")
                }
                for index in kept {
                    guard case .got(let answer) = session.leftBehind[index].reply else {
                        Issue.record("the answer to c\(index) is lost: \(said)")
                        return
                    }
                    #expect(answer.body == Secret("answer-\(index)"))
                    try session.records.set("c\(index)".name, secret: answer.body, at: answer.at)
                }
            } else {
                for index in kept { #expect(values[index] == "answer-\(index)", "\(said)") }
                #expect(session.leftBehind.isEmpty, "what the vault holds is not applied again")
            }
            #expect(session.keptAside.isEmpty, "\(said)")
            try session.commit()
        }
        let records = try place.file.read(unlocking: place.secret).records
        for index in kept { #expect(try records.text("c\(index)") == "answer-\(index)") }
        #expect(try await place.names() == ["said", "vault", "vault.lock"], "\(said)")
    }

    @Test(arguments: Tracer.Fault.allCases)
    fileprivate func aKeyRotationLeavesAKeyThatOpens(_ fault: Tracer.Fault) async throws {
        var opened: [String: Int] = [:]
        let other = UnlockSecret.rawKey(Secret([UInt8](repeating: 7, count: 32)))
        let make = {
            let place = try Place(["A": "kept"])
            var vault = try place.file.read(unlocking: place.secret)
            vault.header.slots.append(
                try vault.newSlot("other", for: other, id: 2, at: UInt64(Place.now), place.file))
            try place.write(vault)
            return place
        }
        let points = try await Tracer.run(fault, make, steps: ["open", "rotate"]) { place, said in
            let kept = try place.file.read(unlocking: other)
            #expect(kept.openedBy == "other", "a slot that stays opens at every moment")
            var keys = [place.key]
            if let line = said.first(where: { $0.hasPrefix("key ") }) {
                keys.append(try KeyText.decode(Secret(String(line.dropFirst(4)))))
            }
            let opening = keys.filter { key in refusal { try place.file.read(unlocking: .rawKey(key)) } == "nothing" }
            #expect(opening.count == 1, "one key opens, and it has been handed out: \(said)")
            guard let key = opening.first else { return }
            let session = try await place.file.session(unlocking: .rawKey(key), wait: .seconds(30))
            #expect(try session.records.text("A") == "kept")
            #expect(session.leftBehind.isEmpty)
            #expect(session.vault.header.epoch == (key == place.key ? 1 : 2) && kept.header == session.vault.header)
            if said.contains("done rotate") { #expect(key != place.key) }
            opened[key == place.key ? "old" : "new", default: 0] += 1
        }
        #expect(points >= 35 && opened.count == 2)
        print("a key rotation, \(fault) at \(points) system calls; afterwards it opened with: \(opened)")
    }
}

/// `strace`, which stops a process at a system call of its own choice.
private enum Tracer {
    /// Whether this process may trace another.
    static let isAllowed: Bool =
        unsafe system("strace -qq -o /dev/null -e inject=getppid:signal=KILL true > /dev/null 2>&1") == 0

    /// What befalls the process.
    enum Fault: String, Sendable, CaseIterable, CustomStringConvertible {
        /// It is killed before the call takes place.
        case killed = "signal=KILL"
        /// The call does not take place and says that the device failed.
        case failed = "error=EIO"
        /// The call does not take place and says that there is no space.
        case full = "error=ENOSPC"

        var description: String { rawValue }
    }

    /// Runs the steps on a new place for each system call that they make on its files, with the fault at that call;
    /// after each run `check` looks at what is left. Gives the number of runs.
    static func run(
        _ fault: Fault, _ make: () async throws -> Place, steps: [String],
        check: (Place, _ said: [String]) async throws -> Void
    ) async throws -> Int {
        let whole = try await make()
        let (end, errors) = try await trace(whole, ["-o", "log"], steps)
        try #require(end == .exited(0), "\(errors)")
        let log = String(decoding: try whole.bytes("log") ?? [], as: UTF8.self)
        // Each line is `PID call(…) = …`, and the calls of each name are counted.
        var calls: [String: Int] = [:]
        for line in log.split(separator: "\n") {
            guard let call = line.split(separator: " ").dropFirst().first?.prefix(while: { $0 != "(" }) else {
                continue
            }
            calls[String(call), default: 0] += 1
        }
        for (call, count) in calls {
            for number in 1...count {
                let place = try await make()
                let inject = ["-o", "/dev/null", "-e", "inject=\(call):\(fault.rawValue):when=\(number)"]
                let (end, errors) = try await trace(place, inject, steps)
                let said = String(decoding: try place.bytes("said") ?? [], as: UTF8.self)
                let expected: ChildProcess.End = fault == .killed ? .signalled(SIGKILL) : .exited(0)
                try #require(end == expected, "\(call) \(number): \(end) \(errors)")
                try await check(place, said.split(separator: "\n").map(String.init))
            }
        }
        return calls.values.reduce(0, +)
    }

    private static func trace(
        _ place: Place, _ options: [String], _ steps: [String]
    ) async throws -> (ChildProcess.End, String) {
        // Only what concerns these files is counted, whatever else the process does.
        let paths = ["", "/vault", "/vault.lock", "/vault.journal", "/vault.next", "/said"].flatMap {
            ["-P", place.folder + $0]
        }
        let command = try ["strace", "-f", "-qq"] + paths + options + place.crasher() + steps
        let (end, _, errors) = await ChildProcess.run(
            ["sh", "-c", "exec > said; exec \"$@\"", "sh"] + command, environment: ThisProcess.environment,
            directory: place.folder, timeout: .seconds(60))
        return (end, String(decoding: errors, as: UTF8.self))
    }
}
