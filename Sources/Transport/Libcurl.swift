import CCurl

/// libcurl, opened when it is first needed: linked in, its thirty libraries would cost every command about 8 ms.
package enum Libcurl {
    /// libcurl cannot be opened; nothing can be asked of anyone.
    package struct Missing: Error, CustomStringConvertible {
        /// The loader's words.
        let reason: String
        /// What happened.
        package var description: String { "libcurl cannot be opened: \(reason)" }
        /// What mends it.
        package var hint: String { "apt-get install libcurl4" }
    }

    /// Opens the library, once a process.
    package static func open() throws(Missing) {
        if let failure = unsafe ccurl_open() {
            throw Missing(reason: unsafe String(cString: failure))
        }
    }

    /// The versions of libcurl and of its TLS library, such as `7.88.1, OpenSSL/3.0.19`.
    package static func version() throws(Missing) -> String {
        try open()
        return unsafe "\(String(cString: ccurl_version())), \(String(cString: ccurl_tls_version()))"
    }
}
