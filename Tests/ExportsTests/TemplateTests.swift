import Exports
import Testing
import Tokens

/// Templates: the rules of the Mustache specification, and where they are left.
@Suite struct TemplateTests {
    static let values = [
        ExportValue(name: "A", value: Secret("1")),
        ExportValue(name: "B", value: Secret("\"<it's> & {{A}}\"")),
        ExportValue(name: "EMPTY", value: Secret("")),
        ExportValue(name: "a.b", value: Secret("dots")),
        ExportValue(name: "TIKTOK_ACCESS_TOKEN", value: Secret("tt"), source: ("tiktok", "access_token")),
        ExportValue(name: "TIKTOK_EXPIRES_AT", value: Secret("1700000000"), source: ("tiktok", "expires_at")),
        ExportValue(name: "TIKTOK_OPEN_ID", value: Secret("o"), source: ("tiktok", "open_id")),
        ExportValue(name: "GOOGLE_B_ACCESS_TOKEN", value: Secret("gg"), source: ("google/b", "access_token")),
    ]

    static func format(_ template: String) throws -> ExportFormat {
        var options = ExportFormat.Options()
        options.template = Secret(template)
        return try #require(try ExportFormat.named("template", options))
    }

    private static func render(_ template: String, _ values: [ExportValue] = values) throws -> String? {
        try format(template).render(values).revealed()
    }

    @Test(arguments: [
        // Variables. A value is not looked through for tags, and not escaped.
        ("no tags", "no tags"), ("", ""), ("{{A}}", "1"), ("|{{ A }}|{{\tA\n}}|", "|1|1|"),
        ("{{B}} {{{B}}} {{&B}} {{& B }}", String(repeating: "\"<it's> & {{A}}\" ", count: 4).dropLast().description),
        ("  {{A}}\n", "  1\n"), ("{{EMPTY}}.", "."), ("{{a.b}}", "dots"), ("}} } {", "}} } {"), ("{ {A} }", "{ {A} }"),
        // Comments.
        ("12{{! a {{b }}34", "1234"), ("Begin.\n{{! a }}\nEnd.\n", "Begin.\nEnd.\n"),
        ("Begin.\n  {{! a\nb }}  \nEnd.\n", "Begin.\nEnd.\n"), ("|\r\n{{! a }}\r\n|", "|\r\n|"), ("  {{! a }}\n!", "!"),
        ("!\n  {{! a }}", "!\n"), ("  12 {{! 34 }}\n", "  12 \n"), ("a{{! b }}\n", "a\n"),
        // Sections.
        ("{{#A}}x{{/A}}", "x"), ("{{#EMPTY}}x{{/EMPTY}}{{#NOT_THERE}}x{{/NOT_THERE}}", ""),
        ("{{#A}}({{.}}){{/A}}", "(1)"),
        ("{{#A}}{{A}}{{#B}}{{A}}{{/B}}{{/A}}", "11"), ("|{{#A}} {{/A}}|", "| |"), ("{{#A}}\n{{/A}}", ""),
        (" | {{#A}} {{! }}\n {{/A}} | \n", " |  \n  | \n"),
        ("| This Is\n{{#A}}\n|\n{{/A}}\n| A Line", "| This Is\n|\n| A Line"),
        ("| This Is\n  {{#A}}\n|\n  {{/A}}\n| A Line", "| This Is\n|\n| A Line"),
        ("|\r\n{{#A}}\r\n{{/A}}\r\n|", "|\r\n|"), ("  {{#A}}\n#{{/A}}\n/", "#\n/"), ("#{{#A}}\n/\n  {{/A}}", "#\n/\n"),
        (" {{#A}}YES{{/A}}\n {{#A}}GOOD{{/A}}\n", " YES\n GOOD\n"), ("{{#A}}1{{/A}} {{#A}}2{{/A}}", "1 2"),
        ("{{#A}}{{#A}}x{{/A}}{{/A}}", "x"), ("|{{# A }}={{/ A }}|", "|=|"),
        // Inverted sections.
        ("{{^A}}x{{/A}}{{^EMPTY}}y{{/EMPTY}}{{^NOT_THERE}}z{{/NOT_THERE}}", "yz"),
        ("| This Is\n{{^EMPTY}}\n|\n{{/EMPTY}}\n| A Line", "| This Is\n|\n| A Line"),
        ("{{^values}}none{{/values}}", ""),
        ("{{^json}}x{{/json}}", ""), ("{{^A}}a{{/A}}\n{{#A}}b{{/A}}", "\nb"),
        // Delimiters.
        ("{{=<% %>=}}(<%A%>{{A}})", "(1{{A}})"), ("({{=[ ]=}}[A])", "(1)"), ("|{{= @ @ =}}|@A@", "||1"),
        ("{{#A}}{{A}}|A|{{/A}}{{= | | =}}|#A|{{A}}|A||/A|", "1|A|{{A}}1"), ("Begin.\n{{=@ @=}}\nEnd.", "Begin.\nEnd."),
        (" | {{=@ @=}}\n", " | \n"), ("|\r\n{{= @ @ =}}\r\n|", "|\r\n|"),
        ("{{=<% %>=}}<%{A}%> <%&A%> <%={{ }}=%>{{A}}", "1 1 1"),
        // Lists.
        (
            "{{#connections}}{{name}}={{access_token}}{{#open_id}}/{{.}}{{/open_id}}\n{{/connections}}",
            "google/b=gg\ntiktok=tt/o\n"
        ),
        ("{{#connections}}{{A}}{{/connections}}{{#connections}}\n{{/connections}}", "11\n\n"),
        (
            "{{#values}}{{name}}={{value}};{{/values}}",
            "A=1;B=\"<it's> & {{A}}\";EMPTY=;GOOGLE_B_ACCESS_TOKEN=gg;TIKTOK_ACCESS_TOKEN=tt;TIKTOK_EXPIRES_AT=1700000000;TIKTOK_OPEN_ID=o;a.b=dots;"
        ),
        // Quoting.
        ("{{#json}}{{B}}\n{{/json}}", #""\"<it's> & {{A}}\"\n""#),
        ("{{#shell}}{{B}}{{/shell}}", #"'"<it'\''s> & {{A}}"'"#),
        ("{{#base64}}a{{A}}{{/base64}}", "YTE="),
        ("{{#url}}{{B}}é~-._/{{/url}}", "%22%3Cit%27s%3E%20%26%20%7B%7BA%7D%7D%22%C3%A9~-._%2F"),
        ("{{#html}}{{B}}{{/html}}", "&quot;&lt;it&#39;s&gt; &amp; {{A}}&quot;"), ("{{#json}}{{/json}}", "\"\""),
        ("{{#json}}{{#base64}}{{#values}}{{/values}}{{A}}{{/base64}}{{/json}}", "\"MQ==\""),
        ("a:\n{{#json}}\n{{A}}\n{{/json}}\n", "a:\n\"1\\n\""),
    ])
    func aTemplateIsFilledIn(template: String, text: String) throws {
        #expect(try Self.render(template) == text)
    }

    @Test func equalValuesMakeEqualBytesInAnyOrder() throws {
        let template = "{{#values}}{{name}} {{/values}}{{#connections}}{{name}} {{/connections}}"
        #expect(try Self.render(template) == Self.render(template, Self.values.reversed()))
    }

    @Test func bytesThatAreNoTextPassButNotThroughJSON() throws {
        let values = [ExportValue(name: "A", value: Secret([0x61, 0xFF, 0x27]))]
        func bytes(_ template: String) throws -> [UInt8] { try Self.format(template).render(values).revealedBytes() }
        #expect(try bytes("{{A}}") == [0x61, 0xFF, 0x27])
        #expect(try bytes("{{#shell}}{{A}}{{/shell}}") == Array("'a".utf8) + [0xFF] + Array("'\\'''".utf8))
        #expect(try bytes("{{#url}}{{A}}{{/url}}{{#base64}}{{A}}{{/base64}}") == Array("a%FF%27Yf8n".utf8))
        #expect {
            _ = try bytes("\n{{#json}}{{A}}{{/json}}")
        } throws: { error in
            (error as? ExportRefusal)?.message
                == "{{#json}} cannot be written: what it quotes in line 2 of the template is not UTF-8, and json holds text"
        }
    }

    @Test(arguments: [
        ("\n{{NOPE}}", "NOPE", "line 2 of the template names it, and it is not among the values of this output"),
        (
            "{{#A}}\n\n{{a}}{{/A}}", "a",
            "line 3 of the template names it, and it is not among the values of this output"
        ),
        (
            "{{! \n\n }}\n{{\nNOPE}}", "NOPE",
            "line 4 of the template names it, and it is not among the values of this output"
        ),
        (
            "{{#connections}}{{open_id}}{{/connections}}", "open_id",
            "line 1 of the template names it, and it is not among the values of this output"
        ),
        ("{{.}}", ".", "line 1 of the template uses it as a value, which it is not"),
        ("{{values}}", "values", "line 1 of the template uses it as a value, which it is not"),
        ("{{json}}", "json", "line 1 of the template uses it as a value, which it is not"),
    ])
    func aNameWithoutAValueIsAnErrorAndNoHole(template: String, name: String, reason: String) throws {
        #expect {
            try Self.render(template)
        } throws: { error in
            guard let refusal = error as? ExportRefusal else { return false }
            return refusal.name == name && refusal.reason == reason && !refusal.hint.isEmpty
        }
    }

    @Test(arguments: [
        ("\n{{A", 2, "nothing closes the tag"), ("{{{A}}", 1, "nothing closes the tag"),
        ("{{", 1, "nothing closes the tag"),
        ("{{=<% %>}}", 1, "nothing closes the tag"), ("{{! ", 1, "nothing closes the tag"),
        ("a\n {{#A}}\n{{A}}\n", 2, "nothing closes the section A"), ("{{^A}}", 1, "nothing closes the section A"),
        ("{{#A}}\n{{/B}}", 2, "no open section is the one that {{/B}} closes"),
        ("{{/A}}", 1, "no open section is the one that {{/A}} closes"),
        ("{{#A}}{{/A}}\n\n{{/A}}", 3, "no open section is the one that {{/A}} closes"),
        ("{{#A}}{{#B}}{{/A}}{{/B}}", 1, "no open section is the one that {{/A}} closes"),
        ("\r\n{{>part}}", 2, "partials and inheritance are not supported"),
        ("{{<part}}{{/part}}", 1, "partials and inheritance are not supported"),
        ("{{$block}}{{/block}}", 1, "partials and inheritance are not supported"),
        ("{{}}", 1, "a tag holds one name of at most 1,000 bytes, without blanks"),
        ("{{ \n }}", 1, "a tag holds one name of at most 1,000 bytes, without blanks"),
        ("{{#if A}}x{{/if}}", 1, "a tag holds one name of at most 1,000 bytes, without blanks"),
        ("{{#}}{{/}}", 1, "a tag holds one name of at most 1,000 bytes, without blanks"),
        ("{{=a=}}", 1, "these are no two delimiters"), ("\n{{=a b c=}}", 2, "these are no two delimiters"),
        ("{{=\(String(repeating: "<", count: 21)) >=}}", 1, "these are no two delimiters"),
        (
            "{{\(String(repeating: "A", count: 1001))}}", 1,
            "a tag holds one name of at most 1,000 bytes, without blanks"
        ),
        ("{{==}}", 1, "these are no two delimiters"), ("{{=a= b=}}", 1, "these are no two delimiters"),
    ])
    func aTemplateThatCannotBeReadIsNamedByItsLine(template: String, line: Int, what: String) {
        #expect {
            try Self.format(template)
        } throws: { error in
            guard let problem = error as? FormatProblem else { return false }
            return problem.message == "line \(line) of the template: \(what)" && !problem.hint.isEmpty
        }
    }

    @Test func theFormatNeedsATemplate() {
        #expect { try ExportFormat.named("template") } throws: { error in
            (error as? FormatProblem)?.message == "the format template needs a template"
        }
    }

    // MARK: - Hostile templates

    @Test func sectionsNestToALimit() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "{{#A}}", count: depth) + "x" + String(repeating: "{{/A}}", count: depth)
        }
        #expect(try Self.render(nested(100)) == "x")
        for depth in [101, 100_000] {
            #expect { try Self.format(nested(depth)) } throws: { error in
                (error as? FormatProblem)?.message == "line 1 of the template: sections nest more than 100 deep"
            }
        }
    }

    @Test func aHugeTemplateIsReadInTimeThatGrowsWithIt() throws {
        let repeated = ["{{A}}", "{{! }} ", " {{!\n}}", "{{#A}}{{/A}}", "{{=| |=}}|={{ }}=|", "{ ", "}", " ", "\n"]
        for piece in repeated {
            _ = try Self.render(String(repeating: piece, count: (1 << 18) / piece.utf8.count))
        }
        for piece in ["{{#", "{{{", "{{=", "{{/"] {
            #expect(throws: FormatProblem.self) { try Self.format(String(repeating: piece, count: 1 << 19)) }
        }
    }

    @Test func anyBytesAreATemplateOrAProblemWithALine() throws {
        let pieces =
            [
                "{{", "}}", "{{{", "}}}", "{{#", "{{/", "{{^", "{{=", "=}}", "{{!", "{{&", "A", "A}}", "{{/A}}",
                "<% %>", "<%", "%>",
                " ", "\n", "\r\n", "\r", "=", ".", "\0", "é",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xE2, 0x80]]
        var random = SeededGenerator(seed: 7)
        var filled = 0
        for _ in 0..<20_000 {
            let template = (0..<Int.random(in: 1...12, using: &random)).flatMap { _ in
                pieces.randomElement(using: &random) ?? []
            }
            var options = ExportFormat.Options()
            options.template = Secret(template)
            do {
                _ = try #require(try ExportFormat.named("template", options)).render(Self.values)
                filled += 1
            } catch let problem as FormatProblem {
                #expect(problem.message.hasPrefix("line "))
            } catch let refusal as ExportRefusal {
                #expect(refusal.reason.contains("line "))
            }
        }
        #expect((1000..<19_000).contains(filled))
    }

    @Test func whatGrowsWithoutEndIsRefused() throws {
        let lists = String(repeating: "{{#values}}", count: 50) + String(repeating: "{{/values}}", count: 50)
        #expect {
            try Self.render(lists)
        } throws: { error in
            (error as? ExportRefusal)?.message == "the template cannot be written: filled in, it is larger than 64 MiB"
        }
        for quoting in ["shell", "base64"] {
            let nested =
                String(repeating: "{{#\(quoting)}}", count: 90) + "{{B}}"
                + String(repeating: "{{/\(quoting)}}", count: 90)
            #expect {
                try Self.render(nested)
            } throws: { error in
                (error as? ExportRefusal)?.message
                    == "{{#\(quoting)}} cannot be written: what it quotes in line 1 of the template is larger than 1 MiB"
            }
        }
    }
}
