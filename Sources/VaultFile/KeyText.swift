import Sealing
package import Tokens

/// A raw key as people and files hold it: `tkk1_`, 43 characters of base64url, `_`, 8 hex digits (FORMAT §5).
package enum KeyText {
    private static let prefix = Array("tkk1_".utf8)

    /// Writes a key down.
    package static func encode(_ key: Secret) throws(VaultError) -> Secret {
        let digits = key.withSpan { Base64.encode($0, .url) }
        let body = Secret(joining: [Secret(prefix), Secret(digits)])
        return Secret(joining: [body, Secret("_" + (try checksum(body)))])
    }

    /// Reads a key; a wrong checksum, length or alphabet is "mistyped", which says nothing of any vault.
    package static func decode(_ text: Secret) throws(VaultError) -> Secret {
        let key = try text.withSpan { text throws(VaultError) -> Secret? in
            let hasNewline = text.count > 0 && text[text.count - 1] == 0x0A
            let text = text.extracting(0..<text.count - (hasNewline ? 1 : 0))
            guard text.count == 57, text[48] == UInt8(ascii: "_") else { return nil }
            for index in prefix.indices where text[index] != prefix[index] { return nil }
            let expected = try checksum(Secret(text.extracting(0..<48), isKey: true))
            guard equalInConstantTime(expected.utf8.span, text.extracting(49..<57)) else { return nil }
            return Base64.decode(text.extracting(5..<48), .url, isKey: true)
        }
        guard let key else { throw .mistypedKey }
        return key
    }

    private static func checksum(_ body: Secret) throws(VaultError) -> String {
        let digest = try sealing { () throws(SealingError) in
            try body.withSpan { body throws(SealingError) in try SHA256.digest(of: body) }
        }
        return hexadecimal(digest.span.extracting(0..<4))
    }
}
