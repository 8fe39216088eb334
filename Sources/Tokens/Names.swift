/// The name of a record in the vault (FORMAT §3).
package struct RecordName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name as it is spelled.
    package let text: String

    /// Takes a name of the vault's alphabet, `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`, with at most one `/` between two such
    /// parts; nil for any other text.
    package init?(_ text: String) {
        guard Self.isName(text.utf8.span) else { return nil }
        self.text = text
    }

    private init(own text: String) { self.text = text }

    /// What concerns the whole vault.
    package static let vault = RecordName(own: "_vault")
    /// What is remembered of output files that have no room for a first line.
    package static let outputs = RecordName(own: "_outputs")

    /// Reads a name as it stands in a vault, where the program's own begin with `_`.
    package init?(stored bytes: Span<UInt8>) {
        let isOwn = bytes.count > 1 && bytes[0] == UInt8(ascii: "_")
        guard Self.isName(isOwn ? bytes.extracting(1..<bytes.count) : bytes), let text = String(validating: bytes)
        else { return nil }
        self.text = text
    }

    /// Whether the name is the program's own.
    package var isOwn: Bool { text.utf8.first == UInt8(ascii: "_") }

    /// Whether the name has two parts, which only a connection's may.
    package var hasTwoParts: Bool { text.utf8.contains(UInt8(ascii: "/")) }

    /// The part before `/`, or the whole name.
    package var firstPart: String { String(text.prefix { $0 != "/" }) }

    /// The name as it is spelled.
    package var description: String { text }

    /// Orders by bytes, as the vault does.
    package static func < (a: RecordName, b: RecordName) -> Bool {
        a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
    }

    private static func isName(_ bytes: Span<UInt8>) -> Bool {
        var inPart = 0
        var slashes = 0
        for index in bytes.indices {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                inPart += 1
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                guard inPart > 0 else { return false }
                inPart += 1
            case UInt8(ascii: "/"):
                guard inPart > 0, slashes == 0 else { return false }
                slashes += 1
                inPart = 0
            default: return false
            }
            guard inPart <= 128 else { return false }
        }
        return inPart > 0
    }
}

/// The names under which a vault's values leave it.
package enum ExportName {
    /// A connection's prefix: its name in capitals, every other character `_` (`tiktok/brand-a` → `TIKTOK_BRAND_A`).
    package static func prefix(of name: String) -> String {
        String(
            decoding: name.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
    }

    /// Whether a name is that of a client's secret or a refresh token, whosoever they are: what is called so leaves the
    /// vault only when it is named in full. `clientSecret` and `REFRESH_TOKENS_2` are called so, too.
    package static func isGuarded(_ name: String) -> Bool {
        var letters = prefix(of: name).utf8.filter { $0 != UInt8(ascii: "_") }[...]
        while let last = letters.last, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last) { letters.removeLast() }
        if letters.last == UInt8(ascii: "S") { letters.removeLast() }
        return ["CLIENTSECRET", "REFRESHTOKEN"].contains { letters.suffix(12).elementsEqual($0.utf8) }
    }

    /// The secret that holds a connection's client secret unless the config names another.
    package static func clientSecret(of name: RecordName) -> String {
        prefix(of: name.firstPart) + "_CLIENT_SECRET"
    }
}
