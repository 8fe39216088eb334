internal import Glibc

/// Runs a closure that blocks on a thread of its own, never on one of Swift's, of which there are as many as cores.
package func startThread(_ body: sending @escaping () -> Void) -> Bool {
    final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    unsafe pthread_attr_setstacksize(&attributes, 512 << 10)

    let work = unsafe Unmanaged.passRetained(Work(body))
    var thread = pthread_t()
    let error = unsafe pthread_create(
        &thread, &attributes,
        { argument in
            // Signals are other threads' business, and SIGPIPE nobody's: with CURLOPT_NOSIGNAL libcurl leaves it as it
            // is, and TLS over a connection that the server has closed would end the process.
            var all = sigset_t()
            unsafe sigfillset(&all)
            unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
            if let argument = unsafe argument {
                unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
            }
            return nil
        }, work.toOpaque())
    if error != 0 { unsafe work.release() }
    return error == 0
}
