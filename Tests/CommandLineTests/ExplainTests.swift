import Testing

/// What `export --explain` and the log tell of exports: names and reasons, never a value.
struct ExplainTests {
    private func bench() async throws -> Bench {
        try await Bench(
            config: """
                [[outputs]]
                path = "some.json"
                format = "json"
                include = ["STRIPE_*", "HOOK_SECRET", "*"]
                [[outputs]]
                path = "sh.env"
                format = "shell"
                include = ["STRIPE_KEY", "X_CLIENT_SECRET"]

                """)
    }

    private func filled() async throws -> Bench {
        let bench = try await bench()
        for name in ["STRIPE_KEY", "HOOK_SECRET", "X_CLIENT_SECRET", "Y_CLIENT_SECRET"] {
            try await bench.ok("printf 'value-of-\(name)' | tokenkeep set \(name)")
        }
        return bench
    }

    @Test func eachValueIsExplainedAndNothingIsWritten() async throws {
        let bench = try await filled()
        let shown = try await bench.ok("tokenkeep export --explain")
        #expect(
            shown.replacing(bench.folder + "/", with: "")
                == """
                TO         VALUE            FROM                        WHY
                some.json  HOOK_SECRET      the secret HOOK_SECRET      it is named in full
                some.json  STRIPE_KEY       the secret STRIPE_KEY       STRIPE_* covers it
                sh.env     STRIPE_KEY       the secret STRIPE_KEY       it is named in full
                sh.env     X_CLIENT_SECRET  the secret X_CLIENT_SECRET  it is named in full
                nowhere    Y_CLIENT_SECRET  the secret Y_CLIENT_SECRET  a refresh token or client secret leaves only when it is named in full

                """.aligned(to: bench.folder.count + 1))
        #expect(try await bench.ok("ls *.json *.env 2>/dev/null || echo none") == "none\n")
        #expect(try await bench.ok("tokenkeep log") == "")
        let json = try await bench.ok(
            """
            tokenkeep export --explain --json | python3 -c '
            import json, sys
            told = json.load(sys.stdin)
            print(told["schema"], [[v["name"] for v in o["values"]] for o in told["outputs"]], [v["name"] for v in told["kept"]])'
            """)
        #expect(
            json == "1 [['HOOK_SECRET', 'STRIPE_KEY'], ['STRIPE_KEY', 'X_CLIENT_SECRET']] ['Y_CLIENT_SECRET']\n")
    }

    @Test func whatWouldBePrintedIsExplainedToo() async throws {
        let bench = try await filled()
        let shown = try await bench.ok("tokenkeep export dotenv --explain --only 'HOOK_*'")
        #expect(shown.contains("standard output  HOOK_SECRET      the secret HOOK_SECRET      HOOK_* covers it\n"))
        #expect(
            shown.contains(
                "nowhere          STRIPE_KEY       the secret STRIPE_KEY       no name or pattern covers it\n"))
        #expect(!shown.contains("value-of"))
        #expect(await bench.sh("tokenkeep export json --json").status == 64)
    }

    @Test func whatExportWouldRefuseIsExplainedAsRefused() async throws {
        let bench = try await Bench(
            config: """
                [[outputs]]
                path = "lines.env"
                format = "docker"
                include = ["LINES*", "NOT_THERE"]

                """)
        try await bench.ok("printf 'a\\nb' | tokenkeep set LINES_OF")
        let outputs = await bench.sh("tokenkeep export --explain")
        #expect(outputs.status == 78 && outputs.output.contains("LINES* covers it, but all of it is refused"))
        #expect(
            outputs.errors.contains("lines.env: LINES_OF cannot be written: ") && outputs.errors.contains("NOT_THERE"))
        #expect(await bench.sh("tokenkeep export json --explain --only NOT_THERE").status == 66)
        #expect(await bench.sh("tokenkeep export docker --explain").status == 78)
        try await bench.ok("sed -i 's/\"docker\"/\"json\"\\nname = \"x\"/' tokenkeep.toml")
        #expect(await bench.sh("tokenkeep export --explain").errors.contains("name is not for json"))
    }

    @Test func aClientSecretThatAConfigNamesStaysGuardedWhereTheVaultIsReadWithoutIt() async throws {
        let bench = try await Bench()
        try await bench.ok("printf S3CR | tokenkeep set APP_KEY")
        try bench.append(
            """
            [connections.tiktok]
            provider = "tiktok"
            client_id = "aw1"
            client_secret = { secret = "APP_KEY" }
            redirect_uri = "http://127.0.0.1:3000/"
            """, to: "tokenkeep.toml")
        try await bench.ok("printf other | tokenkeep set OTHER; mkdir copy; cp tokenkeep.vault copy/v")
        let elsewhere = "cd / && tokenkeep --vault \(bench.folder)/copy/v export json"
        #expect(try await bench.ok("\(elsewhere) --only '*'") == "{\n  \"OTHER\": \"other\"\n}\n")
        #expect(try await bench.ok("\(elsewhere) --only APP_KEY").contains("S3CR"))
        #expect(
            try await bench.ok(
                "printf new | tokenkeep set APP_KEY; cd /; tokenkeep --vault \(bench.folder)/tokenkeep.vault export json"
            ) == "{\n  \"OTHER\": \"other\"\n}\n")
    }

    @Test func eachExportIsInTheLogByNameAndNeverByValue() async throws {
        let bench = try await filled()
        try await bench.ok("tokenkeep export dotenv --only STRIPE_KEY > /dev/null; tokenkeep export; tokenkeep export")
        let shown = try await bench.ok("TOKENKEEP_KEY= tokenkeep log").split(separator: "\n").dropFirst()
        // The second export of the outputs changed nothing.
        #expect(shown.count == 3, "\(shown)")
        #expect(shown.first?.hasSuffix("export  printed  dotenv: STRIPE_KEY") == true, "\(shown)")
        #expect(shown.contains { $0.contains("some.json") && $0.hasSuffix("written  json: HOOK_SECRET STRIPE_KEY") })
        #expect(try await bench.ok("tokenkeep log X_CLIENT_SECRET | grep -c sh.env") == "1\n")
        try await bench.ok("tokenkeep run --only HOOK_SECRET -- true")
        let last = try await bench.ok("tokenkeep log HOOK_SECRET | tail -1").split(separator: " ")
        #expect(last.suffix(3) == ["run", "given", "HOOK_SECRET\n"], "\(last)")
        #expect(!bench.text("tokenkeep.vault.log").contains("value-of"))
    }

    @Test func aReaderOfAVaultThatItMayNotWriteExportsWithoutALogAndWithoutAWord() async throws {
        let bench = try await filled()
        let ended = await bench.sh(
            """
            mkdir copy && cp tokenkeep.vault copy/ && unshare -m --map-root-user sh -c '
            mount --bind copy copy && mount -o remount,bind,ro copy &&
            tokenkeep --vault copy/tokenkeep.vault export dotenv --only STRIPE_KEY'
            """)
        #expect(ended.status == 0 && ended.errors == "", "\(ended.errors)")
        #expect(ended.output.contains("STRIPE_KEY='value-of-STRIPE_KEY'"))
        #expect(try await bench.ok("ls copy") == "tokenkeep.vault\n")
    }
}

extension String {
    /// A table whose first column is wider by so many characters in every row but the heading and the last.
    fileprivate func aligned(to width: Int) -> String {
        let blanks = String(repeating: " ", count: width)
        return split(separator: "\n", omittingEmptySubsequences: false).map { line in
            for name in ["TO ", "nowhere "] where line.hasPrefix(name) {
                return name + blanks + line.dropFirst(name.count)
            }
            return String(line)
        }.joined(separator: "\n")
    }
}
