import Exports
import Testing
import Tokens

/// Modules, read by Node.
@Suite struct NodeReaderTests {
    private static let print =
        "for (const [k, v] of Object.entries(values)) process.stdout.write(k + '\\0' + v + '\\0')"

    private static func node(_ format: String, _ file: String, _ code: String) -> Reader {
        Reader(
            format: format, name: "Node", version: ["node", "--version"], file: file, command: ["node", "-e", code])
    }

    @Test func nodeRequiresEachTextBack() async throws {
        let odd = ["__proto__", "not-an-identifier", "V-\"\\\n\u{2028}", "-class"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        let node = Self.node("commonjs", "secrets.js", "const values = require('./secrets.js');" + Self.print)
        #expect(try await node.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test func nodeImportsEachTextBack() async throws {
        let odd = ["async", "of", "get", "undefined", "NaN", "then", "constructor", "__proto__", "module"].map {
            ExportValue(name: $0, value: Secret("of \($0)"))
        }
        let node = Self.node(
            "esm", "secrets.mjs", "import('./secrets.mjs').then(values => {" + Self.print + "})")
        #expect(try await node.expectReturn(of: Reader.texts + odd).isEmpty)
    }
}
