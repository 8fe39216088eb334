import Config
import Testing
import Tokens

struct ConfigTests {
    private static let example = """
        vault = "tokenkeep.vault"

        [connections.tiktok]
        provider     = "tiktok"
        client_id    = "aw1234567890"
        redirect_uri = "http://127.0.0.1:3000/auth/tiktok/callback/"
        scopes       = ["video.upload", "video.publish", "user.info.basic"]

        [connections."tiktok/brand-a"]
        provider      = "tiktok"
        client_id     = { secret = "TIKTOK_CLIENT_KEY" }
        client_secret = false

        [connections.sandbox]
        provider      = "sandbox"
        client_id     = "c"
        client_secret = { secret = "OTHER" }
        variables     = { base_url = "http://127.0.0.1:8765" }

        [[outputs]]
        path    = "secrets.js"
        format  = "commonjs"
        include = ["TIKTOK_*", "STRIPE_KEY"]
        after   = ["pm2", "reload", "api"]
        mode    = "0640"
        group   = "app"

        [schedule]
        every = "30m"

        [unlock]
        key_file = "key"
        """

    @Test func theContractsExampleSaysWhatItSays() throws {
        let config = try Config.parse(Self.example, path: "/srv/app/tokenkeep.toml")
        #expect(
            config.vault == "/srv/app/tokenkeep.vault" && config.every == 1800
                && config.unlock == .keyFile("/srv/app/key"))
        let tiktok = try #require(RecordName("tiktok").flatMap { config.connections[$0] })
        #expect(
            tiktok.clientID == .literal("aw1234567890") && tiktok.clientSecret == .standard && tiktok.scopes.count == 3)
        #expect(tiktok.redirectURI == "http://127.0.0.1:3000/auth/tiktok/callback/")
        let brand = try #require(RecordName("tiktok/brand-a").flatMap { config.connections[$0] })
        #expect(brand.clientID == .secret("TIKTOK_CLIENT_KEY") && brand.clientSecret == .none)
        let sandbox = try #require(RecordName("sandbox").flatMap { config.connections[$0] })
        #expect(sandbox.clientSecret == .secret("OTHER") && sandbox.variables == ["base_url": "http://127.0.0.1:8765"])
        let output = try #require(config.outputs.first)
        #expect(output.path == "/srv/app/secrets.js" && output.mode == 0o640 && output.group == "app")
        #expect(output.include == ["TIKTOK_*", "STRIPE_KEY"] && output.after == ["pm2", "reload", "api"])
    }

    /// What is wrong, and the words of the error or its hint that tell.
    static let wrong: [(String, String)] = [
        ("vualt = \"x\"", "vault"), ("[connections.t]\nprovidr = \"x\"", "provider"),
        ("[shedule]\nevery = \"1h\"", "schedule"),
        ("[[output]]\npath = \"x\"", "outputs"), ("completely_else = 1", "vault, connections"),
        ("vault = 1", "is not text"), ("vault = [", "line 1"), ("a = 1\nvault = \"x", "line 2"),
        ("connections = 1", "is not a section"), ("outputs = 1", "list of sections"),
        ("[connections.\"a b\"]\n", "connection's name"),
        ("[connections.t]\nclient_id = \"c\"", "provider is missing"),
        ("[connections.t]\nprovider = \"p\"", "client_id is missing"),
        ("[connections.t]\nprovider = \"p\"\nclient_id = \"c\"\nscopes = \"a\"", "is not a list"),
        ("[connections.t]\nprovider = \"p\"\nclient_id = { sercet = \"c\" }", "secret"),
        ("[[outputs]]\nformat = \"json\"", "path is missing"), ("[[outputs]]\npath = \"x\"", "format is missing"),
        ("[[outputs]]\npath = \"x\"\nformat = \"json\"\nmode = \"rw\"", "no file mode"),
        ("[[outputs]]\npath = \"x\"\nformat = \"json\"\nmode = \"7777\"", "no file mode"),
        ("[[outputs]]\npath = \"x\"\nformat = \"json\"\nafter = []", "is empty"),
        ("[schedule]\nevery = \"soon\"", "no duration"), ("[schedule]\nevery = \"-1h\"", "no duration"),
        ("[unlock]\nkey_file = \"a\"\nkey_command = [\"b\"]", "beside"),
        ("[notify]\non_problem = [\"x\"]", "is not known"),
    ]

    @Test(arguments: wrong) func whatIsWrongIsNamedWithWhatMendsIt(text: String, words: String) {
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/c.toml") }
        let said = "\(error?.message ?? "") \(error?.hint ?? "")"
        #expect(said.contains(words) && said.contains("/c.toml"), "\(said)")
    }

    /// The reader would end the process over these.
    @Test(
        arguments: [
            ("[[[outputs]]]", 1), ("[\n", 1), ("a = 1\n [é]", 2), ("[[ =", 1), ("\u{FEFF}[,]", 1), ("# [\r\n[\r\n", 2),
            ("a = \"\"\"x\"\"\"\"\"\n[.]", 2), ("a = '''\n[[[x]]]\n'''\n[[ [x]]", 4), ("a = [ # ]\n[[[1]]]]\n[*]", 3),
            ("a = \"\\\"\" # '\n[?]", 2), ("['a'.\"]\"] # [\n[{]", 2), ("a = \"\"\"\\\n\\\"\"\"\" \n[!]", 3),
        ] as [(String, Int)])
    func aSectionWithoutANameEndsNoProcess(text: String, line: Int) {
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/c.toml") }
        #expect(error?.message.hasPrefix("/c.toml, line \(line): not TOML: a section's name") == true)
    }

    /// The reader would end the process over the first two.
    @Test(
        arguments: [
            ("a = 1979-05-27Tx:00Z", 1), ("a = 1979-05-27 4", 1), ("a = [\n1p]", 2), ("a = 5p1", 1), ("a = _", 1),
            ("a = [ true, { b = 2, c-d = x } ]", 1), ("a = { b = [ 'x' ], c = +0x }", 1), ("[t]\nprovider = tiktok", 2),
            ("a = {}\nb = = 1", 2), ("[\"]\"]\na.'b = 1'=\u{1}", 2), ("a = [ '''\n''', \n\n]\nb = 07:32", 5),
        ] as [(String, Int)])
    func aValueThatNoConfigHasEndsNoProcess(text: String, line: Int) {
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/c.toml") }
        #expect(error?.message == "/c.toml, line \(line): neither text, a list, a section, true nor false")
    }

    @Test func whatLooksLikeASectionInAValueIsNone() throws {
        let lines = [
            #"vault = """"#, #"a " b"#, ##"[[[x]]]"""""##, "[[outputs]]", "path = 'p' # [[[", "format = 'f'",
            "include = [", "", "'[' ]",
        ]
        let config = try Config.parse(lines.joined(separator: "\n"), path: "/c.toml")
        #expect(config.vault == "/a \" b\n[[[x]]]\"" && config.outputs.first?.include == ["["])
    }

    @Test(arguments: ["\"CANARY\"", "[\"CANARY\"]", "{ value = \"CANARY\" }", "true", "1"])
    func aLiteralClientSecretIsRefusedWithoutBeingShown(literal: String) {
        let text = "[connections.t]\nprovider = \"p\"\nclient_id = \"c\"\nclient_secret = \(literal)"
        let error = #expect(throws: ConfigError.self) { try Config.parse(text, path: "/c.toml") }
        #expect(error?.hint.contains("tokenkeep set") == true)
        #expect("\(error?.message ?? "")\(error?.hint ?? "")".contains("CANARY") == false)
    }

    @Test func whatTOMLTextQuotesTheParserReadsBack() throws {
        for text in ["", "a\"b\\c", "tab\tnewline\nreturn\r", "\u{1}\u{1F}\u{7F}", "é\u{2028}😀 #'", "'''\"\"\""] {
            let config = try Config.parse(
                "[[outputs]]\npath = \"p\"\nformat = \(TOMLText.quote(text))", path: "/c.toml")
            #expect(config.outputs[0].format.unicodeScalars.elementsEqual(text.unicodeScalars))
        }
        #expect(TOMLText.key("a-b_1") == "a-b_1" && TOMLText.key("a.b") == "\"a.b\"" && TOMLText.key("") == "\"\"")
    }

    @Test func durationsHaveAUnitAndAnEnd() {
        let table: [(String, Duration?)] = [
            ("50ms", .milliseconds(50)), ("90s", .seconds(90)), ("30m", .seconds(1800)), ("12h", .seconds(43200)),
            ("7d", .seconds(604_800)), ("0s", .zero), ("", nil), ("s", nil), ("5", nil), ("-5s", nil), ("+5s", nil),
            ("5 s", nil),
            ("5S", nil), ("1w", nil), ("1.5h", nil), ("٣s", nil), ("99999999999999999999s", nil),
            ("9223372036854775807d", nil),
        ]
        for (text, duration) in table { #expect(DurationText.parse(text) == duration, "\(text)") }
    }
}
