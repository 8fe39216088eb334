import Testing

@testable import Imports

@Suite struct DotenvTests {
    private func read(_ text: String) throws -> (values: [String], left: [String]) {
        let file = try parse(Array(text.utf8), as: .dotenv)
        return (file.values.map { "\($0.name)=\($0.value)" }, file.leftBehind.map { "\($0.name):\($0.line) \($0.why)" })
    }

    @Test func everyLineIsAValueOrNamed() throws {
        let text = """
            \u{FEFF}# TikTok\r
            TIKTOK_CLIENT_KEY=aw12  # from the portal\r
            export TIKTOK_CLIENT_SECRET = 'a#b $c "d"'  # kept\r
              PEM="-----BEGIN\\n\r
            two\tlines\\\\-----"\r
            export=x

            EMPTY=
            COMMENT= # nothing
            YAML: value
            URL=https://${HOST}/
            COST="5$ and $USER"
            PASS=ab#cd
            SHELL='it'\\''s'
            SLASH='C:\\'
            TRAIL="x" y
            not an assignment
            TRAIL_=`"'`
            """
        let (values, left) = try read(text)
        #expect(
            values == [
                "TIKTOK_CLIENT_KEY=aw12", "TIKTOK_CLIENT_SECRET=a#b $c \"d\"", "PEM=-----BEGIN\n\ntwo\tlines\\-----",
                "export=x", "TRAIL_=\"'",
            ])
        #expect(
            left == [
                "EMPTY:8 empty", "COMMENT:9 empty", "YAML:10 written with a colon, not =",
                "URL:11 refers to another variable with $; put it in single quotes when the $ is meant",
                "COST:12 refers to another variable with $; put it in single quotes when the $ is meant",
                "PASS:13 readers of .env disagree on a # within a word; put the value in quotes",
                "SHELL:14 text after the closing quote",
                "SLASH:15 readers of .env disagree on a backslash before a quote",
                "TRAIL:16 text after the closing quote",
                "a line:17 not KEY=value",
            ])
    }

    @Test func theLastOfSeveralValuesIsTakenEvenWhenItIsNone() throws {
        let file = try read("A=x\nA=y\nB=x\nB=")
        #expect(file.values == ["A=y"])
        #expect(file.left == ["A:1 replaced on line 2", "B:3 replaced on line 4", "B:4 empty"])
    }

    @Test func aKeyOverSeveralLinesWithoutQuotesIsNotTakenApart() throws {
        let file = try read("KEY=-----BEGIN X-----\nMIIEabc\nMIIEdef=\nghi==\n-----END X-----\nA=x\nMIIEabc==")
        #expect(file.values == ["A=x"])
        #expect(file.left == ["KEY:1 several lines without quotes", "a line:7 not KEY=value"])
        #expect(throws: ImportError(problem: .unterminated("the PEM block"), line: 1)) {
            try read("K=-----BEGIN X\nA=x")
        }
    }

    @Test(arguments: ["\"", "'", "`"])
    func aQuoteThatIsNotClosedIsRefusedWithItsLine(quote: String) {
        #expect(throws: ImportError(problem: .unterminated("the quoted value"), line: 2)) {
            try read("A=x\nB=\(quote)y\nC=z\n")
        }
    }
}
