import Glibc
import Sealing
import Testing

@testable import Transport

/// Where a secret stays in this process after it was sent.
@Suite struct MemoryTests {
    @Test func noCopyOfASecretStaysBehind() async throws {
        // The server is in the parent's memory, and what it says is put together there.
        let server = try ScriptedServer(answer: "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n" + Marker(seed: 3).text)
        await #expect(processExitsWith: .success) { [url = server.url as String] in
            let (body, header, answered) = (Marker(seed: 1), Marker(seed: 2), Marker(seed: 3))
            let request = HTTPRequest(
                .post(body: HTTPBody(SecretBuffer(body.bytes.span))), try EndpointURL(url),
                headers: [("Authorization", header.text)])
            // Freed memory is soon used for other things: of eight threads, one at least leaves what is not wiped.
            let deliveries = try await withThrowingTaskGroup(of: Delivery.self) { group in
                for _ in 1...8 { group.addTask { try await send(request) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let (inBody, inHeader, inAnswer) = try (body.count(), header.count(), answered.count())
            #expect(inBody == 1, "the caller's own alone")
            #expect(inHeader == 1, "the caller's own alone")
            #expect(inAnswer == deliveries.count, "those handed over alone")
            withExtendedLifetime((request, deliveries)) {}
        }
    }
}

/// A text of 24 letters that can be looked for without being in memory itself.
private struct Marker {
    let seed: UInt8

    /// The text's bytes, made by arithmetic one at a time.
    var bytes: [UInt8] { (0..<24).map(byte) }

    /// The text, without bytes elsewhere.
    var text: String {
        unsafe String(unsafeUninitializedCapacity: 24) { buffer in
            for place in 0..<24 { unsafe buffer[place] = byte(place) }
            return 24
        }
    }

    private func byte(_ place: Int) -> UInt8 {
        UInt8(ascii: "A") + UInt8((Int(seed) * 7 + place * (3 + Int(seed))) % 26)
    }

    /// How often the text is in writable memory.
    func count() throws -> Int {
        var maps = ""
        let descriptor = unsafe open("/proc/self/maps", O_RDONLY)
        guard descriptor >= 0 else { throw Socket.Failure() }
        defer { close(descriptor) }
        while let bytes = Socket.read(descriptor) { maps += String(decoding: bytes, as: UTF8.self) }
        var count = 0
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard fields[1].hasPrefix("rw"), let start = unsafe UnsafeRawPointer(bitPattern: ends[0]) else { continue }
            unsafe count += occurrences(from: start, to: start + Int(ends[1] - ends[0]))
        }
        return count
    }

    private func occurrences(from start: UnsafeRawPointer, to end: UnsafeRawPointer) -> Int {
        var (place, count) = unsafe (start, 0)
        // `memchr`, for there are many bytes.
        while unsafe end - place >= 24, let found = unsafe memchr(place, Int32(byte(0)), end - place - 23) {
            unsafe place = UnsafeRawPointer(found)
            let isHere = (1..<24).allSatisfy { unsafe place.load(fromByteOffset: $0, as: UInt8.self) == byte($0) }
            if isHere { count += 1 }
            unsafe place += 1
        }
        return count
    }
}
