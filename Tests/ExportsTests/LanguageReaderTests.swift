import Exports
import Host
import Testing
import Tokens

/// Sources in other languages, compiled or interpreted by the programs that they are written for.
@Suite struct LanguageReaderTests {
    private static func named(_ names: String) -> [ExportValue] {
        names.split(separator: " ").map { ExportValue(name: String($0), value: Secret("of \($0)")) }
    }

    /// Names that no identifier may have, for formats whose names are texts.
    private static let oddNames = ["not-an-identifier", "a.b", "0", "42", "007", "-1", "#{1}", "$x'\"\\", "é"].map {
        ExportValue(name: $0, value: Secret("of \($0)"))
    }

    /// Those of the names that a format refuses.
    private static func refused(_ names: String, by format: String) throws -> [String] {
        let format = try #require(try ExportFormat.named(format))
        return names.split(separator: " ").map(String.init).filter { name in
            (try? format.render([ExportValue(name: name, value: Secret("x"))])) == nil
        }
    }

    private static func options(name: String) -> ExportFormat.Options {
        var options = ExportFormat.Options()
        options.name = name
        return options
    }

    /// A locale that is not UTF-8 must change nothing.
    private static let plainLocale = Place.environment.merging(["LC_ALL": "C", "LANG": "C"]) { $1 }

    // MARK: Python

    private static let python = Reader(
        format: "python", name: "Python", version: ["python3", "--version"], file: "app_secrets.py",
        command: [
            "python3", "-W", "error", "-c",
            """
            import app_secrets, sys
            for k, v in vars(app_secrets).items():
                if type(v) is str and not (k.startswith('__') and k.endswith('__')):
                    sys.stdout.buffer.write(k.encode() + b'\\0' + v.encode() + b'\\0')
            """,
        ], environment: plainLocale)

    @Test func pythonImportsEachTextBack() async throws {
        let odd = Self.named("match case type print str exec _ __x x__ _X self NonE")
        #expect(try await Self.python.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test func aNameThatPythonKeepsForItselfIsRefused() async throws {
        _ = try await Self.python.requiredVersion()
        let keywords = try await Place.with { place in
            try await place.run("python3", "-c", "import keyword; print(*keyword.kwlist)")
        }
        let names =
            String(decoding: keywords, as: UTF8.self).split(separator: "\n")[0]
            + " __name__ __file__ __builtins__ __debug__ __all__ __getattr__ __path__ __"
        #expect(try Self.refused(String(names), by: "python") == names.split(separator: " ").map(String.init))
    }

    // MARK: Ruby

    @Test func rubyRequiresEachTextBackFrozenAndAsUTF8() async throws {
        let ruby = Reader(
            format: "ruby", name: "Ruby", version: ["ruby", "--version"], file: "secrets.rb",
            command: [
                "ruby", "-w", "-e",
                """
                $stderr = $stdout; require './secrets'; $stdout.binmode
                raise unless Secrets::VALUES.frozen?
                Secrets::VALUES.each do |k, v|
                  raise k unless v.frozen? && v.encoding == Encoding::UTF_8 && v.valid_encoding?
                  print k, 0.chr, v, 0.chr
                end
                """,
            ], environment: Self.plainLocale)
        #expect(try await ruby.expectReturn(of: Reader.texts + Self.oddNames).isEmpty)
    }

    // MARK: PHP

    @Test func phpRequiresEachByteBack() async throws {
        let php = Reader(
            format: "php", name: "PHP", version: ["php", "--version"], file: "secrets.php",
            command: [
                "php", "-d", "error_reporting=-1", "-r",
                #"$s = require 'secrets.php'; foreach ($s as $k => $v) echo "$k\0", $s["$k"], "\0";"#,
            ], environment: Self.plainLocale)
        let tags = ["?>", "a?>\nb<?php c", "<?= 1 ?>", "\\", "\\'", "'", "\\\\'", "{$x}", "/* ?> */"]
        let odd = tags.map { ExportValue(name: $0, value: Secret($0)) }
        #expect(try await php.expectReturn(of: Reader.bytes + Self.oddNames + odd).isEmpty)
    }

    // MARK: Go

    /// Prints each constant of the file, whose package is `$1`, after gofmt has agreed to it.
    private static func go(_ options: ExportFormat.Options, package: String, prefix: String) -> Reader {
        let program = """
            export GOPATH="$PWD" GOCACHE="$PWD/cache" GO111MODULE=off GOFLAGS= && mkdir -p src/app
            test -z "$(gofmt -l secrets.go)" || { echo 'gofmt would write it otherwise' >&2; exit 1; }
            if [ \(package) = main ]; then mv secrets.go src/app; file=src/app/secrets.go
            else mkdir src/app/secrets; mv secrets.go src/app/secrets; file=src/app/secrets/secrets.go; fi
            { echo 'package main'; echo 'import "os"'
              [ \(package) = main ] || echo 'import "app/secrets"'
              echo 'func main() {'
              sed -n 's/^const \\([^ ]*\\) = .*/os.Stdout.WriteString("\\1\\\\x00" + \(prefix)\\1 + "\\\\x00")/p' "$file"
              echo '}'; } > src/app/main.go
            go vet app && go run app
            """
        return Reader(
            format: "go", options: options, name: "Go, package \(package)", version: ["go", "version"],
            file: "secrets.go",
            command: ["sh", "-c", program])
    }

    @Test func goCompilesEachByteBack() async throws {
        let go = Self.go(ExportFormat.Options(), package: "secrets", prefix: "secrets.")
        #expect(try await go.expectReturn(of: Reader.bytes).isEmpty)
    }

    @Test func goTakesLowercaseNamesWithinItsOwnPackage() async throws {
        let go = Self.go(Self.options(name: "main"), package: "main", prefix: "")
        let odd = Self.named("api_key _x x self goto_ Type nil_ os_")
        #expect(try await go.expectReturn(of: odd).isEmpty)
    }

    @Test func theSecondLineOfAGoFileMarksItAsGenerated() throws {
        let format = try #require(try ExportFormat.named("go"))
        let lines = try format.render([]).revealed()?.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        try #require(lines.count > 2)
        #expect(lines[1].wholeMatch(of: /\/\/ Code generated .* DO NOT EDIT\./) != nil)
        #expect(lines[2...] == ["", "package secrets", ""])
    }

    @Test(arguments: ["", "_", "func", "type", "a-b", "1a", "é", "a b", "a\n"])
    func whatCannotNameAPackageOrTypeIsRefused(name: String) throws {
        #expect(throws: FormatProblem.self) { try ExportFormat.named("go", Self.options(name: name)) }
        let isWord = ["func", "type"].contains(name)
        let type = isWord ? ["func": "class", "type": "Type"][name] ?? "" : name
        #expect(throws: FormatProblem.self) { try ExportFormat.named("swift", Self.options(name: type)) }
    }

    @Test func aNameThatGoKeepsForItselfIsRefused() throws {
        let names = "break func type var range init main _ nil true string error len iota"
        #expect(try Self.refused(names, by: "go") == names.split(separator: " ").map(String.init))
    }

    // MARK: Swift

    /// Every word that the compiler might take for something else; all of them work in backticks.
    private static let swiftWords = named(
        """
        Any Self _ actor any as associatedtype associativity async await borrowing break case catch class \
        consume consuming continue convenience copy default defer deinit didSet discard distributed do dynamic each else \
        enum extension fallthrough false fileprivate final for func get guard if import in indirect infix init inout \
        internal is isolated lazy left let macro mutating nil none nonisolated nonmutating open operator optional override \
        package postfix precedence precedencegroup prefix private protocol public repeat required rethrows return right \
        self sending set some static struct subscript super switch then throw throws true try typealias unowned unsafe \
        using var weak where while willSet yield String StaticString Secrets Swift hash hashValue description
        """)

    @Test func swiftCompilesEachTextBack() async throws {
        let program = """
            { printf '%s\\n' 'func show(_ n: String, _ v: String) { print(n, v, separator: "\\0", terminator: "\\0") }'
              sed -n 's/^    static let `*\\([^ `]*\\)`* = .*/show("\\1", App.`\\1`)/p' secrets.swift; } > main.swift
            swiftc -warnings-as-errors -module-cache-path cache -o main main.swift secrets.swift && ./main
            """
        let swift = Reader(
            format: "swift", options: Self.options(name: "App"), name: "Swift", version: ["swiftc", "--version"],
            file: "secrets.swift", command: ["sh", "-c", program])
        // The known troublemakers, what is long, and a moderate number of mixtures: each is a global to the compiler.
        let some = Array(Reader.texts.prefix(350))
        #expect(try await swift.expectReturn(of: some + Self.swiftWords).isEmpty)
    }

    @Test func aNameThatSwiftKeepsForItselfIsRefused() throws {
        #expect(try Self.refused("Type Protocol", by: "swift") == ["Type", "Protocol"])
    }

    // MARK: TypeScript

    /// Type-checks and compiles the file, looks that no value is in its declarations, and lets Node run it.
    @Test(arguments: ["es2020", "commonjs"])
    func tscCompilesEachTextForNodeAndDeclaresNone(module: String) async throws {
        let program = """
            cat > main.ts <<'END'
            import * as values from './secrets.js';
            declare const process: any;
            const each: Record<string, string> = values;
            for (const name of Object.keys(each)) process.stdout.write(name + '\\0' + each[name] + '\\0');
            END
            tsc --strict --declaration --target es2020 --module \(module) --moduleResolution node main.ts || exit 1
            if grep -v '^export declare const [A-Za-z0-9_]*: string;$' secrets.d.ts; then exit 1; fi >&2
            test "$(grep -c . secrets.d.ts)" = "$(grep -c '^export' secrets.ts)" || exit 1
            [ \(module) = commonjs ] || echo '{"type":"module"}' > package.json
            node main.js
            """
        let tsc = Reader(
            format: "typescript", name: "tsc, \(module)", version: ["tsc", "--version"], file: "secrets.ts",
            command: ["sh", "-c", program])
        let odd = Self.named(
            """
            any string number type undefined globalThis module Object Promise Symbol NaN async of get set declare \
            namespace abstract as is keyof never unknown global constructor then __filename console process
            """)
        #expect(try await tsc.expectReturn(of: Reader.texts + odd).isEmpty)
    }

    @Test func aNameThatTypeScriptKeepsForItselfIsRefused() throws {
        let names = "class enum default await let eval arguments exports require __esModule __proto__"
        #expect(try Self.refused(names, by: "typescript") == names.split(separator: " ").map(String.init))
    }
}
