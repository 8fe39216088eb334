import LocalServer
import Sandbox
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct StateTests {
    private struct DiskFull: Error {}

    /// A file that can be made to fail.
    private final class File: Sendable {
        private let content = Mutex<[UInt8]?>(nil)
        private let isFull = Atomic(false)
        var bytes: [UInt8]? { content.withLock(\.self) }
        func fill(_ full: Bool) { isFull.store(full, ordering: .relaxed) }
        func save(_ bytes: [UInt8]) throws {
            guard !isFull.load(ordering: .relaxed) else { throw DiskFull() }
            content.withLock { $0 = bytes }
        }
    }

    @Test(arguments: Manners.allCases) func whatWasGrantedOutlivesARestart(manners: Manners) async throws {
        let file = File()
        var code = ""
        var unused = ""
        var spent = ""
        var access = ""
        var refresh = ""
        try await withSandbox(manners, save: file.save) { client in
            spent = try await client.connect()
            _ = try await client.refresh(spent)
            code = try await client.code()
            unused = try await client.code()
            let first = try await client.exchange(code)
            access = try #require(first?.text("access_token"))
            refresh = try #require(first?.text("refresh_token"))
        }
        try await withSandbox(manners, saved: file.bytes, save: file.save) { client in
            let statuses = [
                try await client.resource(access), try await client.refresh(refresh)?.status,
                try await client.exchange(unused)?.status,
            ]
            #expect(statuses == [200, 200, 200])
            #expect(try await client.families("alive") == 3)
            #expect(try await client.refresh(spent)?.text("error") == "invalid_grant")
            #expect(try await client.exchange(code)?.text("error") == "invalid_grant")
            #expect(try await client.families("revoked") == 2)
        }
        try await withSandbox(manners, saved: file.bytes) { client in
            let revoked = try await client.families("revoked")
            #expect(revoked == 2)
        }
    }

    @Test func nothingIsGivenThatCannotBeStored() async throws {
        let file = File()
        try await withSandbox(save: file.save) { client in
            let token = try await client.connect()
            let before = file.bytes
            file.fill(true)
            let refused = try await client.refresh(token)
            #expect(refused?.text("error") == "server_error")
            #expect(refused?.status == 500)
            #expect(try await client.authorize().redirect(Client.redirectURI)["error"] == "server_error")
            file.fill(false)
            #expect(file.bytes == before)
            #expect(try await client.refresh(token)?.status == 200)
        }
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"schema":2}"#, #"{"schema":1,"families":[1]}"#,
        #"{"schema":1,"codes":[{"code":"a","family":0}]}"#, #"{"schema":1,"codes":[{"family":0}]}"#,
    ])
    func aStateThatIsNoneIsRefused(text: String) async throws {
        let failure = await #expect(throws: SandboxProvider.Failure.self) {
            try await SandboxProvider.start(SandboxOptions(), now: { 0 }, saved: Array(text.utf8))
        }
        #expect(failure?.description.hasPrefix("the state cannot be read: ") == true)
    }

    @Test func aPortInUseIsTold() async throws {
        try await withSandbox { client in
            let failure = await #expect(throws: SandboxProvider.Failure.self) {
                try await withSandbox(change: { $0.port = client.port }) { _ in }
            }
            #expect(failure == .cannotListen(.addressInUse(host: "127.0.0.1", port: client.port)))
        }
    }
}
