import Testing
import Tokens

@Suite struct TokenSetTests {
    private let old = TokenSet(
        accessToken: Secret("access 1"), tokenType: "Bearer", obtainedAt: 100, expiresAt: 200,
        refreshToken: Secret("refresh 1"), refreshExpiresAt: 1000, scopes: ["a", "b"], subject: "anna",
        extras: ["open_id": Secret("1"), "region": Secret("eu")])

    @Test func anAnswerWithoutARefreshTokenKeepsTheOldOneAndItsEnd() {
        let merged = old.refreshed(by: TokenSet(accessToken: Secret("access 2"), obtainedAt: 150, expiresAt: 250))
        var expected = old
        expected.accessToken = Secret("access 2")
        expected.obtainedAt = 150
        expected.expiresAt = 250
        #expect(merged == expected)
    }

    @Test func anEndWithoutARefreshTokenIsTheOldOnesNewEnd() {
        let merged = old.refreshed(by: TokenSet(accessToken: Secret("access 2"), refreshExpiresAt: 2000))
        #expect(merged.refreshToken == Secret("refresh 1"))
        #expect(merged.refreshExpiresAt == 2000)
    }

    @Test func aNewRefreshTokenWithoutAnEndHasNone() {
        let merged = old.refreshed(by: TokenSet(accessToken: Secret("access 2"), refreshToken: Secret("refresh 2")))
        #expect(merged.refreshToken == Secret("refresh 2"))
        #expect(merged.refreshExpiresAt == nil)
    }

    @Test func theSameRefreshTokenAgainKeepsItsEndUnlessANewOneIsTold() {
        let same = TokenSet(accessToken: Secret("access 2"), refreshToken: Secret("refresh 1"))
        #expect(old.refreshed(by: same).refreshExpiresAt == 1000)
        var told = same
        told.refreshExpiresAt = 2000
        #expect(old.refreshed(by: told).refreshExpiresAt == 2000)
    }

    @Test func theEndOfAnAccessTokenIsNeverInherited() {
        let merged = old.refreshed(by: TokenSet(accessToken: Secret("access 2"), obtainedAt: 150))
        #expect(merged.expiresAt == nil)
    }

    @Test func whatTheAnswerSaysOfScopesSubjectAndTypeReplacesTheOld() {
        let new = TokenSet(accessToken: Secret("access 2"), tokenType: "mac", scopes: [], subject: "ben")
        let merged = old.refreshed(by: new)
        #expect(merged.tokenType == "mac")
        #expect(merged.scopes == [])
        #expect(merged.subject == "ben")
    }

    @Test func extrasAreMergedAndTheNewOnesWin() {
        let new = TokenSet(accessToken: Secret("access 2"), extras: ["open_id": Secret("2"), "team": Secret("x")])
        #expect(
            old.refreshed(by: new).extras == ["open_id": Secret("2"), "region": Secret("eu"), "team": Secret("x")])
    }
}
