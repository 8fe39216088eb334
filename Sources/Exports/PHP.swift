import Tokens

extension ExportFormat {
    /// A PHP file that returns an array: `$secrets = require 'secrets.php'`.
    ///
    /// Single quotes keep every byte but `\` and `'` as it is, even `?>`. Asked for by a browser it shows nothing.
    static let php = ExportFormat(name: "php", firstLine: "<?php // \(notice)", names: .any, isText: false) { values in
        let members = values.flatMap { value in
            [Secret("  "), Secret(value.name).phpString, Secret(" => "), value.value.phpString, Secret(",\n")]
        }
        return [Secret("return [\n")] + members + [Secret("];\n")]
    }
}

extension Secret {
    fileprivate var phpString: Secret {
        let escaped = replacing { byte in
            switch byte {
            case UInt8(ascii: "\\"): "\\\\"
            case UInt8(ascii: "'"): "\\'"
            default: nil
            }
        }
        return Secret(joining: [Secret("'"), escaped, Secret("'")])
    }
}
