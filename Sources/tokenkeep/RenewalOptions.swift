import ArgumentParser
import Host

/// What every command that may ask a provider takes.
struct RenewalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long one request may take.", valueName: "duration"))
    var timeout = DurationArgument(seconds: 30)

    @Flag(help: "Ask no provider, as TOKENKEEP_OFFLINE=1 does: for copies of a vault.")
    var offline = false

    func validate() throws {
        guard timeout.duration > .zero else { throw ValidationError("--timeout leaves no time for a request") }
    }

    /// Whether requests are forbidden.
    var isOffline: Bool {
        guard let setting = ThisProcess.setting("TOKENKEEP_OFFLINE") else { return offline }
        return offline || setting != "0"
    }

    /// Refuses what cannot be done without a request.
    func requireOnline() throws {
        guard !isOffline else {
            throw Failure(
                .wrongUse, "this command asks the provider, and --offline or TOKENKEEP_OFFLINE forbids that",
                hint: "run it where the vault itself is kept, not on a copy")
        }
    }
}
