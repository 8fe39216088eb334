import Host
import Sandbox
import Testing

/// The real binary, killed at every step of a refresh: nothing that was answered is ever lost.
@Suite(.timeLimit(.minutes(10))) struct KillTests {
    /// Stands before the system's library: counts every call, in whichever thread, that changes what is on the disk or
    /// what the provider knows; kills the process in front of call `KILL_AT`, and writes their names to `CALLS`.
    private static let shim = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <signal.h>
        #include <stdatomic.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/types.h>
        #include <unistd.h>
        static atomic_int calls;
        static void step(const char *name) {
            const char *at = getenv("KILL_AT"), *log = getenv("CALLS");
            if (atomic_fetch_add(&calls, 1) + 1 == (at ? atoi(at) : 0)) kill(getpid(), SIGKILL);
            if (!log) return;
            int file = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
            ssize_t (*put)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
            put(file, name, strlen(name));
            put(file, "\\n", 1);
            close(file);
        }
        #define CALL(type, name, parameters, arguments) \\
            type name parameters { \\
                type(*real) parameters = dlsym(RTLD_NEXT, #name); \\
                step(#name); \\
                return real arguments; \\
            }
        CALL(ssize_t, write, (int f, const void *b, size_t n), (f, b, n))
        CALL(int, fsync, (int f), (f))
        CALL(int, fdatasync, (int f), (f))
        CALL(int, posix_fallocate, (int f, off_t o, off_t n), (f, o, n))
        CALL(int, rename, (const char *a, const char *b), (a, b))
        CALL(int, unlink, (const char *a), (a))
        CALL(ssize_t, send, (int f, const void *b, size_t n, int o), (f, b, n, o))
        CALL(ssize_t, recv, (int f, void *b, size_t n, int o), (f, b, n, o))
        """

    @Test func whereverItIsKilledTheNextRunGoesOn() async throws {
        let tiktok = try await TikTokBench()
        try await tiktok.bench.ok("cat > shim.c <<'X'\n\(Self.shim)\nX\ncc -shared -fPIC -o shim.so shim.c")
        let refresh = "LD_PRELOAD=$PWD/shim.so tokenkeep refresh --force"
        let calls = try await tiktok.bench.ok("CALLS=calls \(refresh) && cat calls").split(separator: "\n").map(
            String.init)
        // The journal is written, its space set aside; the answer is written to it and synced; the vault is renamed.
        let intents = try #require(calls.firstIndex(of: "posix_fallocate"))
        let sent = try #require(calls.firstIndex(of: "send"))
        let answer = try #require(calls.firstIndex(of: "fdatasync"))
        let commit = try #require(calls.firstIndex(of: "rename"))
        try #require(intents < sent && sent < answer && answer < commit, "\(calls)")
        for step in calls.indices {
            let killed = await tiktok.bench.sh("KILL_AT=\(step + 1) \(refresh)")
            #expect(killed.status != 0, "it was not killed at \(calls[step])")
            let next = await tiktok.bench.sh("tokenkeep refresh")
            // Between the intent and the answer on the disk it is not known what became of the token, and that is said.
            // At every other step nothing is lost, and nothing is asked of anybody.
            let isUnknown = intents <= step && step < answer
            #expect(next.status == (isUnknown ? 12 : 0), "killed at \(step), \(calls[step]): \(next.errors)")
            #expect(next.errors.contains("may be spent") == isUnknown)
            if isUnknown {
                try await tiktok.bench.ok(TikTokBench.connect)
            } else {
                let works = "curl -sf -o /dev/null -H \"Authorization: Bearer $(tokenkeep get tiktok)\""
                try await tiktok.bench.ok(
                    "\(works) \(tiktok.sandbox.baseURL)/v2/user/info/ && tokenkeep refresh --force")
            }
            #expect(await tiktok.bench.sh("ls *.journal *.unread").output.isEmpty, "killed at \(step), \(calls[step])")
        }
        print("killed at each of \(calls.count) steps: \(calls.joined(separator: " "))")
    }
}
