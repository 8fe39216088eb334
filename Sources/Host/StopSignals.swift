internal import Glibc
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP, for a process that has something in flight which must not be dropped.
package enum StopSignals {
    private static let all = [SIGINT, SIGTERM, SIGHUP]
    private static let received = Atomic<Int32>(0)

    /// From now on the signals are noted and do not end the process; one that is ignored, as under nohup, stays ignored.
    package static func hold() {
        for signal in all { take(signal, note) }
    }

    /// From now on they end the process again.
    package static func release() {
        for signal in all { take(signal, nil) }
    }

    /// The first one that was noted.
    package static var noted: Int32? {
        let signal = received.load(ordering: .relaxed)
        return signal == 0 ? nil : signal
    }

    /// Ends the process by the signal, so that whoever waits for it sees why.
    package static func die(by signal: Int32) -> Never {
        release()
        _ = Glibc.signal(signal, SIG_DFL)
        var one = sigset_t()
        unsafe sigemptyset(&one)
        unsafe sigaddset(&one, signal)
        unsafe pthread_sigmask(SIG_UNBLOCK, &one, nil)
        raise(signal)
        Glibc.exit(128 + signal)
    }

    /// Only what POSIX lets a handler do: an atomic store and one write.
    private static let note: @convention(c) (Int32) -> Void = { signal in
        let (isFirst, _) = received.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
        guard isFirst else { return }
        let code = errno
        defer { errno = code }
        let words: StaticString = "tokenkeep: stopping; what is under way is waited for and kept\n"
        _ = unsafe write(2, words.utf8Start, words.utf8CodeUnitCount)
    }

    private static func take(_ signal: Int32, _ handler: (@convention(c) (Int32) -> Void)?) {
        var old = sigaction()
        guard unsafe sigaction(signal, nil, &old) == 0 else { return }
        // SIG_IGN is 1.
        if unsafe unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == 1 { return }
        var new = sigaction()
        unsafe new.__sigaction_handler.sa_handler = handler
        new.sa_flags = SA_RESTART
        unsafe sigaction(signal, &new, nil)
    }
}
