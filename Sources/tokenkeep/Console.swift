import ArgumentParser
import Host
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
    static func say(_ words: String) { try? ThisProcess.write((words + "\n").utf8.span, to: 2) }

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
            complain("tokenkeep", Failure(.wrongUse, Tokenkeep.message(for: error), hint: hint))
            return Failure.Status.wrongUse.rawValue
        }
        let failure = Failure(error)
        if !failure.isSilent { complain("tokenkeep", failure) }
        return failure.status.rawValue
    }

    /// All of standard input.
    static func standardInput(limit: Int = 16 << 20) throws -> [UInt8] {
        do { return try ThisProcess.standardInput(limit: limit) } catch {
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
