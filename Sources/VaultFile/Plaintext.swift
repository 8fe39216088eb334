import Sealing
import Tokens

/// What stands in a payload once it is open: length, lines, padding (FORMAT §3).
enum Plaintext {
    static let block = 4096
    static let largestBody = 1 << 28 - 4
    private static let schemaLine = Array("{\"schema\":1}\n".utf8)

    /// Reads a plaintext and checks its lines, names, order and padding; the records' insides stay closed.
    static func decode(_ bytes: Span<UInt8>) throws(VaultError) -> Records {
        let size = Int(bytes.integer(at: 0) as UInt32)
        guard size <= largestBody, padded(size) == bytes.count else { throw .malformed("the payload's inner length") }
        for index in 4 + size..<bytes.count where bytes[index] != 0 { throw .malformed("the padding") }
        let body = bytes.extracting(4..<4 + size)
        guard (try? UTF8Span(validating: body)) != nil else { throw .malformed("a record is not UTF-8") }
        guard size == 0 || body[size - 1] == 0x0A else { throw .malformed("the last line does not end") }
        guard size >= schemaLine.count, schemaLine.indices.allSatisfy({ body[$0] == schemaLine[$0] }) else {
            throw .unsupported("the vault's schema")
        }
        var records: [(name: RecordName, json: Secret)] = []
        var start = schemaLine.count
        var tab: Int?
        for index in start..<size {
            switch body[index] {
            case 0x09 where tab == nil: tab = index
            case 0x0A:
                guard let end = tab, let name = RecordName(stored: body.extracting(start..<end)) else {
                    throw .malformed("a record's name")
                }
                if let last = records.last, !(last.name < name) { throw .malformed("the order of the records") }
                records.append((name, Secret(body.extracting(end + 1..<index))))
                start = index + 1
                tab = nil
            case 0..<0x20: throw .malformed("a control character in a record")
            default: break
            }
        }
        return Records(sorted: records)
    }

    /// Writes records, padded with zeros to whole blocks.
    static func encode(_ records: Records) throws(VaultError) -> SecretBuffer {
        let size = schemaLine.count + records.all.reduce(0) { $0 + $1.name.text.utf8.count + $1.json.count + 2 }
        guard size <= largestBody else { throw .cannotWrite("the vault would be larger than 256 MiB") }
        return SecretBuffer(count: padded(size)) { out in
            var position = 0
            func put(_ bytes: Span<UInt8>, _ out: inout MutableSpan<UInt8>) {
                for index in bytes.indices { out[position + index] = bytes[index] }
                position += bytes.count
            }
            var length: [UInt8] = []
            length.append(bigEndian: UInt32(size))
            put(length.span, &out)
            put(schemaLine.span, &out)
            for (name, json) in records.all {
                put(name.text.utf8.span, &out)
                put([0x09].span, &out)
                json.withSpan { put($0, &out) }
                put([0x0A].span, &out)
            }
        }
    }

    private static func padded(_ size: Int) -> Int { (4 + size + block - 1) / block * block }
}
