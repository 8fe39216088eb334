import Testing

/// What `export dotenv` writes, taken in by `import`.
struct DotenvRoundTripTests {
    /// Every two of these, beside each other and apart.
    private static let pieces = ["'", "\"", "\\", "`", "$", "${", "}", "$(id)", " #", "\n", "\r", "n", "="]

    /// A JSON file of values, each two pieces in a row, and their names.
    private static let source: String = {
        var values = pieces.flatMap { one in pieces.flatMap { ["\(one)\($0)", "a\(one)b\($0)"] } }
        values += [
            "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_MA", #"{"a":"it's","b":"$5 \\ \n"}"#, "it's a \"b\" `c` # d",
            "\u{FEFF}é\t",
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0+/9hYmM=\n-----END PRIVATE KEY-----\n", "# dialect: node\nA='b'",
        ]
        let members = values.enumerated().map { index, value in
            let text = value.unicodeScalars.map { scalar in
                scalar < " " || scalar == "\"" || scalar == "\\"
                    ? "\\u" + String(String(0x10000 + scalar.value, radix: 16).dropFirst()) : String(scalar)
            }
            return "\"V\(1000 + index)\":\"\(text.joined())\""
        }
        return "{\(members.joined(separator: ",\n"))}"
    }()

    @Test(arguments: [nil, "node", "python", "ruby", "go", "symfony", "compose"])
    func whatADialectTakesComesBackThroughImport(dialect: String?) async throws {
        let bench = try await Bench()
        try bench.append(Self.source, to: "all.json")
        let option = dialect.map { "--dialect \($0)" } ?? ""
        // What is refused is named one at a time, and removed.
        let script = """
            tokenkeep -q import all.json
            until tokenkeep export dotenv \(option) > secrets.env 2> said; do
                name=$(sed -n 's/.*\\(V[0-9]*\\) cannot be written.*/\\1/p' said)
                [ "$name" ] || { cat said >&2; exit 1; }
                tokenkeep -q remove "$name"
            done
            tokenkeep export json > before.json
            mkdir new && cd new && export TOKENKEEP_KEY=$(tokenkeep -q init | tee key)
            tokenkeep -q import ../secrets.env && tokenkeep export json > after.json
            cmp ../before.json after.json && grep -c '"V' after.json
            """
        let count = try await bench.ok(script)
        #expect((Int(count.dropLast()) ?? 0) > 150, "\(count)")
    }
}
