import Tokens

extension ExportFormat {
    /// A Python 3 module of constants.
    ///
    /// A JSON string is a Python string, too, and the encoding of a source is UTF-8 whatever the locale (PEP 3120).
    static let python = ExportFormat(
        name: "python", firstLine: "# \(notice)", names: .identifiers(except: keywords, keeper: "Python")
    ) { values throws(ExportRefusal) in
        var lines: [Secret] = []
        for value in values {
            // `__file__`, `__all__`, `__getattr__` and others change what importing does (Python's reference, §2.3.2).
            guard !value.name.hasPrefix("__") || !value.name.hasSuffix("__") else {
                throw value.refusal("Python keeps names that begin and end in __ for itself")
            }
            lines += [Secret("\(value.name) = "), value.value.jsonString, Secret("\n")]
        }
        return lines
    }

    /// What is no identifier (Python's reference, §2.3.1); those that are keywords in places only may be assigned to.
    private static let keywords = Set(
        """
        False None True and as assert async await break class continue def del elif else except finally for from global \
        if import in is lambda nonlocal not or pass raise return try while with yield
        """.split(separator: " ").map(String.init))
}
