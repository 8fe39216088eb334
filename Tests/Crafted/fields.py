"""Vectors of what can be seen without a key: the header and its slots (FORMAT §1, §4)."""

from craft import *


def refused(name, what, content, expect=MALFORMED):
    """Refused for a field: by the passphrase too, which would open it, and without trying it."""
    vector(name, what, content, expect, PASSPHRASE)


def magic():
    whole = vault()
    for name, what, content in [
        ("lf", "a copy made in text mode: each CR LF is LF", whole.replace(b"\r\n", b"\n")),
        ("crlf", "a copy made in text mode: each LF is CR LF", whole.replace(b"\n", b"\r\n")),
        ("7-bit", "a copy without the highest bit of each byte", bytes(byte & 127 for byte in whole)),
        ("utf-8", "a copy that took Latin-1 for UTF-8", whole.decode("latin-1").encode()),
        ("end-of-text", "a copy that ended at the byte 1A", whole[:whole.index(0x1A)]),
        ("byte-order-mark", "a byte order mark before the vault", b"\xef\xbb\xbf" + whole),
        ("journal", "the magic of a journal", put(whole, {3: 0x4A})),
        ("last-byte", "the magic's last byte is another", flip(whole, 7)), ("empty", "no byte at all", b""),
        ("7-bytes", "the magic without its last byte", MAGIC[:7])]:
        refused(f"magic-{name}", what, content, NOT)


def lengths():
    whole = vault()
    for size, what in [
        (8, "the magic alone"), (11, "cut before the number of slots"), (12, "cut behind the number of slots"),
        (64, "the header without slots"), (FIRST + 100, "cut inside the first slot"), (CODE, "cut before the code"),
        (PAYLOAD - 1, "cut inside the code"), (PAYLOAD, "cut before the payload"),
        (len(whole) - 4096, "cut by a block"), (len(whole) - 1, "cut by one byte")]:
        refused(f"cut-{size}", what, whole[:size])
    refused("more-byte", "one byte behind the end", whole + b"\0")
    refused("more-block", "a block of zeros behind the end", whole + bytes(4096))
    refused("more-copy", "the vault twice", whole + whole)
    for number, what in [
        (0, "0"), (80, "a block less"), (4096, "that of the ciphertext alone"), (4175, "one less"),
        (4177, "one more"), (4176 + 4096, "a block more"), (4176 + (1 << 32), "right in its lower 32 bits"),
        (4176 + (1 << 63), "right but for its highest bit"),
        ((1 << 64) - PAYLOAD, "such that with the header it overflows to 0"), ((1 << 64) - 1, "2^64 - 1"),
        ((256 << 20) + (8 << 10) + 80, "more than the largest")]:
        refused(f"length-{number}", f"the payload's length is {what}", vault(fields={56: be(number, 8)}))
    for size, what in [
        (0, "no block"), (2048, "half a block"), (4095, "a block less a byte"), (4097, "a block and a byte")]:
        plain = plaintext(body(GREETING))[:size].ljust(size, b"\0")
        refused(f"blocks-{size}", f"a plaintext of {what}", vault(plain=plain))


def fields():
    for number in [0, 2, 256, 257, 65535]:
        refused(f"version-{number}", f"format version {number}", vault(fields={8: be(number, 2)}), VERSION)
    for number in [0, 2, 255]:
        refused(f"suite-{number}", f"cipher suite {number}", vault(fields={10: number}), VERSION)
    for bit in [0, 7, 31]:
        refused(f"flag-{bit}", f"flag bit {bit} is set", vault(fields={12: be(1 << bit)}))
    for bit in [0, 31]:
        refused(f"reserved-{bit}", f"bit {bit} of the header's reserved field is set",
                vault(fields={44: be(1 << bit)}))
    for number in [0, 1 << 53, 1 << 63, (1 << 64) - 1]:
        refused(f"generation-{number}", f"generation {number}", vault(generation=number))
    for number in [1, LARGEST]:
        vector(f"generation-{number}", f"generation {number}, at the limit", vault(generation=number))
    refused("epoch-0", "key epoch 0", vault(epoch=0))
    vector("epoch-largest", "key epoch 2^32 - 1, the largest", vault(epoch=(1 << 32) - 1))
    for number in [1 << 53, (1 << 64) - 1]:
        refused(f"written-{number}", f"written at {number}", vault(fields={48: be(number, 8)}))
    for number in [0, LARGEST]:
        vector(f"written-{number}", f"written at {number}, at the limit", vault(fields={48: be(number, 8)}))
    vector("vault-id-zero", "a vault id of zeros: any is random", vault(identity=bytes(16)))


def slots():
    many = [slot(bytes([number]) * 32, number, b"s%d" % number) for number in range(3, 11)]
    refused("slots-0", "no slot, and nothing that says so is wrong", vault([]))
    vector("slots-8", "eight slots, the most; the last one opens", vault([*many[:7], slot()]))
    refused("slots-9", "nine slots", vault([slot(), human(), *many[:7]]))
    refused("slots-255", "255 slots are said to be there", vault(fields={11: 255}))
    refused("slots-1-of-2", "two slots, and one is said to be there", vault(fields={11: 1}))
    refused("slots-3-of-2", "two slots, and three are said to be there", vault(fields={11: 3}))
    three = [human(number, b"p%d" % number) for number in [2, 3]]
    others = [slot(f"another passphrase {number}", number, b"o%d" % number) for number in [4, 5, 6]]
    vector("passphrases-3", "three passphrase slots, the most; the last one opens", vault([*others[:2], three[0]]),
           secret=PASSPHRASE, scrypt=3)
    vector("passphrases-3-wrong", "three passphrase slots of other passphrases", vault([slot(), *others]), WRONG,
           PASSPHRASE, scrypt=3)
    vector("passphrases-first", "the first of three slots opens, and no other is tried",
           vault([three[0], *others[:2]]), secret=PASSPHRASE, scrypt=1)
    vector("passphrases-none", "a passphrase, and no slot takes one", vault([slot()]), WRONG, PASSPHRASE)
    vector("keys-none", "a raw key, and no slot takes one", vault([human()]), WRONG)
    nfc, nfd = "caf\u00e9 du coin", "cafe\u0301 du coin"
    vector("passphrase-nfd", "a passphrase that is typed decomposed is the composed one",
           vault([slot(nfc)]), secret=nfd, scrypt=1)
    vector("passphrase-nfd-slot", "a slot of a decomposed passphrase takes no passphrase at all",
           vault([slot(nfd)]), WRONG, nfd, scrypt=1)
    vector("passphrase-longest", "a passphrase of 1,024 bytes", vault([slot("p" * 1024)]),
           secret="p" * 1024, scrypt=1)
    refused("passphrases-4", "four passphrase slots", vault([*three, *others[:2]]))
    for offset in [1, 3, 28, 31]:
        set_one = {"fields": {offset: 1}}
        refused(f"slot-reserved-{offset}-raw", f"byte {offset} of a raw key's slot is reserved, and set",
                vault([slot(**set_one), human()]))
        refused(f"slot-reserved-{offset}-passphrase", f"byte {offset} of a passphrase slot is reserved, and set",
                vault([slot(), human(**set_one)]))
    for offset in [16, 19, 20, 23, 24, 27]:
        refused(f"raw-cost-{offset}", f"byte {offset} of a raw key's slot, of scrypt's parameters, is set",
                vault([slot(fields={offset: 1}), human()]))
    for offset in [64, 71]:
        refused(f"passphrase-key-id-{offset}", f"byte {offset} of a passphrase slot, of the key id, is set",
                vault([slot(), human(fields={offset: 1})]))
    refused("slot-id-twice", "a raw key and a passphrase of one slot id", vault([slot(), human(1)]))
    refused("slot-id-twice-raw", "two raw keys of one slot id",
            vault([slot(), human(), slot(bytes(32), label=b"other")]))
    refused("slot-id-twice-reserved", "a slot of a reserved kind has another slot's id",
            vault([slot(), human(), slot(number=1, label=b"later", fields={0: 9})]))
    for number in [0, (1 << 32) - 1]:
        vector(f"slot-id-{number}", f"slot id {number}, at the limit", vault([slot(fields={4: be(number)}), human()]))
    for number in [0, 1 << 53, 1 << 63, (1 << 64) - 1]:
        vector(f"slot-created-{number}", f"a slot created at {number}: the page sets no limit",
               vault([slot(fields={8: be(number, 8)}), human()]))


def labels():
    for label, what in [
        (b"a", "one letter"), (b"ABCXYZabcxyz0189._@-.AZ9", "24 bytes of every sort"), (b"0", "a digit"),
        (b"cron.next", "kept for staged keys"), (b".", "a point"), (b"Human", "another's in capitals")]:
        vector(f"label-{label.decode()}", f"a label of {what}", vault([slot(label=label), human()]))
    for label, name, what in [
        (b"", "none", "no byte"), (b"\0cron", "later", "a zero, then letters"),
        (b"cr\0on", "gap", "letters behind a zero"),
        (b"cron".ljust(23, b"\0") + b"x", "last", "a letter in its last byte, behind zeros"),
        (b"cr on", "blank", "a blank in it"), (b"cr\ton", "tab", "a tab in it"),
        (b"cron\n", "lf", "an LF at its end"), (b"cr\x1b[2J", "escape", "an escape sequence"),
        (b"cron\x7f", "delete", "the byte 7F"), ("cr\u00f6n".encode(), "letter", "a letter that is not of ASCII"),
        (b"cron\xff", "ff", "the byte FF"), (b"\xef\xbb\xbfcron", "mark", "a byte order mark")]:
        refused(f"label-bad-{name}", f"a label of {what}", vault([slot(label=label), human()]))
    for byte in [b",", b"/", b":", b"?", b"[", b"^", b"`", b"{"]:
        refused(f"label-bad-{byte.hex()}", f"a label with the byte {byte.hex()}, next to one that is allowed",
                vault([slot(label=b"cr" + byte + b"n"), human()]))
    refused("label-twice", "two slots of one label", vault([slot(label=b"human"), human()]))
    refused("label-twice-reserved", "a slot of a reserved kind has another slot's label",
            vault([slot(), human(), slot(number=3, fields={0: 9})]))


def reserved():
    later = put(b"\xee" * 176, {0: b"\x03\x07\x07\x07" + be(9), NAME: b"later".ljust(24, b"\0")})
    vector("kind-later", "a slot of a reserved kind with all sorts in it, before the one that opens",
           vault([later, slot(), human()]))
    for kind in [0, 3, 255]:
        one = slot(fields={0: kind})
        vector(f"kind-{kind}", f"a slot that would open, but for its kind, {kind}", vault([one]), WRONG)
        vector(f"kind-{kind}-passphrase", f"a passphrase slot of kind {kind} is not tried",
               vault([slot(), human(fields={0: kind})]), WRONG, PASSPHRASE)
    vector("kind-8", "eight slots of a reserved kind",
           vault([put(later, {4: be(n), NAME: b"later%d" % n}) for n in range(8)]), WRONG)
    vector("kind-cost", "a reserved kind may ask for any cost",
           vault([slot(), human(fields={0: 3, 16: b"\xff" * 12})]))
    refused("kind-label", "a slot of a reserved kind without label", vault([slot(), human(), put(later, {NAME: 0})]))


def costs():
    for cost in [(17, 8, 1), (18, 8, 1), (16, 8, 2), (15, 8, 3)]:
        vector("cost-%d-%d-%d" % cost, "scrypt of %d, %d, %d, of the closed set" % cost,
               vault([slot(), human(cost=cost)]), secret=PASSPHRASE, scrypt=1)
    most = (1 << 32) - 1
    for cost in [
        (0, 0, 0), (1, 1, 1), (4, 8, 1), (10, 8, 1), (14, 8, 1), (14, 8, 6), (15, 8, 1), (15, 8, 2), (15, 8, 4),
        (16, 8, 1), (16, 8, 3), (17, 8, 0), (17, 8, 2), (17, 0, 1), (17, 7, 1), (17, 9, 1), (17, 1, 8), (17, 16, 1),
        (18, 8, 0), (18, 8, 2), (19, 8, 1), (20, 8, 1), (31, 8, 1), (32, 8, 1), (63, 8, 1), (64, 8, 1), (most, 8, 1),
        (17, most, 1), (17, 8, most), (most, most, most), (17 + 256, 8, 1), (17 << 24, 8 << 24, 1 << 24), (8, 17, 1),
        (17, 8, 1 + (1 << 31)), (131072, 8, 1)]:
        refused("cost-bad-%d-%d-%d" % cost, "scrypt of %d, %d, %d" % cost, vault([slot(), human(cost=cost)]))
    vector("cost-bad-raw", "a raw key opens no vault that asks for another cost",
           vault([slot(), human(cost=(20, 8, 1))]), MALFORMED)
    refused("cost-bad-last", "the last of three passphrase slots asks for another cost",
            vault([human(), human(3, b"b"), human(4, b"c", cost=(17, 8, 2))]))


for group in [magic, lengths, fields, slots, labels, reserved, costs]:
    group()
