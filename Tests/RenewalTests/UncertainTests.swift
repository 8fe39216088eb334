import OAuth
import Renewal
import Sandbox
import Testing
import Tokens
import VaultFile

/// The rules of a second try: a blind one can itself end a family that lives.
struct UncertainTests {
    /// How things stand, and whether a run asks; without it, words of what it says instead.
    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        var host = "here"
        var age: Int64 = 10
        var attempt: Int64 = 1
        var left: Int64? = -1
        var rotation = Provider.Rotation.rotates
        var grace: Int64?
        var force = false
        var triesAgain = false
        var notBefore: Int64?
        let says: String?
        var testDescription: String { what }
    }

    @Test(arguments: [
        Case(what: "the access token works", left: 600, says: "works until"),
        Case(what: "the access token works, by force", left: 600, force: true, says: "works until"),
        Case(what: "it has run out", says: nil),
        Case(what: "it has run out this moment", age: 1, says: "tries once more"),
        Case(what: "nobody knows when it ends", age: 86_399, left: nil, says: "nobody has told how long"),
        Case(what: "nobody knew when it ends, and a day has gone by", age: 86_400, left: nil, says: nil),
        Case(what: "it was tried twice", attempt: 2, says: "tokenkeep refresh --try-again tiktok"),
        Case(what: "it was tried twice, by force", attempt: 2, force: true, says: "tokenkeep connect tiktok"),
        Case(what: "a person wants it", attempt: 2, left: 600, triesAgain: true, says: nil),
        Case(what: "no further try can be counted, a person wants it", attempt: .max, triesAgain: true, says: nil),
        Case(what: "a person wants it at once", age: 0, triesAgain: true, says: "wait 2 s"),
        Case(what: "another machine asked", host: "there", says: "by another machine (there)"),
        Case(what: "another machine asked, a person wants it", host: "there", triesAgain: true, says: nil),
        Case(what: "the provider does not rotate", left: 600, rotation: .keeps, says: nil),
        Case(what: "it may rotate", left: 600, rotation: .unknown, says: "works until"),
        Case(what: "a known grace period", left: 600, grace: 60, says: nil),
        Case(what: "a known grace period, at once", age: 1, left: 600, grace: 60, says: "tries once more"),
        Case(what: "after the grace period", age: 61, left: 600, grace: 60, says: "works until"),
        Case(what: "after the grace period, run out", age: 61, grace: 60, says: nil),
        Case(what: "the provider was in trouble a moment ago", notBefore: 20, says: "tries once more"),
    ])
    func aTryIsMadeWhereThereIsNothingLeftToLose(_ one: Case) async throws {
        let place = try await Place.make(.standard)
        try await place.connect()
        try await place.change { connection in
            connection.trouble = .uncertain
            connection.question = .init(at: place.now - one.age, host: one.host, attempt: one.attempt, why: "it broke")
            connection.tokens?.expiresAt = one.left.map { place.now + $0 }
            if one.left == nil { connection.tokens?.obtainedAt = nil }
            connection.notBefore = one.notBefore.map { place.now + $0 }
        }
        let provider = Provider(
            id: "sandbox", displayName: "Sandbox", authorizationEndpoint: "{base_url}/authorize",
            tokenEndpoint: "{base_url}/token", variables: ["base_url": nil], rotation: one.rotation,
            gracePeriod: one.grace)
        let registration = Registration(
            provider: provider, clientID: place.registration.clientID, clientSecret: place.registration.clientSecret,
            redirectURI: nil, scopes: [], variables: place.registration.variables)
        let terms = Terms(
            RenewalPolicy(interval: nil), waitingSince: place.now * 1000, isForced: one.force,
            triesAgain: one.triesAgain)
        let session = try await place.session()
        let outcome = try await Refresh(place.batch, terms)
            .run([.init(name: place.name, registration: .success(registration))], on: session)[0].outcome
        #expect(try await place.count() == (one.says == nil ? 1 : 0))
        if let says = one.says {
            let problem = try #require(outcome.problem)
            #expect(outcome.name == "uncertain" && "\(problem.message) \(problem.hint)".contains(says), "\(problem)")
            #expect(problem.message.contains("(try \(one.attempt)), and it broke; the refresh token may be spent"))
        } else {
            #expect(outcome == .renewed)
            #expect(try place.stored()?.trouble == nil && place.stored()?.question == nil)
        }
    }

    @Test(arguments: [false, true])
    func aRegistrationThatWasRefusedMeanwhileMakesNoOpenQuestionForgotten(isBusy: Bool) async throws {
        let place = try await Place.make(faults: ["drop:2"] + (isBusy ? ["rate-limit:4"] : []))
        try await place.connect()
        let session = try await place.session()
        #expect(try await place.refresh(session)?.name == "uncertain")
        place.advance(10)
        func ask(_ secret: String, triesAgain: Bool = false) async throws -> Outcome {
            let registration = place.registration(withSecret: secret)
            let terms = Terms(
                RenewalPolicy(interval: nil), waitingSince: place.now * 1000, triesAgain: triesAgain)
            return try await Refresh(place.batch, terms)
                .run([.init(name: place.name, registration: .success(registration))], on: session)[0].outcome
        }
        #expect(try await ask("wrong", triesAgain: true).name == "misconfigured")
        if isBusy { #expect(try await ask("right", triesAgain: true).name == "unavailable") }
        let count = try await place.count()
        place.advance(60)
        let mended = try await ask(SandboxOptions.clientSecret)
        #expect(mended.name == "uncertain" && mended.problem?.hint.contains("works until") == true)
        #expect(try await place.count() == count, "the access token works: nothing is asked blindly")
        // When it has run out there is one try, and no more.
        place.advance(7200)
        #expect(try await ask(SandboxOptions.clientSecret).name == "rejected")
        #expect(try await place.count() == count + 1)
    }

    @Test func aTryIsAnIntentOfItsOwn() async throws {
        let place = try await Place.make(faults: ["drop:2+"])
        try await place.connect()
        let session = try await place.session()
        _ = try await place.refresh(session)
        place.advance(7200)
        _ = try await place.refresh(session, force: false)
        let question = try #require(try place.stored()?.question)
        #expect(question.attempt == 2 && question.at == place.now)
        place.advance(7200)
        let last = try await place.refresh(session, force: false)
        #expect(last?.problem?.hint.contains("--try-again") == true)
        #expect(try await place.count() == 2, "no more tries by itself")
    }
}
