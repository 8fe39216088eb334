import CCurl

/// The dates of HTTP headers (RFC 9110, section 5.6.7), which libcurl reads in all three forms.
package enum HTTPDate {
    /// Seconds since 1970, or nil when it is no date.
    package static func parse(_ text: String) -> Int64? {
        guard (try? Libcurl.open()) != nil, !text.utf8.contains(0) else { return nil }
        let seconds = unsafe ccurl_parse_date(text)
        return seconds == -1 ? nil : seconds
    }
}
