"""Vectors of the records in a payload (FORMAT §3); their writer held the key."""

from bodies import opens
from craft import *

TIMES = [
    ("fraction", "1.5"), ("point", "1.0"), ("exponent", "1e3"), ("negative", "-1"), ("large", str(1 << 53)),
    ("overflow", str(1 << 64)), ("text", '"1"'), ("null", "null")]
MEMBERS = [
    ("obtained", "obtained_at", str(1 << 53)), ("obtained-negative", "obtained_at", "-1"),
    ("obtained-fraction", "obtained_at", "1.5"), ("refresh-end", "refresh_expires_at", '"1"'),
    ("type", "token_type", "1"), ("scopes", "scopes", '"a b"'), ("scopes-number", "scopes", '["a",1]'),
    ("subject", "subject", "null"), ("extras", "extras", "[]"), ("extras-number", "extras", '{"open_id":1}'),
    ("trouble", "trouble", '"someday"'), ("trouble-number", "trouble", "1"), ("last", "last", "[]"),
    ("last-time", "last", '{"at":1e9,"outcome":"renewed"}'), ("question", "question", '{"at":-1}'),
    ("not-before", "not_before", str(1 << 53)), ("failures", "failures", str(1 << 63)), ("skew", "skew", "0.5"),
    ("unread", "unread", "{}"), ("unread-number", "unread", "[1]"), ("pending", "pending", '"x"'),
    ("pending-grant", "pending", '{"state":"x","grant":"someday"}')]


def record(name, what, json, **commands):
    """A record whose inside is broken, beside one that is good."""
    commands = {"list": "record", "refresh": "record"} | commands
    opens(f"record-{name}", what, plaintext(body(b"BROKEN\t" + json, GREETING)), **commands)


def greeting(name, what, json, **commands):
    """The same in the record that is asked for."""
    opens(f"greeting-{name}", f"the record that is asked for holds {what}", plaintext(body(b"GREETING\t" + json)),
          list="record", get="record", **commands)


def secrets():
    value = b'"kind":"secret","value":"hello"'
    for name, what, json in [
        ("array", "an array", b"[]"), ("number", "a number", b"1"), ("string", "a string", b'"x"'),
        ("null", "null", b"null"), ("nothing", "nothing", b""), ("two", "two objects", b"{%s}{}" % value),
        ("cut", "an object without its end", b"{%s" % value), ("comma", "a comma too many", b"{%s,}" % value),
        ("quotes", "single quotes", b"{'kind':'secret','value':'hello'}"),
        ("bare", "names without quotes", b'{kind:"secret",value:"hello"}'),
        ("comment", "a comment", b"{%s/**/}" % value), ("nan", "NaN", b'{%s,"x":NaN}' % value),
        ("zero", "a number with a leading zero", b'{%s,"x":01}' % value),
        ("plus", "a number with a plus", b'{%s,"x":+1}' % value),
        ("point", "a number that ends with its point", b'{%s,"x":1.}' % value),
        ("escape", "an escape that there is not", b'{%s,"x":"\\x41"}' % value),
        ("digits", "an escape of three digits", b'{%s,"x":"\\u004"}' % value),
        ("twice", "a member twice", b'{%s,"kind":"secret"}' % value),
        ("twice-escaped", "a member twice, once escaped", b'{%s,"k\\u0069nd":"secret"}' % value),
        ("twice-inside", "a member twice, further inside", b'{%s,"x":[{"a":1,"a":2}]}' % value),
        ("surrogate", "a lone high surrogate", b'{%s,"x":"\\ud83d"}' % value),
        ("surrogate-low", "a lone low surrogate", b'{%s,"x":"\\ude00"}' % value),
        ("surrogates", "two surrogates in the wrong order", b'{%s,"x":"\\ude00\\ud83d"}' % value),
        ("surrogate-name", "a lone surrogate in a name", b'{%s,"\\ud83d":1}' % value),
        ("no-kind", "no kind", b'{"value":"hello"}'),
        ("kind-number", "a kind that is a number", b'{"kind":1,"value":"hello"}'),
        ("kind-null", "a kind that is null", b'{"kind":null,"value":"hello"}'),
        ("depth-33", "33 levels deep", b'{%s,"x":%s}' % (value, b"[" * 32 + b"]" * 32)),
        ("depth-33-objects", "33 objects in one another", b'{"x":' * 32 + b"{}" + b"}" * 32),
        ("depth-10000", "10,000 levels deep", b'{%s,"x":%s}' % (value, b"[" * 9999 + b"]" * 9999)),
        ("depth-10000-objects", "10,000 objects in one another", b'{"x":' * 9999 + b"{}" + b"}" * 9999),
        ("depth-open", "10,000 levels that do not end", b"[" * 10000)]:
        record(name, f"a record that holds {what}", json)
        if name in ["array", "twice", "surrogate", "depth-10000", "no-kind"]:
            greeting(name, what, json, refresh="record")
    times = [
        (f"time-{name}", f"a time of {time}", b'{%s,"updated_at":%s}' % (value, time.encode())) for name,
        time in TIMES]
    # What only the reader of that secret looks at: refresh reads no other than it needs.
    for name, what, json in [
        ("no-value", "no value", b'{"kind":"secret"}'),
        ("value-number", "a value that is a number", b'{"kind":"secret","value":1}'),
        ("value-null", "a value that is null", b'{"kind":"secret","value":null}'),
        ("value-array", "a value that is an array", b'{"kind":"secret","value":["hello"]}'), *times]:
        record(name, f"a secret that holds {what}", json, refresh="opens")
        greeting(name, what, json)
    opens("record-two-parts", "a secret with a connection's name of two parts",
          plaintext(body(GREETING, b"a/b\t{%s}" % value)), list="record")
    opens("record-own", "the program's own record is broken: checked before a write, read by nobody",
          plaintext(body(GREETING, b"_vault\t[]")), list="record")
    for name, what, json in [
        ("depth-32", "is 32 levels deep", b'{%s,"x":%s}' % (value, b"[" * 31 + b"]" * 31)),
        ("unknown", "has members that nobody knows", b'{%s,"zz":{"a":[1.5e-3,true,null]}}' % value),
        ("blanks", "has blanks", b'{ "kind" : "secret" , "value" : "hello" }'),
        ("escapes", "has escapes that no writer makes", b'{"k\\u0069nd":"secret","value":"\\u0068ell\\u006f"}'),
        ("pair", "has a pair of surrogates", b'{%s,"x":"\\ud83d\\ude00"}' % value),
        ("largest-time", "has the largest time", b'{%s,"updated_at":%d}' % (value, LARGEST)),
        ("unsorted", "has members in another order", b'{"value":"hello","kind":"secret"}'),
        ("delete", "holds the byte 7F and U+FEFF", b'{%s,"x":"\x7f\xef\xbb\xbf"}' % value),
        ("two-spellings", "has members that only Unicode takes for one", b'{%s,"\xc3\xa9":1,"e\xcc\x81":2}' % value)]:
        opens(f"greeting-good-{name}", f"a record that {what}", plaintext(body(b"GREETING\t" + json)))
    opens("kind-escape", "a record whose kind would steer a terminal",
          plaintext(body(b'A\t{"kind":"\\u001b[2J\\u0007"}', GREETING)))
    opens("kind-unknown", "a record of a kind that nobody knows is kept and listed",
          plaintext(body(b'GREETING\t{"kind":"later","value":[]}')), get="not there")


def connections():
    tokens = b'"access_token":"act.x","refresh_token":"rft.x","expires_at":%d' % LARGEST
    plain = b'"kind":"connection","provider":"sandbox"'

    def connection(name, what, json, **commands):
        opens(f"connection-{name}", f"a connection {what}", plaintext(body(GREETING, b"c\t" + json)), **commands)

    for name, what, json in [
        ("no-provider", "without provider", b'{"kind":"connection",%s}' % tokens),
        ("provider-number", "whose provider is a number", b'{"kind":"connection","provider":1}')]:
        connection(name, what, json, list="record", refresh="record")
    for name, member, json in MEMBERS:
        connection(name, f"whose {member} is {json}",
                   b'{%s,%s,"%s":%s}' % (plain, tokens, member.encode(), json.encode()), list="record",
                   refresh="record")
    connection("good", "that is not due for long", b"{%s,%s}" % (plain, tokens))
    connection("empty", "that was never authorised", b"{%s}" % plain)
    escape = b'"last":{"at":1,"outcome":"rejected","error":"\\u001b[2J\\u009b2J"},"trouble":"reauthorize"'
    connection("escape", "whose last error would steer a terminal", b"{%s,%s,%s}" % (plain, tokens, escape),
               refresh="rejected")
    at = b'"last":{"at":1,"outcome":"uncertain"},"question":{"at":1,"host":"x","attempt":%d},"trouble":"uncertain"'
    for number in [(1 << 63) - 1, -(1 << 63)]:
        largest = b'"failures":%d,"skew":%d,"not_before":%d,"obtained_at":%d,' % (number, number, LARGEST, LARGEST)
        connection(f"numbers-{number}", f"whose numbers are {number}, and times the largest",
                   b"{%s,%s,%s}" % (plain, tokens, largest + at % number), refresh="uncertain")


for group in [secrets, connections]:
    group()
