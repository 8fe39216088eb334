/// A page that a person lands on: what happened, in plain words, and what to do next.
///
/// It loads nothing, runs nothing and is kept by no cache, since the address it stands at may carry a code.
package struct BrowserPage: Sendable {
    /// What the page is about, told by colour and sign besides the words.
    package enum Tone: String, Sendable {
        /// It worked.
        case success
        /// A person said no.
        case denied
        /// It did not work.
        case failed
        /// A person is asked.
        case question
    }

    /// A choice that a person is given; the answer is posted as a form.
    package struct Form: Sendable {
        /// The path that takes the answer.
        package var action: String
        /// Fields that go with it unseen.
        package var hidden: [(name: String, value: String)]
        /// Boxes to tick, all ticked at first.
        package var boxes: [(name: String, value: String)]
        /// The buttons, the expected one first.
        package var buttons: [(name: String, value: String, words: String)]

        /// Makes a form.
        package init(
            action: String, hidden: [(name: String, value: String)], boxes: [(name: String, value: String)],
            buttons: [(name: String, value: String, words: String)]
        ) {
            self.action = action
            self.hidden = hidden
            self.boxes = boxes
            self.buttons = buttons
        }
    }

    /// What the page is about.
    package var tone: Tone
    /// What happened, in a few words.
    package var title: String
    /// The rest, one sentence or two each.
    package var paragraphs: [String]
    /// The choice, if there is one; a page without one ends with "You can close this tab now."
    package var form: Form?

    /// Makes a page.
    package init(_ tone: Tone, _ title: String, _ paragraphs: [String], form: Form? = nil) {
        self.tone = tone
        self.title = title
        self.paragraphs = paragraphs
        self.form = form
    }

    /// The page as an answer.
    package func response(status: Int = 200) -> LocalResponse {
        LocalResponse(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"),
                (
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
                ),
                ("Referrer-Policy", "no-referrer"),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
            ],
            body: Array(html.utf8))
    }

    /// The page as HTML; every text in it is escaped.
    package var html: String {
        let end = form?.html ?? "<p class=\"end\">You can close this tab now.</p>\n"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escaped(title))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main class="\(tone.rawValue)">
            <h1>\(escaped(title))</h1>
            \(paragraphs.map { "<p>\(escaped($0))</p>\n" }.joined())\(end)</main>
            </body>
            </html>

            """
    }

    private static let style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --ground: #f3f4f6; --card: #fff; --line: #d5d9df;
          --quiet: #59626e; --tone: #2357c5; --press: #fff }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --ground: #14171a; --card: #1e2226;
          --line: #3a4047; --quiet: #a0a8b2; --tone: #86aef8; --press: #14171a } }
        .success { --tone: #17753a } .denied { --tone: #8a5a00 } .failed { --tone: #b3261e }
        @media (prefers-color-scheme: dark) { .success { --tone: #6cc98c } .denied { --tone: #e3b35c }
          .failed { --tone: #f2938c } }
        * { box-sizing: border-box }
        body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 30rem);
          place-content: center; padding: 1rem; background: var(--ground); color: var(--ink);
          font: 1rem/1.5 system-ui, sans-serif }
        main { padding: 1.5rem; background: var(--card); border: 1px solid var(--line);
          border-top: 4px solid var(--tone); border-radius: 8px; overflow-wrap: anywhere }
        h1 { margin: 0 0 .75rem; font-size: 1.375rem; line-height: 1.25; color: var(--tone) }
        p { margin: 0 0 .75rem } .end { color: var(--quiet) } main > :last-child { margin-bottom: 0 }
        .success h1::before { content: "\\2713\\a0" } .denied h1::before { content: "\\2013\\a0" }
        .failed h1::before { content: "!\\a0" }
        label { display: flex; gap: .5rem; align-items: baseline; padding: .25rem 0 }
        .buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1rem }
        button { flex: 1 1 8rem; min-height: 2.75rem; padding: 0 1rem; font: inherit; color: var(--tone);
          background: none; border: 1px solid var(--tone); border-radius: 6px; cursor: pointer }
        button:first-child { color: var(--press); background: var(--tone) }
        button:focus-visible, input:focus-visible { outline: 3px solid var(--tone); outline-offset: 2px }
        """
}

extension BrowserPage.Form {
    fileprivate var html: String {
        let hidden = hidden.map { field in "<input type=\"hidden\" \(attributes(field.name, field.value))>\n" }
        let boxes = boxes.map { box in
            "<label><input type=\"checkbox\" \(attributes(box.name, box.value)) checked> "
                + "\(escaped(box.value))</label>\n"
        }
        let buttons = buttons.map { button in
            "<button \(attributes(button.name, button.value))>\(escaped(button.words))</button>\n"
        }
        return "<form method=\"post\" action=\"\(escaped(action))\">\n" + hidden.joined() + boxes.joined()
            + "<div class=\"buttons\">\n" + buttons.joined() + "</div>\n</form>\n"
    }

    private func attributes(_ name: String, _ value: String) -> String {
        "name=\"\(escaped(name))\" value=\"\(escaped(value))\""
    }
}

/// Text in an element or a quoted attribute, where these five characters alone have a meaning.
private func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}
