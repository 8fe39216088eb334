import Tokens

/// The grants as JSON, so that they outlive a restart.
extension Grants {
    /// Reads what `record` wrote, or gives nil when the JSON is about something else.
    ///
    /// Lifetimes and manners are those of the options, not of the file.
    init?(parsing bytes: [UInt8], _ options: SandboxOptions) throws(JSONError) {
        self.init(options)
        let record = try JSONObject(parsing: bytes.span, rules: .record)
        guard try record.integer("schema") == 1 else { return nil }
        for object in try record.objects("families") ?? [] { families.append(try Family(object)) }
        for object in try record.objects("codes") ?? [] {
            let code = try Code(object)
            guard let text = try object.text("code"), code.family.map(families.indices.contains) ?? true else {
                return nil
            }
            codes[text] = code
        }
    }

    /// The grants as the bytes of a file.
    var record: [UInt8] {
        var record = JSONObject()
        record.set("schema", 1)
        record.set("families", families.map(\.object))
        record.set(
            "codes",
            codes.sorted { $0.key < $1.key }.map { text, code in
                var object = code.object
                object.set("code", text)
                return object
            })
        return record.encoded().revealedBytes()
    }
}

extension Grants.Code {
    fileprivate init(_ object: JSONObject) throws(JSONError) {
        redirectURI = try object.text("redirect_uri") ?? ""
        challenge = try object.text("challenge")
        scopes = try object.texts("scopes") ?? []
        expiresAt = try object.integer("expires_at") ?? 0
        isSpent = try object.integer("spent") == 1
        family = try object.integer("family").map { Int($0) }
    }

    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.set("redirect_uri", redirectURI)
        object.set("challenge", challenge)
        object.set("scopes", scopes)
        object.set("expires_at", expiresAt)
        object.set("spent", isSpent ? 1 : 0)
        object.set("family", family.map { Int64($0) })
        return object
    }
}

extension Grants.Family {
    fileprivate init(_ object: JSONObject) throws(JSONError) {
        scopes = try object.texts("scopes") ?? []
        isRevoked = try object.integer("revoked") == 1
        refreshToken = try object.text("refresh_token")
        refreshExpiresAt = try object.integer("refresh_expires_at") ?? 0
        spent = Set(try object.texts("spent") ?? [])
        for token in try object.objects("access_tokens") ?? [] {
            accessTokens[try token.text("token") ?? ""] = try token.integer("expires_at") ?? 0
        }
    }

    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.set("scopes", scopes)
        object.set("revoked", isRevoked ? 1 : 0)
        object.set("refresh_token", refreshToken)
        object.set("refresh_expires_at", refreshExpiresAt)
        object.set("spent", spent.sorted())
        object.set(
            "access_tokens",
            accessTokens.sorted { $0.key < $1.key }.map { token, expiresAt in
                var object = JSONObject()
                object.set("token", token)
                object.set("expires_at", expiresAt)
                return object
            })
        return object
    }
}
