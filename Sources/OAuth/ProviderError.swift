package import Tokens

/// A provider's refusal, in its own words (RFC 6749 §5.2).
package struct ProviderError: Error, Sendable, Equatable {
    /// The code, such as `invalid_grant`.
    package let code: String
    /// The provider's explanation.
    package let detail: String?
    /// By which the provider's support finds the request.
    package let logID: String?

    /// Describes a refusal.
    package init(code: String, detail: String?, logID: String?) {
        self.code = Self.printable(code)
        self.detail = detail.map(Self.printable)
        self.logID = logID.map(Self.printable)
    }

    init?(_ object: JSONObject, _ provider: Provider) {
        if let inner = try? object.object("error") {
            // Not RFC 6749's, but met: an object, whose code is "ok" where it is no error.
            guard let code = try? inner.text("code"), !code.isEmpty, code != "ok" else { return nil }
            self.init(
                code: code, detail: try? inner.text("message"),
                logID: provider.logIDMember.flatMap { try? inner.text($0) })
        } else {
            guard let code = try? object.text("error"), !code.isEmpty else { return nil }
            self.init(
                code: code, detail: try? object.text("error_description"),
                logID: provider.logIDMember.flatMap { try? object.text($0) })
        }
    }

    /// One line: code, explanation, log id, and nothing of `secrets`: providers repeat what they were sent.
    package func words(hiding secrets: [Secret]) -> String {
        let (code, logID) = parts(hiding: secrets)
        var words = code
        if let detail = Self.shown(detail, 300, hiding: secrets) { words += " (\(detail))" }
        if let logID { words += ", log id \(logID)" }
        return words
    }

    /// The code and the log id, and nothing of `secrets` in them.
    package func parts(hiding secrets: [Secret]) -> (code: String, logID: String?) {
        (Self.shown(code, 80, hiding: secrets) ?? "", Self.shown(logID, 80, hiding: secrets))
    }

    /// Hidden first and cut then: half a token would not be known for what it is.
    private static func shown(_ text: String?, _ limit: Int, hiding secrets: [Secret]) -> String? {
        guard let text, !text.isEmpty else { return nil }
        return String(String.UnicodeScalarView(text.hiding(secrets).unicodeScalars.prefix(limit)))
    }

    /// What another host wrote goes to terminals and logs: no control characters, no endless text.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(4096).filter { !$0.properties.isControl }))
    }
}

extension Unicode.Scalar.Properties {
    /// Control and format characters, line separators, and what is not assigned or is half of something.
    fileprivate var isControl: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: false
        }
    }
}

extension String {
    /// The text without what it quotes of `secrets`: their beginnings from 8 bytes on and any part from 12 on, as they are,
    /// percent-encoded, in base64 or hexadecimal; of one that is shorter, all of it. Less than 4 bytes are not looked for.
    fileprivate func hiding(_ secrets: [Secret]) -> String {
        let quoting = QuotingText(self)
        for secret in secrets where secret.count >= 4 {
            let bytes = secret.revealedBytes()
            quoting.cover(bytes)
            for hexadecimal in ["0123456789abcdef", "0123456789ABCDEF"].map({ Array($0.utf8) }) {
                quoting.cover(bytes.flatMap { [hexadecimal[Int($0 >> 4)], hexadecimal[Int($0 & 15)]] })
            }
            // In base64 behind a multiple of three bytes, one more, or two more: without the digits that its neighbours share.
            for variant in [Base64.Variant.standard, .url] {
                for (before, digits) in [(0, 0), (1, 2), (2, 3)] {
                    let text = Base64.encode(([UInt8](repeating: 0, count: before) + bytes).span, variant)
                    let encoded = Secret(text).revealedBytes().filter { $0 != UInt8(ascii: "=") }
                    quoting.cover(Array(encoded.dropFirst(digits).dropLast()))
                }
            }
        }
        return quoting.shown
    }
}

/// A text in which quotations are looked for.
private final class QuotingText {
    private let text: [UInt8]
    /// The text as it is, and with its percent-encoding taken off once and twice: where a quotation follows a percent sign, its
    /// first letters can look like the rest of an escape.
    private let readings: [Reading]
    private var isCovered: [Bool]

    init(_ words: String) {
        text = Array(words.utf8)
        let asItIs = Reading(bytes: text, ends: Array(1..<text.count + 1))
        let once = asItIs.decoded
        readings = [asItIs, once, once?.decoded].compactMap { $0?.canonical }
        isCovered = Array(repeating: false, count: text.count)
    }

    /// Covers what is quoted of a secret.
    func cover(_ secret: [UInt8]) {
        let secret = secret.map(Reading.canonical)
        for reading in readings {
            cover(secret, from: 0, atLeast: min(8, secret.count), in: reading)
            guard secret.count >= 12 else { continue }
            for start in 0...secret.count - 12 { cover(secret, from: start, atLeast: 12, in: reading) }
        }
    }

    private func cover(_ secret: [UInt8], from start: Int, atLeast count: Int, in reading: Reading) {
        let bytes = reading.bytes
        // Each place is covered once, however often a secret repeats itself.
        for place in reading.takePlaces(of: secret[start..<start + count]) {
            var length = count
            while start == 0, place + length < bytes.count, length < secret.count,
                bytes[place + length] == secret[length]
            {
                length += 1
            }
            for index in reading.range(of: place..<place + length) { isCovered[index] = true }
        }
    }

    /// The text with each quotation as `<redacted>`.
    var shown: String {
        var shown: [UInt8] = []
        for index in text.indices {
            if !isCovered[index] {
                shown.append(text[index])
            } else if index == 0 || !isCovered[index - 1] {
                shown += Array("<redacted>".utf8)
            }
        }
        return String(decoding: shown, as: UTF8.self)
    }
}

/// One way to read a text.
private final class Reading {
    let bytes: [UInt8]
    /// Where in the text each byte ends.
    private let ends: [Int]
    private var placesOf: [Int: [ArraySlice<UInt8>: [Int]]] = [:]

    init(bytes: [UInt8], ends: [Int]) { (self.bytes, self.ends) = (bytes, ends) }

    /// With the percent-encoding taken off once; nil when there is none.
    var decoded: Reading? {
        var (decoded, places): ([UInt8], [Int]) = ([], [])
        var index = 0
        while index < bytes.count {
            var count = 1
            var byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                (byte, count) = (value, 3)
            }
            index += count
            decoded.append(byte)
            places.append(ends[index - 1])
        }
        return decoded.count < bytes.count ? Reading(bytes: decoded, ends: places) : nil
    }

    /// With a blank as `+`.
    var canonical: Reading { Reading(bytes: bytes.map(Self.canonical), ends: ends) }

    static func canonical(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: " ") ? UInt8(ascii: "+") : byte }

    /// Where a part stands; asked again, nowhere.
    func takePlaces(of part: ArraySlice<UInt8>) -> [Int] {
        guard part.count <= bytes.count else { return [] }
        if placesOf[part.count] == nil {
            var places: [ArraySlice<UInt8>: [Int]] = [:]
            for place in 0...bytes.count - part.count {
                places[bytes[place..<place + part.count], default: []].append(place)
            }
            placesOf[part.count] = places
        }
        return placesOf[part.count]?.removeValue(forKey: part) ?? []
    }

    /// Where bytes stand in the text.
    func range(of range: Range<Int>) -> Range<Int> {
        (range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1])..<ends[range.upperBound - 1]
    }
}
