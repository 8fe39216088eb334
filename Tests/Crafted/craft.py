"""Vaults as Documentation/FORMAT.md describes them, with anything in them that the page does not allow.

What is put into a field is sealed like the rest, as the holder of the key could do it: nothing but the rule that it
breaks refuses it.
"""

import base64
import functools
import hashlib
import hmac
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Torture"))
from vaultfile import LABEL, expand, prf, sealed  # noqa: E402

# The values of FORMAT §7.
MAGIC = bytes.fromhex("89544b560d0a1a0a")
IDENTITY, VAULT_KEY, KEY = bytes(range(0x10, 0x20)), bytes(range(0x20, 0x40)), bytes(range(0x40, 0x60))
PASSPHRASE = "correct horse battery staple"
SALT = bytes(range(0xA0, 0xC0))
TIME = 1767225600
GREETING = b'GREETING\t{"kind":"secret","value":"hello"}'
LARGEST = (1 << 53) - 1

# How opening ends (FORMAT §4).
NOT, VERSION, MALFORMED, WRONG = "not a vault", "unsupported version", "malformed", "wrong key or passphrase"
DAMAGED, HEADER_ALTERED, PAYLOAD_ALTERED = "slot damaged", "header altered", "payload altered"

# Where things stand in a vault of two slots, and in one slot.
FIRST, SECOND, CODE, PAYLOAD = 64, 240, 416, 448
KEY_ID, NAME, COMMITMENT, SEAL = 64, 72, 96, 128


def be(number, size=4):
    return number.to_bytes(size, "big")


def put(content, changes):
    """The bytes with others in their place, by offset; a number is one byte."""
    for offset, new in changes.items():
        new = bytes([new]) if isinstance(new, int) else new
        content = content[:offset] + new + content[offset + len(new):]
    return content


def flip(content, offset, bit=0):
    """The bytes with one bit turned over; an offset below zero counts from the end."""
    offset %= len(content)
    return put(content, {offset: content[offset] ^ 1 << bit})


def key_text(key):
    body = b"tkk1_" + base64.urlsafe_b64encode(key).rstrip(b"=")
    return (body + b"_" + hashlib.sha256(body).hexdigest()[:8].encode()).decode()


@functools.cache
def scrypt(passphrase, salt, cost):
    """The key material; zeros where the parameters are none, or dearer than the dearest that is allowed."""
    log2n, r, p = cost
    if log2n > 18 or r * p << log2n > 1 << 20 and cost != (18, 8, 1):
        return bytes(32)
    try:
        return hashlib.scrypt(passphrase.encode(), salt=salt, n=1 << log2n, r=r, p=p, maxmem=1 << 30, dklen=32)
    except ValueError:
        return bytes(32)


def slot(secret=KEY, number=1, label=b"cron", *, cost=(15, 8, 3), salt=None, identity=IDENTITY, epoch=1,
         vault_key=VAULT_KEY, fields=None, after=None):
    """A slot for a raw key (bytes) or a passphrase (text), of the cheapest scrypt that is allowed.

    `fields` are changed before it is sealed, `after` then.
    """
    salt = salt or bytes(0x40 + 0x20 * number + index & 0xFF for index in range(32))
    is_raw = isinstance(secret, bytes)
    plain = bytes([1 if is_raw else 2, 0, 0, 0]) + be(number) + be(TIME, 8)
    plain += bytes(12) if is_raw else b"".join(map(be, cost))
    plain += bytes(4) + salt + (prf(secret, b"/key-id" + identity, 8) if is_raw else bytes(8)) + label.ljust(24, b"\0")
    plain = put(plain, fields or {})
    context = LABEL + b"/slot" + identity + be(epoch) + plain
    material = secret if is_raw else scrypt(secret, LABEL + b"/scrypt" + identity + salt, cost)
    keys = expand(material, salt, context, 64)
    return put(plain + keys[32:] + sealed(keys[:32], bytes(12), vault_key, context), after or {})


def human(number=2, label=b"human", **more):
    return slot(PASSPHRASE, number, label, **more)


def body(*lines, schema=b'{"schema":1}\n'):
    return schema + b"".join(line + b"\n" for line in lines)


def plaintext(content, length=None, size=None, fill=b"\0"):
    """A body with its length and its padding, or with others."""
    size = size or (4 + len(content) + 4095) // 4096 * 4096
    return (be(len(content) if length is None else length) + content).ljust(size, fill)


def payload(head, plain, *, key=VAULT_KEY, salt=SALT):
    keys = expand(key, salt, LABEL + b"/payload" + hashlib.sha256(head).digest(), 76)
    return salt + keys[44:] + sealed(keys[:32], keys[32:44], plain, b"")


def code(head, key=VAULT_KEY):
    return hmac.digest(prf(key, b"/header", 32), head, "sha256")


def header(slots=None, *, size=4096, identity=IDENTITY, key=VAULT_KEY, generation=7, epoch=1, fields=None):
    """Header, slots and code, for a plaintext of that size; `fields` are changed before the code is made."""
    slots = [slot(identity=identity, epoch=epoch), human(identity=identity, epoch=epoch)] if slots is None else slots
    head = MAGIC + be(1, 2) + bytes([1, len(slots)]) + bytes(4) + identity + be(generation, 8) + be(epoch) + bytes(4)
    head = put(head + be(TIME, 8) + be(size + 80, 8) + b"".join(slots), fields or {})
    return head + code(head, key)


def vault(slots=None, *, plain=plaintext(body(GREETING)), key=VAULT_KEY, salt=SALT, **more):
    head = header(slots, size=len(plain), key=key, **more)
    return head + payload(head, plain, key=key, salt=salt)


def pin(content, slots=2, **other):
    """What a machine remembers that has seen this vault, or what differs from it."""
    end = 96 + 176 * slots
    seen = {"epoch": int.from_bytes(content[40:44], "big"), "generation": int.from_bytes(content[32:40], "big"),
            "mac": content[end - 32:end].hex(), "path": "/nowhere/tokenkeep.vault",
            "salt": content[end:end + 32].hex(), "schema": 1}
    return json.dumps({**seen, **other}, separators=(",", ":"), sort_keys=True)


VECTORS = {}


def vector(name, what, content, expect="opens", secret=KEY, *, scrypt=0, seen=None, **commands):
    """A file of a name, its text header, the vault. `commands` are those that end otherwise than opening does."""
    assert name not in VECTORS, f"two vectors are called {name}"
    unlock = f"passphrase: {secret}" if isinstance(secret, str) else f"key: {key_text(secret)}"
    lines = [f"what: {what}", unlock, f"expect: {expect}"]
    lines += [f"{command.replace('_', ' ')}: {word}" for command, word in commands.items()]
    lines += [f"scrypt: {scrypt}"] + ([f"pin: {seen}"] if seen else [])
    VECTORS[name] = "".join(line + "\n" for line in lines).encode() + b"\n" + content
