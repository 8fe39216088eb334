package import Tokens

/// A value that a key could read which is gone since, as `_vault` keeps it: a fingerprint tells whether it is still the same.
package struct Exposure: Sendable, Equatable {
    /// The record.
    package let name: RecordName
    /// Since when it has stood in a vault that such a key could read no more, in Unix seconds.
    package let at: Int64
    /// Whether another value stands there now: a new refresh token, a secret that was set anew.
    package let isReissued: Bool
}

extension OpenVault {
    /// Record → when its value's last reader went, and the value's fingerprint.
    private static let exposed = "exposed"

    /// Writes down what could be read until now by the keys that go with `old`. What was exposed before, and is still the
    /// same value, keeps its time.
    mutating func expose(_ old: OpenVault, at now: Int64) throws {
        let before = try old.about().object(Self.exposed)
        var entries = JSONObject()
        for name in old.records.names {
            guard let value = try old.value(of: name) else { continue }
            let entry = try before?.object(name.text)
            let isStillThere = try entry?.text("fp") == Derivation.fingerprint(of: value, vaultKey: old.vaultKey)
            var new = JSONObject()
            new.set("at", isStillThere ? try entry?.integer("at") : now)
            new.set("fp", try Derivation.fingerprint(of: value, vaultKey: vaultKey))
            entries.set(name.text, new)
        }
        var about = try about()
        about.set(Self.exposed, entries)
        records.set(.vault, about)
    }

    /// What keys that are gone could read, of what there still is, by name.
    package func exposures() throws -> [Exposure] {
        guard let entries = try about().object(Self.exposed) else { return [] }
        return try records.names.compactMap { name in
            guard let entry = try entries.object(name.text), let at = try entry.integer("at"),
                let value = try value(of: name)
            else { return nil }
            let fingerprint = try Derivation.fingerprint(of: value, vaultKey: vaultKey)
            return Exposure(name: name, at: at, isReissued: try entry.text("fp") != fingerprint)
        }
    }

    /// What of a record would have to be issued anew: a connection's access token ends by itself, its refresh token does not.
    private func value(of name: RecordName) throws -> Secret? {
        if let secret = try records.secret(name) { return secret }
        let tokens = try records.connection(name)?.tokens
        return tokens?.refreshToken ?? tokens?.accessToken
    }
}
