import Exports
import Subprocess
import Testing
import Tokens

/// A Node process that has loaded a live module and goes on, asked by a test that changes the module's file meanwhile.
final class RunningNode {
    private let input: StandardInputWriter
    private var answers: SubprocessOutputSequence.StringSequence<UTF8>.AsyncIterator

    private init(_ input: StandardInputWriter, _ output: SubprocessOutputSequence) {
        self.input = input
        answers = output.strings().makeAsyncIterator()
    }

    /// Each line of input is an expression, and its value is answered as JSON.
    ///
    /// `stats` counts the module's own calls of `statSync`, which still are made. `clock`, when it is a number, is what the
    /// module takes for the milliseconds since the process began. `until` waits for a condition to hold.
    private static let script = """
        const fs = require('node:fs');
        const [file] = process.argv.slice(1);
        const { statSync } = fs, now = performance.now.bind(performance);
        let stats = 0, clock;
        fs.statSync = (...rest) => { stats++; return statSync(...rest); };
        Object.defineProperty(performance, 'now', { value: () => clock ?? now() });
        const until = async (holds) => {
          for (const end = now() + 30000; !holds(); await new Promise((resolve) => setTimeout(resolve, 20)))
            if (now() > end) return false;
          return true;
        };
        (async () => {
          const secrets = file.endsWith('.mjs') ? (await import(file)).default : require(file);
          for await (const line of require('node:readline').createInterface({ input: process.stdin }))
            console.log(JSON.stringify(await eval(line)) ?? 'undefined');
        })();
        """

    /// Lends a process that has loaded `file`; it ends by itself when its input does.
    static func with(_ file: String, _ body: (RunningNode) async throws -> Void) async throws {
        let result = try await run(
            .name("node"), arguments: ["-e", script, file], input: .inputWriter, output: .sequence,
            error: .string(limit: 1 << 16)
        ) { process in
            try await body(RunningNode(process.standardInputWriter, process.standardOutput))
            try await process.standardInputWriter.finish()
        }
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    /// The JSON of what an expression, in one line, comes to there.
    func ask(_ expression: String) async throws -> String {
        _ = try await input.write(expression + "\n")
        return try #require(await answers.next(), "the process has ended")
    }
}
