// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "tokenkeep",
    products: [
        .executable(name: "tokenkeep", targets: ["tokenkeep"])
    ],
    dependencies: [
        // No lock file is kept, so every version is exact.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        .target(name: "CCurl", dependencies: ["CLinux"]),
        .target(name: "Sealing", dependencies: ["COpenSSL", "CLinux"]),
        .target(
            name: "Host",
            dependencies: ["CLinux", "Sealing", .product(name: "Subprocess", package: "swift-subprocess")]),
        .target(name: "Tokens", dependencies: ["Sealing"]),
        .target(name: "Transport", dependencies: ["CCurl", "Host", "Sealing"]),
        .target(name: "OAuth", dependencies: ["Tokens", "Sealing", "Transport"]),
        .target(name: "VaultFile", dependencies: ["Tokens", "Sealing", "Host"]),
        .target(name: "Exports", dependencies: ["Tokens", "Host"]),
        .target(name: "Imports"),
        .target(
            name: "Config",
            dependencies: ["Tokens", "Host", .product(name: "TOMLKit", package: "TOMLKit")]),
        .target(name: "Renewal", dependencies: ["Tokens", "OAuth", "Exports"]),
        .target(
            name: "LocalServer",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(name: "Sandbox", dependencies: ["LocalServer", "OAuth", "Tokens"]),
        .executableTarget(
            name: "tokenkeep",
            dependencies: [
                "Sealing", "Host", "Tokens", "Transport", "OAuth", "VaultFile", "Exports", "Imports", "Config",
                "Renewal", "LocalServer", "Sandbox",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            // Symbols are bound at the start: binding them at the first call leaves the vector registers, and so the last
            // plaintext that was in them, on the stack.
            linkerSettings: [.unsafeFlags(["-Xlinker", "-z", "-Xlinker", "now"])]),
        .testTarget(name: "SealingTests", dependencies: ["Sealing", "Host"], exclude: ["Vectors"]),
        .testTarget(
            name: "TokensTests",
            dependencies: ["Tokens", "OAuth", "Sealing", .product(name: "Subprocess", package: "swift-subprocess")]),
        .testTarget(name: "TransportTests", dependencies: ["Transport", "Host", "Sealing"]),
        .testTarget(
            name: "LocalServerTests",
            dependencies: [
                "LocalServer", "Host", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "SandboxTests",
            dependencies: [
                "Sandbox", "LocalServer", "OAuth", "Tokens", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "ImportsTests", dependencies: ["Imports", .product(name: "Subprocess", package: "swift-subprocess")]),
        .testTarget(
            name: "ExportsTests",
            dependencies: [
                "Exports", "Imports", "Tokens", "Host", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]),
        .testTarget(name: "HostTests", dependencies: ["Host", "Sealing"]),
        .executableTarget(
            name: "VaultCrasher", dependencies: ["VaultFile", "Tokens", "Sealing", "Host"], path: "Tests/VaultCrasher"),
        .testTarget(
            name: "VaultFileTests", dependencies: ["VaultFile", "Tokens", "Sealing", "Host", "VaultCrasher"],
            exclude: ["Vectors"]),
        // Compiled here, so that it cannot rot; Scripts/fuzz links it with libFuzzer.
        .target(
            name: "Fuzz",
            dependencies: [
                "VaultFile", "Config", "OAuth", "LocalServer", "Imports", "Tokens", "Sealing", "Host", "Transport",
            ],
            path: "Tests/Fuzz", exclude: ["Harness.c", "Seeds", "Dictionaries"]),
        .testTarget(name: "ConfigTests", dependencies: ["Config", "Tokens", "Host"]),
        .testTarget(name: "OAuthTests", dependencies: ["OAuth", "Tokens", "Host"]),
        .testTarget(
            name: "RenewalTests",
            dependencies: ["Renewal", "OAuth", "Tokens", "Sealing", "VaultFile", "Sandbox", "Host", "Exports"]),
        .testTarget(name: "CommandLineTests", dependencies: ["tokenkeep", "Host", "LocalServer", "Sandbox"]),
    ]
)

for target in package.targets where target.type != .system && !["CCurl", "CLinux"].contains(target.name) {
    target.swiftSettings = [
        // `any` is written where a value is boxed, so that the cost is seen.
        .enableUpcomingFeature("ExistentialAny"),
        // An import is private to its file unless it says otherwise: rooms do not leak what they stand on.
        .enableUpcomingFeature("InternalImportsByDefault"),
        // A member is found only in modules that the file itself imports.
        .enableUpcomingFeature("MemberImportVisibility"),
        // An async function runs where its caller runs, unless it says otherwise.
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        // Every use of an unsafe construct is marked, so `git grep -w unsafe` is the audit list.
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
    ]
}
