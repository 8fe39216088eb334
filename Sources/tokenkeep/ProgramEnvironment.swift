import Host
import Tokens

/// The environment that a command is given.
struct ProgramEnvironment {
    /// One variable.
    typealias Variable = (name: String, value: Secret)

    /// Its entries, `NAME=value` and a NUL each, in memory that is wiped.
    let block: Secret
    /// What each entry takes of the block.
    private let sizes: [(name: String, size: Int)]

    /// What was inherited, less what is tokenkeep's own, and these variables, which win over it.
    init(adding variables: [Variable]) throws {
        for (name, value) in variables
        where name.utf8.contains(UInt8(ascii: "=")) || name.utf8.contains(0) || value.hasNUL {
            throw Failure(
                .misconfigured, "\(name) cannot stand in an environment",
                hint: "leave it out with --only, or rename it")
        }
        let ours = Swift.Set(variables.map(\.name))
        var parts: [Secret] = []
        var sizes: [(name: String, size: Int)] = []
        let end = Secret([0])
        for entry in ThisProcess.environmentBlock {
            let name = String(decoding: entry.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
            guard !ours.contains(name), !name.hasPrefix("TOKENKEEP_") else { continue }
            parts += [Secret(entry), end]
            sizes.append((name, entry.count + 1))
        }
        for (name, value) in variables {
            parts += [Secret(name + "="), value, end]
            sizes.append((name, name.utf8.count + value.count + 2))
        }
        (block, self.sizes) = (Secret(joining: parts), sizes)
    }

    /// What the system takes no more of, in words without a value; nil where it takes all of it. `path` is the program's.
    func excess(with arguments: [String], _ path: String) -> String? {
        let largest = sizes.sorted { $0.size > $1.size }.prefix(3)
        if let one = largest.first, one.size > ThisProcess.largestArgument {
            return
                "\(one.name) has \(one.size) bytes, and of one variable the system takes \(ThisProcess.largestArgument), with name and NUL"
        }
        // Each has a pointer, too. The path counts, and of a script once more, with its first line, of 256 bytes at the most.
        let all = sizes.map(\.size) + arguments.map { $0.utf8.count + 1 }
        let total = all.reduce(2 * (path.utf8.count + 1) + 256) { $0 + $1 + 8 }
        guard total > ThisProcess.largestArguments else { return nil }
        let names = largest.map { "\($0.name) (\($0.size))" }.joined(separator: ", ")
        return
            "environment and arguments have \(total) bytes, and the system takes \(ThisProcess.largestArguments); the largest are \(names)"
    }
}
