import Testing

@testable import Imports

/// The values of a text by name, as `NAME=value`, and what is left behind as `NAME: why`.
private func read(_ text: String, as syntax: ImportSyntax = .javascript) throws -> (values: [String], left: [String]) {
    let file = try parse(Array(text.utf8), as: syntax)
    return (file.values.map { "\($0.name)=\($0.value)" }, file.leftBehind.map { "\($0.name):\($0.line) \($0.why)" })
}

@Suite struct JavaScriptTests {
    /// What a small service that posts to TikTok keeps beside its code.
    static let secrets = #"""
        'use strict';
        // TikTok credentials. Updated by refresh.js — do not edit the token lines by hand!
        const axios = require('axios');

        const TIKTOK_CLIENT_KEY = "aw12ab34cd56ef78";
        const TIKTOK_CLIENT_SECRET = 'S3cr3t/with"quotes"';
        const TIKTOK_ACCESS_TOKEN = "act.example12345Example12345Example!4521.va"; // 24 h
        let TIKTOK_REFRESH_TOKEN = `rft.example12345Example12345Example!4522.va`
        const TIKTOK_REDIRECT_URI = 'https://example.com' +
            '/auth/tiktok/callback/'; /* "https://localhost/" */
        const TIKTOK_OPEN_ID = '';
        const PORT = 3000, DEBUG = false;
        const DATABASE_URL = process.env.DATABASE_URL || 'postgres://localhost/dev';
        const authUrl = `https://www.tiktok.com/v2/auth/authorize/?client_key=${TIKTOK_CLIENT_KEY}`;

        function maskToken(token) {
          const MASK = "****";
          return token.replace(/^(["'`/])(.*)\/[/"]$/g, MASK) || "none";
        }

        const uploads = { folder: './videos', limits: { perDay: 15, reason: "api" } };

        module.exports = {
          TIKTOK_CLIENT_KEY,
          TIKTOK_CLIENT_SECRET,
          'tiktok.access': TIKTOK_ACCESS_TOKEN,
          TIKTOK_REFRESH_TOKEN,
          SCOPES: "user.info.basic,video.publish",
          PORT,
          maskToken,
          now() { return Date.now(); },
          retries: [1, 2, 5],
          webhook: { url: "https://example.com/hook", "secret": "whsec_1" },
        };

        """#

    @Test func theSecretsOfASmallServiceComeInAndTheRestIsNamed() throws {
        let (values, left) = try read(Self.secrets)
        #expect(
            values == [
                "TIKTOK_CLIENT_KEY=aw12ab34cd56ef78",
                "TIKTOK_CLIENT_SECRET=S3cr3t/with\"quotes\"",
                "TIKTOK_ACCESS_TOKEN=act.example12345Example12345Example!4521.va",
                "TIKTOK_REFRESH_TOKEN=rft.example12345Example12345Example!4522.va",
                "TIKTOK_REDIRECT_URI=https://example.com/auth/tiktok/callback/",
                "TIKTOK_OPEN_ID=",
                "tiktok.access=act.example12345Example12345Example!4521.va",
                "SCOPES=user.info.basic,video.publish",
            ])
        #expect(
            left == [
                "axios:3 computed: a call of require",
                "DEBUG:12 a boolean",
                "PORT:12 a number",
                "DATABASE_URL:13 read from process.env",
                "authUrl:14 computed: a template with ${}",
                "MASK:17 a string inside a function, block or call",
                "uploads.folder:21 a string inside another object; only flat values are taken",
                "uploads.limits.reason:21 a string inside another object; only flat values are taken",
                "now:31 a function",
                "retries:32 an array",
                "webhook.secret:33 a string inside another object; only flat values are taken",
                "webhook.url:33 a string inside another object; only flat values are taken",
            ])
    }

    /// Code in which a reader that guesses loses its place: each constant stands behind a trap.
    static let traps = #"""
        const a1 = 4 / 2; const A = "1" // "
        const r1 = /["'`/]/; const B = '2'
        const r2 = [/[/"]/, /\/"/g][0], C = `3`
        if (a1) /"/.test('')
        const D = "4"
        const f1 = () => { return /'/ }
        const E = "5"
        const f2 = function () { return { a: 1 } / 2 }
        const F = "6"
        const t1 = `${`}${"`"}` + { a: '}' }.a}"`; const G = '7'
        var x = 1, y = 2; x++ / 2; y /= 1; /* " */ const H = "8"
        const o1 = { if: 1, class: 2, get function() { return /"/ }, async *'g'() {} }.if / 2 /* ' */
        const I = "9"
        class K1 extends (class { }) { static s = /"/; ['m']() { return `\`` } }
        const J = '10'
        let z = typeof /'/ / 2
        const K = (("1") + ('1'))
        do x--; while (x > 0) const L = "12"
        label: for (const c of [`"`]) { const L = "no" }
        const M = "13", N = "1" +
          "4"
        function f3({ p = '"' } = {}) { } /"/.exec('')
        const O = "15"
        const c1 = x
          ? "no"
          : 'no', P = "16"
        let Q
        Q = "17"; var R = Q
        if (x) Q = "no"; else if (y) { Q = "17" } else Q = "17"
        const \u0053 = "19"; const é = "20", T = é
        switch (x) { case 1: { x = 1 } default: /"/.test(x) }
        const U = "21"
        try { throw /"/ } catch { } finally { }
        const V = "22"; // const V = "
        x
        ++
        y
        const W = "23"
        async function* f4() { for await (const q of []) /"/.test(q) }
        const X = "24", g1 = async () => ({}), g2 = async function () { }, Y = "25"
        module.exports = { A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, R, S, T, U, V, W, X, Y, 'Z': "26" }
        """#

    @Test(RealReader.nodeIsInstalled)
    func treacherousCodeHasTheValuesThatNodeReads() async throws {
        let bytes = Array(Self.traps.utf8)
        let read = try await RealReader.node.read(bytes, with: ReaderScript.loadModule, "traps.cjs")
        let values = try parse(bytes, as: .javascript).values
        let ours = Dictionary(uniqueKeysWithValues: values.map { ($0.name, Array($0.value.utf8)) })
        #expect(read.count == 25)
        for (name, value) in read { #expect(ours[name] == value, "\(name)") }
    }

    @Test(arguments: [
        ("const A: string = \"x\"", "A=x"), ("const A = 'x' as const;", "A=x"), ("let A!: string\nA = 'x'", "A=x"),
        ("const A: Map<string, Array<number>>= f(), B = 'x'", "B=x"), ("let a: Array<string>\nconst A = 'x'", "A=x"),
        ("type T = 'a' | 'b'\ninterface I { a: \"b\" }\nconst A = 'x'", "A=x"),
        ("export enum E { a = 'b' }\nexport const A='x'", "A=x"),
        ("function f(a: string): { b: string } { return /'/ }\nconst A = 'x'", "A=x"),
        ("export default { A: 'x' } as Record<string, string>\n", "A=x"),
        ("export default { A: 'x' } satisfies Secrets\nconst B: number = 1", "A=x"), ("export = { A: 'x' }", "A=x"),
        ("declare const A: string\ndeclare module 'm' { const A: 'n' }\nexport const B = 'x'", "B=x"),
        ("const secrets = { A: 'x' } as const\nexport default secrets", "A=x"),
    ])
    func typeScriptsAnnotationsChangeNothing(text: String, value: String) throws {
        #expect(try read(text).values == [value])
    }

    @Test(arguments: [
        ("const s = { A: 'x' }; module.exports = s", ["A=x"]), ("const s = module.exports = { A: 'x' }", ["A=x"]),
        ("module.exports = exports = Object.freeze({ A: 'x' })", ["A=x"]), ("exports.default = { A: 'x' }", ["A=x"]),
        ("const s = {}; s.A = 'x'; module.exports = s", ["A=x"]), ("module['exports']['A'] = 'x'", ["A=x"]),
        ("exports.A = exports.B = void 0; exports.A = 'x', exports.B = 'y'", ["A=x", "B=y"]),
        ("export { B as C }; const B = 'x'", ["B=x", "C=x"]),
        ("const B = 'x'; module.exports = { A: B }", ["A=x", "B=x"]),
        ("export const { A } = f(), B = 'x'", ["B=x"]), ("export default {\"A-1.b\": 'x'}", ["A-1.b=x"]),
    ])
    func everyWayToExportIsFollowed(text: String, values: [String]) throws {
        #expect(try read(text).values == values)
    }

    @Test(arguments: [
        ("const A = 1_000n", "A:1 a number"), ("const A = -.5e-3", "A:1 a number"), ("const A = null", "A:1 null"),
        ("let A", "A:1 declared without a value"), ("const A = f('x')", "A:1 computed: a call"),
        ("const A = new B", "A:1 computed: a call"), ("const A = 'a' + b", "A:1 computed: an expression"),
        ("const A = ('a', 'b')", "A:1 computed: an expression"),
        ("const A = 'a' + + 'b'", "A:1 computed: an expression"),
        ("const A = String.raw`x`", "A:1 computed: an expression"), ("const A = 'x'\n('y')", "A:1 computed: a call"),
        ("const A = x => 'x'", "A:1 a function"), ("const A = async function () {}", "A:1 a function"),
        ("const A = class {}", "A:1 a class"), ("const A = /x/g", "A:1 a regular expression"),
        ("const A = ['x']", "A:1 an array"),
        ("const { A, b: B = 'x' } = process.env", "A:1 read from process.env|B:1 read from process.env"),
        ("const A = import.meta.env.A", "A:1 read from import.meta"),
        ("const A = '\\ud83d'", "A:1 holds half of a surrogate pair"),
        ("const A = '\\07'", "A:1 holds a legacy octal escape"), ("const A = '\\8'", "A:1 holds a legacy octal escape"),
        ("const A = '\\0'", "A:1 holds NUL"), ("const A = '\\xg0'", "A:1 holds a malformed escape"),
        ("const A = '\\u{110000}'", "A:1 holds a malformed escape"),
        ("module.exports = 'x'", "the exported value:1 a string without a name"),
        (
            "module.exports = { ...a, [b]: 'x', B }",
            "...:1 the members of another object|B:1 a name that stands for no string known here|a member:1 its name is not plain text"
        ),
        ("export { A } from './a.js'", "A:1 exported from another module"),
        ("process.env.A = 'x'", "process.env.A:1 a string inside another object; only flat values are taken"),
        (
            "const h = {}; h.g = { a: 'x', b: 1 }; k.l = { m: 'y' }",
            "h.g.a:1 a string inside another object; only flat values are taken|k.l.m:1 a string inside another object; only flat values are taken"
        ),
        ("if (x) { exports.AB = 'x' }", "AB:1 a string inside a function, block or call"),
        ("if (x)\n  AB = 'x'", "AB:2 a string inside a function, block or call"),
        (
            "f({ AB: 'x', 'CD': 'y', ef: 'z' })",
            "AB:1 a string inside a function, block or call|CD:1 a string inside a function, block or call"
        ),
    ])
    func whatIsNoStringConstantIsNamedWithTheReason(text: String, left: String) throws {
        let file = try read(text)
        #expect(file.values == [])
        #expect(file.left.joined(separator: "|") == left)
    }

    @Test(arguments: [
        ("{ const G = 'g' }", "G:1"), ("if (1) {\n  const G = 'g'\n}", "G:2"), ("if (1) G = 'g'", "G:1"),
        ("try { module.exports.G = 'g' } catch {}", "G:1"), ("try {} catch { exports['g'] = `g` }", "g:1"),
        ("{ { const a = 'x' + b, c = f() } let d = 'y' }", "a:1|d:1"),
        ("switch (x) { case x ? 1 : 2: a = 'x'; break\ndefault: b = 'y' }", "a:1|b:2"),
        ("do { a = 'x' } while (x)\nfor (;;) l: { b.c = 'y' }", "a:1|b.c:2"),
        ("if (x) module.exports = { a: 'x' }; else module.exports = 'y'", "a:1|the exported value:1"),
        ("{ const s = { a: 'x', b: 1, c: { d: 'y' } } }", "s.a:1|s.c.d:1"),
        ("class K { static F = 'f' }", "F:1"),
        ("class K {\n  static a(b = 'x') { const c = 'y' }\n  #d\n  e = 'z'; ['f'] = 'z'\n}", "e:4|f:4"),
        ("export class K extends L { private static readonly a?: string = 'x'\n b: number }", "a:1"),
        ("enum E { a = 'x', b }", "a:1"), ("function f() { const G = 'g'; type T = 't' }", "G:1"),
        ("function f() { exports.a = 'x'; module.exports['b'] = 'y'; c['D'] = 'z' }", "D:1|a:1|b:1"),
        (String(repeating: "{", count: 99) + "A = 'x'" + String(repeating: "}", count: 99), "A:1"),
    ])
    func everyStringInABlockOrClassIsNamed(text: String, names: String) throws {
        let file = try parse(Array(text.utf8), as: .javascript)
        #expect(file.values == [])
        #expect(file.leftBehind.map { "\($0.name):\($0.line)" }.joined(separator: "|") == names)
        #expect(file.leftBehind.allSatisfy { $0.why == "a string inside a function, block or call" })
    }

    @Test(arguments: [
        "exports[k] = 'z'", "module.exports[k].a = 'z'", "exports[`${k}`] = f()", "if (x) { a[k] = 'z' }",
        "function f() { exports[k] = 'z' }", "class K { static [k] = 'z' }", "a.b[k] = { c: 'z' }",
    ])
    func aMemberWhoseNameIsComputedIsNamedAsOne(text: String) throws {
        let file = try read("\n" + text)
        #expect(file.values == [])
        #expect(file.left == ["a member:2 its name is not plain text"])
    }

    @Test func aKeyInBackticksIsPlainText() throws {
        let file = try read("exports[`T`] = 'y'\nmodule[`exports`].U = 'z'")
        #expect(file.values == ["T=y", "U=z"])
        #expect(file.left == [])
    }

    @Test(arguments: [
        "if (x) { const a = require('a'), b = 1, f = () => 'c'; f('d'); return 'e' } else throw new Error('f')",
        "try { f(); a.b = c; a[b] = c; a += 'x' } catch (e) { console.log('g', { h: 'i' }) }",
        "for (const a of ['a']) { switch (a) { case 'b': break; default: continue } }",
        "class K { a = 1; b() { this.c = 'd' } get e() { return 'f' } }", "type T = 't'\ncache[k] = {}\nl: f('x')",
    ])
    func aBlockWithoutAStringOfItsOwnPassesInSilence(text: String) throws {
        #expect(try read(text).left == [])
    }

    @Test func aBlockChangesNothingThatIsTakenAndIsNamedWhereItMight() throws {
        let file = try read("let a = 'x', b = 'y'\nif (c) { a = 'z'; const b = f(); function a() {} }\nexports.d = a")
        #expect(file.values == ["a=x", "b=y", "d=x"])
        #expect(file.left == ["a:2 changed inside a function, block or call"])
    }

    @Test func aNameOutsideTheVaultsAlphabetIsLeftBehind() throws {
        let names = ["_A", "$A", "é", "A b", "A/b", "", "\u{212A}", String(repeating: "A", count: 129)]
        let members = names.map { "'\($0)': 'x'" }.joined(separator: ",\n")
        let file = try read("module.exports = {\(members), '\(String(repeating: "A", count: 128))': 'x', K: 'y'}")
        #expect(file.values.count == 2)
        #expect(file.values.last == "K=y")
        #expect(file.left.count == names.count)
        #expect(file.left.allSatisfy { $0.contains("a name is 1 to 128 letters") })
    }

    @Test func theLastOfSeveralValuesIsTakenAndTheOthersAreNamed() throws {
        let reassigned = try read("let A = 'x'\nA = 'y'\nA = 'y'\nvar B = 'x'\nB = f()\nvar C = 'x'\nC += 'y'")
        #expect(reassigned.values == ["A=y"])
        #expect(
            reassigned.left == [
                "A:1 replaced on line 2", "B:4 replaced on line 5", "B:5 computed: a call", "C:6 replaced on line 7",
                "C:7 computed: changed in place",
            ])
        let exported = try read("const A = 'x'\nmodule.exports = { A: 'y' }\nexports.A = process.env.A")
        #expect(exported.values == ["A=x"])
        #expect(exported.left == ["A:2 replaced on line 3", "A:3 read from process.env"])
        let both = try read("const A = 'x'\nexports.A = 'y'")
        #expect(both.values == ["A=y"])
        #expect(both.left == ["A:1 replaced on line 2"])
    }

    @Test func aVariableThatAFunctionMayChangeIsTakenAndNamed() throws {
        let file = try read("let token = 'x'\nfunction set(value) {\n  token = value\n  const other = 'y'\n}")
        #expect(file.values == ["token=x"])
        #expect(file.left == ["token:3 changed inside a function, block or call"])
    }

    @Test(arguments: [
        ("\nconst A = \"x\n\"", "the string", 2), ("const A = `x\n", "the template", 1), ("/* \n", "the comment", 1),
        ("x\nf(", "the bracket", 2), ("`${\n", "the template", 1), ("x = /a\n/", "the regular expression", 1),
    ])
    func whatIsNotClosedIsRefusedWithItsLine(text: String, what: String, line: Int) {
        #expect(throws: ImportError(problem: .unterminated(what), line: line)) { try read(text) }
    }

    @Test func aBracketThatNothingOpenedIsRefused() {
        #expect(throws: ImportError(problem: .unmatched("}"), line: 2)) { try read("(\n}") }
        #expect(throws: ImportError(problem: .unexpectedCharacter, line: 1)) { try read("a \u{1} b") }
    }
}
