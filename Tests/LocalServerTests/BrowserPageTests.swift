import LocalServer
import Testing

@Suite struct BrowserPageTests {
    private let nasty = "<script>alert('x')</script>\" onload=\"y\" & é"

    @Test func everyTextIsEscaped() {
        let form = BrowserPage.Form(
            action: nasty, hidden: [(nasty, nasty)], boxes: [(nasty, nasty)], buttons: [(nasty, nasty, nasty)])
        let html = BrowserPage(.question, nasty, [nasty], form: form).html
        #expect(!html.contains("<script"))
        #expect(!html.contains("onload=\""))
        #expect(!html.contains("alert('"))
        let escaped = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;y&quot; &amp; é"
        #expect(html.split(separator: escaped, omittingEmptySubsequences: false).count - 1 == 12)
    }

    @Test(arguments: [BrowserPage.Tone.success, .denied, .failed, .question])
    func nothingIsLoadedFromElsewhere(tone: BrowserPage.Tone) {
        let html = BrowserPage(tone, "Title", ["Words"]).html
        for mark in ["src=", "href=", "url(", "@import", "http:", "https:", "<script", "<link", "<img"] {
            #expect(!html.contains(mark))
        }
    }

    @Test func thePersonIsToldToCloseTheTabUnlessSomethingIsAsked() {
        let form = BrowserPage.Form(action: "/", hidden: [], boxes: [], buttons: [("a", "b", "Go")])
        #expect(BrowserPage(.success, "Done", []).html.contains("You can close this tab now."))
        #expect(!BrowserPage(.question, "Go?", [], form: form).html.contains("You can close this tab now."))
    }

    @Test func theAnswerForbidsLoadingKeepingAndTellingOn() {
        let response = BrowserPage(.denied, "No", []).response(status: 400)
        let headers = Dictionary(uniqueKeysWithValues: response.headers.map { ($0.name, $0.value) })
        #expect(response.status == 400)
        #expect(headers["Content-Security-Policy"]?.hasPrefix("default-src 'none'; style-src 'unsafe-inline'") == true)
        #expect(headers["Referrer-Policy"] == "no-referrer")
        #expect(headers["Cache-Control"] == "no-store")
        #expect(headers["Content-Type"] == "text/html; charset=utf-8")
    }
}
