import Tokens

extension ExportFormat {
    /// A Ruby file that gives `Secrets::VALUES`, a frozen hash: constants would have to begin with a capital.
    ///
    /// The encoding of a source is UTF-8 whatever the locale (since Ruby 2.0).
    static let ruby = ExportFormat(name: "ruby", firstLine: "# \(notice)", names: .any) { values in
        let members = values.flatMap { value in
            [
                Secret("    "), Secret(value.name).rubyString, Secret(" => "), value.value.rubyString, Secret(",\n"),
            ]
        }
        let head = "# frozen_string_literal: true\n\nmodule Secrets\n  VALUES = {\n"
        return [Secret(head)] + members + [Secret("  }.freeze\nend\n")]
    }
}

extension Secret {
    /// A JSON string in which no `#` begins an interpolation. Single quotes would not keep a carriage return before a
    /// line feed.
    fileprivate var rubyString: Secret {
        jsonString.replacing { $0 == UInt8(ascii: "#") ? "\\#" : nil }
    }
}
