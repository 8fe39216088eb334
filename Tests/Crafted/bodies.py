"""Vectors of what stands in a payload: its length, lines and padding (FORMAT §3); their writer held the key."""

from craft import *


def opens(name, what, plain, **commands):
    vector(name, what, vault(plain=plain), **commands)


def refused(name, what, plain, expect="malformed"):
    vector(name, what, vault(plain=plain), expect, key_list="opens")


def lengths():
    good = body(GREETING)
    for number, what in [
        (0, "0, with a body behind it"), (len(good) - 1, "one less: the last line does not end"),
        (len(good) + 1, "one more: a zero behind the last line"), (4092, "that of the whole block"),
        (4093, "a byte more than the block holds"), ((1 << 28) - 4, "the largest there can be"),
        ((1 << 28) - 3, "one more than the largest"), (1 << 31, "2^31"),
        ((1 << 32) - 4, "such that with its own four bytes it overflows"), ((1 << 32) - 1, "2^32 - 1")]:
        refused(f"inner-length-{number}", f"the body's length is {what}", plaintext(good, number))
    refused("inner-nothing", "a body of no bytes, so without a schema", plaintext(b""), "unsupported version")
    refused("inner-block-more", "a block of zeros behind the padding", plaintext(good, size=8192))
    refused("padding-ones", "padding of ones", plaintext(good, fill=b"\1"))
    refused("padding-first", "the padding's first byte", put(plaintext(good), {4 + len(good): 1}))
    refused("padding-last", "the padding's last byte", put(plaintext(good), {4095: 128}))
    opens("body-empty", "a vault without records", plaintext(body()), get="not there")
    for size, what in [
        (4092, "fills its block, without padding"), (4093, "is a byte longer than a block takes"),
        (4091, "leaves one byte of padding")]:
        filler = b'A\t{"kind":"secret","value":"%s"}'
        value = b"x" * (size - len(body(filler % b"", GREETING)))
        opens(f"body-{size}", f"a body that {what}", plaintext(body(filler % value, GREETING)))


def schemas():
    for name, what, schema in [
        ("0", "schema 0", b'{"schema":0}\n'), ("2", "schema 2", b'{"schema":2}\n'),
        ("10", "schema 10", b'{"schema":10}\n'), ("blank", "a schema line with a blank", b'{"schema": 1}\n'),
        ("more", "a schema line with another member", b'{"schema":1,"x":1}\n'),
        ("fraction", "schema 1.0", b'{"schema":1.0}\n'),
        ("mark", "a byte order mark before the schema", b'\xef\xbb\xbf{"schema":1}\n'),
        ("none", "no schema line", b""), ("crlf", "a schema line that ends with CR LF", b'{"schema":1}\r\n'),
        ("capitals", "a schema line in capitals", b'{"SCHEMA":1}\n')]:
        refused(f"schema-{name}", what, plaintext(body(GREETING, schema=schema)), "unsupported version")
    refused("schema-twice", "the schema line twice", plaintext(body(b'{"schema":1}', GREETING)))
    refused("schema-alone", "a body of the schema without its LF", plaintext(b'{"schema":1}'))


def lines():
    for name, what, line in [
        ("no-tab", "a line without a tab", b"BAD{}"), ("two-tabs", "a second tab in a line", b'BAD\t{"kind":\t"x"}'),
        ("empty", "an empty line", b""), ("blank", "a line of one blank", b" "),
        ("no-name", "a line without a name", b'\t{"kind":"x"}'), ("cr", "a CR in a line", b'BAD\t{"kind":"x"}\r'),
        ("nul", "a NUL in a line", b'BAD\t{"kind":"\0"}'), ("1f", "the byte 1F in a line", b'BAD\t{"kind":"\x1f"}'),
        ("ff", "the byte FF in a record", b'BAD\t{"kind":"\xff"}'),
        ("overlong", "a NUL in two bytes", b'BAD\t{"kind":"\xc0\x80"}'),
        ("surrogate", "a surrogate in UTF-8", b'BAD\t{"kind":"\xed\xa0\x80"}'),
        ("beyond", "a scalar past U+10FFFF", b'BAD\t{"kind":"\xf4\x90\x80\x80"}'),
        ("cut", "a character that the line's end cuts", b'BAD\t{"kind":"x"}\xc3')]:
        refused(f"line-{name}", what, plaintext(body(line, GREETING)))
    for name, what, record in [
        ("leading-point", "begins with a point", b".A"), ("leading-hyphen", "begins with a hyphen", b"-A"),
        ("blank", "holds a blank", b"A b"), ("star", "holds a star", b"A*"),
        ("letter", "holds a letter that is not of ASCII", "\u00c4".encode()),
        ("delete", "holds the byte 7F", b"A\x7f"), ("129", "has 129 bytes", b"A" * 129),
        ("slash", "is a slash", b"/"), ("slash-first", "begins with a slash", b"/A"),
        ("slash-last", "ends with a slash", b"A/"), ("three-parts", "has three parts", b"a/b/c"),
        ("part-129", "has a second part of 129 bytes", b"A/" + b"b" * 129),
        ("part-point", "has a second part that begins with a point", b"A/.b"), ("up", "leads upwards", b"../A"),
        ("own", "is _ alone", b"_"), ("own-twice", "begins with two _", b"__A"),
        ("ff", "holds the byte FF", b"A\xff")]:
        broken = [record + b'\t{"kind":"x"}', GREETING]
        refused(f"name-{name}", f"a name that {what}", plaintext(body(*sorted(broken))))
    other = b'{"kind":"x"}'
    for name, what, found in [
        ("twice", "a name twice", [GREETING, GREETING]),
        ("unsorted", "names in a wrong order", [b"Z\t" + other, GREETING]),
        ("locale", "names in the order of a dictionary", [b"a\t" + other, b"B\t" + other, GREETING]),
        ("prefix", "a longer name before its beginning", [b"A.b\t" + other, b"A\t" + other, GREETING]),
        ("own", "the program's own names at the end", [GREETING, b"a\t" + other, b"_vault\t" + other]),
        ("numbers", "names in the order of their numbers", [b"A9\t" + other, b"A10\t" + other, GREETING])]:
        refused(f"order-{name}", what, plaintext(body(*found)))
    names = [b"0", b"A", b"A-", b"A.b", b"A0", b"A_", b"A" + b"b" * 127]
    opens("names", "names at their limits, in their order",
          plaintext(body(*[name + b"\t" + other for name in names], GREETING, b"_own\t" + other)))
    both = b"c" * 128 + b"/" + b"d" * 128 + b'\t{"kind":"connection","provider":"sandbox"}'
    opens("names-two-parts", "a connection's name of two parts of 128 bytes", plaintext(body(GREETING, both)))


for group in [lengths, schemas, lines]:
    group()
