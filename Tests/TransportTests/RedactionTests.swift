import Sealing
import Testing

@testable import Transport

/// No rendering of a request or an answer shows what it holds.
@Suite struct RedactionTests {
    @Test func nothingThatHoldsSecretsCanBeRendered() throws {
        let secret = "hunter2"
        let request = HTTPRequest(
            .post(body: HTTPBody(SecretBuffer(secret.utf8.span))),
            try EndpointURL("https://example.com/t?access_token=\(secret)"),
            headers: [("Authorization", secret)])
        let answer = HTTPAnswer(
            status: 200, contentType: secret, date: nil, retryAfter: nil,
            body: HTTPBody(SecretBuffer(secret.utf8.span)), isDelimited: true)
        let holders: [Any] = [
            request, request.method, request.url, answer, Delivery.answered(answer),
            Delivery.unanswered(reason: "cut", partial: answer),
        ]
        let bytes = "104"
        for holder in holders {
            var dumped = ""
            dump(holder, to: &dumped)
            let renderings = [
                "\(holder)", String(reflecting: holder), dumped, "\(Mirror(reflecting: holder).children.map(\.value))",
            ]
            for rendering in renderings {
                #expect(!rendering.contains(secret) && !rendering.contains(bytes), "\(type(of: holder))")
            }
        }
    }

    @Test func anAddressIsShownWithoutItsQuery() throws {
        #expect("\(try EndpointURL("https://example.com/token/?access_token=a"))" == "https://example.com/token/")
    }
}
