import Glibc
import Testing

@testable import Transport

/// When libcurl comes into the process. Each test needs a process that has not seen it yet.
@Suite struct LoadingTests {
    @Test func libcurlIsOpenedByTheFirstRequest() async {
        await #expect(processExitsWith: .success) {
            let request = try HTTPRequest.get("http://127.0.0.1:1/")
            #expect(try !mappedFiles().contains("libcurl"))
            #expect(try await send(request).notSent != nil)
            #expect(try mappedFiles().contains("libcurl.so.4"))
        }
    }

    @Test func theVersionNamesTheLibraryAndItsTLS() throws {
        let version = try Libcurl.version()
        #expect(version.contains(", OpenSSL/3."), "\(version)")
    }

    @Test func aLibraryThatCannotBeOpenedNamesThePackage() async {
        await #expect(processExitsWith: .success) {
            let request = try HTTPRequest.get("http://127.0.0.1:1/")
            // Without descriptors the loader finds no library. They are back at once, for others need them too.
            var limit = rlimit()
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            unsafe getrlimit(resource, &limit)
            var none = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            unsafe setrlimit(resource, &none)
            #expect(throws: Libcurl.Missing.self) { try Libcurl.open() }
            unsafe setrlimit(resource, &limit)

            let missing = await #expect(throws: Libcurl.Missing.self) { try await send(request) }
            #expect(missing?.description.hasPrefix("libcurl cannot be opened: libcurl.so.4: ") == true)
            #expect(missing?.hint == "apt-get install libcurl4")
            #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == nil)
        }
    }
}

private func mappedFiles() throws -> String {
    let descriptor = unsafe open("/proc/self/maps", O_RDONLY)
    guard descriptor >= 0 else { throw Socket.Failure() }
    defer { close(descriptor) }
    var text = ""
    while let bytes = Socket.read(descriptor) { text += String(decoding: bytes, as: UTF8.self) }
    return text
}
