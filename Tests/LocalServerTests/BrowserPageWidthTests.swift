import Host
import LocalServer
import Testing

/// The page on a telephone: nothing of it is wider than the screen.
struct BrowserPageWidthTests {
    @Test(.timeLimit(.minutes(2))) func thePageHoldsAt360Pixels() async throws {
        guard ChildProcess.find("chromium", path: ThisProcess.environmentVariable("PATH")) != nil else {
            return withKnownIssue { Issue.record("SKIPPED: chromium is not installed") }
        }
        let long = String(repeating: "anamewithoutaplacetobreak", count: 8)
        let page = BrowserPage(.failed, "\(long) is not connected", ["The provider answered \(long)", long])
        // A frame of 360 pixels, and a script beside it that measures what is in there: the page itself runs none.
        let frame = """
            <!doctype html><title>-</title><iframe src="/page" width="360" height="640" style="border:0"></iframe><script>
            addEventListener('load', () => {
                const page = document.querySelector('iframe').contentDocument.documentElement
                document.title = page.scrollWidth > page.clientWidth ? 'wider' : 'holds'
            })
            </script>
            """
        let server = try await LocalServer.start { request in
            LocalResponse(
                status: 200, headers: [("Content-Type", "text/html; charset=utf-8")],
                body: Array((request.path == "/page" ? page.html : frame).utf8))
        }
        let arguments = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "http://127.0.0.1:\(server.port)/frame",
        ]
        let ended = await ChildProcess.run(
            arguments, environment: ThisProcess.environment, outputLimit: 1 << 20, timeout: .seconds(100))
        await server.stop()
        let shown = String(decoding: ended.output, as: UTF8.self)
        #expect(shown.contains("<title>holds</title>"), "\(ended.end) \(shown.prefix(500))")
    }
}
