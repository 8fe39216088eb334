import Host
import Testing

/// What comes in by another program, and that what went out comes in again as it was.
struct ImportInputTests {
    /// Values that writers and readers of formats stumble over.
    private static let values =
        [
            "", " ", "  two  ", "a", "'", "\"", "\\", "`", "''", "\"\"", "\\\\", "a'b\"c`d", "'a\\'", "\"a\\\"", "$",
            "${", "${A}",
            "$A", "$(id)", "#", " #", "a#b", "a #b", "#a", "=", "a=b", "A: b", ": ", "- ", "-", "---", "...", "null",
            "~", "true",
            "no", "0123", "1e3", "12:30", "2001-01-01", "\n", "a\n", "\na", "a\n\nb", "a\nB=c\n'd", "\r", "\r\n",
            "a\rb", "\t",
            "\ta\t", "\\n", "\\t", "\\u0041", "\\x41", "\u{1}", "\u{8}\u{B}\u{C}", "\u{1B}[2J", "\u{7F}", "\u{85}",
            "\u{A0}a",
            "\u{FEFF}", "\u{FEFF}a", "\u{200F}a\u{202E}", "\u{2028}", "\u{2029}", "é", "e\u{301}", "😀", "\u{FFFF}",
            "\u{10FFFF}",
            "*/", "//", "<!--", "</script>", "{{a}}", "%s", "!", "&a", "*a", "!!str", "@", "|", ">-", "[]", "{}", "?",
            "export A=b",
            "-----BEGIN X-----\nabc==\n-----END X-----\n", String(repeating: "word ", count: 13_107),
        ].enumerated().map { (name: "V\($0)", value: $1) }
        + [
            "as", "async", "await", "class", "constructor", "declare", "default", "export", "exports", "from", "get",
            "let",
            "module", "of", "satisfies", "static", "toString", "type", "undefined", "a.b-c", "0", "1e3", "No",
        ].map { (name: $0, value: "of \($0)") }

    @Test(arguments: [("commonjs", 0), ("dotenv", 12), ("esm", 9), ("json", 0), ("yaml", 0)])
    func whatExportWritesComesBackByteForByte(format: String, mostRefused: Int) async throws {
        let bench = try await Bench()
        try await bench.ok("mkdir values new")
        for (name, value) in Self.values {
            try FileSystem.replace("\(bench.folder)/values/\(name)", with: Array(value.utf8).span, mode: 0o600)
        }
        try await bench.ok("cd values; for n in *; do tokenkeep set --exact \"$n\" < \"$n\" || exit 1; done")
        let ended = await bench.sh(
            """
            touch refused; ls values > taken
            until tokenkeep export \(format) $(sed 's/^/--only /' taken) > all 2> why; do
                sed -n 's/^tokenkeep: \\(.*\\) cannot be written: .*/\\1/p' why | tee -a refused | grep . > it || exit 1
                grep -vxFf it taken > rest; mv rest taken
            done
            tokenkeep export json $(sed 's/^/--only /' taken) > before; cd new
            TOKENKEEP_KEY=$(tokenkeep -q init | tee ../key); export TOKENKEEP_KEY
            tokenkeep import - < ../all && tokenkeep export json > after && cmp ../before after
            """)
        let refused = bench.text("refused").split(separator: "\n")
        #expect(ended.status == 0, "\(ended.output) \(ended.errors.prefix(2000))")
        // The gem's switch for line feeds stands in a .env file, and is no value.
        let said = ended.errors.split(separator: "\n").filter { $0.hasPrefix("imported ") }
        #expect(said.count == Self.values.count - refused.count, "\(ended.errors.prefix(2000))")
        #expect(refused.count <= mostRefused, "\(refused)")
        // What the vault holds already is left as it is.
        let again = await bench.sh(
            "cd new; cp tokenkeep.vault before; tokenkeep import - < ../all; cmp tokenkeep.vault before",
            ["TOKENKEEP_KEY": String(bench.text("key").dropLast())])
        #expect(again.status == 0 && !again.errors.contains("imported"), "\(again.words.prefix(2000))")
    }

    @Test(arguments: [
        ("printf 'A: x\\nB: [] \\nC: 1\\n'", "YAML"), ("printf '{\"A\": \"x\"}'", "JSON"),
        ("echo 'export A=\"x\"'", ".env lines"),
        ("echo 'exports.A = `x`'", "a JavaScript module"),
        (#"echo '[{"key":"A","value":"x","type":"shared"}]'"#, "secrets of Infisical"),
        (#"echo '{"A":{"computed":"x"}}'"#, "secrets of Doppler"),
    ])
    func whatAnotherProgramPrintsIsTakenAndSaidToBe(program: String, kind: String) async throws {
        let bench = try await Bench()
        let ended = await bench.sh("{ \(program); } | tokenkeep import - && tokenkeep get A")
        #expect(ended.status == 0 && ended.output == "x\n", "\(ended.words)")
        #expect(ended.errors.hasPrefix("standard input is read as \(kind)\nimported A\n"), "\(ended.errors)")
    }

    @Test(arguments: [
        ("echo CANARY | tokenkeep import -", "cannot be told from its first line"),
        ("echo CANARY > f; tokenkeep import f", "cannot be told from its first line"),
        (": | tokenkeep import -", "standard input is empty"),
        ("echo A=CANARY | tokenkeep import - --format pass", "has no name"),
        ("echo A=CANARY | tokenkeep import - --format dotenv --name B", "--name is for an entry of pass"),
        ("echo A=CANARY | tokenkeep import - --name TOKENKEEP_KEY", "is a setting of tokenkeep"),
        ("echo A=CANARY | tokenkeep import - --format toml", "no format of that name"),
        ("echo A=CANARY | tokenkeep import - --format json", "read as JSON: line 1 is not valid JSON"),
        (
            "printf 'A: CANARY\\nB: *CANARY' | tokenkeep import -",
            "read as YAML: line 2 has an alias, which is not read here"
        ),
        ("head -c 17000000 /dev/zero | tokenkeep import -", "more than 16 MiB"),
        ("script -qec 'tokenkeep import -' /dev/null >&2 < /dev/null", "standard input is a terminal"),
    ])
    func whatCannotBeReadChangesNothing(script: String, words: String) async throws {
        let bench = try await Bench()
        let ended = await bench.sh("cp tokenkeep.vault before; \(script)")
        #expect(ended.status == 64 && ended.errors.contains(words) && ended.errors.contains("hint: "), "\(ended.words)")
        #expect(!ended.words.contains("CANARY"))
        try await bench.ok("cmp tokenkeep.vault before")
    }

    @Test func aFileMayBeSaidToBeSomethingElse() async throws {
        let bench = try await Bench()
        try await bench.ok("echo 'A: x' > a.json; tokenkeep import --format yaml a.json")
        #expect(try await bench.ok("tokenkeep get A") == "x\n")
        let ended = await bench.sh("echo 'B: x' > notes; tokenkeep import notes")
        #expect(ended.status == 0 && ended.errors.contains("notes is read as YAML\nimported B\n"), "\(ended.words)")
    }

    @Test func anEmptyValueReplacesNone() async throws {
        let bench = try await Bench()
        let ended = await bench.sh(
            "printf x | tokenkeep set A; echo '{\"A\": \"\", \"B\": \"\"}' | tokenkeep import - --replace; tokenkeep get A; tokenkeep get B"
        )
        #expect(ended.status == 0 && ended.output == "x\n\n", "\(ended.words)")
        #expect(ended.errors.contains("imported B, which is empty"))
        #expect(ended.errors.contains("left behind: A: it is empty, and the vault has a value"))
        let tokens = await bench.sh(
            "printf \"TIKTOK_ACCESS_TOKEN=''\\nTIKTOK_REFRESH_TOKEN='x'\\n\" | tokenkeep import -; tokenkeep list")
        #expect(tokens.status == 0 && !tokens.output.contains("connection"), "\(tokens.words)")
    }

    @Test func whatAgeDecryptsIsTaken() async throws {
        let bench = try await Bench()
        guard await bench.sh("age --version").status == 0 else {
            try Test.cancel("SKIPPED: age is not installed, and nothing that it decrypts was imported")
        }
        let ended = await bench.sh(
            """
            age-keygen -o key 2> said; recipient=$(age-keygen -y key)
            printf "A='x y'\\n" | age -r "$recipient" > .env.age; printf '{"B": "z"}' | age -a -r "$recipient" > b.age
            age -d -i key .env.age | tokenkeep import - && age -d -i key b.age | tokenkeep import - &&
            tokenkeep get A && tokenkeep get B
            tokenkeep import .env.age; echo $?; age -d -i nowhere .env.age 2> said | tokenkeep import -; echo $?
            """)
        #expect(ended.output == "x y\nz\n64\n64\n", "\(ended.words)")
    }

    @Test func whatSopsDecryptsIsTaken() async throws {
        let bench = try await Bench()
        guard await bench.sh("sops --version && age --version").status == 0 else {
            try Test.cancel("SKIPPED: sops is not installed, and nothing that it decrypts was imported")
        }
        let ended = await bench.sh(
            """
            age-keygen -o key 2> said; export SOPS_AGE_KEY_FILE=$PWD/key SOPS_AGE_RECIPIENTS=$(age-keygen -y key)
            printf 'A: "x: y"\\nB: |\\n  z\\n' > a.yaml; echo '{"C": "w"}' > c.json; echo D=v > d.env
            for f in a.yaml c.json d.env; do sops -e -i $f && sops -d $f | tokenkeep import - || exit 1; done
            for n in A B C D; do tokenkeep get $n; done
            tokenkeep import --replace a.yaml
            """)
        #expect(ended.output == "x: y\nz\n\nw\nv\n", "\(ended.words)")
        #expect(ended.errors.contains("left behind: A (line 1): encrypted by sops"), "\(ended.errors)")
    }

    @Test func whatPassShowsIsTaken() async throws {
        let bench = try await Bench()
        guard await bench.sh("pass version && gpg --version").status == 0 else {
            try Test.cancel("SKIPPED: pass with gpg is not installed, and nothing that it shows was imported")
        }
        let ended = await bench.sh(
            """
            export GNUPGHOME=$PWD/g PASSWORD_STORE_DIR=$PWD/p; mkdir -m 700 g
            { gpg --batch --passphrase '' --quick-generate-key a@example.com future-default default never &&
            pass init a@example.com && printf 'se"same=\\nUsername: bob\\n\\nnotes\\n' | pass insert -m shop/db &&
            printf "A='x'\\n" | pass insert -m shop/env; } > made 2>&1 || { cat made >&2; exit 1; }
            pass show shop/db | tokenkeep import - --name DB_PASSWORD; pass show shop/env | tokenkeep import -
            gpgconf --kill all
            for n in DB_PASSWORD DB_PASSWORD_USERNAME A; do tokenkeep get $n; done
            """)
        #expect(ended.status == 0 && ended.output == "se\"same=\nbob\nx\n", "\(ended.words)")
        #expect(ended.errors.contains("left behind: a line (line 4): not key: value"), "\(ended.errors)")
    }
}
