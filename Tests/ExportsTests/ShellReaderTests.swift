import Exports
import Testing
import Tokens

/// What is written for shells, as a program gets it that they start.
@Suite struct ShellReaderTests {
    /// Prints the environment that it was given as `name NUL value NUL …`.
    static let dump = """
        import os, sys
        for name, value in os.environb.items(): sys.stdout.buffer.write(name + b'\\0' + value + b'\\0')
        """

    /// A shell and what its version is asked with.
    struct Shell: Sendable, CustomTestStringConvertible {
        let command: [String]
        let version: [String]

        var testDescription: String { command.joined(separator: " ") }

        func reader(locale: String = "C.UTF-8") -> Reader {
            Reader(
                format: "shell", name: testDescription, version: version, file: "secrets.sh",
                command: command + ["-c", ". ./secrets.sh && exec python3 -c \"$DUMP\""],
                environment: Place.environment.merging(["LC_ALL": locale, "DUMP": dump]) { $1 })
        }
    }

    static let shells = [
        Shell(command: ["bash"], version: ["bash", "--version"]),
        Shell(command: ["bash", "--posix"], version: ["bash", "--version"]),
        Shell(command: ["dash"], version: ["dpkg-query", "-W", "-f", "${Version}", "dash"]),
        Shell(command: ["zsh", "-f"], version: ["zsh", "--version"]),
        Shell(command: ["ksh93"], version: ["ksh93", "-c", "echo ${.sh.version}"]),
        Shell(command: ["mksh"], version: ["mksh", "-c", "echo $KSH_VERSION"]),
    ]

    @Test(arguments: shells, ["C", "C.UTF-8"])
    func aShellHandsEachByteToItsPrograms(shell: Shell, locale: String) async throws {
        #expect(try await shell.reader(locale: locale).expectReturn(of: Reader.bytes).isEmpty)
    }

    /// The names of all variables that the shells have, as far as they are installed.
    private static let listing = """
        bash -c 'compgen -v'
        zsh -fc 'zmodload zsh/parameter; print -l ${(k)parameters}'
        ksh93 -c 'typeset +p' | awk '{ print $NF }'
        mksh -c typeset | awk '{ print $NF }'
        fish --no-config -c 'set -n'
        true
        """

    /// Every variable that any shell has is tried in each: the ones that do not take a value must be refused.
    @Test(arguments: shells)
    func aNameThatAShellKeepsForItselfIsRefused(shell: Shell) async throws {
        _ = try await shell.reader().requiredVersion()
        try await Place.with { place in
            let listed = try await place.run("sh", "-c", Self.listing)
            let names = Set(
                listed.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
            let format = try #require(try ExportFormat.named("shell"))
            var refused = 0
            var script = ""
            let rarer = [
                "path", "UID", "RANDOM", "BASHPID", "TTYIDLE", "_", "JOBMAX", "KSH_MATCH", "HISTSIZE", "ARGV0",
                "BASH_ALIASES", "BASH_CMDS", "ERRNO", "HISTCHARS", "WATCH", "ZLE_RPROMPT_INDENT", "dirstack",
                "histchars",
            ]
            for name in names.union(rarer).sorted() {
                guard let file = try? format.render([ExportValue(name: name, value: Secret("a b c d"))]).revealed()
                else {
                    refused += 1
                    continue
                }
                script +=
                    "(\n\(file)[ \"$(/usr/bin/printenv \(name))\" = 'a b c d' ] || echo \(name)\n) || echo \(name)\n"
            }
            #expect(refused > 10)
            try place.write("script.sh", script)
            // What a shell says of a locale or a PATH of that name is no matter here.
            let output = try await place.run("sh", "-c", shell.testDescription + " ./script.sh 2> /dev/null")
            #expect(String(decoding: output, as: UTF8.self) == "")
        }
    }

    private static func fish(_ locale: String, _ code: String) -> Reader {
        Reader(
            format: "fish", name: "fish", version: ["fish", "--version"], file: "secrets.fish",
            command: ["fish", "--no-config", "-c", "source secrets.fish; " + code],
            environment: Place.environment.merging(["LC_ALL": locale, "DUMP": dump]) { $1 })
    }

    @Test(
        arguments: ["C", "C.UTF-8"],
        [
            "python3 -c $DUMP",
            "for name in (set -n | string match -r '^V[0-9]+$'); printf '%s\\0%s\\0' $name \"$$name\"; end",
        ])
    func fishKeepsEachByteAndHandsItToItsPrograms(locale: String, code: String) async throws {
        #expect(try await Self.fish(locale, code).expectReturn(of: Reader.bytes).isEmpty)
    }

    @Test func aNameThatFishKeepsForItselfIsRefused() async throws {
        let reader = Self.fish("C.UTF-8", "python3 -c $DUMP")
        _ = try await reader.requiredVersion()
        try await Place.with { place in
            let listed = try await place.run("sh", "-c", Self.listing)
            let names = Set(listed.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) })
            let format = try #require(try ExportFormat.named("fish"))
            var (refused, kept) = (0, Set<String>())
            for name in names.sorted() {
                guard let file = try? format.render([ExportValue(name: name, value: Secret("a:b c"))]).revealed() else {
                    refused += 1
                    continue
                }
                kept.insert(name)
                try place.write(name + ".fish", file)
            }
            #expect(refused > 5)
            // Each in a fish of its own: PATH and the like would be missed by the next.
            let output = try await place.run(
                "sh", "-c",
                """
                fish=$(command -v fish) env=$(command -v env)
                for file in *.fish; do
                    name=${file%.fish}
                    "$fish" --no-config -c "source $file; and $env -0" 2> /dev/null | grep -qzx "$name=a:b c" || echo "$name"
                done
                """)
            #expect(String(decoding: output, as: UTF8.self) == "")
        }
    }
}
