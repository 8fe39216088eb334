import ArgumentParser
import Host
import Renewal
import Sealing

/// The command line's root.
struct Tokenkeep: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "tokenkeep",
        abstract: "An encrypted vault that gets OAuth tokens, keeps them fresh and hands them to apps.",
        discussion: """
            Start with `tokenkeep init`, then `tokenkeep connect NAME`; `tokenkeep refresh` is the cron job.

            Exit statuses:
              0  done                          64  wrong use
             10  a person must connect again   65  vault damaged or altered
             11  provider unavailable          66  nothing there
             12  asked, and no answer came     73  cannot write
             74  answer safe, vault not yet    75  locked
             77  key missing or wrong          78  config or client wrong
             79  vault is an old copy or fork   1  anything else
            """,
        version: version,
        subcommands: [
            Init.self, SetSecret.self, Get.self, List.self, Remove.self, Key.self, RefreshCommand.self, Status.self,
            Log.self,
            Export.self, RunCommand.self,
            Connect.self, Disconnect.self, Import.self, SandboxCommand.self,
        ])
}

/// Where the process begins and ends.
@main enum Main {
    static func main() async {
        ThisProcess.forbidDumps()
        LibraryMemory.wipeWhatIsFreed()
        KeyVariables.take()
        ThisProcess.fillStandardStreams()
        ThisProcess.ignoreBrokenPipes()
        do {
            // Swift finds them by way of /proc; without it every command would be the one that shows the help.
            guard !CommandLine.arguments.isEmpty else {
                throw Failure(
                    .other, "the command line cannot be read without /proc", hint: "mount -t proc proc /proc")
            }
            var command = try Tokenkeep.parseAsRoot(LeadingOptions.moved(Array(CommandLine.arguments.dropFirst())))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            KeyVariables.forget()
            Console.clearProgress()
            Console.sayUnlockedKeys()
            let status = error is Stopped && StopSignals.noted != nil ? 0 : Console.report(error)
            if let signal = StopSignals.noted { StopSignals.die(by: signal) }
            ThisProcess.exit(status)
        }
        KeyVariables.forget()
        Console.sayUnlockedKeys()
        if let signal = StopSignals.noted { StopSignals.die(by: signal) }
    }
}
