import Tokens

extension ExportFormat {
    /// A PHP file that returns an array.
    static let php = ExportFormat(name: "php", firstLine: "<?php // \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        throw ExportRefusal(name: values.first?.name ?? "", reason: "php is not built yet")
    }
}
