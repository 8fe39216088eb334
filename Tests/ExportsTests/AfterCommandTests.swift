import Exports
import Host
import Testing
import Tokens

/// What runs when an output has changed.
@Suite struct AfterCommandTests {
    private static let environment = ["PATH": Place.environment["PATH"] ?? "/usr/bin:/bin"]

    @Test func itRunsInItsFolderWithExactlyItsEnvironment() async throws {
        try await Place.with { place in
            try place.write(
                "after.sh", "#!/bin/sh\n{ pwd; env | grep -c TOKENKEEP; echo $MARK; } > seen\n", mode: 0o700)
            let environment = Self.environment.merging(["MARK": "here"]) { $1 }
            #expect(await AfterCommand(["./after.sh"], folder: place.folder).run(environment: environment) == nil)
            let seen = try place.text("seen")
            #expect(seen == "\(place.folder)\n0\nhere\n")
        }
    }

    @Test func itsFailureIsAValueWithAHint() async throws {
        try await Place.with { place in
            func run(_ command: String..., limit: Duration = .seconds(10)) async -> AfterFailure? {
                await AfterCommand(command, folder: place.folder).run(environment: Self.environment, limit: limit)
            }
            let failed = try #require(await run("sh", "-c", "exit 3"))
            #expect(failed.end == .exited(3))
            #expect(failed.message == "the after command sh ended with status 3")
            #expect(try #require(await run("sh", "-c", "kill -9 $$")).end == .signalled(9))
            let missing = try #require(await run("no-such-program"))
            #expect(missing.end == .notFound)
            #expect(missing.hint.contains("full path"))
            let inner = try #require(await run("env", "no-such-program"))
            #expect(inner.end == .exited(127))
            #expect(inner.hint == missing.hint)
        }
    }

    @Test func whatTakesTooLongIsEnded() async throws {
        try await Place.with { place in
            let failure = await AfterCommand(["sh", "-c", "echo $$ > pid; exec sleep 30"], folder: place.folder)
                .run(environment: Self.environment, limit: .milliseconds(900))
            #expect(failure?.end == .timedOut)
            let isGone = try await place.run("sh", "-c", "kill -0 $(cat pid) 2>/dev/null || echo gone")
            #expect(String(decoding: isGone, as: UTF8.self) == "gone\n")
        }
    }

    /// `require` caches: a running app keeps the old token until `after` restarts it.
    @Test(.enabled("node is not installed: no app is restarted") { await Place.has("node", "--version") })
    func anAppThatHasCachedItsRequireGetsTheNewTokenByAfter() async throws {
        try await Place.with { place in
            try place.write("app.js", Self.app)
            try place.write("supervisor.js", Self.supervisor)
            try await place.run("mkfifo", "events")
            try await OutputTests.plan(place.path("secrets.js"), "one").write()
            async let supervisor = ChildProcess.run(
                ["node", "supervisor.js"], environment: Self.environment, directory: place.folder,
                timeout: .seconds(60))
            do {
                #expect(try await event(place) == "started with one")
                try await OutputTests.plan(place.path("secrets.js"), "two").write()
                try await place.run("sh", "-c", "kill -USR2 $(cat supervisor.pid)")
                #expect(try await event(place) == "asked again: one")
                let failure = await AfterCommand(["sh", "-c", "kill -HUP $(cat supervisor.pid)"], folder: place.folder)
                    .run(environment: Self.environment)
                #expect(failure == nil)
                #expect(try await event(place) == "started with two")
            } catch {
                Issue.record(error)
            }
            try await place.run("sh", "-c", "kill -TERM $(cat supervisor.pid)")
            #expect(await supervisor.end == .exited(0))
        }
    }

    /// Waits for the app's next word.
    private func event(_ place: Place) async throws -> String {
        let (end, output, _) = await ChildProcess.run(
            ["cat", "events"], environment: Self.environment, directory: place.folder, timeout: .seconds(20))
        try #require(end == .exited(0))
        return String(decoding: output, as: UTF8.self)
    }

    private static let app = """
        const { appendFileSync } = require('fs')
        const token = () => require('./secrets.js').TIKTOK_ACCESS_TOKEN
        process.on('message', () => appendFileSync('events', 'asked again: ' + token()))
        const first = token()
        process.send('ready', () => appendFileSync('events', 'started with ' + first))
        """

    private static let supervisor = """
        const { fork } = require('child_process')
        let app, ending = false
        const start = () => {
          app = fork('./app.js')
          app.once('exit', () => ending ? process.exit(0) : start())
        }
        process.on('SIGHUP', () => app.kill())
        process.on('SIGUSR2', () => app.send('again'))
        process.on('SIGTERM', () => { ending = true; app.kill() })
        require('fs').writeFileSync('supervisor.pid', String(process.pid))
        start()
        """
}
