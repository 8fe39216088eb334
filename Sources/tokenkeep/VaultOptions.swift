import ArgumentParser
import Config

/// A duration on the command line, written as in the config.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration
    let defaultValueDescription: String

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) else { return nil }
        self.duration = duration
        defaultValueDescription = argument
    }

    /// A duration in whole seconds, for a default.
    init(seconds: Int64) {
        duration = .seconds(seconds)
        defaultValueDescription = "\(seconds)s"
    }
}

/// What every command that opens a vault takes.
struct VaultOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The config; else TOKENKEEP_CONFIG, else the nearest tokenkeep.toml upwards.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("The vault; else TOKENKEEP_VAULT, else the config's.", valueName: "file"))
    var vault: String?

    @Option(help: ArgumentHelp("Read the key from this open descriptor.", valueName: "n"))
    var keyFd: Int32?

    @Option(help: ArgumentHelp("Read the key from this file.", valueName: "file"))
    var keyFile: String?

    @Option(help: ArgumentHelp("Run this with sh and read the key from its output.", valueName: "command"))
    var keyCommand: String?

    @Flag(help: "Take a key file that others can read.")
    var allowReadableKey = false

    @Flag(help: "Take a vault that is older than the one last seen on this machine; its refresh tokens may be spent.")
    var acceptOlder = false

    @Option(help: ArgumentHelp("How long to wait for the lock.", valueName: "duration"))
    var lockWait = DurationArgument(seconds: 45)

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say what is done.")
    var verbose = false
}

/// Where a new key goes.
struct NewKeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write the new key to this new file (0600) instead of standard output.", valueName: "file"))
    var keyOut: String?

    @Flag(help: "Unlock with a passphrase instead of a raw key.")
    var passphrase = false

    func validate() throws {
        guard keyOut != "" else { throw ValidationError("--key-out names no file") }
        guard keyOut == nil || !passphrase else {
            throw ValidationError("--key-out is for a raw key, and --passphrase makes none")
        }
    }
}
