"""Journals and vaults that are not what the last run left: from before, from after, cut, spliced, altered, put elsewhere.

Each ends as FORMAT §4 and §6 say: applied once, put aside byte for byte, or refused with everything as it was. What is
expected comes from `vaultfile`, which was written from that page. Nothing here asks the provider, which is counted.
"""

import collections
import concurrent.futures
import itertools
import os
import queue
import random
import shutil
import sys

import copies
import rescued
import vaultfile
from bench import Sandbox
from scene import NAMES, Scene, pair


def beside(scene, content, vault=None):
    """A journal beside the vault: whatever it holds, what comes of it is what §6 says. Returns which word that was."""
    vault = vault or scene.vault
    word, objects, is_torn = vaultfile.verdict(content, vault, scene.key)
    scene.lay(vault, content)
    status = {"older": 79, "damaged": 65, "unsupported": 65}.get(word, 0)
    words = scene.write(status)
    left = vaultfile.read(scene.path + ".journal")
    if status:
        assert scene.bytes() == vault, "a vault was written beside a journal that was refused"
        assert left == content, "a journal that was refused was touched"
        assert not scene.unread(), "a journal that was refused was put aside as well"
        return word
    assert left is None, "the journal is still there"
    scene.expect(vault, objects if word == "current" else {})
    aside = scene.unread()
    assert list(aside.values()) == ([content] if is_torn else []), (
        f"{len(aside)} files were put aside, and {'one' if is_torn else 'none'} had to be")
    assert all(path in words for path in aside), "what was put aside was not named"
    return f"{word}, its tail put aside" if is_torn else word


def committed(scene):
    """A crash between rename and removal, and the same journal much later, also when its tokens were renewed since."""
    scene.lay(scene.vault, scene.journal)
    scene.write()
    scene.expect(scene.vault, [frame for _, frame in vaultfile.frames(scene.journal, scene.key)])
    versions = {"right after the rename": scene.bytes()}
    for _ in range(3):
        scene.write()
    versions["three generations later"] = scene.bytes()
    scene.run("refresh", "--force", "e")
    scene.values |= set(pair(scene.records()["e"]))
    versions["renewed since"] = scene.bytes()
    for words, vault in versions.items():
        assert beside(scene, scene.journal, vault) == "committed", words
        scene.lay(vault, scene.journal)
        assert pair(vaultfile.records(vault, scene.key)["e"])[0] == scene.bench.ok("get", "e").strip(), words
    scene.server.asked += 1
    return [f"put back after its commit: {', '.join(versions)}: removed, nothing changed"]


def rotated(scene):
    """A key rotation: with answers that are not committed yet, and before a journal of the old key comes back."""
    for words, journal, found in [("beside the vault", scene.journal, {}),
                                  ("rescued", None, scene.rescue(scene.journal, "~/.local/state/tokenkeep"))]:
        scene.lay(scene.vault, journal, found)
        new = scene.bench.ok("--quiet", "key", "rotate").strip()
        fresh = scene.records(vaultfile.vault_key(scene.path, new))
        for ask in vaultfile.asked([frame for _, frame in vaultfile.frames(scene.journal, scene.key)]):
            assert pair(fresh[ask["name"]]) == pair(vaultfile.answer(ask["reply"])), f"{words}: rotated away"
    vault = scene.bytes()
    scene.lay(vault, scene.journal)
    scene.write(environment={"TOKENKEEP_KEY": new})
    assert vaultfile.read(scene.path + ".journal") is None and list(scene.unread().values()) == [scene.journal]
    now = scene.records(vaultfile.vault_key(scene.path, new))
    assert all(pair(now[name]) == pair(fresh[name]) for name in NAMES), "a journal of the old key changed a token"
    return ["key rotation: open answers came first, beside the vault and rescued; the old key's journal put back: kept "
            "aside"]


def later(scene):
    """A vault from before its journal: refused with both generations, and with --accept-older the journal is kept."""
    scene.lay(scene.vault)
    for _ in range(3):
        scene.write()
    newer = scene.bytes()
    base = vaultfile.generation(newer)
    content = scene.journal[:32] + newer[32:40] + scene.journal[40:]
    assert beside(scene, content) == "older"
    words = scene.write(79)
    assert f"generation {vaultfile.generation(scene.vault)})" in words and f"generation {base})" in words, words
    scene.write(0, "--accept-older")
    assert list(scene.unread().values()) == [content], "the newer vault's journal is gone"
    scene.expect(scene.vault, [])
    return ["of a later generation: 79 with both numbers; with --accept-older kept aside, nothing applied"]


def pieces(content, key):
    """A journal's header, and the bytes of each of its frames."""
    ends = [vaultfile.HEADER, *(end for end, _ in vaultfile.frames(content, key))]
    return content[:vaultfile.HEADER], [content[start:end] for start, end in zip(ends, ends[1:])]


def splices(scene):
    """Frames of two journals mixed, doubled, swapped, left out, and under another header."""
    (head, one), (other, two) = (pieces(content, scene.key) for content in (scene.journal, scene.for_c))
    return {
        "header of another": other + b"".join(one), "swapped": head + one[1] + one[0] + one[2] + one[3],
        "reversed": head + b"".join(reversed(one)), "first doubled": head + one[0] + b"".join(one),
        "last doubled": head + b"".join(one) + one[3], "all doubled": head + b"".join(one) * 2,
        "one left out": head + one[0] + one[2] + one[3], "first left out": head + b"".join(one[1:]),
        "another's behind": head + b"".join(one + two), "another's within": head + b"".join(one[:2] + two + one[2:]),
        "another's before": head + b"".join(two + one), "another's in between": other + two[0] + one[1] + two[1],
        "two files": scene.for_c.rstrip(b"\0") + scene.for_d, "a gap": head + one[0] + bytes(64) + b"".join(one[1:]),
        "header only": head, "header twice": head + head + b"".join(one),
        "room not used": head + b"".join(one) + bytes(1 << 16)}


def cuts(content, key, size):
    """Every length up to the last frame's end; short: those around each border, and a sample."""
    ends = [0, vaultfile.HEADER, *(end for end, _ in vaultfile.frames(content, key))]
    if size == "long":
        return range(ends[-1] + 1)
    near = {end + off for end in ends for off in (-1, 0, 1, 4, 5, 36) if 0 <= end + off <= ends[-1]}
    return sorted(near | set(random.sample(range(ends[-1]), 20)))


def flips(content, key, size):
    """Places and bits: each length's, each of the header's, and some of the rest."""
    ends = [vaultfile.HEADER, *(end for end, _ in vaultfile.frames(content, key))]
    lengths = [(start + byte, bit) for start in ends[:-1] for byte in range(4) for bit in range(8)]
    header = [(byte, bit) for byte in range(vaultfile.HEADER) for bit in range(8)]
    rest = [(byte, random.randrange(8)) for byte in range(vaultfile.HEADER, ends[-1])]
    return lengths + (header + rest if size == "long" else random.sample(header, 24) + random.sample(rest, 16))


def flipped(content, place, bit):
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1:]


def sweep(scenes, made, one):
    """Tries many contents, on some scenes at once; returns how often which end was met."""
    wrong = []

    def attempt(item):
        words, content = item
        scene = scenes.get()
        try:
            return one(scene, content)
        except AssertionError as error:
            return wrong.append(f"{words}: {error}")
        finally:
            scenes.put(scene)
    with concurrent.futures.ThreadPoolExecutor(scenes.qsize()) as pool:
        ends = collections.Counter(pool.map(attempt, made.items()))
    assert not wrong, f"{len(wrong)} of {len(made)} ended wrongly, such as: " + "; ".join(wrong[:3])
    return f"{len(made)} tries: " + ", ".join(f"{count} {word}" for word, count in sorted(ends.items()))


def sweeps(scene, size):
    """The cuts, splices and flips, on as many scenes at once as there are processors."""
    scenes, spares = queue.Queue(), [scene.spare() for _ in range(os.cpu_count() or 1)]
    for spare in spares:
        scenes.put(spare)
    content, key = scene.journal, scene.key
    made = {
        "cut": {f"cut at {length}": content[:length] for length in cuts(content, key, size)},
        "spliced": splices(scene),
        "one bit flipped": {f"bit {bit} of byte {place} flipped": flipped(content, place, bit)
                            for place, bit in flips(content, key, size)}}
    try:
        for words, contents in made.items():
            for where, one in (("beside the vault", beside), ("rescued", rescued.one)):
                yield f"{words}, {where}", lambda _: [f"{words}, {where}: " + sweep(scenes, contents, one)]
    finally:
        for spare in spares:
            spare.bench.remove()


def run(binary, size):
    if not shutil.which("strace"):
        return ["SKIPPED journals: there is no strace to kill a run with"]
    seed = random.randrange(1 << 32)
    random.seed(seed)
    lines, failed = [f"journals, seed {seed}"], []
    with Sandbox(binary) as server:
        scene = Scene(binary, server)
        try:
            server.asked = server.count("refresh")
            cases = [committed, rotated, later, *rescued.CASES, *copies.CASES]
            named = ((f"{case.__module__}.{case.__name__}", case) for case in cases)
            for name, case in itertools.chain(named, sweeps(scene, size)):
                # One that fails hides no other.
                try:
                    lines += case(scene)
                except AssertionError as error:
                    failed.append(f"{name}: {error}")
            asked = server.count("refresh") - server.asked
            if asked:
                failed.append(f"{asked} requests that nobody was to make")
        finally:
            scene.bench.remove()
    assert not failed, "\n".join([f"{len(failed)} of the journals' cases failed"] + failed + ["the others:"] + lines)
    return lines


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
