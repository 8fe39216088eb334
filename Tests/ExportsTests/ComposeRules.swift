/// What docker compose v2 reads in an `env_file`, from the rules in compose-go's `dotenv/parser.go`: no reader, but a
/// second reading of the same text, for machines without one.
enum ComposeRules {
    /// The values by their names; nil where compose refuses the file, or would replace a variable.
    ///
    /// Early releases, whose parser was still close to godotenv's, read some things otherwise.
    static func read(_ file: [UInt8], isOld: Bool) -> [String: [UInt8]]? {
        var values: [String: [UInt8]] = [:]
        var rest = file[...]
        while true {
            rest = rest.drop { isBlank($0) || $0 == UInt8(ascii: "\n") }
            guard let first = rest.first else { return values }
            if first == UInt8(ascii: "#") {
                rest = rest.drop { $0 != UInt8(ascii: "\n") }
                continue
            }
            let name = String(decoding: rest.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
            guard !name.contains(where: { !$0.isLetter && !$0.isNumber && !"_.-[]".contains($0) }) else { return nil }
            rest = rest.dropFirst(name.utf8.count + 1).drop(while: isBlank)
            guard let value = value(&rest, isOld) else { return nil }
            values[isOld && name.hasPrefix("export") ? String(name.dropFirst(6)) : name] = value
        }
    }

    private static func value(_ rest: inout ArraySlice<UInt8>, _ isOld: Bool) -> [UInt8]? {
        guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest.dropFirst(line.count)
            let comment =
                isOld
                ? line.firstIndex(of: UInt8(ascii: "#"))
                : line.indices.dropFirst().first {
                    line[$0] == UInt8(ascii: "#") && line[$0 - 1] == UInt8(ascii: " ")
                }
            var value = line[..<(comment ?? line.endIndex)]
            while let last = value.last, isBlank(last) { value.removeLast() }
            return expanded(value)
        }
        guard
            let end = rest.indices.dropFirst().first(where: {
                rest[$0] == quote && rest[$0 - 1] != UInt8(ascii: "\\")
            })
        else { return nil }
        var value = rest[rest.startIndex..<end].dropFirst()
        rest = rest[(end + 1)...]
        if isOld {
            while value.last == quote { value.removeLast() }
            value = value.drop { $0 == quote }
        }
        if quote == UInt8(ascii: "\"") { return unescaped(value, isOld) }
        let text = String(decoding: value, as: UTF8.self)
        return isOld ? Array(value) : Array(text.replacing("\\'", with: "'").utf8)
    }

    private static func unescaped(_ value: ArraySlice<UInt8>, _ isOld: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            let next = index + 1 < value.endIndex ? value[index + 1] : 0
            if value[index] == UInt8(ascii: "\\"), next != 0, isOld || "abcfnrtv$\"\\0".utf8.contains(next) {
                switch next {
                case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "r"): result.append(UInt8(ascii: "\r"))
                case UInt8(ascii: "t") where !isOld: result.append(UInt8(ascii: "\t"))
                // The other escapes of characters, which nothing here writes.
                case UInt8(ascii: "a")...UInt8(ascii: "v") where !isOld: return nil
                default: result.append(next)
                }
                index += 2
            } else if value[index] == UInt8(ascii: "$"), expanded([UInt8(ascii: "$"), next]) == nil {
                return nil
            } else {
                result.append(value[index])
                index += 1
            }
        }
        return result
    }

    /// The text, if no variable is replaced in it.
    private static func expanded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let isReplaced = zip(text, text.dropFirst()).contains { one, next in
            one == UInt8(ascii: "$") && (Character(Unicode.Scalar(next)).isLetter || "_{$".utf8.contains(next))
        }
        return isReplaced ? nil : Array(text)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { " \t\u{B}\u{C}\r".utf8.contains(byte) }
}
