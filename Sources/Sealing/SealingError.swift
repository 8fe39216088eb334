internal import COpenSSL

/// What the cryptographic library refused.
package enum SealingError: Error, Equatable {
    /// A tag did not match: the bytes were altered, or the key is another's.
    case notAuthentic
    /// The library failed at the named step; memory, a provider or a policy is missing.
    case library(String)

    /// Makes a `library` error and empties OpenSSL's error queue, so that no later call reads a stale cause.
    static func library(at step: StaticString) -> SealingError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let reason = unsafe ERR_reason_error_string(code) else { return .library("\(step)") }
        return .library("\(step): \(unsafe String(cString: reason))")
    }
}
