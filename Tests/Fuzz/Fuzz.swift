import Imports

/// What an input is fed to, by the name of the target: the name under which the program runs.
private let targets: [String: @Sendable ([UInt8]) throws -> Void] = [
    "vault": VaultTarget.feedFile,
    "records": VaultTarget.feedRecords,
    "journal": JournalTarget.feed,
    "config": ConfigTarget.feed,
    "answer": AnswerTarget.feed,
    "callback": CallbackTarget.feed,
    "javascript": { ImportTarget.feed($0, as: .javascript) },
    "dotenv": { ImportTarget.feed($0, as: .dotenv) },
    "yaml": { ImportTarget.feed($0, as: .yaml) },
    "json": { ImportTarget.feed($0, as: .json) },
]

private let target: @Sendable ([UInt8]) throws -> Void = {
    let name = String(CommandLine.arguments[0].split(separator: "/").last ?? "")
    guard let target = targets[name] else { fatalError("no target \(name)") }
    return target
}()

/// Takes one input; `Harness.c` counts the memory that this needs. An error ends the program as a trap does: what a target
/// expects of an input that is refused, it catches.
@c(tokenkeep_fuzz) public func fuzz(_ data: UnsafePointer<UInt8>?, _ size: Int) {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    do { try target(input) } catch { fatalError("\(error)") }
}
