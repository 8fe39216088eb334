internal import Glibc
package import Sealing

/// The person's terminal, whatever the standard streams are.
package enum Terminal {
    /// Whether there is one.
    package static var isThere: Bool { (try? File("/dev/tty", .reading)) != nil }

    /// Writes to the terminal, whatever the standard streams are.
    package static func show(_ text: Span<UInt8>) throws(HostError) {
        let descriptor = unsafe open("/dev/tty", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", "/dev/tty") }
        defer { close(descriptor) }
        try ThisProcess.write(text, to: descriptor)
    }

    /// How a line ended.
    private enum Typed {
        case line
        case nothing
        /// By a key that stands for a signal.
        case signal(Int32)
    }

    /// Asks a question and reads one line; with `hidden`, what is typed is not shown.
    ///
    /// An answer has at most 16 MiB, one that unlocks 4 KiB, for its memory is locked. Nil when the person ended the input
    /// instead of answering. Ctrl-C and Ctrl-Z, and signals from elsewhere, do to the program what they always do, but only
    /// when the terminal shows again what is typed.
    package static func ask(
        _ question: String, hidden: Bool, isKey: Bool = false
    ) throws(HostError) -> SecretBuffer? {
        while true {
            var end = Typed.nothing
            let line = try SecretBuffer(capacity: isKey ? 4096 : 16 << 20, isKey: isKey) { line throws(HostError) in
                end = try typed(question, hidden: hidden, into: &line)
            }
            switch end {
            case .line: return line
            case .nothing: return nil
            case .signal(let signal):
                // To all of the job, as the terminal itself would send it.
                kill(0, signal)
                guard signal == SIGTSTP else {
                    // It may end another thread first.
                    if endsProcess(signal) { pause() }
                    return nil
                }
                // The stop comes by way of another thread: were the question asked again before it, the shell would be
                // left with a terminal that shows nothing.
                usleep(200_000)
            }
        }
    }

    static func endsProcess(_ signal: Int32) -> Bool {
        var action = sigaction()
        return unsafe sigaction(signal, nil, &action) == 0 && action.__sigaction_handler.sa_handler == nil
    }

    private static func typed(
        _ question: String, hidden: Bool, into line: inout OutputSpan<UInt8>
    ) throws(HostError) -> Typed {
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", "/dev/tty") }
        defer { close(descriptor) }
        var before = termios()
        let isSilent = unsafe hidden && tcgetattr(descriptor, &before) == 0
        if isSilent {
            var silent = before
            // Key by key: a line of the terminal's own ends at 4,095 bytes without a word. And without signals until the
            // echo is on again: Ctrl-C must not leave a dumb terminal behind.
            silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
            TerminalGuard.arm(descriptor, before)
            unsafe tcsetattr(descriptor, TCSAFLUSH, &silent)
        }
        defer {
            if isSilent {
                unsafe tcsetattr(descriptor, TCSAFLUSH, &before)
                TerminalGuard.disarm()
                unsafe Glibc.write(descriptor, "\n", 1)
            }
        }
        try ThisProcess.write(question.utf8.span, to: descriptor)
        while true {
            var byte: UInt8 = 0
            let got = unsafe read(descriptor, &byte, 1)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .last("read", "/dev/tty") }
            if got == 0 { return line.isEmpty ? .nothing : .line }
            switch isSilent ? Key(byte, in: before) : byte == UInt8(ascii: "\n") ? .enter : .other {
            case .signal(let signal): return .signal(signal)
            case .end: return line.isEmpty ? .nothing : .line
            case .erase:
                // The last character, which may be several bytes.
                while !line.isEmpty, line.removeLast() & 0xC0 == 0x80 {}
            case .eraseWord:
                while !line.isEmpty, line[line.count - 1] == UInt8(ascii: " ") { _ = line.removeLast() }
                while !line.isEmpty, line[line.count - 1] != UInt8(ascii: " ") { _ = line.removeLast() }
            case .eraseAll: line.removeAll()
            case .escape: skipEscape(descriptor)
            case .ignored: break
            // What goes on at once was pasted, and has more lines than one.
            case .enter where !(isSilent && hasMore(descriptor)): return .line
            case .enter, .other:
                guard !line.isFull else { throw HostError(operation: "read", path: "/dev/tty", code: EFBIG) }
                line.append(byte)
            }
        }
    }

    /// Passes over what an arrow key sends, or a terminal around what is pasted (ECMA-48 §5.4).
    private static func skipEscape(_ descriptor: Int32) {
        var byte: UInt8 = 0
        var isFirst = true
        while hasMore(descriptor), unsafe read(descriptor, &byte, 1) == 1 {
            let isIntroducer = isFirst && (byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O"))
            if !isIntroducer, 0x40...0x7E ~= byte { return }
            isFirst = false
        }
    }

    private static func hasMore(_ descriptor: Int32) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&waiting, 1, 100) > 0
    }

    /// What a key stands for in a terminal's settings.
    private enum Key {
        case enter, end, erase, eraseWord, eraseAll, escape, ignored, other
        case signal(Int32)

        init(_ byte: UInt8, in settings: termios) {
            var settings = settings
            self = unsafe withUnsafeBytes(of: &settings.c_cc) { keys in
                switch byte {
                case UInt8(ascii: "\n"): .enter
                // An unset key is 0.
                case 0: .ignored
                case unsafe keys[Int(VINTR)]: .signal(SIGINT)
                case unsafe keys[Int(VQUIT)]: .signal(SIGQUIT)
                case unsafe keys[Int(VSUSP)]: .signal(SIGTSTP)
                case unsafe keys[Int(VEOF)]: .end
                case unsafe keys[Int(VERASE)], 0x08, 0x7F: .erase
                case unsafe keys[Int(VWERASE)]: .eraseWord
                case unsafe keys[Int(VKILL)]: .eraseAll
                case 0x1B: .escape
                case 0..<0x20 where byte != UInt8(ascii: "\t"): .ignored
                default: .other
                }
            }
        }
    }
}
