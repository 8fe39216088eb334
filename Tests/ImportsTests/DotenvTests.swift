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

    @Test(arguments: [
        ("node", #"A="a\tb\n$C""#, "a\\tb\n$C"), ("node", #"A='\'"#, "\\"), ("node", "A=`'\"`", "'\""),
        ("node", "A=$B", "$B"),
        ("python", #"A='it\'s $B'"#, "it's $B"), ("python", #"A=`b#\"#, #"`b#\"#), ("python", #"A="\r$B""#, "\r$B"),
        ("ruby", #"A='it's \'"#, #"it's \"#), ("ruby", #"A="\$(id)\t\\ '#""#, #"$(id)t\ '#"#),
        ("ruby", "A='b' # it's '", "b"),
        ("go", #"A=\$B#c\"#, #"$B#c\"#), ("go", #"A="\$B\n""#, "$B\n"),
        ("symfony", #"A='it'"'"'s\'"\r""#, "it's\\\r"), ("compose", #"A="\"\r""#, "\"\r"), ("compose", "A=`b", "`b"),
    ])
    func aDialectIsReadAsItsReaderReadsIt(dialect: String, line: String, value: String) throws {
        let (values, left) = try read("# dialect: \(dialect)\n\(line)\nB='x'\n")
        #expect(values == ["A=\(value)", "B=x"])
        #expect(left.isEmpty)
    }

    @Test func whatADialectReplacesIsLeftBehind() throws {
        for dialect in ["python", "ruby", "go", "symfony", "compose"] {
            let file = try read("# dialect: \(dialect)\nA=\"x ${B:-y}\"\n")
            #expect(file.values.isEmpty && file.left.first?.hasPrefix("A:2 refers to another variable") == true)
        }
    }

    @Test func aDialectHoldsFromItsCommentOn() throws {
        let lines = [
            #"A="\t""#, "# dialect: node", #"B="\t""#, "# dialect: perl", #"C="\t""#, "DOTENV_LINEBREAK_MODE=x",
        ]
        let (values, left) = try read(lines.joined(separator: "\r\n"))
        #expect(values == ["A=\t", "B=\\t", "C=\\t"])
        #expect(left == ["DOTENV_LINEBREAK_MODE:6 a setting of Ruby's dotenv, no secret"])
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
    }

    @Test func aQuoteThatClosesOnALaterLineTakesNoLineWithIt() throws {
        let (values, left) = try read("A=\"abc\nB=\"def\"\nC=ghi\n")
        #expect(values == ["B=def", "C=ghi"])
        #expect(left == ["A:1 text after the closing quote on line 2"])
    }

    @Test(arguments: ["\"", "'", "`"], ["\n", "\r\n", "\r"])
    func aQuoteThatIsNotClosedTakesNoLineWithIt(quote: String, end: String) throws {
        let other = quote == "'" ? "`" : "'"
        let lines = [
            "A=x", "B=\(quote)y", "", "# words", "C=z", "  export D_1 = v # words", "E=\(other)u\(end)w\(other)",
            "F=$USER",
        ]
        let (values, left) = try read(lines.joined(separator: end))
        #expect(values == ["A=x", "C=z", "D_1=v", "E=u\nw"])
        #expect(
            left == [
                "B:2 a quoted value that is not closed",
                "F:9 refers to another variable with $; put it in single quotes when the $ is meant",
            ])
    }

    /// What a secret over several lines may hold, each a line.
    private static let pieces = [
        "sesame", "MIIEsesame=", "sesame=x", "Sesame=x", "SESAME", "SESAME=", "SESAME==", "SESAME=\t# x", "SESAME=''",
        "SESAME: x", "SESAME:x", "SES-AME=x", "SES.AME=x", "1SESAME=x", "export sesame=x", "=sesame", "SÉSAME=x",
    ]

    @Test(arguments: [
        ("\"x", "y\" z", "text after the closing quote on line \(pieces.count + 2)"),
        ("`x", "y", "a quoted value that is not closed"),
        ("-----BEGIN X-----", "y", "a PEM block that is not closed"),
    ])
    func aPieceOfASecretIsNotRepeated(first: String, last: String, why: String) throws {
        let (values, left) = try read((["A=\(first)"] + Self.pieces + [last, "B_=x"]).joined(separator: "\n"))
        #expect(values == ["B_=x"])
        #expect(left == ["A:1 \(why)"] + (2..<Self.pieces.count + 3).map { "a line:\($0) not KEY=value" })
    }

    @Test func onlyTheLinesUpToTheClosingQuoteAreInDoubt() throws {
        let (values, left) = try read("A='x\na=1\nb: 2\n' x\nc=3\nd: 4\ne=")
        #expect(values == ["c=3"])
        #expect(
            left == [
                "A:1 text after the closing quote on line 4", "a line:2 not KEY=value", "a line:3 not KEY=value",
                "a line:4 not KEY=value", "d:6 written with a colon, not =", "e:7 empty",
            ])
    }

    @Test func aValueInDoubtMayEndBadlyToo() throws {
        let (values, left) = try read("A=\"x\nB=\"y\nC=\"$USER\"\nD=\"x\nE='\nz'\nF=\"y\"\"\nG=`")
        #expect(values == ["E=\nz"])
        #expect(
            left == [
                "A:1 text after the closing quote on line 2", "B:2 text after the closing quote on line 3",
                "C:3 refers to another variable with $; put it in single quotes when the $ is meant",
                "D:4 text after the closing quote on line 7", "F:7 text after the closing quote",
                "G:8 a quoted value that is not closed",
            ])
    }

    @Test func aKeyThatHasLostItsEndDoesNotTakeThatOfTheNext() throws {
        let key = "-----BEGIN X-----\nMIIE\n-----END X-----"
        let (values, left) = try read("A=-----BEGIN X-----\nMIIE\nB=\(key)\nC='\(key)'\nD=x")
        #expect(values == ["C=\(key)", "D=x"])
        #expect(
            left == [
                "A:1 a PEM block that is not closed", "a line:2 not KEY=value", "B:3 several lines without quotes",
            ])
    }

    @Test(arguments: [30, 31, 32] as [UInt64])
    func everyLineIsTakenOrNamedWhereverQuotesStand(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = "\"'`xy #".unicodeScalars.map { $0 }
        for _ in 0..<300 {
            let text = (1...12).map { "K\($0)=\(generator.text(of: pieces))" }.joined(separator: "\n")
            let file = try parse(Array(text.utf8), as: .dotenv)
            let taken = file.values.flatMap { $0.line...$0.line + $0.value.count { $0 == "\n" } }
            #expect(Set(taken + file.leftBehind.map(\.line)) == Set(1...12), "\(text.debugDescription)")
        }
    }
}
