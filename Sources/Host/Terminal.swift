internal import Glibc

/// The person's terminal, whatever the standard streams are.
package enum Terminal {
    /// Whether there is one.
    package static var isThere: Bool { (try? File("/dev/tty", .reading)) != nil }

    /// Asks a question and reads one line; with `hidden`, what is typed is not shown.
    ///
    /// Nil when the person ended the input instead of answering.
    package static func ask(_ question: String, hidden: Bool) throws(HostError) -> [UInt8]? {
        let descriptor = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", "/dev/tty") }
        defer { close(descriptor) }
        var before = termios()
        let isSet = unsafe tcgetattr(descriptor, &before) == 0
        if hidden, isSet {
            var silent = before
            silent.c_lflag &= ~tcflag_t(ECHO)
            // Signals are held back until the echo is on again: a Ctrl-C must not leave a dumb terminal behind. It
            // ends the line instead, as Enter does; the terminal would keep it until then.
            silent.c_lflag &= ~tcflag_t(ISIG)
            unsafe withUnsafeMutableBytes(of: &silent.c_cc) { unsafe $0[Int(VEOL)] = 3 }
            unsafe tcsetattr(descriptor, TCSAFLUSH, &silent)
        }
        defer {
            if hidden, isSet {
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
            // 3 is Ctrl-C.
            if got == 0 || (hidden && byte == 3) { return line.isEmpty || byte == 3 ? nil : line }
            if byte == UInt8(ascii: "\n") { return line }
            line.append(byte)
        }
    }
}
