"""Vectors of what only a key tells: seals, codes and commitments, and what the machine has seen (FORMAT §2, §4)."""

from craft import *


def seals():
    whole, other = vault(), slot(bytes(32), 3, b"other")
    for name, offset in [("first", COMMITMENT), ("last", COMMITMENT + 31)]:
        vector(f"commitment-{name}", f"the {name} byte of the slot's commitment", flip(whole, FIRST + offset),
               DAMAGED)
    for name, offset in [("first", SEAL), ("last", SEAL + 31), ("tag", SEAL + 32), ("tag-end", SEAL + 47)]:
        vector(f"seal-{name}", f"a bit of the slot's seal, {name}",
               vault([slot(after={offset: slot()[offset] ^ 128}), human()]), DAMAGED)
    for name, offset in [("salt", 32), ("salt-end", 63), ("created", 15), ("id", 6), ("label", NAME)]:
        vector(f"slot-flip-{name}", f"a bit of the slot's {name} is another, and the header's code is right",
               vault([flip(slot(), offset), human()]), DAMAGED)
    for name, offset in [("first", 64), ("last", 71)]:
        vector(f"key-id-{name}", f"the {name} byte of the key id", flip(whole, FIRST + offset), WRONG)
    vector("key-other", "a key of which the vault knows nothing", whole, WRONG, bytes(range(32)))
    vector("passphrase-other", "a passphrase of which the vault knows nothing", whole, WRONG,
           "correct horse battery stapler", scrypt=1)
    for name, offset in [("salt", 32), ("commitment", COMMITMENT), ("created", 15)]:
        vector(f"passphrase-{name}", f"a bit of the passphrase slot's {name} is another",
               vault([slot(), flip(human(), offset)]), WRONG, PASSPHRASE, scrypt=1)
    vector("passphrase-seal", "a bit of the passphrase slot's seal is another", vault([slot(), flip(human(), SEAL)]),
           DAMAGED, PASSPHRASE, scrypt=1)
    vector("key-id-borrowed", "a slot before the right one carries its key id",
           vault([put(other, {KEY_ID: slot()[64:72]}), slot()]), DAMAGED)
    vector("salt-zero", "a slot whose salt is zeros opens all the same", vault([slot(salt=bytes(32)), human()]))
    elsewhere = dict(identity=bytes(range(0x30, 0x40)))
    vector("slot-other-vault", "the slots of another vault of the same key",
           vault([slot(**elsewhere), human(**elsewhere)]), WRONG)
    vector("slot-other-vault-id", "a slot of another vault, under this one's key id",
           vault([put(slot(**elsewhere), {KEY_ID: slot()[64:72]}), human()]), DAMAGED)
    vector("slot-other-vault-passphrase", "the passphrase slot of another vault", vault([slot(), human(**elsewhere)]),
           WRONG, PASSPHRASE, scrypt=1)
    for epoch, name in [(1, "before"), (3, "after")]:
        vector(f"slot-epoch-{name}", f"a slot of the epoch {name} this one",
               vault([slot(epoch=epoch), human(epoch=2)], epoch=2), DAMAGED)
    vector("slot-epoch-passphrase", "the passphrase slot of the epoch before",
           vault([slot(epoch=2), human(epoch=1)], epoch=2), WRONG, PASSPHRASE, scrypt=1)
    vector("slot-moved", "the slots in another order, by a writer: no slot knows its place", vault([human(), slot()]))
    vector("slot-moved-unsigned", "the slots in another order, by somebody who has no key",
           whole[:FIRST] + whole[SECOND:CODE] + whole[FIRST:SECOND] + whole[CODE:], HEADER_ALTERED)
    vector("slot-other-key", "the slot holds another vault key", vault([slot(vault_key=bytes(32)), human()]),
           HEADER_ALTERED)
    for name, offset in [
        ("salt", 32), ("created", 15), ("commitment", COMMITMENT), ("seal", SEAL), ("tag", 175), ("label", NAME)]:
        vector(f"other-slot-{name}", f"a bit of the {name} in the slot that is not used",
               flip(whole, SECOND + offset), HEADER_ALTERED)


def codes():
    whole = vault()
    for name, offset in [("first", CODE), ("last", PAYLOAD - 1)]:
        vector(f"code-{name}", f"the {name} byte of the header's code", flip(whole, offset), HEADER_ALTERED)
    before, head = vault(generation=6), whole[:CODE]
    for name, what, wrong in [
        ("zero", "zeros", bytes(32)), ("before", "that of the generation before", before[CODE:PAYLOAD]),
        ("vault-key", "made with the vault key itself", hmac.digest(VAULT_KEY, head, "sha256")),
        ("sha-512", "half of HMAC-SHA-512", hmac.digest(prf(VAULT_KEY, b"/header", 32), head, "sha512")[:32]),
        ("slots", "made over header and first slot only", code(head[:SECOND]))]:
        vector(f"code-{name}", f"the header's code is {what}", put(whole, {CODE: wrong}), HEADER_ALTERED)
    vector("generation-back", "the generation is put back by somebody who has no key", put(whole, {32: be(6, 8)}),
           HEADER_ALTERED)
    vector("generation-on", "the generation is put forward by somebody who has no key", put(whole, {32: be(8, 8)}),
           HEADER_ALTERED)
    later = vault(epoch=2)
    vector("epoch-back", "the epoch is put back by somebody who has no key", put(later, {40: be(1)}), DAMAGED)
    vector("epoch-back-passphrase", "the epoch is put back, and a passphrase is tried", put(later, {40: be(1)}),
           WRONG, PASSPHRASE, scrypt=1)
    vector("written-flip", "the time of writing is another", flip(whole, 55), HEADER_ALTERED)
    vector("vault-id-flip", "a bit of the vault id is another", flip(whole, 31), WRONG)
    for name, offset in [
        ("salt", PAYLOAD), ("salt-end", PAYLOAD + 31), ("commitment", PAYLOAD + 32), ("commitment-end", PAYLOAD + 63),
        ("ciphertext", PAYLOAD + 64), ("ciphertext-end", -17), ("tag", -16), ("tag-end", -1)]:
        vector(f"payload-{name}", f"a bit of the payload's {name}", flip(whole, offset), PAYLOAD_ALTERED)
    head, plain, another = whole[:PAYLOAD], plaintext(body(GREETING)), bytes(range(0x50, 0x70))
    right = payload(head, plain)
    cipher = expand(VAULT_KEY, SALT, LABEL + b"/payload" + hashlib.sha256(head).digest(), 76)
    for name, what, wrong in [
        ("before", "that of the generation before", before[PAYLOAD:]),
        ("uncoded", "bound to the header without its code", payload(head[:CODE], plain)),
        ("other-key", "sealed for another vault key", payload(head, plain, key=another)),
        ("two-keys", "sealed for another vault key, under this one's commitment",
         right[:64] + payload(head, plain, key=another)[64:]),
        ("zero-nonce", "sealed with a nonce of zeros", right[:64] + sealed(cipher[:32], bytes(12), plain, b"")),
        ("associated", "sealed with the header as associated data",
         right[:64] + sealed(cipher[:32], cipher[32:44], plain, head)),
        ("zero-commitment", "with a commitment of zeros", right[:32] + bytes(32) + right[64:]),
        ("zero-tag", "with a tag of zeros", right[:-16] + bytes(16)),
        ("open", "not sealed at all", right[:64] + plain + bytes(16)), ("zero", "all zeros", bytes(len(right)))]:
        vector(f"payload-{name}", f"the payload is {what}", head + wrong, PAYLOAD_ALTERED)
    short = header(size=4096)
    vector("payload-shortened", "a block less than was sealed, under a code that is right",
           short + payload(short, bytes(8192))[:4176], PAYLOAD_ALTERED)
    vector("order-slot", "slot, code and payload are wrong: the slot is named",
           flip(flip(flip(whole, FIRST + 100), CODE), -1), DAMAGED)
    vector("order-header", "code and payload are wrong: the header is named", flip(flip(whole, CODE), -1),
           HEADER_ALTERED)


def pins():
    whole, old, new = vault(), vault(generation=6), vault(generation=8)
    for name, what, seen, expect in [
        ("same", "this very version was seen", pin(whole), "opens"),
        ("before", "the version before was seen", pin(old), "opens"),
        ("next", "the next version was seen", pin(new), "older"),
        ("largest", "the largest generation was seen", pin(new, generation=LARGEST), "older"),
        ("epoch", "a lower generation of the next epoch was seen", pin(whole, epoch=2, generation=1), "older"),
        ("code", "another version of this generation was seen", pin(whole, mac="00" * 32), "older"),
        ("salt", "another payload of this generation was seen", pin(whole, salt="00" * 32), "older"),
        ("text", "the pin is no JSON: it is none", "seen", "opens"),
        ("short", "the pin's code is a byte short: it is none", pin(new, mac="00" * 31), "opens"),
        ("negative", "the pin's generation is negative: it is none", pin(new, generation=-1), "opens"),
        ("epoch-overflow", "the pin's epoch is 2^32: it is none", pin(new, epoch=1 << 32), "opens")]:
        vector(f"pin-{name}", what, whole, expect, seen=seen)
    vector("pin-removed-key", "the largest generation of an old epoch, which the holder of a removed key can make",
           vault(generation=LARGEST), "older", seen=pin(vault(epoch=2), generation=1))
    vector("pin-later-epoch", "a lower generation of a later epoch than the one seen", vault(generation=1, epoch=2),
           seen=pin(new))
    vector("pin-before-payload", "an old version whose payload is altered: it is old", flip(whole, -1), "older",
           seen=pin(new))
    vector("pin-after-header", "a header that is altered is not asked for its generation", flip(whole, CODE),
           HEADER_ALTERED, seen=pin(new))
    vector("pin-salt-after-payload", "a payload that does not open has no salt to compare", flip(whole, PAYLOAD),
           PAYLOAD_ALTERED, seen=pin(whole))
    vector("pin-passphrase", "an old version, opened with the passphrase", whole, "older", PASSPHRASE, scrypt=1,
           seen=pin(new))


for group in [seals, codes, pins]:
    group()
