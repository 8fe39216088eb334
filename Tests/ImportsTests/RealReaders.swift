import Subprocess
import Testing

@testable import Imports

/// A program that reads the same files as `Imports`, and is asked what it reads in them.
enum RealReader {
    case node
    case python

    private var executable: String {
        switch self {
        case .node: "node"
        case .python: "python3"
        }
    }

    /// Runs a script over a file's bytes; the script prints each name, a space and its value's UTF-8 in hexadecimal.
    func read(_ bytes: [UInt8], with script: String, _ arguments: String...) async throws -> [String: [UInt8]] {
        var values: [String: [UInt8]] = [:]
        for line in try await lines(bytes, with: script, arguments) {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            values[String(fields[0])] = fields[1].fromHexadecimal
        }
        return values
    }

    /// Runs a script over bytes, and gives the lines that it prints.
    func lines(_ bytes: [UInt8], with script: String, _ arguments: [String] = []) async throws -> [Substring] {
        let flag = self == .node ? "-e" : "-c"
        let result = try await run(
            .name(executable), arguments: Arguments([flag, script] + arguments), input: .array(bytes),
            output: .string(limit: 1 << 25), error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(executable) failed: \(result.standardError)")
        return result.standardOutput.split(separator: "\n")
    }

    /// Whether a script runs to its end here.
    func runs(_ script: String) async -> Bool {
        (try? await read([], with: script)) != nil
    }

    /// A condition that skips a test where Node is missing, and says so.
    static var nodeIsInstalled: ConditionTrait {
        .enabled("node 20.6 or newer is not on the PATH: what Imports reads was NOT compared with it") {
            await RealReader.node.runs(
                "const [a, b] = process.versions.node.split('.'); process.exit(a > 20 || a == 20 && b >= 6 ? 0 : 1)")
        }
    }

    /// A condition that skips a test where python-dotenv is missing, and says so.
    static var pythonDotenvIsInstalled: ConditionTrait {
        .enabled("python3 with python-dotenv is not installed: what Imports reads was NOT compared with it") {
            await RealReader.python.runs("import dotenv")
        }
    }

    /// A condition that skips a test where PyYAML is missing, and says so.
    static var pythonYAMLIsInstalled: ConditionTrait {
        .enabled("python3 with yaml is not installed: what Imports reads was NOT compared with it") {
            await RealReader.python.runs("import yaml")
        }
    }
}

extension StringProtocol {
    /// The bytes that pairs of hexadecimal digits stand for.
    var fromHexadecimal: [UInt8] {
        let digits = utf8.compactMap { Unicode.Scalar($0).hexadecimalValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension Sequence<UInt8> {
    /// The bytes as pairs of hexadecimal digits.
    var hexadecimal: String { map { String(UInt32($0) | 0x100, radix: 16).dropFirst() }.joined() }
}

/// What the readers run.
enum ReaderScript {
    private static let show = """
        const show = (values) => {
          for (const name of Object.keys(values))
            if (typeof values[name] === 'string')
              console.log(name + ' ' + Buffer.from(values[name]).toString('hex'));
        };
        """
    private static let temporaryFile = """
        const fs = require('fs'), os = require('os'), path = require('path');
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tokenkeep-imports-'));
        process.on('exit', () => fs.rmSync(folder, { recursive: true }));
        const file = path.join(folder, process.argv[1]);
        fs.writeFileSync(file, fs.readFileSync(0));
        """

    /// Loads the module that the first argument names, by `require` or `import` as its extension asks.
    static let loadModule = """
        \(show)\(temporaryFile)
        if (file.endsWith('.mjs'))
          import('file://' + file).then((module) => { show(module); show(module.default ?? {}); });
        else
          show(require(file));
        """

    /// Starts Node with `--env-file`, and prints its variables that begin with `K`.
    static let loadEnvironment = """
        \(temporaryFile)
        const child = `
          for (const name of Object.keys(process.env))
            if (name.startsWith('K')) console.log(name + ' ' + Buffer.from(process.env[name]).toString('hex'))`;
        const { execFileSync } = require('child_process');
        process.stdout.write(execFileSync(process.execPath, ['--env-file=' + file, '-e', child], { env: {} }));
        """

    /// Reads with `JSON.parse`.
    static let parseJSON = "\(show)show(JSON.parse(require('fs').readFileSync(0, 'utf8')));"

    /// Reads with python-dotenv, from a file as applications do.
    static let pythonDotenv = """
        import dotenv, os, sys, tempfile
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(sys.stdin.buffer.read())
        try:
            for name, value in dotenv.dotenv_values(file.name, interpolate=False).items():
                print(name, (value or "").encode().hex())
        finally:
            os.unlink(file.name)
        """

    /// Writes what it makes of a seed with PyYAML, in the way that the second argument says: the document, then each
    /// name and value.
    static let dumpYAML = #"""
        import json, random, sys, yaml
        generator = random.Random(int(sys.argv[1]))
        pieces = ["a", "b7", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "-", "- ", "'", '"', "\\", "\\n", "|", ">", "&", "*",
            "!", "%", "@", "`", "{", "}", "[", "]", ",", "?", "~", "null", "yes", "0123", "1e3", "2001-01-01", "---", "...", "<<", "=",
            "long words that are folded at the width of a line", "\r", "\x01", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff",
            "\uffff", "\u00e9", "e\u0301", "\U0001f600", "\U0010ffff", "</", "x" * 90]
        options = json.loads(sys.argv[2])
        if "allow_unicode" in options:
            # It would write them as they are, as line ends, which they are not to others.
            pieces = [piece for piece in pieces if piece not in "\x85\u2028"]
        values = {"K%d" % index: "".join(generator.choices(pieces, k=generator.randint(0, 7))) for index in range(400)}
        values |= {"S%d" % index: piece for index, piece in enumerate(pieces)}
        def returns(value):
            try: return yaml.safe_load(yaml.safe_dump({"K": value}, **options))["K"] == value
            except yaml.YAMLError: return False
        values = {name: value for name, value in values.items() if returns(value)}
        document = yaml.safe_dump(values, **options)
        print("document", document.encode().hex())
        for name, value in values.items():
            print(name, value.encode().hex())
        """#

    /// Reads a document in each line, in hexadecimal, with PyYAML, and prints a line for each: `refused`, or the names with
    /// their values; without one where it is no string.
    static let composeYAML = """
        import sys, yaml
        for line in sys.stdin:
            try:
                node = yaml.compose(bytes.fromhex(line.strip()).decode(), Loader=yaml.SafeLoader)
                found = {}
                for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
                    if isinstance(key, yaml.ScalarNode):
                        isText = isinstance(value, yaml.ScalarNode) and value.tag == "tag:yaml.org,2002:str"
                        found[key.value] = value.value if isText else None
            except (yaml.YAMLError, ValueError, RecursionError):
                print("refused")
                continue
            fields = [name.encode().hex() + ("" if text is None else "=" + text.encode("utf-8", "surrogatepass").hex())
                for name, text in found.items()]
            print(" ".join(["read"] + fields))
        """
}
