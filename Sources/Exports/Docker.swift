import Tokens

extension ExportFormat {
    /// A file for `docker run --env-file`, and podman's: `NAME=value`, where everything behind `=` is the value.
    static let docker = ExportFormat(name: "docker", firstLine: "# \(notice)", names: .identifiers()) {
        values throws(ExportRefusal) in
        var lines: [Secret] = []
        for value in values {
            let (hasLineFeed, endsInReturn) = value.value.withSpan { bytes in
                (
                    bytes.indices.contains { bytes[$0] == UInt8(ascii: "\n") },
                    bytes.count > 0 && bytes[bytes.count - 1] == UInt8(ascii: "\r")
                )
            }
            guard !hasLineFeed else {
                throw value.refusal("its value has a line feed, and a docker env file has a line for each variable")
            }
            guard !endsInReturn else {
                throw value.refusal(
                    "its value ends in a carriage return, which docker takes for a part of the line's end")
            }
            // Go's bufio.MaxScanTokenSize, in which the line feed has to find room.
            guard value.name.utf8.count + 1 + value.value.count < 65_536 else {
                throw value.refusal("docker reads no line of 64 KiB")
            }
            lines += [Secret("\(value.name)="), value.value, Secret("\n")]
        }
        return lines
    }
}
