import Exports
import Testing
import Tokens

/// One value as a file.
@Suite struct RawTests {
    @Test func theFileIsTheValueByteForByte() async throws {
        let raw = try #require(try ExportFormat.named("raw"))
        #expect(try Reader.bytes.allSatisfy { try raw.render([$0]) == $0.value })
        let cat = Reader(
            format: "raw", name: "cat", version: ["cat", "--version"], file: "value",
            command: ["sh", "-c", "printf 'a-b/c\\0'; cat value; printf '\\0'"])
        let value = ExportValue(name: "a-b/c", value: Secret([0xFF, 0x0D, 0x0A, 0x20, 0x0A]))
        #expect(try await cat.expectReturn(of: [value]).isEmpty)
    }

    @Test func moreOrFewerThanOneValueAreRefused() throws {
        let two = ["A", "B"].map { ExportValue(name: $0, value: Secret("x")) }
        for (values, words) in [([], "none was chosen"), (two, "2 were chosen")] {
            let refusal = try ExportFormat.refusal(of: values, by: "raw")
            #expect(refusal?.message == "raw cannot be written: it is exactly one value, and \(words)")
        }
    }
}
