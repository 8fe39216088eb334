import Exports
import Host
import Tokens

/// What a command that `run` stays with is told by when a value has changed.
enum WatchMode: Equatable {
    /// It is ended and started anew.
    case restart
    /// It gets this signal.
    case signal(Int32)

    init?(_ text: String) {
        if text == "restart" {
            self = .restart
        } else if text.hasPrefix("signal="), let number = SignalName.number(of: String(text.dropFirst(7))) {
            self = .signal(number)
        } else {
            return nil
        }
    }
}

/// Stays with a command until it ends: hands it signals, stops when it is stopped, and keeps what it was given up to date.
///
/// All that happens comes one after the other through one stream, so that there are never two commands at once, and none is
/// sent a signal that is gone.
struct Attendance {
    private enum Event: Sendable {
        case received(ReceivedSignal)
        case program(Program.Event)
        case vaultChanged
        /// What came within a moment has come.
        case settled
        /// The newest of that number.
        case tick(Int)
        case looked(Watcher.Look)
        /// The program was told to end, and had its time.
        case late(Program)
        /// The program has ended, and what was under way had its time.
        case waited
    }

    /// How long a command may take to end before it is killed.
    private static let patience = Duration.seconds(10)
    /// How long after a change others may follow.
    private static let moment = Duration.milliseconds(500)

    /// Fails where the command could not be started with these values.
    private let check: ([ExportValue]) throws -> Void
    private let start: ([ExportValue], @escaping @Sendable (Program.Event) -> Void) throws -> Program
    private let watcher: (watcher: Watcher, mode: WatchMode)?
    /// Brings the files up to date.
    private let rewrite: ([ExportValue]) throws -> Void
    private var values: [ExportValue]
    private let events: AsyncStream<Event>
    private let tell: AsyncStream<Event>.Continuation

    private var program: Program?
    /// How it ended, or why it could not be started anew.
    private var end: Result<ChildProcess.End, any Error>?
    /// Whether the program was told to end, to be started anew.
    private var isRestarting = false
    /// Whether somebody has asked for the end: the program is not started anew after that, however long it takes.
    private var isEnding = false
    private var isLooking = false
    private var isSettling = false
    private var hasMissed = false
    private var next = Int64.max
    private var ticks = 0

    /// `start` starts the command with what it is given.
    init(
        _ values: [ExportValue], watcher: (watcher: Watcher, mode: WatchMode)?,
        rewrite: @escaping ([ExportValue]) throws -> Void, check: @escaping ([ExportValue]) throws -> Void,
        start: @escaping ([ExportValue], @escaping @Sendable (Program.Event) -> Void) throws -> Program
    ) {
        (self.values, self.watcher, self.rewrite) = (values, watcher, rewrite)
        (self.check, self.start) = (check, start)
        (events, tell) = AsyncStream.makeStream()
    }

    /// Takes the signals from here on; starts the command, and gives how it ended.
    mutating func run(watching vault: String) async throws -> ChildProcess.End {
        try SignalRelay.begin { [tell] in tell.yield(.received($0)) }
        if watcher != nil {
            guard FileWatch.begin(vault, tell: { [tell] in tell.yield(.vaultChanged) }) else {
                throw Failure(
                    .other, "the vault cannot be watched: there is no room for a thread", hint: "raise ulimit -u")
            }
        }
        try begin()
        // What has changed since the values were read.
        look()
        for await event in events {
            if take(event), let end { return try end.get() }
        }
        throw CancellationError()
    }

    /// Whether all is done.
    private mutating func take(_ event: Event) -> Bool {
        switch event {
        case .received(let signal):
            // Whoever wants the end of the command wants no new one.
            if signal.asksForTheEnd { (isRestarting, isEnding) = (false, true) }
            if let program, signal.concerns(program) { program.signal(signal.number) }
        case .program(.stopped):
            // As the shell that waits for this process expects of a job; without a terminal nobody would let it go on.
            if Terminal.isThere { ThisProcess.stop() }
        case .program(.ended):
            end = (program?.end).map { .success($0) }
            program = nil
            if isRestarting {
                do {
                    try begin()
                    end = nil
                    break
                } catch { end = .failure(error) }
            }
            // A request in flight is waited for, and what is being written for a while.
            guard isLooking, let watcher else { return true }
            _ = watcher.watcher.end()
            after(.seconds(5), .waited)
        case .waited:
            guard watcher?.watcher.end() == true else { return true }
            after(.seconds(1), .waited)
        case .vaultChanged:
            if !isSettling { after(Self.moment, .settled) }
            isSettling = true
        case .settled:
            isSettling = false
            look()
        case .tick(let number):
            guard number == ticks else { break }
            if ThisProcess.now >= next { look() } else { planTick() }
        case .looked(let look):
            isLooking = false
            if end != nil { return true }
            next = look.next
            if let changed = look.changed { bringUpToDate(changed) }
            if hasMissed { self.look() }
            planTick()
        case .late(let late):
            // Who asked for the end himself leaves it its time.
            if isRestarting, program === late { late.signal(SignalName.kill) }
        }
        return false
    }

    private mutating func begin() throws {
        isRestarting = false
        program = try start(values) { [tell] in tell.yield(.program($0)) }
    }

    /// Looks at the vault, unless that is being done: then once more after it.
    private mutating func look() {
        hasMissed = isLooking
        guard !isLooking, end == nil, let watcher else { return }
        isLooking = true
        Task { [tell] in tell.yield(.looked(await watcher.watcher.look())) }
    }

    /// A clock may be set, and a machine sleep: it is looked at each minute.
    private mutating func planTick() {
        ticks += 1
        after(.seconds(min(max(next - ThisProcess.now, 1), 60)), .tick(ticks))
    }

    private func after(_ pause: Duration, _ event: Event) {
        Task { [tell] in
            try? await Task.sleep(for: pause)
            tell.yield(event)
        }
    }

    private mutating func bringUpToDate(_ changed: [ExportValue]) {
        do {
            // While a command ends, too: it is the newest values that the next one is started with.
            if watcher?.mode == .restart { try check(changed) }
            try rewrite(changed)
        } catch {
            let failure = Failure(error)
            Console.say("tokenkeep: \(failure.message); the command goes on with what it has\nhint: \(failure.hint)")
            return
        }
        values = changed
        // A command that has ended by itself is not started anew.
        guard let program, !program.hasEnded, !isRestarting, let watcher else { return }
        switch watcher.mode {
        case .restart where isEnding: break
        case .restart:
            isRestarting = true
            program.signal(SignalName.terminate)
            after(Self.patience, .late(program))
        case .signal(let number): program.signal(number)
        }
    }
}
