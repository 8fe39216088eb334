import Glibc

/// The variables that libcurl minds. They belong to the process, so only an exit test may set them.
enum Environment {
    /// Takes away what the developer's shell has set, and sets these.
    static func set(_ variables: [String: String]) {
        let names = ["CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"]
        let proxies = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]
        for name in names + proxies + proxies.map({ $0.uppercased() }) { unsafe unsetenv(name) }
        for (name, value) in variables { unsafe setenv(name, value, 1) }
    }
}
