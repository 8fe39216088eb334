/// Why a config cannot be used.
package struct ConfigError: Error, Equatable {
    /// What is wrong and where.
    package let message: String
    /// What mends it.
    package let hint: String

    /// Describes a fault.
    package init(_ message: String, hint: String) {
        (self.message, self.hint) = (message, hint)
    }
}
