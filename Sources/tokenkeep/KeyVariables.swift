import Host
import Synchronization
import Tokens

/// The environment variables that hold what unlocks a vault. They are taken out of the environment before anything else is
/// done, whatever the command: no child inherits them, and `/proc/PID/environ` does not show them.
enum KeyVariables {
    private static let names = ["TOKENKEEP_KEY", "TOKENKEEP_PASSPHRASE", "TOKENKEEP_NEW_PASSPHRASE"]
    private static let taken = Mutex<[String: Secret]>([:])

    /// Takes them; once, while the process has one thread.
    static func take() {
        for name in names {
            guard let value = ThisProcess.takeVariable(name) else { continue }
            let secret = Secret(value)
            taken.withLock { $0[name] = secret }
        }
    }

    /// Forgets them, when all is done: what stands in a global stands there until the process is gone.
    static func forget() { taken.withLock { $0 = [:] } }

    /// The value of one; an empty one counts as absent.
    static func setting(_ name: String) -> Secret? { taken.withLock { $0[name] }.flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether one is set, and empty.
    static func isEmpty(_ name: String) -> Bool { taken.withLock { $0[name] }?.isEmpty ?? false }
}
