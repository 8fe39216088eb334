import Tokens

/// How many requests came, by kind and by how they ended.
struct Statistics: Sendable {
    /// What was asked for.
    enum Kind: String, CaseIterable {
        /// The authorization endpoint.
        case authorize
        /// The person's decision.
        case consent
        /// The token endpoint, with a code.
        case codeExchange = "code_exchange"
        /// The token endpoint, with a refresh token.
        case refresh
        /// At the token endpoint with neither grant.
        case otherGrant = "other_grant"
        /// The revocation endpoint.
        case revoke
        /// The resource.
        case resource
    }

    private var counts: [Kind: [String: Int64]] = [:]

    /// Counts one request.
    mutating func count(_ kind: Kind, _ outcome: String) {
        counts[kind, default: [:]][outcome, default: 0] += 1
    }

    /// The counts and how the grants stand.
    func object(_ grants: Grants) -> JSONObject {
        var requests = JSONObject()
        for kind in Kind.allCases {
            let outcomes = counts[kind] ?? [:]
            var object = JSONObject()
            object.set("total", outcomes.values.reduce(0, +))
            for (outcome, count) in outcomes { object.set(outcome, count) }
            requests.set(kind.rawValue, object)
        }
        let revoked = grants.families.count(where: \.isRevoked)
        var families = JSONObject()
        families.set("alive", Int64(grants.families.count - revoked))
        families.set("revoked", Int64(revoked))
        var object = JSONObject()
        object.set("schema", 1)
        object.set("requests", requests)
        object.set("families", families)
        return object
    }
}
