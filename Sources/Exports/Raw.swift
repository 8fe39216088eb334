import Tokens

extension ExportFormat {
    /// One value, and nothing else: no name, no line end, no first line.
    static let raw = ExportFormat(name: "raw", firstLine: nil, names: .any, isText: false) {
        values throws(ExportRefusal) in
        guard let value = values.first, values.count == 1 else {
            let number = values.isEmpty ? "none was" : "\(values.count) were"
            throw ExportRefusal(name: "raw", reason: "it is exactly one value, and \(number) chosen")
        }
        return [value.value]
    }
}
