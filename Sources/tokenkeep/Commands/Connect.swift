import ArgumentParser
import Config
import Host
import OAuth
import Renewal
import Tokens
import VaultFile

struct Connect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Authorise an account: browser, printed URL and pasted answer, or an existing refresh token.",
        discussion: """
            On a server: tokenkeep connect tiktok --print-url, open the URL anywhere, and then
            Example: tokenkeep connect tiktok --callback -
            """)

    @OptionGroup var options: VaultOptions
    @OptionGroup var renewal: RenewalOptions
    @OptionGroup var section: SectionOptions

    @Argument(help: "The connection's name, such as tiktok or tiktok/brand-a.")
    var name: String

    @Flag(help: "Print only the URL to open; the answer is handed over with --callback within 15 minutes.")
    var printUrl = false

    @Option(
        help: ArgumentHelp(
            "The address that the browser ended at; - reads it from standard input or asks.", valueName: "url"))
    var callback: String?

    @Option(help: ArgumentHelp("The code alone, with a pending --print-url that used PKCE.", valueName: "code"))
    var code: String?

    @Flag(help: "Read an existing refresh token from standard input.")
    var refreshToken = false

    func validate() throws {
        let ways = [printUrl, callback != nil, code != nil, refreshToken].count { $0 }
        guard ways <= 1 else {
            throw ValidationError("--print-url, --callback, --code and --refresh-token exclude each other")
        }
    }

    func run() async throws {
        try renewal.requireOnline()
        let name = try RecordName(typed: name)
        var place = try Workplace(options)
        _ = try place.vault()
        place = try await section.ensure(name, in: place)
        let connecting = Connecting(name: name, place: place, renewal: renewal)
        if printUrl {
            let authorization = try await connecting.begin()
            try Console.print(authorization.url)
            place.say("open that address, and within 15 minutes: tokenkeep connect \(name) --callback -")
        } else if let callback {
            try await connecting.finish(try Self.callback(callback))
        } else if let code {
            let words = code.split(whereSeparator: \.isWhitespace)
            guard words.count == 1, let decoded = Callback.decode(words[0].replacing("+", with: "%2B")),
                decoded.contains(where: { $0 > 0x20 })
            else {
                throw Failure(
                    .wrongUse, "the code is empty, more words than one, or ends in the middle of an escape",
                    hint: "copy all of it, or paste the whole address with --callback -")
            }
            try await connecting.finish(code: Secret(decoded))
        } else if refreshToken {
            try await connecting.adopt(try Self.refreshToken(of: name))
        } else {
            try await connecting.inBrowser()
        }
    }

    private static func callback(_ argument: String) throws -> Callback {
        var text = argument
        if argument == "-" {
            if ThisProcess.isTerminal(0) {
                text = try Console.ask("The address that the browser ended at: ", hidden: false)?.revealed() ?? ""
            } else {
                text = try Console.standardInput(limit: 65536).revealed() ?? ""
            }
        }
        guard let callback = Callback(pasted: text) else {
            throw Failure(
                .wrongUse, "that is not the address that the provider sent the browser to",
                hint: "copy the whole address bar, from http to the end: it holds code= and state=")
        }
        return callback
    }

    private static func refreshToken(of name: RecordName) throws -> Secret {
        let given: Secret
        if ThisProcess.isTerminal(0) {
            given = try Console.ask("Refresh token of \(name): ", hidden: true) ?? Secret("")
        } else {
            given = try Console.standardInput(limit: 1 << 20)
        }
        let token = given.withSpan { bytes in
            var count = bytes.count
            while count > 0, [0x0A, 0x0D, 0x20].contains(bytes[count - 1]) { count -= 1 }
            return Secret(bytes.extracting(0..<count))
        }
        let isToken = token.withSpan { bytes in
            (try? UTF8Span(validating: bytes)) != nil && bytes.indices.allSatisfy { bytes[$0] >= 0x20 }
        }
        guard !token.isEmpty, isToken else {
            throw Failure(
                .wrongUse, "standard input holds no refresh token",
                hint: "hand it over as one line: tokenkeep connect \(name) --refresh-token < FILE")
        }
        return token
    }
}
