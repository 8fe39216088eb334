import Testing

@testable import Transport

@Suite struct HTTPDateTests {
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func theThreeFormsOfAnHTTPDateAreRead(text: String) {
        #expect(HTTPDate.parse(text) == 784_111_777)
    }

    @Test func aDateBeyondThirtyTwoBitsIsRead() {
        #expect(HTTPDate.parse("Thu, 01 Jan 2099 00:00:00 GMT") == 4_070_908_800)
    }

    @Test(arguments: ["", "120", "soon", "Sun, 06 Nov 1994 08:49:37 GMT\u{0}"])
    func whatIsNoDateIsNil(text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }
}
