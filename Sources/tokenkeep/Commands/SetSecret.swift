import ArgumentParser
import Host
import Tokens
import VaultFile

struct SetSecret: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Keep a secret: asked for at the terminal, or read from standard input.",
        discussion: "Example: pass show stripe | tokenkeep set STRIPE_KEY")

    @OptionGroup var options: VaultOptions

    @Argument(help: "The secret's name.")
    var name: String

    @Flag(help: "Keep every byte of standard input, its last newline too, and an empty value.")
    var exact = false

    func run() async throws {
        let name = try RecordName(secret: name)
        let place = try Workplace(options)
        var value = Secret("")
        let session = try await place.open { value = try self.value() }
        try await place.naming(session.path) {
            guard try session.records.kind(name) != .connection else {
                throw Failure(
                    .wrongUse, "\(name) is a connection, and its tokens come from its provider",
                    hint: "choose another name, or: tokenkeep connect \(name)")
            }
            try session.records.set(name, secret: value, at: ThisProcess.now)
            try session.commit()
        }
        if options.verbose { place.say("\(name) is kept") }
    }

    private func value() throws -> Secret {
        var value: Secret
        if ThisProcess.isTerminal(0) {
            guard let typed = try Console.ask("Value of \(name): ", hidden: true) else {
                throw Failure(.wrongUse, "no value was given", hint: "type it, or hand it over on standard input")
            }
            value = typed
        } else {
            value = try Console.standardInput()
            if !exact {
                value = value.withSpan {
                    $0.count > 0 && $0[$0.count - 1] == 0x0A ? Secret($0.extracting(droppingLast: 1)) : value
                }
            }
        }
        guard exact || !value.isEmpty else {
            throw Failure(.wrongUse, "the value is empty", hint: "give one, or keep an empty one with --exact")
        }
        guard !value.hasNUL else {
            throw Failure(
                .wrongUse, "the value holds a NUL byte, which no environment or text file can carry",
                hint: "keep it in base64: base64 -w0 FILE | tokenkeep set \(name)")
        }
        guard value.withSpan({ (try? UTF8Span(validating: $0)) != nil }) else {
            throw Failure(
                .wrongUse, "the value is not UTF-8 text",
                hint: "keep it in base64: base64 -w0 FILE | tokenkeep set \(name)")
        }
        return value
    }
}

extension RecordName {
    /// Whether it is the name of a variable that this program reads, such as the one with its key.
    var isSetting: Bool {
        let settings = [
            "KEY", "KEY_FILE", "PASSPHRASE", "PASSPHRASE_FILE", "NEW_PASSPHRASE", "CONFIG", "VAULT", "OFFLINE",
        ]
        return text.hasPrefix("TOKENKEEP_") && settings.contains(String(text.dropFirst("TOKENKEEP_".count)))
    }

    /// The name of a secret, as a person typed it.
    init(secret text: String) throws {
        try self.init(typed: text)
        guard !isSetting else {
            throw Failure(
                .wrongUse, "\(text) is a setting of tokenkeep itself",
                hint: "choose another name: what is kept under it is handed to apps")
        }
        guard !hasTwoParts else {
            throw Failure(.wrongUse, "\(text) is a connection's name: a secret's has no /", hint: "leave the / out")
        }
    }

    /// A name as a person typed it.
    init(typed text: String) throws {
        guard let name = RecordName(text) else {
            throw Failure(
                .wrongUse, "that is not a name for a secret or a connection",
                hint: "use letters, digits, . _ - (first a letter or digit, at most 128), and one / in a connection's")
        }
        self = name
    }
}
