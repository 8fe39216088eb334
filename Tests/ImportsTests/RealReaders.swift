import Subprocess
import Testing

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
        let flag = self == .node ? "-e" : "-c"
        let result = try await run(
            .name(executable), arguments: Arguments([flag, script] + arguments), input: .array(bytes),
            output: .string(limit: 1 << 24), error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(executable) failed: \(result.standardError)")
        var values: [String: [UInt8]] = [:]
        for line in result.standardOutput.split(separator: "\n") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            let digits = Array(fields[1])
            values[String(fields[0])] = stride(from: 0, to: digits.count, by: 2).compactMap {
                UInt8(String(digits[$0...$0 + 1]), radix: 16)
            }
        }
        return values
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
}
