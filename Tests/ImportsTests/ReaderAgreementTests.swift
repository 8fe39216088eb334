import Testing

@testable import Imports

/// What the real readers of each syntax read, `Imports` reads.
@Suite struct ReaderAgreementTests {
    /// Everything the reader found is found here with the same bytes, and nothing else is.
    private func expectAgreement(_ read: [String: [UInt8]], _ file: ImportedFile, _ text: String) {
        let ours = Dictionary(uniqueKeysWithValues: file.values.map { ($0.name, Array($0.value.utf8)) })
        #expect(!read.isEmpty)
        for name in Set(read.keys).union(ours.keys) {
            let place = text.excerpt(from: name)
            #expect(ours[name] == read[name], "\(name) differs: \(place.debugDescription)")
        }
    }

    @Test(RealReader.nodeIsInstalled, arguments: [1, 2, 3] as [UInt64])
    func aCommonJSModuleHasTheValuesThatNodeReads(seed: UInt64) async throws {
        var writer = LiteralWriter(generator: SeededGenerator(seed: seed))
        // Node takes a byte order mark or an interpreter's line, not both.
        var declarations = writer.generator.pick(["\u{FEFF}'use strict'\n", "#!/usr/bin/env node\n\"use strict\";\n"])
        var members: [String] = []
        var assignments = ""
        for index in 0..<300 {
            let literal = writer.literal(writer.generator.text(of: .nasty))
            let end = writer.generator.pick([";\n", "\n", " // \"'`\n", " /* ` */;\n"])
            let name = "K\(index)"
            switch writer.generator.pick([0, 1, 2, 3, 4]) {
            case 0:
                declarations += writer.generator.pick(["const ", "let ", "var "]) + "\(name) = \(literal)\(end)"
                members.append(name)
            case 1:
                declarations += "const a\(index) = 1 / 2, \(name) = \(literal)\(end)"
                members.append("\(name): \(name)")
            case 2: members.append("'\(name)':\(literal)")
            case 3: members.append("\(name) : \(literal)")
            default:
                assignments += writer.generator.pick(["exports.", "module.exports."]) + "\(name) = \(literal)\(end)"
            }
        }
        assignments.replace("\nexports.", with: "\nmodule.exports.")
        let text =
            declarations + ";module.exports = {\n  " + members.joined(separator: ",\n  ") + ",\n}\n;"
            + (assignments.hasPrefix("exports.") ? "module." : "") + assignments
        let read = try await RealReader.node.read(Array(text.utf8), with: ReaderScript.loadModule, "secrets.cjs")
        #expect(read.count == 300)
        expectAgreement(read, try parse(Array(text.utf8), as: .javascript), text)
    }

    @Test(RealReader.nodeIsInstalled, arguments: [4, 5, 6] as [UInt64])
    func anESModuleHasTheValuesThatNodeReads(seed: UInt64) async throws {
        var writer = LiteralWriter(generator: SeededGenerator(seed: seed))
        var text = ""
        var members: [String] = []
        var list: [String] = []
        for index in 0..<300 {
            let literal = writer.literal(writer.generator.text(of: .nasty))
            let name = "K\(index)"
            switch writer.generator.pick([0, 1, 2, 3]) {
            case 0: text += "export const \(name) = \(literal)\n"
            case 1: members.append("\(name): \(literal)")
            case 2:
                text += "var \(name)=\(literal);"
                list.append(name)
            default:
                // The same value under two names.
                text += "let \(name) = 'earlier'; \(name) = \(literal)\nexport { \(name), \(name) as 'K\(index)b' }\n"
            }
        }
        text += "export default Object.freeze({ \(members.joined(separator: ", ")) })\n"
        text = "export { \(list.joined(separator: ", ")) }\n" + text
        let read = try await RealReader.node.read(Array(text.utf8), with: ReaderScript.loadModule, "secrets.mjs")
        #expect(read.count >= 300)
        expectAgreement(read, try parse(Array(text.utf8), as: .javascript), text)
    }

    @Test(RealReader.nodeIsInstalled)
    func aJSONObjectHasTheValuesThatNodeReads() async throws {
        var generator = SeededGenerator(seed: 7)
        var members: [String] = []
        for index in 0..<300 {
            let literal = generator.text(of: .nasty).unicodeScalars.map { scalar in
                let escaped = scalar.utf16.map { "\\u" + String(0x10000 | UInt32($0), radix: 16).dropFirst() }.joined()
                if scalar == "\"" || scalar == "\\" { return generator.pick(["\\\(scalar)", escaped]) }
                return scalar < " " ? escaped : generator.pick([escaped, "\(scalar)"])
            }
            members.append("\"K\(index)\" : \"\(literal.joined())\"")
        }
        let text = "{\r\n" + members.joined(separator: ",\n") + ", \"K0\": \"last\"}\n"
        let read = try await RealReader.node.read(Array(text.utf8), with: ReaderScript.parseJSON)
        #expect(read.count == 300)
        expectAgreement(read, try parse(Array(text.utf8), as: .json), text)
    }

    /// Lines of .env whose values the reader in question reads as most do: the dialects differ in what is left out.
    private func dotenv(seed: UInt64, hasBackticks: Bool, hasEscapes: Bool) -> String {
        var generator = SeededGenerator(seed: seed)
        let plain = [Unicode.Scalar].nasty.filter { !"\"'`\\$#\r\u{85}".unicodeScalars.contains($0) }
        let ends = ["\n", "\r\n", " # it's \"words\"\n", "  \n\n   \n# KNOTHING=x\n"]
        var text = ""
        for index in 0..<300 {
            let equals = hasEscapes ? generator.pick(["=", " = ", "= "]) : generator.pick(["=", "= "])
            text += generator.pick(["", "export ", "  "]) + "K\(index)" + equals
            switch generator.pick(hasBackticks ? [0, 1, 2, 3] : [0, 1, 2]) {
            case 0:
                let word = generator.text(
                    of: plain.filter { !$0.properties.isWhitespace && $0 != "\u{FEFF}" && $0 != "=" })
                text += generator.pick([word, "\(word) \(word)"])
            case 1: text += "'\(generator.text(of: plain + ["\"", "`", "#", "\n"]))'"
            case 2:
                let escapes = hasEscapes ? ["\\n", "\\r", "\\t", "\\\"", "\\\\"] : ["\\n"]
                let parts = [generator.text(of: plain + ["'", "`", "#", "\n"]), generator.pick(escapes), "n"]
                text += "\"\(parts.joined())\""
            default: text += "`\(generator.text(of: plain + ["\"", "'", "#", "\n"]))`"
            }
            text += generator.pick(ends)
        }
        return text + "K0=first\nK0=last"
    }

    @Test(RealReader.nodeIsInstalled, arguments: [8, 9] as [UInt64])
    func aDotenvFileHasTheValuesThatNodeReads(seed: UInt64) async throws {
        let text = dotenv(seed: seed, hasBackticks: true, hasEscapes: false)
        let read = try await RealReader.node.read(Array(text.utf8), with: ReaderScript.loadEnvironment, ".env")
        #expect(read.count == 300)
        expectAgreement(read, try parse(Array(text.utf8), as: .dotenv), text)
    }

    @Test(RealReader.pythonDotenvIsInstalled, arguments: [10, 11] as [UInt64])
    func aDotenvFileHasTheValuesThatPythonReads(seed: UInt64) async throws {
        let text = dotenv(seed: seed, hasBackticks: false, hasEscapes: true)
        let read = try await RealReader.python.read(Array(text.utf8), with: ReaderScript.pythonDotenv)
        #expect(read.count == 300)
        expectAgreement(read, try parse(Array(text.utf8), as: .dotenv), text)
    }
}

extension String {
    /// The place where a name first stands, for a message.
    fileprivate func excerpt(from name: String) -> Substring {
        guard let start = ranges(of: name).first?.lowerBound else { return "" }
        return self[start...].prefix(120)
    }
}
