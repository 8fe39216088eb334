import Testing
import Tokens

@Suite struct RecordsTests {
    @Test func recordsStandInTheOrderOfTheirNamesBytes() throws {
        var records = Records()
        for name in ["b", "a/x", "a", "B", "a-x"] { try records.set(self.name(name), secret: Secret(name), at: 1) }
        records.set(.vault, try object(#"{"kind":"vault"}"#))
        #expect(records.all.map(\.name.text) == ["B", "_vault", "a", "a-x", "a/x", "b"])
        #expect(records.names.map(\.text) == ["B", "a", "a-x", "a/x", "b"])
        try records.set(name("a"), secret: Secret("again"), at: 2)
        #expect(records.all.count == 6)
        #expect(try records.secret(name("a")) == Secret("again"))
        #expect(try records.secret(name("b")) == Secret("b"))
        records.remove(try name("a"))
        records.remove(try name("absent"))
        #expect(records.all.map(\.name.text) == ["B", "_vault", "a-x", "a/x", "b"])
    }

    @Test func aSecretThatIsSetAgainKeepsWhatElseItsRecordHeld() throws {
        var records = Records(sorted: [(try name("a"), Secret(#"{"kind":"secret","note":1.0,"value":"old"}"#))])
        try records.set(name("a"), secret: Secret("new"), at: 9)
        #expect(records.all[0].json.revealed() == #"{"kind":"secret","note":1.0,"updated_at":9,"value":"new"}"#)
    }

    @Test func aRecordIsOnlyWhatItsKindSays() throws {
        let records = Records(sorted: [
            (try name("c"), Secret(#"{"kind":"connection","provider":"x","value":"v"}"#)),
            (try name("n"), Secret(#"{"kind":"note","provider":"x","value":"v"}"#)),
            (try name("s"), Secret(#"{"kind":"secret","provider":"x","value":"v"}"#)),
        ])
        #expect(try records.kind(name("c")) == .connection)
        #expect(try records.kind(name("n")) == .other("note"))
        #expect(try records.kind(name("s")) == .secret)
        #expect(try records.kind(name("x")) == nil)
        #expect(try ["c", "n", "s", "x"].map { try records.secret(name($0)) } == [nil, nil, Secret("v"), nil])
        #expect(try ["c", "n", "s", "x"].map { try records.connection(name($0))?.provider } == ["x", nil, nil, nil])
        #expect(try records.object(name("n"))?.names == ["kind", "provider", "value"])
        #expect(throws: Never.self) { try records.check() }
    }

    @Test(arguments: [
        "", "{", #"{"value":"v"}"#, #"{"kind":1}"#, #"{"kind":"secret"}"#, #"{"kind":"secret","value":1}"#,
        #"{"kind":"secret","kind":"secret","value":"v"}"#, #"{"kind":"secret","value":"\ud800"}"#,
        #"{"kind":"connection"}"#, #"{"kind":"connection","provider":"x","access_token":"t","expires_at":1.5}"#,
        #"{"kind":"connection","provider":"x","access_token":"t","expires_at":-1}"#,
    ])
    func aCheckFindsTheRecordThatCannotBeRead(text: String) throws {
        let damaged = try name("b")
        let good = Secret(#"{"kind":"secret","value":"v"}"#)
        let records = Records(sorted: [(try name("a"), good), (damaged, Secret(text)), (try name("c"), good)])
        let failure = #expect(throws: RecordError.self) { try records.check() }
        #expect(failure?.name == damaged)
        #expect(try records.secret(name("c")) == Secret("v"))
    }

    private func name(_ text: String) throws -> RecordName { try #require(RecordName(text)) }

    private func object(_ text: String) throws(JSONError) -> JSONObject {
        try JSONObject(parsing: text.utf8.span, rules: .record)
    }
}
