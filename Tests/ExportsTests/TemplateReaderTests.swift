import Exports
import Host
import Testing
import Tokens

/// Templates, read by what their quoting is for, and compared with another implementation of Mustache.
@Suite struct TemplateReaderTests {
    private static func reader(
        _ name: String, version: [String], _ template: String, command: [String]
    ) -> Reader {
        var options = ExportFormat.Options()
        options.template = Secret(template)
        return Reader(
            format: "template", options: options, name: name, version: version, file: "a.txt", command: command)
    }

    private static func python(_ quoting: String, _ decoding: String, _ bytes: String = "") -> Reader {
        reader(
            "Python, {{#\(quoting)}}", version: [DataReaderTests.python, "--version"],
            "{{#values}}\n{{name}} {{#\(quoting)}}{{value}}{{/\(quoting)}}\0{{/values}}\n",
            command: [
                DataReaderTests.python, "-c",
                """
                import sys, base64, html, urllib.parse
                for line in open('a.txt', 'rb').read().split(b'\\0')[:-1]:
                    name, value = line.split(b' ', 1)
                    sys.stdout.buffer.write(name + b'\\0' + \(decoding) + b'\\0')
                """,
            ])
    }

    private static let text = [
        reader(
            "Node, {{#json}}", version: ["node", "--version"],
            "{ {{#values}}{{#json}}{{name}}{{/json}}: {{#json}}{{value}}{{/json}}, {{/values}}\"\": \"\" }",
            command: [
                "node", "-e",
                """
                const values = JSON.parse(fs.readFileSync('a.txt', 'utf8'));
                for (const [k, v] of Object.entries(values)) process.stdout.write(k + '\\0' + v + '\\0')
                """,
            ]),
        python("html", "html.unescape(value.decode()).encode()"),
    ]

    private static let bytes = [
        reader(
            "dash, {{#shell}}", version: ["sh", "-c", "command -v dash"],
            "{{#values}}\nprintf '%s\\0' {{name}} {{#shell}}{{value}}{{/shell}}\n{{/values}}\n",
            command: ["dash", "a.txt"]),
        python("base64", "base64.b64decode(value, validate=True)"),
        python("url", "urllib.parse.unquote_to_bytes(value)"),
        reader(
            "cat, nothing quoted", version: ["cat", "--version"], "{{#values}}{{name}}\0{{value}}\0{{/values}}",
            command: ["cat", "a.txt"]),
    ]

    @Test(arguments: text) func eachTextThatIsQuotedIsReadBack(reader: Reader) async throws {
        #expect(try await reader.expectReturn(of: Reader.texts).isEmpty)
    }

    @Test(arguments: bytes) func eachByteThatIsQuotedIsReadBack(reader: Reader) async throws {
        #expect(try await reader.expectReturn(of: Reader.bytes).isEmpty)
    }

    // MARK: - Another implementation

    /// Some template whose tags are all closed, and whose delimiters change.
    private struct Generator {
        var random = SeededGenerator(seed: 5)
        var delimiters = ("{{", "}}")

        mutating func template(depth: Int = 0) -> String {
            var text = ""
            for _ in 0..<Int.random(in: 0...6, using: &random) { text += piece(depth: depth) }
            return text
        }

        private mutating func piece(depth: Int) -> String {
            let (open, close) = delimiters
            let blank = ["", "", " ", "\t"].randomElement(using: &random) ?? ""
            let name = blank + (["A", "B", "EMPTY", "V.1"].randomElement(using: &random) ?? "") + blank
            switch Int.random(in: 0..<16, using: &random) {
            case 0: return "\(open)\(name)\(close)"
            case 1: return "\(open)&\(name)\(close)"
            case 2: return "\(open){\(name)}\(close)"
            case 3: return "\(open)!\(["a", " a ", "b\nc", "A"].randomElement(using: &random) ?? "")\(close)"
            case 4...7 where depth < 4:
                let sign = Bool.random(using: &random) ? "#" : "^"
                let list = ["A", "EMPTY", "values", "connections", "NOT_THERE"].randomElement(using: &random) ?? ""
                let inner = template(depth: depth + 1)
                return "\(open)\(sign)\(blank)\(list)\(close)\(inner)\(delimiters.0)/\(list)\(blank)\(delimiters.1)"
            case 8 where depth == 0:
                delimiters =
                    [("{{", "}}"), ("<%", "%>"), ("|", "|"), ("[", "]]")].randomElement(using: &random) ?? delimiters
                return "\(open)=\(blank)\(delimiters.0) \(delimiters.1)\(blank)=\(close)"
            default:
                let plain = ["a", " ", "  ", "\t", "\n", "\n", "\n", "\r\n", "\n\n", "é", ".", "}", "\\"]
                return plain.randomElement(using: &random) ?? ""
            }
        }
    }

    /// Its escaping for HTML is switched off. A dot is a path for it, and a letter of the name for us.
    private static let pystache = reader(
        "pystache", version: [DataReaderTests.python, "-c", "import pystache; print(pystache.__version__)"], "",
        command: [
            DataReaderTests.python, "-c",
            """
            import json, pystache, sys
            values = json.load(open('values.json'))
            context = {**values, 'V': {'1': values['V.1']}}
            context['values'] = [{'name': k, 'value': v} for k, v in sorted(values.items())]
            context['connections'] = [
                {'name': 'google/b', 'access_token': 'gg'},
                {'name': 'tiktok', 'access_token': 'tt', 'expires_at': '1700000000', 'open_id': 'o'}]
            renderer = pystache.Renderer(escape=lambda text: text)
            for template in open('templates', 'rb').read().decode().split('\\0')[:-1]:
                sys.stdout.buffer.write(renderer.render(template, context).encode() + b'\\0')
            """,
        ])

    @Test func anotherImplementationFillsInAlike() async throws {
        let version = try await Self.pystache.requiredVersion()
        let values = TemplateTests.values + [ExportValue(name: "V.1", value: Secret("é<&>\"\n"))]
        try await Place.with { place in
            var generator = Generator()
            var cases: [(template: String, text: [UInt8])] = []
            while cases.count < 3000 {
                generator.delimiters = ("{{", "}}")
                let template = generator.template()
                // With blanks behind it, a tag is alone on its line for us and for mustache.js, and not for pystache.
                if template.contains(/[}>|\]][ \t]+(\R|$)/) { continue }
                cases.append((template, try TemplateTests.format(template).render(values).revealedBytes()))
            }
            try place.write("values.json", try #require(try ExportFormat.named("json")).render(values).revealedBytes())
            try place.write("templates", cases.flatMap { Array($0.template.utf8) + [0] })
            let (end, output, errors) = await ChildProcess.run(
                Self.pystache.command, environment: Place.environment, directory: place.folder, outputLimit: 64 << 20,
                timeout: .seconds(60))
            try #require(end == .exited(0), "\(String(decoding: errors.prefix(2000), as: UTF8.self))")
            let texts = output.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
            try #require(texts.count == cases.count + 1)
            let wrong = zip(cases, texts).filter { $0.0.text != $0.1 }.map { one, other in
                (one.template, String(decoding: one.text, as: UTF8.self), String(decoding: other, as: UTF8.self))
            }
            #expect(wrong.isEmpty)
            Reader.note(["template", "pystache", version, "\(cases.count) templates filled in alike"])
        }
    }
}
