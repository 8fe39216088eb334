import Config
import Tokens

/// `tokenkeep.toml`.
enum ConfigTarget {
    static func feed(_ input: [UInt8]) {
        guard let text = String(validating: input.span) else { return }
        _ = try? Config.parse(text, path: "/srv/app/tokenkeep.toml")
    }
}
