package import Tokens

/// What an answer of a token endpoint says. The body decides, not the status: providers send errors with 200.
package enum TokenAnswer: Sendable, Equatable {
    /// A complete answer (RFC 6749 §5.1).
    case tokens(TokenSet)
    /// The provider says no (RFC 6749 §5.2).
    case error(ProviderError)
    /// Neither: HTML, half an object, nothing; and in short what it is.
    case unreadable(String)

    /// Reads an answer. Whatever a provider adds to it, or leaves out of what is not needed, costs nothing.
    package init(_ answer: Answer, from provider: Provider) {
        let object: JSONObject
        do {
            object = try answer.body.withSpan { body throws(JSONError) in
                try JSONObject(parsing: body, rules: .answer)
            }
        } catch {
            self = .unreadable(Self.description(of: answer.body))
            return
        }
        if let accessToken = object.token("access_token") {
            // A refresh token that cannot be kept is not one left out: the old one may be spent all the same.
            let isWhole = object.token("refresh_token") != nil || object.lacks("refresh_token")
            self =
                isWhole
                ? .tokens(Self.tokens(accessToken, object, answer, provider))
                : .unreadable("JSON with a refresh token that is no token")
        } else if let error = ProviderError(object, provider) {
            self = .error(error)
        } else {
            self = .unreadable("JSON without a token and without an error")
        }
    }

    /// Whether an answer of a revocation endpoint can be its yes: status 200 and whatever body (RFC 7009 §2.2), but no web
    /// page and no half of an object, which somebody else on the way has written or cut off.
    package static func isRevoked(_ answer: Answer) -> Bool {
        guard (200..<300).contains(answer.status) else { return false }
        let first = answer.body.withSpan { bytes in bytes.indices.first { bytes[$0] > 0x20 }.map { bytes[$0] } }
        switch first {
        case UInt8(ascii: "<"): return false
        case UInt8(ascii: "{"):
            return
                (try? answer.body.withSpan { body throws(JSONError) in
                    try JSONObject(parsing: body, rules: .answer)
                }) != nil
        default: return true
        }
    }

    private static func tokens(
        _ accessToken: Secret, _ object: JSONObject, _ answer: Answer, _ provider: Provider
    ) -> TokenSet {
        func end(_ member: String) -> Int64? { object.seconds(member).map { answer.at + $0 } }
        var extras: [String: Secret] = [:]
        for member in provider.extraMembers { extras[member] = object.value(member) }
        return TokenSet(
            accessToken: accessToken, tokenType: object.value("token_type")?.revealed(), obtainedAt: answer.at,
            expiresAt: end("expires_in"), refreshToken: object.token("refresh_token"),
            refreshExpiresAt: provider.refreshLifetimeMember.flatMap(end), scopes: object.scopes("scope"),
            subject: provider.subjectMember.flatMap { object.value($0)?.revealed() }, extras: extras)
    }

    private static func description(of body: Secret) -> String {
        let first = body.withSpan { bytes -> UInt8? in
            for index in bytes.indices where bytes[index] > 0x20 { return bytes[index] }
            return nil
        }
        switch first {
        case nil: return "an empty body"
        case UInt8(ascii: "<"): return "a web page"
        case UInt8(ascii: "{"): return "JSON that is broken or cut short"
        default: return "something that is not JSON"
        }
    }
}

extension JSONObject {
    /// A token as RFC 6749 (appendix A.12) has it: visible ASCII and blanks, so that it can stand in a header.
    fileprivate func token(_ name: String) -> Secret? {
        guard let token = value(name) else { return nil }
        let isToken = token.withSpan { bytes in bytes.indices.allSatisfy { (0x20...0x7E).contains(bytes[$0]) } }
        return isToken ? token : nil
    }

    /// A text that can be kept and handed out: not empty, without NUL.
    fileprivate func value(_ name: String) -> Secret? {
        guard let value = try? secret(name), !value.isEmpty, !value.hasNUL else { return nil }
        return value
    }

    /// Whether a member is not there, null or empty.
    fileprivate func lacks(_ name: String) -> Bool {
        ["null", "\"\"", nil].contains(raw(name)?.revealed())
    }

    /// A positive number of seconds, as a number or as a text that is one; nil for what is none or beyond all sense. To
    /// providers that send it, 0 means that they do not say.
    fileprivate func seconds(_ name: String) -> Int64? {
        guard let text = (try? self.text(name)) ?? raw(name)?.revealed(), let number = Double(text),
            (1..<4_000_000_000).contains(number)
        else { return nil }
        return Int64(number)
    }

    /// Scopes as a text, separated in one of the ways that are in use, or as an array.
    fileprivate func scopes(_ name: String) -> [String]? {
        if let list = try? texts(name) { return list.filter { !$0.utf8.contains(0) } }
        guard let text = value(name)?.revealed() else { return nil }
        return text.split { $0 == "," || $0 == " " }.map(String.init)
    }
}
