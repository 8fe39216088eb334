import Glibc
import Testing

@testable import Host

@Suite struct ThreadTests {
    @Test(arguments: [SIGPIPE, SIGINT, SIGTERM])
    func aRequestsThreadTakesNoSignals(signal: Int32) async {
        let isBlocked = await withCheckedContinuation { continuation in
            let isStarted = startThread {
                var mask = sigset_t()
                unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
                continuation.resume(returning: unsafe sigismember(&mask, signal) == 1)
            }
            if !isStarted { continuation.resume(returning: false) }
        }
        #expect(isBlocked)
    }
}
