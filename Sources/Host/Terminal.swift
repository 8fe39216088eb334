internal import Glibc

/// The person's terminal, whatever the standard streams are.
package enum Terminal {
    /// Whether there is one.
    package static var isThere: Bool { (try? File("/dev/tty", .reading)) != nil }

    /// How a line ended.
    private enum Typed {
        case line([UInt8])
        case nothing
        /// By a key that stands for a signal.
        case signal(Int32)
    }

    /// Asks a question and reads one line; with `hidden`, what is typed is not shown.
    ///
    /// Nil when the person ended the input instead of answering. Ctrl-C and Ctrl-Z do to the program what they always do,
    /// but only when the terminal shows again what is typed.
    package static func ask(_ question: String, hidden: Bool) throws(HostError) -> [UInt8]? {
        while true {
            switch try typed(question, hidden: hidden) {
            case .line(let line): return line
            case .nothing: return nil
            case .signal(let signal):
                // To all of the job, as the terminal itself would send it.
                kill(0, signal)
                if signal != SIGTSTP {
                    // It may end another thread first.
                    if endsProcess(signal) { pause() }
                    return nil
                }
            }
        }
    }

    private static func endsProcess(_ signal: Int32) -> Bool {
        var action = sigaction()
        return unsafe sigaction(signal, nil, &action) == 0 && action.__sigaction_handler.sa_handler == nil
    }

    private static func typed(_ question: String, hidden: Bool) throws(HostError) -> Typed {
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", "/dev/tty") }
        defer { close(descriptor) }
        let (interrupt, suspend): (UInt8, UInt8) = (3, 26)
        var before = termios()
        let isSilent = unsafe hidden && tcgetattr(descriptor, &before) == 0
        if isSilent {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            // The terminal sends no signals until the echo is on again: Ctrl-C must not leave it dumb. The two keys end
            // the line instead, as Enter does; the terminal would keep them until then.
            silent.c_lflag &= ~tcflag_t(ISIG)
            unsafe withUnsafeMutableBytes(of: &silent.c_cc) { keys in
                unsafe keys[Int(VEOL)] = interrupt
                unsafe keys[Int(VEOL2)] = suspend
            }
            unsafe tcsetattr(descriptor, TCSAFLUSH, &silent)
        }
        defer {
            if isSilent {
                unsafe tcsetattr(descriptor, TCSAFLUSH, &before)
                unsafe Glibc.write(descriptor, "\n", 1)
            }
        }
        try ThisProcess.write(question.utf8.span, to: descriptor)
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let got = unsafe read(descriptor, &byte, 1)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .last("read", "/dev/tty") }
            if got == 0 { return line.isEmpty ? .nothing : .line(line) }
            switch byte {
            case interrupt where isSilent: return .signal(SIGINT)
            case suspend where isSilent: return .signal(SIGTSTP)
            case UInt8(ascii: "\n"): return .line(line)
            default: line.append(byte)
            }
        }
    }
}
