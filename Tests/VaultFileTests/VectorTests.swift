import Host
import Sealing
import Testing
import Tokens

@testable import VaultFile

/// A vault that Scripts/make-vectors wrote, what opens it, and how that ends; the form is described there.
struct Vector: Sendable, CustomTestStringConvertible {
    let name: String
    private let fields: [String: String]
    /// The vault.
    let bytes: [UInt8]

    var testDescription: String { name }
    var what: Comment { Comment(rawValue: fields["what"] ?? "") }
    var pin: String? { fields["pin"] }

    static let folder = FileSystem.folder(of: #filePath) + "/Vectors"
    /// All of them, by name; one that cannot be read is none, and is missed below.
    static let all = names.compactMap { try? Vector($0) }
    static let names = FileSystem.names(in: folder).filter { $0.hasSuffix(".vector") }.sorted()

    private init(_ name: String) throws {
        let file = try #require(try FileSystem.contents(of: Self.folder + "/" + name, limit: 1 << 20))
        let end = try #require(file.indices.dropLast().first { file[$0] == 0x0A && file[$0 + 1] == 0x0A })
        var fields: [String: String] = [:]
        for line in String(decoding: file[..<end], as: UTF8.self).split(separator: "\n") {
            let colon = try #require(line.firstRange(of: ": "))
            fields[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
        }
        (self.name, self.fields, bytes) = (name, fields, Array(file[(end + 2)...]))
    }

    /// What it is opened with.
    func secret() throws -> UnlockSecret {
        if let key = fields["key"] { return .rawKey(try KeyText.decode(Secret(key))) }
        return try UnlockSecret(passphrase: Secret(try #require(fields["passphrase"])))
    }

    /// The case of `VaultError` that opening ends with, or a command where that is said to end otherwise.
    func refusal(_ command: String? = nil) throws -> String {
        let word = try #require(command.flatMap { fields[$0] } ?? fields["expect"])
        if word == "wrong key or passphrase" { return fields["key"] == nil ? "wrongPassphrase" : "wrongKey" }
        return try #require(Self.cases[word], "\(word)")
    }

    /// Whether a field is broken that can be seen without any key.
    var isRefusedUnopened: Bool {
        ["not a vault", "unsupported version", "malformed"].contains(fields["expect"]) && fields["key list"] == nil
    }

    private static let cases = [
        "opens": "nothing", "not a vault": "notAVault", "unsupported version": "unsupported", "malformed": "malformed",
        "slot damaged": "slotDamaged", "header altered": "headerAltered", "payload altered": "payloadAltered",
        "older": "older", "record": "RecordError", "not there": "nothing",
    ]
}

/// Vaults on which every field of the format is at its limits, or past them (FORMAT §1 to §4).
@Suite struct VectorTests {
    @Test(arguments: Vector.all) func eachVectorEndsAsItSays(_ vector: Vector) throws {
        let place = try Place()
        try place.write("vault", vector.bytes)
        // It is not one that a test wrote.
        defer { try? FileSystem.remove(place.folder + "/vault") }
        if let pin = vector.pin {
            try #require(FileSystem.makePrivate(folder: place.folder + "/state"))
            try place.write("state/" + hexadecimal(vector.bytes.span.extracting(16..<32)) + ".pin", Array(pin.utf8))
        }
        let state = StateFolders(own: [place.folder + "/state"], beside: [])
        let file = try VaultFile(path: place.file.path, state: state)
        var vault: OpenVault?
        let end = refusal { vault = try file.read(unlocking: try vector.secret()) }
        #expect(end == (try vector.refusal()), vector.what)
        let headerEnd = vector.isRefusedUnopened ? end : "nothing"
        #expect(refusal { try file.readHeader() } == headerEnd, vector.what)
        if vector.isRefusedUnopened {
            #expect(refusal { try file.read(unlocking: .newRawKey()) } == end, "with any key")
        }
        guard let records = vault?.records else { return }
        #expect(refusal { try records.check() } == (try vector.refusal("list")), vector.what)
        #expect(refusal { try records.secret("GREETING".name) } == (try vector.refusal("get")), vector.what)
    }

    @Test func thereAreVectorsOfEveryClass() throws {
        #expect(Vector.all.count == Vector.names.count && Vector.all.count >= 80)
        let classes = try Set(Vector.all.flatMap { try [$0.refusal(), $0.refusal("list")] })
        #expect(
            classes == [
                "nothing", "notAVault", "unsupported", "malformed", "wrongKey", "wrongPassphrase", "slotDamaged",
                "headerAltered", "payloadAltered", "older", "RecordError",
            ])
    }

    @Test func theScriptMakesThemByteForByte() async throws {
        let python = await ChildProcess.run(["python3", "--version"], environment: ThisProcess.environment)
        guard python.end == .exited(0) else {
            withKnownIssue("SKIPPED: there is no python3, so the vectors were NOT made anew") {
                Issue.record("missing")
            }
            return
        }
        let place = try Place()
        let folder = place.folder + "/made"
        try await place.run([FileSystem.folder(of: #filePath) + "/../../Scripts/make-vectors", folder])
        let names = FileSystem.names(in: folder).filter { $0.hasSuffix(".vector") }
        #expect(Set(names).symmetricDifference(Vector.names) == [])
        for name in Vector.names {
            let made = try FileSystem.contents(of: folder + "/" + name, limit: 1 << 20)
            #expect(try made == FileSystem.contents(of: Vector.folder + "/" + name, limit: 1 << 20), "\(name)")
        }
    }
}
