#!/usr/bin/env python3
"""Opens every vault that the tests left with Scripts/open-vault.py, and lets tokenkeep open what that writes.

    Tests/escape.py BINARY FOLDER

What is in FOLDER was left there by Tests/let-go: for each test its files, and what opens the vaults among them. Tests
also break vaults on purpose. One counts when it opens; where the script refuses, tokenkeep has to refuse as well.
"""

import base64
import collections
import concurrent.futures
import hashlib
import importlib.util
import json
import os
import re
import stat
import struct
import subprocess
import sys
import tempfile
import unicodedata
import unittest.mock

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(os.path.dirname(HERE), "Scripts", "open-vault.py")
sys.path.insert(0, os.path.join(HERE, "Torture"))
import vaultfile

KEY = re.compile(r"tkk1_[A-Za-z0-9_-]{43}_[0-9a-f]{8}")
KEY_BYTES = re.compile(KEY.pattern.encode())
CHEAP = (4, 8, 1)  # the scrypt of the tests' own vaults, which no other program takes
KNOWN = os.path.join(HERE, "VaultFileTests/Vectors/known-answer.vault")
KNOWN_KEY = "tkk1_QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8_42741b7a"
KNOWN_PASSPHRASE = "correct horse battery staple"
KNOWN_RECORDS = b'GREETING\t{"kind":"secret","value":"hello"}\n'
NEW_KEY = "tkk1_" + "A" * 43  # what everything is written anew with
NEW_KEY += "_" + hashlib.sha256(NEW_KEY.encode()).hexdigest()[:8]


def loaded():
    """The script as a module, which takes the tests' scrypt too."""
    spec = importlib.util.spec_from_file_location("open_vault", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.COSTS = module.COSTS | {CHEAP}
    return module


reader = loaded()


def must(condition, words):
    if not condition:
        raise AssertionError(words)


def flipped(data, offset, by=1):
    """The same with the lowest bit of one byte the other."""
    return data[:offset] + bytes([data[offset] ^ by]) + data[offset + 1:]


def named(opener):
    """The variable for a key or a passphrase, for the script and for tokenkeep alike."""
    return {"TOKENKEEP_KEY" if KEY.fullmatch(opener) else "TOKENKEEP_PASSPHRASE": opener}


def raw(key):
    """A key's 32 bytes."""
    return base64.urlsafe_b64decode(key[5:48] + "=")


def unlocked(vault, openers):
    """The first that opens a vault, what the script makes of it, and why it has refused the others."""
    reasons = set()
    for one in openers:
        credential = (1, raw(one)) if KEY.fullmatch(one) else (2, unicodedata.normalize("NFC", one).encode())
        try:
            return one, reader.open_vault(vault, *credential), reasons
        except ValueError as error:
            reasons.add(str(error))
    return None, None, reasons


def opened(vault, opener):
    """What the script makes of a vault; None when it refuses it."""
    return unlocked(vault, [opener])[1]


def script(*arguments, opener, text=None):
    """Runs the script as a person does."""
    return subprocess.run(
        [sys.executable, "-B", SCRIPT, *arguments], env={"PATH": "/usr/bin:/bin", **named(opener)}, input=text,
        capture_output=True, check=False)


class Tokenkeep:
    """The release binary, and one vault in a folder of its own."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory(prefix="tokenkeep-escape.")
        self.path = self.folder.name + "/v"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def put(self, vault):
        with open(self.path, "wb") as file:
            file.write(vault)

    def run(self, *arguments, opener, text=None):
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.folder.name, "LC_ALL": "C.UTF-8", **named(opener)}
        return subprocess.run(
            [self.binary, "--vault", self.path, *arguments], env=environment, cwd=self.folder.name, input=text,
            capture_output=True, check=False)

    def finds_malformed(self, opener):
        """The vault opens, and the inside of a record is what no program writes."""
        ended = self.run("list", opener=opener)
        return (ended.returncode == 65 and re.match(rb"tokenkeep: the record \S+ of \S+ is malformed", ended.stderr)
                and self.run("key", "list", opener=opener).returncode == 0)

    def must_hold(self, lines, opener):
        """The vault holds these records for tokenkeep: their names, and each secret's value."""
        records = dict(line.split(b"\t") for line in lines if not line.startswith(b"_"))
        ended = self.run("list", "--json", opener=opener)
        must(ended.returncode == 0, f"tokenkeep list ended with {ended.returncode}: {ended.stderr.decode()}")
        names = [record["name"].encode() for record in json.loads(ended.stdout)["records"]]
        must(sorted(names) == sorted(records), "tokenkeep lists other records")
        for name, record in records.items():
            if (record := json.loads(record)).get("kind") == "secret":
                ended = self.run("get", name, opener=opener)
                must(ended.stdout == record["value"].encode() + b"\n", f"{name.decode()} differs for tokenkeep")


# The known answer (FORMAT §7), and how the script ends.


def known_answer(binary):
    """Opens it both ways as a person does, refuses it with any byte altered, and rewrites it."""
    with open(KNOWN, "rb") as file:
        vault = file.read()
    for opener in [KNOWN_KEY, KNOWN_PASSPHRASE]:
        must(script(KNOWN, opener=opener).stdout == KNOWN_RECORDS, "the known answer opens otherwise")
    for offset in range(len(vault)):
        must(opened(flipped(vault, offset), KNOWN_KEY) is None, f"the known answer opens with byte {offset} altered")
        # Each passphrase costs a scrypt: one byte of each field of its slot, and of what stands around it.
        if offset in (0, 8, 20, 39, 63, 64, 240, 244, 255, 267, 280, 312, 336, 368, 416, 430, 448, 480, 512, 4623):
            must(opened(flipped(vault, offset), KNOWN_PASSPHRASE) is None, f"so does its passphrase at byte {offset}")
    for words, path, opener in [
            ("wrong key or passphrase", KNOWN, NEW_KEY), ("wrong key or passphrase", KNOWN, "another passphrase"),
            ("not a vault", SCRIPT, KNOWN_KEY), ("No such file", "/nowhere", KNOWN_KEY)]:
        ended = script(path, opener=opener)
        lines = ended.stderr.decode().splitlines()
        must(ended.returncode == 1 and not ended.stdout and len(lines) == 1 and words in lines[0],
             f"where {words!r} is due it says {lines}")
    # What it writes is a vault to go on with, and a passphrase is one text however it is spelled.
    for opener, again in [(NEW_KEY, NEW_KEY), ("caf\u00e9 correct horse", "cafe\u0301 correct horse")]:
        with Tokenkeep(binary) as tokenkeep:
            ended = script("--write", tokenkeep.path, opener=opener, text=KNOWN_RECORDS)
            must(ended.returncode == 0, ended.stderr.decode())
            must(script(tokenkeep.path, opener=again).stdout == KNOWN_RECORDS, "it reads otherwise than it writes")
            tokenkeep.must_hold(KNOWN_RECORDS.splitlines(), again)
            ended = tokenkeep.run("set", "MORE", opener=opener, text=b"more")
            must(ended.returncode == 0, f"tokenkeep does not go on with it: {ended.stderr.decode()}")
            must(b'"value":"more"' in script(tokenkeep.path, opener=opener).stdout, "what tokenkeep added is not there")


def well_sealed():
    """Refuses what only the holder of a key could write: each code is needed by itself, and the records' form."""
    code, hkdf = reader.header_code, reader.hkdf
    wrong = {
        "header code": {"header_code": lambda *words: flipped(code(*words), 0)},
        "slot commitment": {"hkdf": lambda *words: flipped(hkdf(*words), 63, words[3] == 64)},
        "payload commitment": {"hkdf": lambda *words: flipped(hkdf(*words), 63, words[3] == 76)},
        "padding": {"bytes": lambda count: (b"\1" if count > 12 else b"\0") * count},
        "nothing": {}}
    for words, parts in wrong.items():
        with unittest.mock.patch.dict(vars(reader), parts):
            vault = reader.seal_vault([b"A\t{}"], 1, raw(NEW_KEY))
        must((opened(vault, NEW_KEY) is None) == bool(parts), f"a vault opens, or does not, with another {words}")
    with unittest.mock.patch.object(reader, "COSTS", {CHEAP}), open(KNOWN, "rb") as file:
        must(opened(file.read(), KNOWN_KEY) is None, "a cost of scrypt is taken that is not in the set")
    for lines in [[b"A\t{}", b"A\t{}"], [b"-\t{}"], [b"a/b/c\t{}"], [b"A\t{}\t"], [b"A\t{}", b""]]:
        with unittest.mock.patch.object(reader.json, "loads", lambda _: {}):
            must(opened(reader.seal_vault(lines, 1, raw(NEW_KEY)), NEW_KEY) is None, f"{lines} are taken for records")


# What the tests left.


def files(folder):
    """The regular files below a folder with their bytes, by path."""
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            if stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as file:
                    yield path, file.read()


def must_read(journal, vault, result):
    """The script gives the frames that the suite's own reader finds, and ends well where they are all that there is."""
    lines, is_well = [], True
    try:
        for line in reader.frames(journal, *result[:4]):
            lines.append(line)
    except ValueError:
        is_well = False
    try:
        found = {int(number): json.loads(frame) for number, frame in (line.split(b"\t", 1) for line in lines)}
    except ValueError:
        return 0  # What a test has sealed to be refused: JSON is asked of frames where they are decoded.
    # Its header says whose it is; then come the frames that open, and those behind one that does not.
    word, _, is_torn = vaultfile.verdict(journal[:vaultfile.HEADER], vault, result[1])
    first = vaultfile.frames(journal, result[1]) if word in ("current", "committed", "older") else []
    end = first[-1][0] if first else vaultfile.HEADER
    wanted = dict(enumerate(frame for _, frame in first))
    if len(journal.rstrip(b"\0")) > end:
        is_torn, wanted = True, wanted | vaultfile.frames_behind(journal, end, len(first), result[1])
    must(found == wanted, f"of a journal it gives {len(found)} frames and not {len(wanted)}")
    must(is_well == (word == "current" and not is_torn), f"a journal that is {word} ends with {is_well}")
    return len(found)


def examined(binary, folder):
    """Compares the script with tokenkeep on all that one test left; returns what has been counted."""
    count, vaults = collections.Counter(), {}
    contents = dict(files(folder + "/folder"))
    with open(folder + "/opens-with", encoding="utf-8") as file:
        openers = file.read().split("\n")
    for content in contents.values():
        openers += map(bytes.decode, KEY_BYTES.findall(content))
    openers = list(filter(None, dict.fromkeys(openers)))
    with Tokenkeep(binary) as tokenkeep:
        for path, vault in contents.items():
            # A next version that a run which died has left is nobody's: its key may not have been handed out.
            if not vault.startswith(reader.MAGIC) or path.endswith(".next"):
                continue
            opener, result, reasons = unlocked(vault, openers)
            is_cheap = struct.pack(">3I", *CHEAP) in [vault[at + 16:at + 28] for at in range(64, 64 + 176 * 8, 176)]
            tokenkeep.put(vault)
            if not result:
                must(reasons != {"wrong key or passphrase"}, f"{path} was left without what opens it")
                for one in [] if is_cheap else openers:
                    must(tokenkeep.run("list", opener=one).returncode != 0, f"tokenkeep alone opens {path}")
                count["refused"] += 1
                continue
            vaults[path] = vault, result
            count["passphrase" if not KEY.fullmatch(opener) else "key"] += 1
            if not is_cheap and tokenkeep.finds_malformed(opener):
                count["malformed"] += 1
                continue
            try:
                if not is_cheap:
                    tokenkeep.must_hold(result[4], opener)
                tokenkeep.put(reader.seal_vault(result[4], 1, raw(NEW_KEY)))
                tokenkeep.must_hold(result[4], NEW_KEY)
            except AssertionError as error:
                raise AssertionError(f"{path}: {error}") from error
        for path, journal in contents.items():
            vault, result = vaults.get(path.removesuffix(".journal"), (None, None))
            if result and path.endswith(".journal"):
                count["journals"] += 1
                count["frames"] += must_read(journal, vault, result)
                for at in (67, 80):  # the first frame's length, and its salt
                    must_read(flipped(journal, at) if len(journal) > at else journal, vault, result)
    return count


def main():
    binary, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    kept = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    count, failed = collections.Counter(), []
    known_answer(binary)
    well_sealed()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed([pool.submit(examined, binary, one) for one in kept]):
            try:
                count += done.result()
            except AssertionError as error:
                failed.append(str(error))
    print(f"of {len(kept)} tests open-vault.py opened {count['key']} vaults with a key, {count['passphrase']} with a "
          f"passphrase and {count['frames']} frames of {count['journals']} journals; tokenkeep has the same records in "
          f"them and in each written anew, but for {count['malformed']} that hold malformed ones; "
          f"{count['refused']} broken vaults open with neither")
    for words in failed:
        print("FAILED:", words)
    must(not failed, f"{len(failed)} of the tests left something that is read differently")
    must(count["key"] and count["passphrase"] and count["frames"], "there was nothing to open")
    with open(SCRIPT, encoding="utf-8") as file:
        must(len(file.readlines()) < 120, "open-vault.py is not as short as the README says")


main()
