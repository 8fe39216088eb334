import Tokens

extension ExportFormat {
    /// A file to source from fish: its single quotes keep every byte but `'` and `\`.
    static let fish = ExportFormat(
        name: "fish", firstLine: "# \(notice)", names: .identifiers(except: fishNames, keeper: "fish"), isText: false
    ) { values in
        values.flatMap { value in
            let escaped = value.value.replacing { byte in
                switch byte {
                case UInt8(ascii: "'"): #"\'"#
                case UInt8(ascii: "\\"): #"\\"#
                default: nil
                }
            }
            return [Secret("set -gx \(value.name) '"), escaped, Secret("'\n")]
        }
    }

    /// Variables that cannot be set, or do not keep what they are set to (fish's manual, "Special variables").
    private static let fishNames: Set = [
        "CMD_DURATION", "COLUMNS", "FISH_VERSION", "LINES", "PWD", "SHLVL", "_", "fish_kill_signal", "fish_killring",
        "fish_pid", "history", "hostname", "pipestatus", "status", "status_generation", "umask", "version",
    ]
}
