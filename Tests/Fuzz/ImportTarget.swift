import Imports

/// Files and standard input with secrets that are taken over.
enum ImportTarget {
    static func feed(_ input: [UInt8], as syntax: ImportSyntax) {
        _ = ImportSyntax(content: input)
        guard let file = try? parse(input, as: syntax) else { return }
        precondition(Set(file.values.map { Array($0.name.utf8) }).count == file.values.count, "a name stands twice")
        for value in file.values {
            precondition(!value.value.utf8.contains(0), "a value that no vault can keep")
            precondition(value.name.utf8.count <= 128 && value.line >= 1)
        }
        for left in file.leftBehind {
            precondition(left.name.unicodeScalars.count <= 129 && left.line >= 1)
            precondition(left.name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a name that steers a terminal")
        }
    }
}
