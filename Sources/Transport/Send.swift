import Host

/// Sends one request on a connection of its own and waits for its end. A request in flight is never given up: not by
/// a cancelled task, for its answer may hold the only token that still works.
package func send(_ request: HTTPRequest) async throws(Libcurl.Missing) -> Delivery {
    let result: Result<Delivery, Libcurl.Missing> = await withCheckedContinuation { continuation in
        let isStarted = startThread { continuation.resume(returning: exchange(request)) }
        if !isStarted {
            let hint = "raise the limit on processes (ulimit -u), or run fewer programs at once"
            continuation.resume(
                returning: .success(.notSent(reason: "no thread could be started for the request", hint: hint)))
        }
    }
    return try result.get()
}
