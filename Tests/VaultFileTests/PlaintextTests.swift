import Sealing
import Testing
import Tokens

@testable import VaultFile

/// What stands in a payload once it is open (FORMAT §3).
@Suite struct PlaintextTests {
    private static let schema = Array("{\"schema\":1}\n".utf8)

    private static func padded(_ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: UInt32(body.count))
        bytes += body
        return bytes + [UInt8](repeating: 0, count: (4096 - bytes.count % 4096) % 4096)
    }

    private func decode(_ bytes: [UInt8]) throws -> [String] {
        try Plaintext.decode(bytes.span).all.map(\.name.text)
    }

    private func decode(lines: String) throws -> [String] {
        try decode(Self.padded(Self.schema + Array(lines.utf8)))
    }

    @Test func linesAreRecords() throws {
        #expect(try decode(lines: "") == [])
        let long = String(repeating: "n", count: 128)
        #expect(
            try decode(lines: "A\t{}\nB.b-c_1\t{}\n_vault\t{}\na/b\t{}\n\(long)\t{\"é\u{7F}\":1}\n")
                == ["A", "B.b-c_1", "_vault", "a/b", long])
        // What is inside a record is looked at where it is used.
        #expect(try decode(lines: "A\tnot JSON\n") == ["A"])
    }

    @Test(arguments: [
        "A\t{}", "A{}\n", "\n", "\t{}\n", "A\t{}\n\nB\t{}\n", "B\t{}\nA\t{}\n", "A\t{}\nA\t{}\n", "a\t{}\nB\t{}\n",
        "A\t{\t}\n", "A\t{}\r\n", "A\t{\u{0}}\n", "A\t{\u{1F}}\n", "A\u{0}\t{}\n", ".A\t{}\n", "A b\t{}\n", "é\t{}\n",
        "A/\t{}\n", "/A\t{}\n", "a/b/c\t{}\n", "_\t{}\n", "__a\t{}\n", "-\t{}\n",
        String(repeating: "n", count: 129) + "\t{}\n",
    ])
    func otherLinesAreRefused(_ lines: String) {
        #expect(refusal { try decode(lines: lines) } == "malformed")
    }

    @Test(arguments: ["", "{\"schema\":1}", "{\"schema\":2}\n", "{\"schema\": 1}\n", "A\t{}\n{\"schema\":1}\n"])
    func anotherFirstLineIsNotSupported(_ body: String) {
        let expected = body.isEmpty || body.hasSuffix("\n") ? "unsupported" : "malformed"
        #expect(refusal { try decode(Self.padded(Array(body.utf8))) } == expected)
    }

    @Test(arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func whatIsNotUTF8IsRefused(_ bytes: [UInt8]) {
        let line = Array("A\t{\"".utf8) + bytes + Array("\":1}\n".utf8)
        #expect(refusal { try decode(Self.padded(Self.schema + line)) } == "malformed")
    }

    @Test func lengthAndPaddingHaveToFit() {
        let good = Self.padded(Self.schema)
        #expect(refusal { try decode(good) } == "nothing")
        for index in [4 + Self.schema.count, 4095] {
            var bad = good
            bad[index] = 1
            #expect(refusal { try decode(bad) } == "malformed", "padding at \(index)")
        }
        let lengths: [UInt32] = [0, 12, 14, 4093, 8188, 1 << 28 - 3, 1 << 28, 1 << 31, .max - 3, .max]
        for length in lengths {
            var bad: [UInt8] = []
            bad.append(bigEndian: length)
            #expect(refusal { try decode(bad + good.dropFirst(4)) } != "nothing", "length \(length)")
        }
        #expect(refusal { try decode(good + [UInt8](repeating: 0, count: 4096)) } == "malformed", "a block too many")
    }

    @Test func whatIsWrittenComesBackInWholeBlocks() throws {
        for size in [0, 1, 4000, 4096 - 4 - 13 - 39, 4096 - 4 - 13 - 38, 9000] {
            var records = Records()
            try records.set("A".name, secret: Secret(String(repeating: "x", count: size)), at: 1)
            try Plaintext.encode(records).withSpan { bytes in
                #expect(bytes.count % 4096 == 0)
                let again = try Plaintext.decode(bytes)
                #expect(again.all.map(\.json) == records.all.map(\.json))
                #expect(bytes.count == (4 + 13 + 3 + records.all[0].json.count + 4095) / 4096 * 4096)
            }
        }
    }
}
