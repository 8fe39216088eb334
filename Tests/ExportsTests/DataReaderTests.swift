import Exports
import Host
import TOMLKit
import Testing
import Tokens

/// Files of data, read by what reads them in the world.
@Suite struct DataReaderTests {
    /// Names that mean something else, or end the name, without quotes.
    private static let oddNames = [
        "", "__proto__", "NO", "y", "1", "1.5", "0x1F", "null", "~", "true", "<<", "=", "a: b", "a b", " a ", "- a",
        "? a", "# a", "! a", "!!int", "&a", "*a", "a=b", "a:b", "a\\", "\"", "'", "a.b", "[a]", "{a}", "${a}", "a\nb",
        "a\r", "\t", "\u{1}", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}a", "e\u{301}", "😀",
        String(repeating: "a", count: 990),
    ].map { ExportValue(name: $0, value: Secret("of \($0)")) }

    private static let pythonPrint = """

        import sys
        for k, v in values.items():
            sys.stdout.buffer.write(k.encode() + b'\\0' + v.encode() + b'\\0')
        """
    private static let rubyPrint =
        "; values.each { |k, v| raise k unless String === k && String === v; $stdout.binmode.write(k, \"\\0\", v, \"\\0\") }"
    private static let nodePrint = """
        ; for (const [k, v] of Object.entries(values)) {
          if (typeof v !== 'string') throw new Error(k);
          process.stdout.write(k + '\\0' + v + '\\0')
        }
        """
    /// Debian's, which has its packages; another may come first on the PATH.
    static let python = "/usr/bin/python3"

    /// Where Debian has Node's packages, whichever Node it is.
    private static let node = Place.environment.merging(["NODE_PATH": "/usr/share/nodejs:/usr/lib/nodejs"]) { $1 }

    private static let json: [Reader] = [
        Reader(
            format: "json", name: "Node", version: ["node", "--version"], file: "a.json",
            command: ["node", "-e", "const values = JSON.parse(fs.readFileSync('a.json', 'utf8'))" + nodePrint]),
        Reader(
            format: "json", name: "Python", version: [python, "--version"], file: "a.json",
            command: [python, "-c", "import json; values = json.load(open('a.json', encoding='utf-8'))" + pythonPrint]),
        Reader(
            format: "json", name: "Ruby", version: ["ruby", "--version"], file: "a.json",
            command: [
                "ruby", "-rjson", "-e", "values = JSON.parse(File.read('a.json', encoding: 'UTF-8'))" + rubyPrint,
            ]),
        Reader(
            format: "json", name: "jq", version: ["jq", "--version"], file: "a.json",
            command: ["jq", "-j", "to_entries[] | .key, \"\\u0000\", (.value | strings), \"\\u0000\"", "a.json"]),
        Reader(
            format: "json", name: "PHP", version: ["php", "--version"], file: "a.json",
            command: [
                "php", "-r",
                """
                foreach (json_decode(file_get_contents('a.json'), true, 512, JSON_THROW_ON_ERROR) as $k => $v)
                    echo $k, "\\0", is_string($v) ? $v : exit(1), "\\0";
                """,
            ]),
    ]

    private static let yaml: [Reader] = [
        Reader(
            format: "yaml", name: "PyYAML (YAML 1.1)",
            version: [python, "-c", "import yaml; print(yaml.__version__)"], file: "a.yaml",
            command: [python, "-c", "import yaml; values = yaml.safe_load(open('a.yaml', 'rb')) or {}" + pythonPrint]),
        Reader(
            format: "yaml", name: "Psych (YAML 1.1)", version: ["ruby", "-rpsych", "-e", "puts Psych::VERSION"],
            file: "a.yaml",
            command: ["ruby", "-rpsych", "-e", "values = Psych.safe_load(File.read('a.yaml'))" + rubyPrint]),
        Reader(
            format: "yaml", name: "yaml for Node (1.2)",
            version: ["node", "-p", "require('yaml/package.json').version"], file: "a.yaml",
            command: [
                "node", "-e", "const values = require('yaml').parse(fs.readFileSync('a.yaml', 'utf8'))" + nodePrint,
            ],
            environment: node),
        go(
            "yaml", "yaml.v3 for Go", package: "gopkg.in/yaml.v3", file: "a.yaml",
            """
            import ("fmt"; "os"; "gopkg.in/yaml.v3")
            func main() {
                text, _ := os.ReadFile("a.yaml")
                var values map[string]interface{}
                if err := yaml.Unmarshal(text, &values); err != nil { panic(err) }
                for k, v := range values { fmt.Printf("%s\\x00%s\\x00", k, v.(string)) }
            }
            """),
        Reader(
            format: "yaml", name: "SnakeYAML (Java)",
            version: ["sh", "-c", "cd /usr/share/java && java -version 2>/dev/null && ls snakeyaml-*.jar"],
            file: "a.yaml",
            command: java(
                """
                Map<String, String> values = new org.yaml.snakeyaml.Yaml().load(new FileInputStream("a.yaml"));
                for (var e : values.entrySet()) put(e.getKey(), e.getValue());
                """)),
    ]

    private static let toml: [Reader] = [
        Reader(
            format: "toml", name: "Python's tomllib",
            version: [python, "-c", "import tomllib, sys; print(sys.version)"],
            file: "a.toml",
            command: [python, "-c", "import tomllib; values = tomllib.load(open('a.toml', 'rb'))" + pythonPrint]),
        go(
            "toml", "toml for Go (BurntSushi)", package: "github.com/BurntSushi/toml", file: "a.toml",
            """
            import ("fmt"; "github.com/BurntSushi/toml")
            func main() {
                var values map[string]interface{}
                if _, err := toml.DecodeFile("a.toml", &values); err != nil { panic(err) }
                for k, v := range values { fmt.Printf("%s\\x00%s\\x00", k, v.(string)) }
            }
            """),
    ]

    private static let properties = [
        ("load(InputStream)", "load(new FileInputStream(\"a.properties\"))"),
        ("load(Reader), UTF-8", "load(new InputStreamReader(new FileInputStream(\"a.properties\"), UTF_8))"),
    ].map { name, call in
        Reader(
            format: "properties", name: "Java, \(name)", version: ["java", "--version"], file: "a.properties",
            command: java(
                """
                Properties values = new Properties();
                values.\(call);
                for (String name : values.stringPropertyNames()) put(name, values.getProperty(name));
                """))
    }

    @Test(arguments: json + yaml + toml + properties)
    func eachTextAndOddNameIsReadBack(reader: Reader) async throws {
        #expect(try await reader.expectReturn(of: Reader.texts + Self.oddNames).isEmpty)
    }

    @Test(arguments: yaml) func anEmptyYAMLFileIsAnEmptyMapping(reader: Reader) async throws {
        _ = try await reader.requiredVersion()
        #expect(try await reader.read(try #require(try ExportFormat.named("yaml")).render([])) == [:])
    }

    /// By `toml++`, which reads our config, too.
    @Test func tomlplusplusReadsEachTextBack() throws {
        let values = Reader.texts + Self.oddNames
        let file = try #require(try ExportFormat.named("toml")).render(values)
        let table = try TOMLTable(string: try #require(file.revealed()))
        let wrong = values.filter { table[$0.name]?.string.map { Secret($0) } != $0.value }
        #expect(wrong.map(\.name) == [])
        Reader.note(["toml", "toml++ (TOMLKit)", "TOMLKit 0.6.0", "\(values.count) read back, 0 refused"])
    }

    private static let kubernetes = [
        Reader(
            format: "kubernetes", name: "kubectl", version: ["kubectl", "version", "--client"], file: "a.yaml",
            command: [
                "sh", "-c",
                """
                kubectl label --local -f a.yaml a=b -o json >a.json && \(python) -c '
                import base64, json, sys
                secret = json.load(open("a.json"))
                assert (secret["apiVersion"], secret["kind"], secret["type"]) == ("v1", "Secret", "Opaque")
                assert secret["metadata"]["name"] == "tokenkeep"
                for k, v in secret.get("data", {}).items():
                    sys.stdout.buffer.write(k.encode() + b"\\0" + base64.b64decode(v) + b"\\0")
                '
                """,
            ]),
        Reader(
            format: "kubernetes", name: "PyYAML", version: [python, "-c", "import yaml; print(yaml.__version__)"],
            file: "a.yaml",
            command: [
                python, "-c",
                """
                import base64, sys, yaml
                for k, v in yaml.safe_load(open('a.yaml', 'rb'))['data'].items():
                    sys.stdout.buffer.write(k.encode() + b'\\0' + base64.b64decode(v, validate=True) + b'\\0')
                """,
            ]),
    ]

    @Test(arguments: kubernetes) func eachByteIsReadBackFromASecretsManifest(reader: Reader) async throws {
        let names = ["NO", "y", "1", "1.5", "0x1F", "null", "true", "-", "-a", ".a", "a..b", "_"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        #expect(try await reader.expectReturn(of: Reader.bytes + names).isEmpty)
        #expect(try await reader.read(try #require(try ExportFormat.named("kubernetes")).render([])) == [:])
    }

    static let terraform = go(
        "terraform", "HCL 2, Terraform's library", package: "github.com/hashicorp/hcl/v2", file: "a.tfvars",
        """
        import ("fmt"; "github.com/hashicorp/hcl/v2/hclparse")
        func main() {
            file, problems := hclparse.NewParser().ParseHCLFile("a.tfvars")
            if problems.HasErrors() { panic(problems) }
            attributes, problems := file.Body.JustAttributes()
            if problems.HasErrors() { panic(problems) }
            for name, attribute := range attributes {
                value, problems := attribute.Expr.Value(nil)
                if problems.HasErrors() { panic(problems) }
                fmt.Printf("%s\\x00%s\\x00", name, value.AsString())
            }
        }
        """)

    @Test func eachTextThatTerraformTakesIsReadBackAndTheOthersWouldBeChanged() async throws {
        let more = [
            "${", "$${", "$$${a}", "%{", "%%{ if }", "$", "%", "$\\{", "{", "${\"a\"}", "~}", "\u{2126}", "\u{AC00}",
        ]
        let names = ["_", "true", "null", "for", "if", "in", "a_1"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        let odd = more.enumerated().map { ExportValue(name: "W\($0)", value: Secret($1)) }
        let refused = try await Self.terraform.expectReturn(of: Reader.texts + odd + names)
        #expect((1...300).contains(refused.count))
        let lines = refused.map { value in
            let escaped = (value.value.revealed() ?? "").unicodeScalars.map { scalar in
                let digits = String(scalar.value, radix: 16)
                return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
            return "\(value.name) = \"\(escaped.joined())\"\n"
        }
        let pairs = try await Self.terraform.read(Secret(lines.joined()))
        #expect(refused.filter { pairs[$0.name].map { Secret($0) } == $0.value }.map(\.name) == [])
    }

    /// The tables of two implementations of Unicode are compared, as far as what is taken depends on them.
    @Test func eachScalarThatTerraformTakesIsReadBack() async throws {
        let format = try #require(try ExportFormat.named("terraform"))
        var texts: [[UInt8]] = []
        /// Halves what is refused, until single scalars are.
        func take(_ scalars: ArraySlice<Unicode.Scalar>) {
            let text = Array(scalars.map { "-\($0)" }.joined().utf8)
            if (try? format.render([ExportValue(name: "A", value: Secret(text))])) != nil {
                texts.append(text)
            } else if scalars.count > 1 {
                let middle = scalars.startIndex + scalars.count / 2
                take(scalars[..<middle])
                take(scalars[middle...])
            }
        }
        let all = (UInt32(1)...0x10FFFF).compactMap(Unicode.Scalar.init)
        for start in stride(from: 0, to: all.count, by: 4096) { take(all[start..<min(start + 4096, all.count)]) }
        try await Self.terraform.expectReturn(of: Reader.values(texts))
    }

    // MARK: - Programs

    /// Debian's packages of Go are sources, without modules.
    private static func go(
        _ format: String, _ name: String, package: String, file: String, _ code: String
    ) -> Reader {
        Reader(
            format: format, name: name,
            version: ["sh", "-c", "test -d /usr/share/gocode/src/\(package) && go version"], file: file,
            command: ["sh", "-c", "cat >read.go <<'END'\npackage main\n\(code)\nEND\nexec go run read.go"],
            environment: Place.environment.merging([
                "GOPATH": "/usr/share/gocode", "GO111MODULE": "off",
                "GOCACHE": (Place.environment["TMPDIR"] ?? "/tmp") + "/tokenkeep-go-cache",
            ]) { $1 })
    }

    private static func java(_ code: String) -> [String] {
        let program = """
            import java.io.*;
            import java.util.*;
            import static java.nio.charset.StandardCharsets.UTF_8;
            class Read {
                static void put(String name, String value) throws IOException {
                    System.out.write((name + "\\0" + value + "\\0").getBytes(UTF_8));
                }
                public static void main(String[] arguments) throws Exception {
                    \(code)
                    System.out.flush();
                }
            }
            """
        return [
            "sh", "-c",
            "cat >Read.java <<'END'\n\(program)\nEND\nexec java -cp /usr/share/java/snakeyaml.jar Read.java",
        ]
    }
}
