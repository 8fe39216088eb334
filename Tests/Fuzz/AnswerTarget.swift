import OAuth
import Tokens

/// What a token endpoint answers: one byte each for the provider and the status, then the body.
enum AnswerTarget {
    private static let providers = Catalogue.all + [Catalogue.unknown("other")]
    private static let statuses: [Int64] = [200, 204, 302, 400, 401, 429, 500, 503]
    /// What was sent, and a provider may repeat; dictionary and seeds have it.
    private static let sent = "rft.example12345Example12345"

    static func feed(_ input: [UInt8]) throws {
        guard input.count >= 2, let name = RecordName("c") else { return }
        let provider = providers[Int(input[0]) % providers.count]
        let answer = Answer(
            status: statuses[Int(input[1]) % statuses.count], date: nil, at: 1_767_225_600,
            body: Secret(Array(input[2...])))
        var connection = Connection(provider: provider.id)
        switch TokenAnswer(answer, from: provider) {
        case .tokens(let tokens):
            let old = TokenSet(accessToken: Secret("a"), refreshToken: Secret(sent))
            connection.tokens = old.refreshed(by: tokens)
        case .error(let error):
            let (code, logID) = error.parts(hiding: [Secret(sent)])
            for words in [code, logID ?? "", error.words(hiding: [Secret(sent)])] { check(words) }
        case .unreadable: break
        }
        _ = TokenAnswer.isRevoked(answer)
        // Whatever was taken can be written, and is read as it was.
        var records = Records()
        records.set(name, connection: connection)
        try records.check()
        let written = try records.connection(name)
        precondition(written?.tokens == connection.tokens, "other tokens were written")
    }

    /// Twelve bytes of a secret are a part that gives it away.
    private static func check(_ words: String) {
        let (words, sent) = (Array(words.utf8), Array(sent.utf8))
        guard words.count >= 12 else { return }
        for start in 0...sent.count - 12 {
            let part = sent[start..<start + 12]
            let isTold = (0...words.count - 12).contains { words[$0..<$0 + 12] == part }
            precondition(!isTold, "a part of a secret is told")
        }
        precondition(words.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character is told")
    }
}
