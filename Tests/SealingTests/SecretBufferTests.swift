import Glibc
import Sealing
import Testing

@Suite struct SecretBufferTests {
    @Test func aNewBufferHoldsZerosUntilItIsFilled() {
        #expect(bytes(of: SecretBuffer(count: 5) { _ in }) == [0, 0, 0, 0, 0])
        #expect(
            bytes(of: SecretBuffer(count: 3) { for index in $0.indices { $0[index] = UInt8(index) } }) == [0, 1, 2])
    }

    @Test func aCopyIsItsSourceAndNotBoundToIt() {
        var source: [UInt8] = [1, 2, 3]
        let copy = SecretBuffer(source.span)
        source[0] = 9
        #expect(bytes(of: copy) == [1, 2, 3])
    }

    @Test func noBytesAreABufferToo() throws {
        #expect(bytes(of: SecretBuffer(count: 0) { _ in }).isEmpty)
        #expect(bytes(of: SecretBuffer(Span())).isEmpty)
        #expect(SecretBuffer(randomCount: 0).count == 0)
        #expect(Randomness.system.bytes(0).isEmpty)
        #expect(try AESGCM.open(zero.span, key: zero32.span, nonce: zero12.span, authenticating: Span()).count == 0)
    }

    /// The tag of the empty text under the zero key and nonce: case 13 of the GCM specification (McGrew and Viega).
    private let zero = bytes("530f8afbc74536b9a963b4f1c4cb738b")
    private let zero32 = [UInt8](repeating: 0, count: 32)
    private let zero12 = [UInt8](repeating: 0, count: 12)

    @Test func whatTheFillThrowsComesOut() {
        struct Refusal: Error, Equatable {}
        #expect(throws: Refusal()) {
            _ = try SecretBuffer(count: 4) { (span: inout MutableSpan<UInt8>) throws(Refusal) in
                span[0] = 1
                throw Refusal()
            }
        }
    }

    @Test func whatTheBorrowerThrowsOrReturnsComesOut() {
        struct Refusal: Error, Equatable {}
        let source: [UInt8] = [1, 2, 3]
        let buffer = SecretBuffer(source.span)
        #expect(throws: Refusal()) { try buffer.withSpan { (_) throws(Refusal) in throw Refusal() } }
        #expect(buffer.withSpan { span in span[1] } == 2)
    }

    @Test(arguments: [
        ([], [], true), ([], [0], false), ([0], [], false), ([0], [0], true), ([0], [1], false), ([1], [0], false),
        ([1, 2, 3], [1, 2, 3], true), ([1, 2, 3], [1, 2], false), ([1, 2], [1, 2, 3], false),
        ([1, 2, 3], [9, 2, 3], false), ([1, 2, 3], [1, 9, 3], false), ([1, 2, 3], [1, 2, 9], false),
        ([0x80, 0], [0, 0x80], false),
    ])
    func equalityIsThatOfBytes(a: [UInt8], b: [UInt8], equal: Bool) {
        #expect(equalInConstantTime(a.span, b.span) == equal)
        let left = SecretBuffer(a.span)
        let right = SecretBuffer(b.span)
        #expect(left.withSpan { left in right.withSpan { right in equalInConstantTime(left, right) } } == equal)
    }

    @Test func randomBytesDoNotRepeat() {
        let draws =
            (0..<100).map { _ in Randomness.system.bytes(16) }
            + (0..<100).map { _ in bytes(of: .init(randomCount: 16)) }
        #expect(Set(draws).count == 200)
        #expect(draws.allSatisfy { $0.count == 16 })
    }
}

extension SecretBufferTests {
    @Test func roomThatIsNotUsedIsNotKept() throws {
        struct Refusal: Error, Equatable {}
        let buffer = SecretBuffer(capacity: 1 << 30) { room in for byte in 1...3 { room.append(UInt8(byte)) } }
        #expect(bytes(of: buffer) == [1, 2, 3])
        #expect(bytes(of: SecretBuffer(capacity: 0) { _ in }).isEmpty)
        #expect(throws: Refusal()) {
            _ = try SecretBuffer(capacity: 3) { (room: inout OutputSpan<UInt8>) throws(Refusal) in
                room.append(1)
                throw Refusal()
            }
        }
    }

    @Test func aKeysMemoryIsLockedAsLongAsItLives() async {
        await #expect(processExitsWith: .success) {
            func locked() throws -> Int {
                var text = [UInt8](repeating: 0, count: 8192)
                let file = unsafe open("/proc/self/status", O_RDONLY)
                let count = unsafe read(file, &text, text.count)
                close(file)
                let lines = String(decoding: text[..<count], as: UTF8.self).split(separator: "\n")
                let line = try #require(lines.first { $0.hasPrefix("VmLck:") })
                return try #require(Int(line.filter(\.isNumber)))
            }
            let before = try locked()
            let value = SecretBuffer(count: 32) { _ in }
            #expect(try locked() == before)
            func hold() throws {
                let key = SecretBuffer(randomCount: 32)
                #expect(try locked() == before + 4, "one page")
                #expect(!SecretBuffer.hasUnlockedKeys && key.count == value.count)
            }
            try hold()
            #expect(try locked() == before)
        }
    }

    @Test func thatAKeyCouldNotBeLockedIsKnown() async {
        await #expect(processExitsWith: .success) {
            var none = rlimit()
            let isLimited = unsafe setrlimit(__rlimit_resource_t(8), &none) == 0
            #expect(isLimited)
            // Root may lock whatever the limit says.
            if geteuid() == 0 { #expect(setuid(65534) == 0) }
            let key = SecretBuffer(randomCount: 32)
            #expect(SecretBuffer.hasUnlockedKeys && key.count == 32)
        }
    }
}
