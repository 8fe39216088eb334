import Sealing
package import Tokens

/// A provider's refusal, in its own words (RFC 6749 §5.2), which may repeat what it was sent.
package struct ProviderError: Error, Sendable, Equatable {
    /// The code, such as `invalid_grant`.
    package let code: Secret
    /// The provider's explanation.
    package let detail: Secret?
    /// By which the provider's support finds the request.
    package let logID: Secret?

    /// Describes a refusal.
    package init(code: Secret, detail: Secret?, logID: Secret?) {
        self.code = Self.printable(code)
        self.detail = detail.map(Self.printable)
        self.logID = logID.map(Self.printable)
    }

    init?(_ object: JSONObject, _ provider: Provider) {
        if let inner = try? object.object("error") {
            // Not RFC 6749's, but met: an object, whose code is "ok" where it is no error.
            guard let code = try? inner.secret("code"), !code.isEmpty, code != Secret("ok") else { return nil }
            self.init(
                code: code, detail: try? inner.secret("message"),
                logID: provider.logIDMember.flatMap { try? inner.secret($0) })
        } else {
            guard let code = try? object.secret("error"), !code.isEmpty else { return nil }
            self.init(
                code: code, detail: try? object.secret("error_description"),
                logID: provider.logIDMember.flatMap { try? object.secret($0) })
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
    private static func shown(_ text: Secret?, _ limit: Int, hiding secrets: [Secret]) -> String? {
        guard let text, !text.isEmpty else { return nil }
        return text.hiding(secrets, limit: limit)
    }

    /// What another host wrote goes to terminals and logs: no control characters, no endless text.
    private static func printable(_ text: Secret) -> Secret {
        let limit = 4096
        return Secret(
            SecretBuffer(capacity: 4 * limit) { out in
                for scalar in Scalars(of: text).prefix(limit) where !scalar.properties.isControl {
                    for byte in String(scalar).utf8 { out.append(byte) }
                }
            })
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
