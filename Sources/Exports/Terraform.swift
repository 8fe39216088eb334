import Tokens

extension ExportFormat {
    /// A `.tfvars` file (HCL 2).
    static let terraform = ExportFormat(
        name: "terraform", firstLine: "# \(notice)",
        names: .identifiers(except: reservedWords, keeper: "Terraform")
    ) { values throws(ExportRefusal) in
        var lines: [Secret] = []
        for value in values {
            guard value.value.isNFC else {
                throw value.refusal(
                    "its value is not in Unicode's normal form NFC, into which Terraform would bring it")
            }
            var previous: Unicode.Scalar?
            let text = value.value.replacingScalars { scalar in
                defer { previous = scalar }
                // `${` and `%{` begin a template.
                return scalar == "{" && (previous == "$" || previous == "%") ? "\\u007b" : scalar.asciiEscape
            }
            lines += [Secret("\(value.name) = \""), text, Secret("\"\n")]
        }
        return lines
    }

    /// What no variable can be called (Terraform, "Input Variables").
    private static let reservedWords: Set = [
        "source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals",
    ]
}

extension Secret {
    /// Whether the text is in NFC (Unicode Standard Annex 15).
    fileprivate var isNFC: Bool {
        withSpan { bytes in
            guard var text = try? UTF8Span(validating: bytes) else { return false }
            return text.checkForNFC(quickCheck: false)
        }
    }
}
