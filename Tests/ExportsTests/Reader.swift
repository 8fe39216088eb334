import Exports
import Host
import Testing
import Tokens

/// A program that reads a format back: a row of the table of what was tried, which `Scripts/check` prints.
struct Reader: Sendable, CustomTestStringConvertible {
    /// The format's name.
    let format: String
    /// What is said beside it.
    var options = ExportFormat.Options()
    /// The program, as the table calls it.
    let name: String
    /// A command whose first line of output is the version; it fails where the program is not installed.
    let version: [String]
    /// The name of the file that is read.
    let file: String
    /// A command that prints `name NUL value NUL …`, run in the file's folder.
    let command: [String]
    /// The command's environment.
    var environment = Place.environment

    var testDescription: String { name }

    /// Writes those of the values that the format takes, lets the program read them, and compares; gives the refused ones.
    ///
    /// Each value that is taken has to come back, and nothing else under its name. Without the program the test is
    /// cancelled, and both say so: the test's output and the table.
    @discardableResult
    func expectReturn(of values: [ExportValue]) async throws -> [ExportValue] {
        let version = try await requiredVersion()
        let format = try #require(try ExportFormat.named(format, options))
        var accepted: [ExportValue] = []
        var refused: [ExportValue] = []
        for value in values {
            if (try? format.render([value])) != nil { accepted.append(value) } else { refused.append(value) }
        }
        let pairs = try await read(try format.render(accepted))
        let wrong = accepted.filter { pairs[$0.name] != $0.value.revealedBytes() }.map { value in
            let got = pairs[value.name].map { String(decoding: $0.prefix(80), as: UTF8.self).debugDescription }
            return
                "\(value.name): \((value.value.revealed() ?? "").prefix(40).debugDescription) came back as \(got ?? "nothing")"
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(accepted.count), read by \(name) \(version)")
        Self.note([self.format, self.name, version, "\(accepted.count) read back, \(refused.count) refused"])
        return refused
    }

    /// What the program finds in a file of those bytes.
    func read(_ bytes: Secret) async throws -> [String: [UInt8]] {
        try await Place.with { place in
            try place.write(file, bytes.revealedBytes())
            let (end, output, errors) = await ChildProcess.run(
                command, environment: environment, directory: place.folder, outputLimit: 256 << 20,
                timeout: .seconds(120))
            try #require(end == .exited(0), "\(name): \(end) \(String(decoding: errors.prefix(2000), as: UTF8.self))")
            let parts = output.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
            var pairs: [String: [UInt8]] = [:]
            for index in stride(from: 0, to: parts.count - 1, by: 2) {
                pairs[String(decoding: parts[index], as: UTF8.self)] = parts[index + 1]
            }
            return pairs
        }
    }

    /// The program's version; cancels the test where it is not installed.
    func requiredVersion() async throws -> String {
        let (end, output, errors) = await ChildProcess.run(
            version, environment: environment, timeout: .seconds(60))
        guard end == .exited(0) else {
            Self.note([format, name, "SKIPPED", "not installed: \(version.joined(separator: " ")) does not succeed"])
            try Test.cancel("SKIPPED: \(name) is not installed, and reads no \(format) back")
        }
        let text = String(decoding: output.isEmpty ? errors : output, as: UTF8.self)
        return String(text.prefix { $0 != "\n" }).trimming
    }

    /// Adds a row to the table, where one is kept.
    static func note(_ cells: [String]) {
        guard let path = ThisProcess.environmentVariable("TOKENKEEP_READERS") else { return }
        do {
            let file = try File(path, .appending)
            try file.write((Array(cells.joined(separator: "\t").utf8) + [UInt8(ascii: "\n")]).span)
        } catch { Issue.record("\(path): \(error)") }
    }

    /// Values by the names V0, V1, ….
    static func values(_ bytes: [[UInt8]]) -> [ExportValue] {
        bytes.enumerated().map { ExportValue(name: "V\($0)", value: Secret($1)) }
    }

    /// Texts that have broken quoting somewhere.
    static let texts = values(NastyValues.texts(1500, seed: 2))
    /// The same, and any bytes but NUL.
    static let bytes = values(NastyValues.texts(1500, seed: 2) + NastyValues.bytes(300, seed: 3))
}

extension String {
    fileprivate var trimming: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text.drop(while: \.isWhitespace))
    }
}
