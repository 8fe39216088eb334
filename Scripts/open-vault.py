#!/usr/bin/env python3
"""Opens a tokenkeep vault without tokenkeep: Documentation/FORMAT.md in Python, on the package `cryptography`.

    Scripts/open-vault.py VAULT                    prints its records, a line each: name, TAB, JSON
    Scripts/open-vault.py VAULT JOURNAL            prints the frames of its journal (an answer's `body` is in base64)
    Scripts/open-vault.py --write NEW < RECORDS    seals such lines of records into a new vault with this one key

TOKENKEEP_KEY, TOKENKEEP_KEY_FILE or TOKENKEEP_PASSPHRASE opens it, else the answer to a question; never an argument.
It ends with 1 and a reason when anything is not as it should be, but knows no pin: an old copy opens like the newest.
"""
import base64, getpass, hashlib, hmac, json, os, pathlib, re, struct, sys, time, unicodedata
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

L, MAGIC, JOURNAL = b"tokenkeep/v1", b"\x89TKV\r\n\x1a\n", b"\x89TKJ\r\n\x1a\n\0\1\0\0"
COSTS = {(17, 8, 1), (18, 8, 1), (16, 8, 2), (15, 8, 3)}  # scrypt's log2 N, r and p
LINE = re.compile(rb"(_?[A-Za-z0-9][\w.-]{0,127}(?:/[A-Za-z0-9][\w.-]{0,127})?)\t[^\0-\x1f]*")

def demand(condition, reason):
    if not condition: raise ValueError(reason)
def scrypt(secret, salt, n, r, p): return hashlib.scrypt(secret, salt=salt, n=2**n, r=r, p=p, maxmem=2**30, dklen=32)
def hkdf(ikm, salt, info, n): return HKDF(SHA512(), n, salt, info).derive(ikm)
def prf(key, info, n): return hmac.digest(key, info + b"\1", "sha512")[:n]
def header_code(vault_key, head): return hmac.digest(prf(vault_key, L + b"/header", 32), head, "sha256")
def slot_keys(raw, vault_id, epoch, slot):
    if slot[0] == 2: raw = scrypt(raw, L + b"/scrypt" + vault_id + slot[32:64], *struct.unpack(">3I", slot[16:28]))
    context = L + b"/slot" + vault_id + struct.pack(">I", epoch) + slot[:96]
    return hkdf(raw, slot[32:64], context, 64), context
def unseal(key, nonce, sealed, associated, reason):
    try: return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag: raise ValueError(reason) from None

def credential():  # a slot's kind, 1 for a raw key and 2 for a passphrase, and the key or passphrase itself
    key, path, phrase = map(os.environ.get, ("TOKENKEEP_KEY", "TOKENKEEP_KEY_FILE", "TOKENKEEP_PASSPHRASE"))
    text = key or path and pathlib.Path(path).read_bytes().decode() or phrase or getpass.getpass("key or passphrase: ")
    if not (key or path) and (phrase or not text.startswith("tkk1_")):
        return 2, unicodedata.normalize("NFC", text).encode()
    key = re.fullmatch(r"(tkk1_([A-Za-z0-9_-]{43}))_([0-9a-f]{8})\n?", text)
    demand(key and hashlib.sha256(key[1].encode()).hexdigest()[:8] == key[3], "the key is mistyped")
    return 1, base64.urlsafe_b64decode(key[2] + "=")

def open_vault(file, kind, secret):
    """The vault's id, key, epoch and generation, and the lines of its records. FORMAT.md §4, but for the pin."""
    demand(file[:8] == MAGIC and len(file) >= 64, "not a vault")
    version, suite, n, flags, vault_id, generation, epoch, zero, at, size = struct.unpack(">8xHBBI16sQIIQQ", file[:64])
    demand((version, suite) == (1, 1), "a version that is not supported")
    end = 64 + 176 * n
    demand(1 <= n <= 8 and flags == zero == 0 and 1 <= generation < 2**53 and epoch and at < 2**53, "malformed header")
    demand(size % 4096 == 80 < size == len(file) - end - 32 <= 2**28 + 2**13, "malformed size: cut short or too long")
    slots, kinds = [file[i:i + 176] for i in range(64, end, 176)], file[64:end:176]
    for s in slots:
        zeros, costs = s[1:4] + s[28:32] + (s[16:28] if s[0] == 1 else s[64:72]), struct.unpack(">3I", s[16:28])
        demand(s[0] not in (1, 2) or not any(zeros) and (s[0] == 1 or costs in COSTS), "malformed slot")
        demand(re.fullmatch(rb"[A-Za-z0-9._@-]{1,24}\0*", s[72:96]), "malformed label of a slot")
    demand(len({s[4:8] for s in slots}) == len({s[72:96] for s in slots}) == n and kinds.count(2) <= 3, "malformed slots")
    mine = [s for s in slots if s[0] == kind and (kind == 2 or s[64:72] == prf(secret, L + b"/key-id" + vault_id, 8))]
    for s in mine:
        keys, context = slot_keys(secret, vault_id, epoch, s)
        if hmac.compare_digest(keys[32:], s[96:128]): break
    else: raise ValueError("the key's slot is damaged" if kind == 1 and mine else "wrong key or passphrase")
    vault_key = unseal(keys[:32], bytes(12), s[128:], context, "the key's slot is damaged")
    demand(hmac.compare_digest(header_code(vault_key, file[:end]), file[end:end + 32]), "the header was altered")
    keys = hkdf(vault_key, file[end + 32:end + 64], L + b"/payload" + hashlib.sha256(file[:end + 32]).digest(), 76)
    demand(hmac.compare_digest(keys[44:], file[end + 64:end + 96]), "the payload was altered")
    plain = unseal(keys[:32], keys[32:44], file[end + 96:], None, "the payload was altered")
    n = 4 + int.from_bytes(plain[:4], "big")
    demand(n <= 2**28 and len(plain) == n + -n % 4096 and not any(plain[n:]), "malformed payload")
    schema, *lines, last = plain[4:n].decode().encode().split(b"\n")
    names = [match and match[1] for match in map(LINE.fullmatch, lines)]
    demand(schema == b'{"schema":1}' and not last and all(names) and names == sorted(set(names)), "malformed records")
    return vault_id, vault_key, epoch, generation, lines

def frames(journal, vault_id, key, epoch, generation):
    """The numbers and JSON of the frames that open; ValueError then, if something does not. FORMAT.md §6."""
    head, at, number, is_whole, end = journal[:64].ljust(64, b"\0"), 64, 0, True, len(journal.rstrip(b"\0"))
    demand(not end or head[:32] + head[56:] == JOURNAL + struct.pack(">I16s8x", epoch, vault_id), "not its journal")
    while at < end:
        size = int.from_bytes(journal[at:at + 4], "big")
        frame = journal[at:at + 4 + size] if 48 <= size <= 2**21 else b""
        for n in range(number, number + 64 * (len(frame) == 4 + size)):
            keys = hkdf(key, frame[4:36], L + b"/journal" + hashlib.sha256(head).digest() + struct.pack(">Q", n), 44)
            try: yield b"%d\t" % n + AESGCM(keys[:32]).decrypt(keys[32:], frame[36:], frame[:4])
            except InvalidTag: continue
            at, number = at + len(frame), n + 1
            break
        else: at, is_whole = at + 1, False
    demand(is_whole, "a frame did not open: the last write was torn, or the journal is damaged")
    demand(not end or head[32:40] == struct.pack(">Q", generation), "the journal of another version of the vault")

def seal_vault(lines, kind, secret):  # a new vault of one slot, whose first version holds the records
    demand(kind == 1 or len(secret.decode()) >= 12 and len(secret) <= 1024, "a passphrase too short or too long")
    demand(all(type(json.loads(line.partition(b"\t")[2])) is dict for line in lines), "a record that is no object")
    vault_id, vault_key, slot_salt, salt, now = *(os.urandom(n) for n in (16, 32, 32, 32)), int(time.time())
    body = b"\n".join([b'{"schema":1}', *sorted(lines), b""])
    plain = struct.pack(">I", len(body)) + body + bytes(-(4 + len(body)) % 4096)
    costs, key_id = ((17, 8, 1), b"") if kind == 2 else ((0, 0, 0), prf(secret, L + b"/key-id" + vault_id, 8))
    slot = struct.pack(">B3xIQ3I4x32s8s24s", kind, 1, now, *costs, slot_salt, key_id, b"main")
    keys, context = slot_keys(secret, vault_id, 1, slot)
    head = struct.pack(">8sHBBI16sQIIQQ", MAGIC, 1, 1, 1, 0, vault_id, 1, 1, 0, now, len(plain) + 80) + slot
    head += keys[32:] + AESGCM(keys[:32]).encrypt(bytes(12), vault_key, context)
    head += header_code(vault_key, head)
    keys = hkdf(vault_key, salt, L + b"/payload" + hashlib.sha256(head).digest(), 76)
    return head + salt + keys[44:] + AESGCM(keys[:32]).encrypt(keys[32:44], plain, None)

if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1:] in (["-h"], ["--help"], ["--write"]): sys.exit(__doc__)
    try:
        kind, secret = credential()
        if sys.argv[1] == "--write":
            vault = seal_vault(sys.stdin.buffer.read().splitlines(), kind, secret)
            open_vault(vault, kind, secret)
            with open(os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new: new.write(vault)
        else:
            *vault, lines = open_vault(pathlib.Path(sys.argv[1]).read_bytes(), kind, secret)
            if sys.argv[2:]: lines = frames(pathlib.Path(sys.argv[2]).read_bytes(), *vault)
            for line in lines: sys.stdout.buffer.write(line + b"\n")
    except (OSError, ValueError, EOFError, RecursionError, KeyboardInterrupt) as error: sys.exit(f"open-vault: {error}")
