import ArgumentParser
import Host
import Sealing
import Synchronization
import Tokens

/// Values on standard output, words on standard error.
enum Console {
    /// Prints a value and a newline.
    static func print(_ value: Secret, newline: Bool = true) throws {
        try value.withSpan { span throws(HostError) in try ThisProcess.write(span, to: 1) }
        if newline { try ThisProcess.write("\n".utf8.span, to: 1) }
    }

    /// Prints a text that is no secret.
    static func print(_ text: String) throws { try print(Secret(text)) }

    /// Says something to the person; that nobody reads it is no error.
    static func say(_ words: String) {
        clearProgress()
        try? ThisProcess.write((plain(withoutKeys(words)) + "\n").utf8.span, to: 2)
    }

    /// A text without control characters but line ends: what stands in a vault steers no terminal.
    static func plain(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { $0 == "\n" || $0.properties.generalCategory != .control }
        return String(String.UnicodeScalarView(kept))
    }

    /// Whether somebody wants to know what is not needed when all is well.
    static let isVerbose = Atomic(false)

    /// Says, where somebody wants to know, that a key of this process was not in locked memory.
    static func sayUnlockedKeys() {
        guard isVerbose.load(ordering: .relaxed), SecretBuffer.hasUnlockedKeys else { return }
        say(
            "keys stood in memory that could not be locked, and can have reached swap\nhint: raise the limit on locked memory to 1 MiB: ulimit -l, or LimitMEMLOCK= in a unit of systemd"
        )
    }

    private static let isProgressShown = Atomic(false)

    /// Shows how far the work has come, in one line that the next one overwrites; on a terminal only.
    static func progress(_ words: String) {
        guard ThisProcess.isTerminal(2) else { return }
        isProgressShown.store(true, ordering: .relaxed)
        try? ThisProcess.write("\r\u{1B}[K\(words)".utf8.span, to: 2)
    }

    /// Takes that line away.
    static func clearProgress() {
        guard isProgressShown.exchange(false, ordering: .relaxed) else { return }
        try? ThisProcess.write("\r\u{1B}[K".utf8.span, to: 2)
    }

    /// The words without any key that was given where a name or a path is expected.
    private static func withoutKeys(_ words: String) -> String {
        let parts = words.split(separator: "tkk1_", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(String(parts[0])) { words, part in
            let rest = part.drop { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
            return words + "tkk1_" + (rest.count < part.count ? "…" : "") + rest
        }
    }

    /// Says what happened and what mends it.
    static func complain(_ subject: String, _ failure: Failure) {
        say("\(subject): \(failure.message)\nhint: \(failure.hint)")
    }

    /// Reports how the process ends and returns its status.
    static func report(_ error: any Error) -> Int32 {
        if let end = error as? ExitCode { return end.rawValue }
        // The parser's own errors carry its help, or what was wrong with the words.
        let isParsers = !(error is Failure) && Tokenkeep.exitCode(for: error) != .failure
        if isParsers {
            if Tokenkeep.exitCode(for: error) == .success {
                do { try print(Tokenkeep.fullMessage(for: error)) } catch { return report(error) }
                return 0
            }
            let command = LeadingOptions.command(of: Array(CommandLine.arguments.dropFirst()))
            let hint = (["see: tokenkeep help"] + command).joined(separator: " ")
            complain(
                "tokenkeep", Failure(.wrongUse, hidingValues(in: Tokenkeep.message(for: error), command), hint: hint))
            return Failure.Status.wrongUse.rawValue
        }
        let failure = Failure(error)
        if !failure.isSilent { complain("tokenkeep", failure) }
        return failure.status.rawValue
    }

    /// A message of the parser without what it repeats of the command line, but for names of options and commands: a
    /// value in a wrong place may be a secret.
    private static func hidingValues(in message: String, _ command: [String]) -> String {
        CommandLine.arguments.dropFirst().reduce(message) { message, argument in
            // A name of an option that could be one.
            let isOption =
                argument.hasPrefix("-") && argument.prefix { $0 != "=" }.allSatisfy { "a"..."z" ~= $0 || $0 == "-" }
            let value = isOption ? String(argument.drop { $0 != "=" }.dropFirst()) : argument
            // The first word that is none of ours is the command that there is not.
            guard !value.isEmpty, isOption || !command.isEmpty, !command.contains(value) else { return message }
            return message.replacing(value + "'", with: "…'")
        }
    }

    /// Asks a question at the terminal; nil when it was not answered.
    static func ask(_ question: String, hidden: Bool, isKey: Bool = false) throws -> Secret? {
        guard let typed = try Terminal.ask(question, hidden: hidden, isKey: isKey) else { return nil }
        return Secret(typed)
    }

    /// All of standard input.
    static func standardInput(limit: Int = 16 << 20) throws -> Secret {
        do { return Secret(try ThisProcess.standardInput(limit: limit)) } catch {
            guard error.code == fileTooLarge else { throw error }
            throw Failure(
                .wrongUse, "standard input holds more than \(limit >> 20) MiB",
                hint: "keep large data elsewhere, and its key here")
        }
    }

    /// Prints one JSON object.
    static func print(_ object: JSONObject) throws {
        var object = object
        object.set("schema", Int64(1))
        try print(object.encoded())
    }
}
