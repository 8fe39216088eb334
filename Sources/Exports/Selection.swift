package import Tokens

/// Which values of a vault leave it, and under which names.
package struct Selection: Sendable {
    /// Where an export name comes from.
    private struct Source {
        let name: String
        /// The record, and the part of it, in words.
        let origin: String
        let value: Secret
        /// The connection and what it is there; nil for a secret.
        var field: (connection: String, field: String)?
        /// A refresh token or a client's secret: it leaves only when it is named in full.
        let isGuarded: Bool

        var exported: ExportValue { ExportValue(name: name, value: value, source: field) }
    }

    /// Two values would leave under one name.
    package struct Conflict: Error, Equatable {
        /// The export name.
        package let name: String
        /// Where the one comes from.
        package let first: String
        /// Where the other comes from.
        package let second: String
    }

    private let sources: [Source]

    /// Looks through a vault. `clientSecrets` are the names of the secrets that clients authenticate with, beside those
    /// that are called so.
    package init(_ records: Records, clientSecrets: Set<String>) throws {
        var sources: [Source] = []
        for name in records.names {
            if let (value, isNoted) = try records.guardedSecret(name) {
                let isGuarded = isNoted || clientSecrets.contains(name.text) || ExportName.isGuarded(name.text)
                sources.append(
                    Source(name: name.text, origin: "the secret \(name)", value: value, isGuarded: isGuarded))
            } else if let tokens = try records.connection(name)?.tokens {
                sources += Self.sources(of: name, tokens)
            }
        }
        sources.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (one, other) in zip(sources, sources.dropFirst()) where one.name == other.name {
            throw Conflict(name: one.name, first: one.origin, second: other.origin)
        }
        self.sources = sources
    }

    private static func sources(of name: RecordName, _ tokens: TokenSet) -> [Source] {
        let prefix = ExportName.prefix(of: name.text) + "_"
        var sources: [Source] = []
        func add(_ suffix: String, _ value: Secret?, isGuarded: Bool = false) {
            guard let value else { return }
            let field = suffix.lowercased()
            sources.append(
                Source(
                    name: prefix + suffix, origin: "\(field) of the connection \(name)", value: value,
                    field: (name.text, field), isGuarded: isGuarded))
        }
        add("ACCESS_TOKEN", tokens.accessToken)
        add("EXPIRES_AT", tokens.expiresAt.map { Secret(String($0)) })
        add("REFRESH_TOKEN", tokens.refreshToken, isGuarded: true)
        for (extra, value) in tokens.extras { add(ExportName.prefix(of: extra), value) }
        return sources
    }

    /// The values that some names or patterns (`*` any run, `?` any one character) choose; all of them for nil. `missing`
    /// are the names without a wildcard that chose nothing.
    package func values(matching patterns: [String]?) -> (values: [ExportValue], missing: [String]) {
        let chosen = sources.filter { reason($0, patterns).isChosen }
        let missing = (patterns ?? []).filter { pattern in
            !Self.isPattern(pattern) && !sources.contains { $0.name == pattern }
        }
        return (chosen.map(\.exported), missing)
    }

    /// Every value that could leave, where it comes from, in words, and why it leaves or stays.
    package func reasons(
        matching patterns: [String]?
    ) -> [(name: String, origin: String, reason: Reason)] {
        sources.map { ($0.name, $0.origin, reason($0, patterns)) }
    }

    /// Why a value leaves, or stays.
    package enum Reason: Sendable, Equatable {
        /// Nothing narrows the choice.
        case unnarrowed
        /// It is named in full.
        case named
        /// This pattern covers it.
        case pattern(String)
        /// It is a refresh token or a client's secret, and not named in full.
        case guarded
        /// Neither a name nor a pattern covers it.
        case notCovered

        /// Whether it leaves.
        package var isChosen: Bool {
            switch self {
            case .unnarrowed, .named, .pattern: true
            case .guarded, .notCovered: false
            }
        }
    }

    private func reason(_ source: Source, _ patterns: [String]?) -> Reason {
        guard let patterns else { return source.isGuarded ? .guarded : .unnarrowed }
        if patterns.contains(source.name) { return .named }
        guard let pattern = patterns.first(where: { Self.matches($0, source.name) }) else { return .notCovered }
        return source.isGuarded ? .guarded : .pattern(pattern)
    }

    private static func isPattern(_ text: String) -> Bool { text.contains { $0 == "*" || $0 == "?" } }

    /// Whether a pattern covers a name; in time that grows with the product of their lengths at the most.
    static func matches(_ pattern: String, _ name: String) -> Bool {
        let (pattern, name) = (Array(pattern.utf8), Array(name.utf8))
        var (p, n) = (0, 0)
        var star: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                p += 1
                n += 1
            } else if let last = star {
                star = (last.pattern, last.name + 1)
                p = last.pattern + 1
                n = last.name + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
