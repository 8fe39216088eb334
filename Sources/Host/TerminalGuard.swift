internal import Glibc

/// A terminal that shows nothing, and what it was like before: a signal that ends the process gives that back first.
enum TerminalGuard {
    nonisolated(unsafe) private static var descriptor: Int32 = -1
    nonisolated(unsafe) private static var before = termios()
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// From now on a signal that would end the process gives the terminal its settings back. One that is ignored, or that
    /// somebody handles, is left alone.
    static func arm(_ terminal: Int32, _ settings: termios) {
        unsafe (descriptor, before) = (terminal, settings)
        for one in signals where Terminal.endsProcess(one) { _ = signal(one, restore) }
    }

    /// The settings are back.
    static func disarm() {
        for one in signals {
            var action = sigaction()
            guard unsafe sigaction(one, nil, &action) == 0,
                unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                    == unsafeBitCast(restore, to: Int.self)
            else { continue }
            _ = signal(one, SIG_DFL)
        }
    }

    /// Only what POSIX lets a handler do. The signal is raised anew, and ends the process when this returns.
    private static let restore: @convention(c) (Int32) -> Void = { one in
        unsafe tcsetattr(descriptor, TCSANOW, &before)
        _ = signal(one, SIG_DFL)
        raise(one)
    }
}
