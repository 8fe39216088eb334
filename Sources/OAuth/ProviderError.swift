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
    /// The text without what it quotes of `secrets`: whole or cut short, as they are or percent-encoded.
    ///
    /// Less than 4 bytes are not looked for, and of a long one the first 8 give it away.
    fileprivate func hiding(_ secrets: [Secret]) -> String {
        let text = Array(utf8)
        var shown: [UInt8] = []
        var index = 0
        while index < text.count {
            let end = secrets.map { $0.withSpan { text.end(ofQuoting: $0, from: index) } }.max() ?? index
            if end > index {
                shown += Array("<redacted>".utf8)
                index = end
            } else {
                shown.append(text[index])
                index += 1
            }
        }
        return String(decoding: shown, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Where a quotation of `secret` that begins at `start` ends; `start` when there is none.
    fileprivate func end(ofQuoting secret: Span<UInt8>, from start: Int) -> Int {
        guard secret.count >= 4 else { return start }
        var (end, matched) = (start, 0)
        while matched < secret.count, end < count {
            if self[end] == secret[matched] || self[end] == UInt8(ascii: "+") && secret[matched] == UInt8(ascii: " ") {
                end += 1
            } else if self[end] == UInt8(ascii: "%"), end + 2 < count,
                UInt8(String(decoding: self[end + 1...end + 2], as: UTF8.self), radix: 16) == secret[matched]
            {
                end += 3
            } else {
                break
            }
            matched += 1
        }
        return matched >= Swift.min(8, secret.count) ? end : start
    }
}
