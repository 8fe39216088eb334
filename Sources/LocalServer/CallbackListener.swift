import Synchronization

/// Waits at a redirect URI for the one answer that a provider sends through the person's browser.
package final class CallbackListener: Sendable {
    /// Why no answer came.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// Nobody came in time.
        case timedOut(after: Duration)
        /// The wait was cancelled.
        case cancelled

        /// What happened.
        package var description: String {
            switch self {
            case .timedOut(let time): "no answer came from the browser within \(time.components.seconds) s"
            case .cancelled: "the wait for the browser was ended"
            }
        }

        /// What mends it.
        package var hint: String {
            switch self {
            case .timedOut: "run the command again and finish in the browser, or use --print-url on another machine"
            case .cancelled: "run the command again"
            }
        }
    }

    private let server: LocalServer
    private let answers: AsyncStream<String>

    private init(server: LocalServer, answers: AsyncStream<String>) {
        self.server = server
        self.answers = answers
    }

    /// The port that was bound.
    package var port: Int { server.port }

    /// Listens on a redirect URI's own host and port for the first GET to exactly its path that `isExpected`: whatever
    /// else comes there is turned away, and the wait goes on.
    ///
    /// `page` makes what the browser shows from the query as it came. It may take as long as exchanging the code
    /// does, and is never cancelled: a person who closes the tab early must not cost the tokens.
    package static func start(
        host: String, port: Int, path: String, isExpected: @escaping @Sendable (_ query: String) async -> Bool,
        page: @escaping @Sendable (_ query: String) async -> BrowserPage
    ) async throws(BindError) -> CallbackListener {
        let (answers, answer) = AsyncStream.makeStream(of: String.self)
        let isTaken = Atomic(false)
        let server = try await LocalServer.start(host: host, port: port) { request in
            guard request.path.utf8.elementsEqual(path.utf8) else { return .text(404, "nothing here") }
            guard request.method == "GET" else {
                var response = LocalResponse.text(405, "only GET")
                response.headers.append(("Allow", "GET"))
                return response
            }
            guard await isExpected(request.query) else {
                return BrowserPage(
                    .failed, "Not the answer that is waited for",
                    [
                        "It belongs to another authorisation, or to none.",
                        "Use the address that the terminal shows last.",
                    ]
                ).response(status: 400)
            }
            guard !isTaken.exchange(true, ordering: .relaxed) else {
                return BrowserPage(.failed, "Already answered", ["This address works once, and it was used."])
                    .response(status: 410)
            }
            answer.yield(request.query)
            return await Task { await page(request.query) }.value.response()
        }
        return CallbackListener(server: server, answers: answers)
    }

    /// Hands back the raw query of the answer and ends the listener, which it does in every other case as well.
    ///
    /// Returns when the browser has its page.
    package func query(within limit: Duration = .seconds(300)) async throws(Failure) -> String {
        let query = await withTaskGroup(of: String?.self) { group in
            group.addTask { [answers] in await answers.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        await server.stop()
        guard let query else { throw Task.isCancelled ? .cancelled : .timedOut(after: limit) }
        return query
    }

    /// Ends the listener without an answer.
    package func stop() async {
        await server.stop()
    }
}
