import Glibc

extension Connection {
    /// Passes bytes between this connection and a port of 127.0.0.1, until one side closes. With `dropsCloseNotify` the
    /// connection is cut before TLS has said its last word.
    func relay(to port: UInt16, dropsCloseNotify: Bool = false) {
        guard let other = try? Socket.connect(to: port) else { return }
        defer { close(other) }
        var unread: [UInt8] = []
        while true {
            var polled = [descriptor, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&polled, nfds_t(polled.count), -1) > 0 else { return }
            if polled[0].revents != 0 {
                guard let bytes = Socket.read(descriptor) else { return }
                Socket.write(other, bytes)
            }
            if polled[1].revents != 0 {
                guard let bytes = Socket.read(other) else { return }
                unread += bytes
            }
            while let record = Self.firstRecord(of: unread) {
                unread.removeFirst(record.count)
                // Encrypted in TLS 1.3: an alert of two bytes, its type and a tag of sixteen.
                let isAlert = record[0] == 23 && record.count == 5 + 19
                if dropsCloseNotify && isAlert { return }
                Socket.write(descriptor, record)
            }
        }
    }

    /// The first whole record (RFC 8446, section 5.1): type, version, length and so many bytes.
    private static func firstRecord(of bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 5 else { return nil }
        let end = 5 + (Int(bytes[3]) << 8 | Int(bytes[4]))
        return bytes.count >= end ? Array(bytes[..<end]) : nil
    }
}
