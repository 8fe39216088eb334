import Host
import Testing

/// One case of a published set.
struct Vector: Sendable {
    private let fields: [Substring: Substring]

    init(_ block: Substring) {
        let lines = block.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 2) }
        fields = Dictionary(uniqueKeysWithValues: lines.map { ($0[0], $0.count == 3 ? $0[2] : "") })
    }

    /// Where it stands in its source.
    var id: String { String(fields["id"] ?? "a case without an id") }

    /// Whether its source calls it valid; one that has to be refused says `invalid`.
    func isValid() throws -> Bool {
        let result = try text("result")
        try #require(["valid", "invalid"].contains(result), "\(id)")
        return result == "valid"
    }

    /// Whether it has that field.
    func has(_ name: Substring) -> Bool { fields[name] != nil }

    /// A field of hexadecimal digits.
    func bytes(_ name: Substring) throws -> [UInt8] { SealingTests.bytes(try text(name)) }

    /// A field that is a number.
    func number(_ name: Substring) throws -> Int { try #require(Int(try text(name)), "\(id): \(name)") }

    private func text(_ name: Substring) throws -> String {
        String(try #require(fields[name], "\(id) has no \(name)"))
    }

    /// The cases of a file that Scripts/pick-crypto-vectors made, as many as its first lines say, and not none.
    static func all(of file: String) throws -> [Vector] {
        let path = FileSystem.folder(of: #filePath) + "/Vectors/\(file).txt"
        let text = String(decoding: try #require(try FileSystem.contents(of: path, limit: 1 << 20)), as: UTF8.self)
        let blocks = text.split(separator: "\n\n")
        let head = try #require(blocks.first).split(separator: "\n")
        let vectors = blocks.dropFirst().map(Vector.init)
        try #require(!vectors.isEmpty && head.contains("# cases: \(vectors.count)"), "\(file): \(vectors.count)")
        let invalid = try vectors.count { try $0.has("result") && !$0.isValid() }
        try #require(head.contains("# invalid: \(invalid)"), "\(file): \(invalid) invalid")
        return vectors
    }
}
