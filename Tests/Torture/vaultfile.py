"""Vaults and journals as Documentation/FORMAT.md describes them, written from that page and not from the program.

What the suite expects of a damaged journal is worked out here, so it does not come from the code that is tried.
"""

import base64
import ctypes
import ctypes.util
import functools
import hashlib
import hmac
import json
import os

LABEL = b"tokenkeep/v1"
MAGIC = bytes.fromhex("89544b4a0d0a1a0a")
HEADER = 64  # a journal's
LARGEST_FRAME = 2 << 20


def expand(key, salt, context, length):
    """HKDF with SHA-512 (RFC 5869)."""
    key = hmac.digest(salt, key, "sha512")
    block, out = b"", b""
    while len(out) < length:
        block = hmac.digest(key, block + context + bytes([len(out) // 64 + 1]), "sha512")
        out += block
    return out[:length]


def prf(key, context, length):
    """HKDF-Expand's first block, on a key that is uniform already."""
    return hmac.digest(key, LABEL + context + b"\1", "sha512")[:length]


@functools.cache
def crypto():
    """The libcrypto that the program itself needs."""
    library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    for name in ["EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"]:
        getattr(library, name).restype = ctypes.c_void_p
    return library


def opened(key, nonce, sealed, data):
    """AES-256-GCM; None when the tag is wrong."""
    library = crypto()
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    try:
        body, tag, count = sealed[:-16], sealed[-16:], ctypes.c_int()
        out = ctypes.create_string_buffer(len(body) + 16)
        library.EVP_DecryptInit_ex(context, ctypes.c_void_p(library.EVP_aes_256_gcm()), None, key, nonce)
        library.EVP_DecryptUpdate(context, None, ctypes.byref(count), data, len(data))
        library.EVP_DecryptUpdate(context, out, ctypes.byref(count), body, len(body))
        library.EVP_CIPHER_CTX_ctrl(context, 0x11, 16, tag)  # EVP_CTRL_GCM_SET_TAG
        is_whole = library.EVP_DecryptFinal_ex(context, None, ctypes.byref(count)) == 1
        return out.raw[:len(body)] if is_whole else None
    finally:
        library.EVP_CIPHER_CTX_free(context)


def sealed(key, nonce, body, data):
    """AES-256-GCM: ciphertext and tag."""
    library = crypto()
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    try:
        out, tag, count = ctypes.create_string_buffer(len(body) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
        library.EVP_EncryptInit_ex(context, ctypes.c_void_p(library.EVP_aes_256_gcm()), None, key, nonce)
        library.EVP_EncryptUpdate(context, None, ctypes.byref(count), data, len(data))
        library.EVP_EncryptUpdate(context, out, ctypes.byref(count), body, len(body))
        library.EVP_EncryptFinal_ex(context, None, ctypes.byref(count))
        library.EVP_CIPHER_CTX_ctrl(context, 0x10, 16, tag)  # EVP_CTRL_GCM_GET_TAG
        return out.raw[:len(body)] + tag.raw
    finally:
        library.EVP_CIPHER_CTX_free(context)


def read(path):
    """A file's bytes; None when it is not there."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


# The vault (FORMAT §1 to §3).

def head_size(vault):
    """Header, slots and header MAC; the payload stands behind."""
    return 96 + 176 * vault[11]


def generation(vault):
    return int.from_bytes(vault[32:40], "big")


def epoch(vault):
    return int.from_bytes(vault[40:44], "big")


def slots(vault):
    """The bytes of each key slot, by label."""
    every = [vault[start:start + 176] for start in range(64, 64 + 176 * vault[11], 176)]
    return {slot[72:96].rstrip(b"\0").decode(): slot for slot in every}


def unlocked(vault, text):
    """The vault's key, from whichever slot the raw key opens; None where it opens none, or another header than this."""
    for slot in slots(vault).values():
        context = LABEL + b"/slot" + vault[16:32] + vault[40:44] + slot[:96]
        wrap = expand(base64.urlsafe_b64decode(text[5:48] + "="), slot[32:64], context, 64)
        key = opened(wrap[:32], bytes(12), slot[128:], context) if wrap[32:] == slot[96:128] else None
        if key:
            head, code = vault[:head_size(vault) - 32], vault[head_size(vault) - 32:head_size(vault)]
            return key if hmac.digest(prf(key, b"/header", 32), head, "sha256") == code else None
    return None


def vault_key(path, text):
    """The same of a file that has to open."""
    key = unlocked(read(path), text)
    assert key, f"the vault key of {path} could not be unwrapped"
    return key


def payload_keys(vault, key, salt):
    head = hashlib.sha256(vault[:head_size(vault)]).digest()
    keys = expand(key, salt, LABEL + b"/payload" + head, 76)
    return keys[:32], keys[32:44], keys[44:]


def records(vault, key):
    """A vault's records by name, each an object."""
    payload = vault[head_size(vault):]
    cipher, nonce, commitment = payload_keys(vault, key, payload[:32])
    assert payload[32:64] == commitment, "the payload's commitment is wrong"
    plain = opened(cipher, nonce, payload[64:], b"")
    assert plain is not None, "the payload does not open"
    lines = plain[4:4 + int.from_bytes(plain[:4], "big")].decode().splitlines()
    assert lines[0] == '{"schema":1}', "the body does not begin with its schema"
    return {name: json.loads(text) for name, text in (line.split("\t") for line in lines[1:])}


def with_records(vault, key, objects):
    """The next generation of a vault, with these records, as any program could write it from that page."""
    lines = ['{"schema":1}'] + [
        name + "\t" + json.dumps(objects[name], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        for name in sorted(objects, key=str.encode)]
    body = "".join(line + "\n" for line in lines).encode()
    plain = len(body).to_bytes(4, "big") + body
    plain += bytes(-len(plain) % 4096)
    size = head_size(vault)
    head = vault[:32] + (generation(vault) + 1).to_bytes(8, "big") + vault[40:56]
    head += (len(plain) + 80).to_bytes(8, "big") + vault[64:size - 32]
    head += hmac.digest(prf(key, b"/header", 32), head, "sha256")
    salt = os.urandom(32)
    cipher, nonce, commitment = payload_keys(head, key, salt)
    return head + salt + commitment + sealed(cipher, nonce, plain, b"")


def change(path, key, edit):
    """Lets `edit` change the records of a vault that nobody else uses."""
    vault = read(path)
    objects = records(vault, key)
    edit(objects)
    with open(path, "wb") as file:
        file.write(with_records(vault, key, objects))


def fingerprint(key, token):
    """How intents name a refresh token."""
    return prf(key, b"/fingerprint" + token.encode(), 16).hex()


# The journal (FORMAT §6).

def frame_at(content, start, index, key):
    """The frame that stands at a place under a number: its end and its object; None where none opens."""
    length = int.from_bytes(content[start:start + 4], "big")
    end = start + 4 + length
    if length < 48 or length > LARGEST_FRAME or end > len(content):
        return None
    context = LABEL + b"/journal" + hashlib.sha256(content[:HEADER]).digest() + index.to_bytes(8, "big")
    keys = expand(key, content[start + 4:start + 36], context, 44)
    frame = opened(keys[:32], keys[32:], content[start + 36:end], content[start:start + 4])
    return None if frame is None else (end, json.loads(frame))


def frames(content, key):
    """The objects of the frames that open, and where each ends."""
    found, at = [], HEADER
    while frame := frame_at(content, at, len(found), key):
        at = frame[0]
        found.append(frame)
    return found


def frames_behind(content, start, index, key):
    """What opens behind a frame that does not, by number; any of the next 64 is looked for at every place."""
    found, at, end = {}, start, len(content.rstrip(b"\0"))
    while at < end:
        for number in range(index + 1, index + 65):
            if frame := frame_at(content, at, number, key):
                found[number], at, index = frame[1], frame[0], number
                break
        else:
            at += 1
    return found


def verdict(content, vault, key):
    """What §6 says of a journal beside this vault: (word, objects of its frames by number, whether any does not open).

    The word is "current", "committed", "older" (the vault is), "unsupported" or "damaged".
    """
    used = content.rstrip(b"\0")
    if not used:
        return "current", {}, False
    if len(content) < HEADER or not any(content[:HEADER]):
        return "current", {}, True
    if content[:8] == MAGIC and content[8:10] != b"\0\1":
        return "unsupported", {}, False
    if content[:8] != MAGIC or any(content[10:12] + content[56:HEADER]) or content[16:32] != vault[16:32]:
        return "damaged", {}, False
    base = (int.from_bytes(content[12:16], "big"), int.from_bytes(content[32:40], "big"))
    now = (epoch(vault), generation(vault))
    if base > now:
        return "older", {}, False
    found = frames(content, key)
    end = found[-1][0] if found else HEADER
    is_torn, objects = len(used) > end, dict(enumerate(frame for _, frame in found))
    behind = frames_behind(content, end, len(found), key) if is_torn else {}
    # A power cut tears one write: behind what does not open there may be intents, never an answer.
    is_damaged = any(frame["t"] != "ask" for frame in behind.values())
    word = "committed" if base < now else "damaged" if is_damaged else "current"
    return word, objects | behind, is_torn


def asked(objects):
    """The intents among a journal's frames, each with its answer's frame, the "unsent" frame, or None."""
    asks = {}
    for index, frame in objects.items() if isinstance(objects, dict) else enumerate(objects):
        if frame["t"] == "ask":
            asks[index] = {**frame, "reply": None}
        elif frame["ask"] in asks:  # else its intent did not open
            asks[frame["ask"]]["reply"] = frame
    return list(asks.values())


def journal(path, key):
    """What a dead run's journal holds: its intents, each with the status of its answer, "unsent" or None."""
    content = read(path) or b""
    return [{"name": ask["name"], "fp": ask["fp"], "attempt": ask["attempt"],
             "answer": ask["reply"] and ask["reply"].get("status", "unsent")}
            for ask in asked([frame for _, frame in frames(content, key)])]


def rescue_name(content):
    """What a rescued journal is called: `<vault id>.<journal id>`."""
    return f"{content[16:32].hex()}.{content[40:56].hex()}"


def answer(frame):
    """What the provider said, from the frame of its answer."""
    return json.loads(base64.b64decode(frame["body"]))
