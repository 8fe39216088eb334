package import Tokens

/// A value that a key could read which is gone since, as `_vault` keeps it: a fingerprint tells whether it is still the same.
package struct Exposure: Sendable, Equatable {
    /// The record.
    package let name: RecordName
    /// Until when such a key could read it, in Unix seconds.
    package let at: Int64
    /// When the access token ends that stood there then, in Unix seconds.
    package let accessEnds: Int64?
    /// Whether another value stands there now: a new refresh token, a secret that was set anew.
    package let isReplaced: Bool
}

extension OpenVault {
    /// Record → when its value's last reader went, and the value's fingerprint.
    private static let exposed = "exposed"

    /// Writes down what could be read until now by the keys that go.
    mutating func expose(at now: Int64) throws {
        var entries = JSONObject()
        for name in records.names {
            guard let value = try value(of: name) else { continue }
            var entry = JSONObject()
            entry.set("at", now)
            entry.set("access_ends", try records.connection(name)?.tokens?.presumedEnd)
            entry.set("fp", try Derivation.fingerprint(of: value, vaultKey: vaultKey))
            entries.set(name.text, entry)
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
            return Exposure(
                name: name, at: at, accessEnds: try entry.integer("access_ends"),
                isReplaced: try entry.text("fp") != fingerprint)
        }
    }

    /// What of a record would have to be issued anew: a connection's access token ends by itself, its refresh token does not.
    private func value(of name: RecordName) throws -> Secret? {
        if let secret = try records.secret(name) { return secret }
        let tokens = try records.connection(name)?.tokens
        return tokens?.refreshToken ?? tokens?.accessToken
    }
}
