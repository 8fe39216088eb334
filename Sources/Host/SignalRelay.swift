internal import Glibc

/// A signal that came.
package struct ReceivedSignal: Sendable, Equatable {
    /// Its number.
    package let number: Int32
    /// Where it came from (`si_code`, sigaction(2)).
    let code: Int32
    /// The process that sent it; 0 for the system.
    let sender: Int32

    /// Whether it is to be sent on to a program in this process group.
    ///
    /// What a terminal sends reaches all of its group: only a hangup comes to the leader of the session alone. And what the
    /// program sends, it does not send to itself.
    package func concerns(_ program: Program) -> Bool {
        if code == SI_KERNEL { return number == SIGHUP && getsid(0) == getpid() }
        // What abort() raises is this process's own, too.
        return sender != program.id && sender != getpid()
    }

    /// Whether it asks for the end: SIGINT, SIGTERM, SIGQUIT, the SIGABRT of a supervisor, or the SIGHUP of a terminal that is
    /// gone. A process that sends SIGHUP mostly wants what is configured read again.
    package var asksForTheEnd: Bool {
        [SIGINT, SIGTERM, SIGQUIT, SIGABRT].contains(number) || number == SIGHUP && code == SI_KERNEL
    }
}

/// Signals that are meant for a program that this process stays with.
package enum SignalRelay {
    nonisolated(unsafe) private static var pipeEnd: Int32 = -1

    /// Left as they are: what nobody can catch, what tells of a mistake in this very process, and what is about its own children
    /// and pipes.
    private static let others: Set<Int32> = [
        SIGKILL, SIGSTOP, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGCHLD, SIGPIPE,
    ]

    /// From now on every signal goes to `tell`, on a thread of its own, and none of them ends or stops this process. One that
    /// is ignored, as under nohup, stays ignored. To be called once.
    package static func begin(_ tell: @escaping @Sendable (ReceivedSignal) -> Void) throws(HostError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw .last("pipe", "signals") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A handler waits for nobody.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        unsafe pipeEnd = ends[1]
        let isRead = startThread { [end = ends[0]] in
            var record = (Int32(0), Int32(0), Int32(0))
            while true {
                let got = unsafe read(end, &record, 12)
                if got < 0, errno == EINTR { continue }
                guard got == 12 else { return }
                tell(ReceivedSignal(number: record.0, code: record.1, sender: record.2))
            }
        }
        guard isRead else { throw HostError(operation: "start a thread for", path: "signals", code: EAGAIN) }
        for number in Int32(1)...64 where !others.contains(number) { take(number) }
    }

    private static func take(_ number: Int32) {
        var action = sigaction()
        // The C library keeps two for itself. SIG_IGN is 1.
        guard unsafe sigaction(number, nil, &action) == 0,
            unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1
        else { return }
        action = sigaction()
        unsafe action.__sigaction_handler.sa_sigaction = note
        action.sa_flags = SA_RESTART | Int32(SA_SIGINFO)
        unsafe sigaction(number, &action, nil)
    }

    /// Only what POSIX lets a handler do: one write, which is whole or does not happen.
    private static let note:
        @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void = {
            number, info, _ in
            guard let info = unsafe info else { return }
            let before = errno
            var record = unsafe (number, info.pointee.si_code, info.pointee._sifields._kill.si_pid)
            _ = unsafe write(pipeEnd, &record, 12)
            errno = before
        }
}

/// Names of signals.
package enum SignalName {
    /// What asks a program to end, and what makes it.
    package static let (terminate, kill) = (SIGTERM, SIGKILL)

    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "KILL": SIGKILL, "USR1": SIGUSR1,
        "USR2": SIGUSR2, "ALRM": SIGALRM, "CONT": SIGCONT, "WINCH": SIGWINCH, "URG": SIGURG, "IO": SIGIO, "POLL": SIGIO,
        "PWR": SIGPWR, "PROF": SIGPROF, "VTALRM": SIGVTALRM, "ABRT": SIGABRT, "STOP": SIGSTOP, "TSTP": SIGTSTP,
        "TTIN": SIGTTIN, "TTOU": SIGTTOU, "CHLD": SIGCHLD, "PIPE": SIGPIPE, "ILL": SIGILL, "TRAP": SIGTRAP,
        "BUS": SIGBUS, "FPE": SIGFPE, "SEGV": SIGSEGV, "SYS": SIGSYS, "XCPU": SIGXCPU, "XFSZ": SIGXFSZ,
    ]

    /// The number of a signal that is written `HUP`, `SIGHUP`, `hup` or `1`; nil where there is none.
    package static func number(of text: String) -> Int32? {
        if let number = Int32(text) { return (1...64).contains(number) ? number : nil }
        let name = text.uppercased()
        return numbers[name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name]
    }
}
