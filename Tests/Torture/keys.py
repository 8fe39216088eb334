"""Changes of the key slots: killed at every call, failed at every call, cut off from power, and in the way of running jobs.

Whatever becomes of `key add`, `stage`, `commit`, `remove`, `rotate` and `passwd`: the vault opens with the keys from before or
with those from after, `key list` tells which, whoever opens it sees the same, a new key is whole wherever it counts, and the
job with a kept key goes on as if nothing had been.
"""

import collections
import os
import shutil
import sys

import keyjobs
from bench import Sandbox
from fail import READING, WRITING, strike
from keyring import CHANGES, NEW, Keyring
from kill import points
from power import Disk, laid_out
from traced import VIOLATION, gathered, must

CHANGING = [call for call in WRITING if call not in ("openat", "close", "lseek")]
# Each says what the vault is then.
SAYS_OLD = ["it opens with the old keys only", "nothing has changed"]
SAYS_NEW = "opens with the new keys, but that may not last"
SAYS_BOTH = "whether it opens with the old keys or with the new ones cannot be seen"


def examined(ring, answer=None):
    """That a vault is the old one or the new, and all goes on; returns which it was.

    `answer` is the token set of a dead run's journal, which must not get lost on the way. What comes of a disk depends on
    nothing but the disk, so one that is the same to the last byte is not examined again.
    """
    disk = ring.fingerprint()
    if disk not in ring.known:
        ring.known[disk] = first_seen(ring, answer)
    return ring.known[disk]


def first_seen(ring, answer):
    is_new = ring.is_new
    ring.must_open(is_new)
    records = ring.must_hold(is_new)
    if answer:
        kept = [ask for ask in ring.left() if ask["reply"]]
        must(ring.pair() == answer or kept and not is_new, "the answer is neither in the vault nor in the journal")
    else:
        must(records == ring.records, "other records than before")
    has_file = os.path.exists(ring.path(NEW)) and not is_new and ring.change.new == NEW and not ring.change.is_printed
    ring.must_go_on(is_new)
    must(not answer or ring.pair() == answer, "the answer of the dead run is not in the vault")
    must(not ring.leftovers(), f"left behind: {ring.leftovers()}")
    return "the new keys" if is_new else "the old keys" + (", a file of a key that opens nothing" if has_file else "")


def keyring(work):
    """Runs `work` on a vault of its own, which is as it was before the change whenever `restore` was called."""
    def lane(binary, name, *options, has_journal=False):
        with Sandbox(binary) as server:
            ring = Keyring(binary, server, CHANGES[name])
            try:
                answer = None
                if has_journal:
                    ring.traced("refresh", "--force", mode=("kill-exit", 1), folders=[ring.work], only="fdatasync")
                restore = ring.snapshot()
                if has_journal:
                    old = ring.pair()
                    ring.ok("refresh", "--quiet")
                    answer = ring.pair()
                    must(answer != old, "the journal of a dead run held no answer")
                restore()
                ways = collections.Counter()
                return work(ring, restore, ways, answer, *options), ways
            finally:
                ring.remove()
    return lane


@keyring
def killed(ring, restore, ways, answer, step, only=None):
    """SIGKILL at the entry and at the exit of every so-manieth call on vault, state, keys and standard output."""
    def check(*_):
        return examined(ring, answer)
    at_entry, at_exit = (
        points(ring, mode, ring.words(), check, ways, step, restore, folders=ring.folders, network=False, only=only,
               **ring.printed)
        for mode in ("kill-entry", "kill-exit"))
    if not ways["the old keys"] or not ways["the new keys"]:
        ways[VIOLATION + "no kill before the change was found in order, or none after it"] += 1
    return f"{at_entry} calls at entry, {at_exit} at exit, {len(ring.known)} different disks"


def failed(ring, ended, answer, is_lasting=False):
    """That what it says at the end is so; returns how it ended."""
    status, is_new, says = ended.returncode, ring.is_new, ended.stderr
    must(status in (0, 1, 66, 73, 74, 77, 78), f"it ended with {status}", ended)
    must(status == 0 or "hint: " in says, f"it ended with {status}, without a hint", ended)
    must(not any(ring.text(name) in says for name in os.listdir(ring.keys) if ring.text(name)), "a key in its words")
    must(status != 0 or is_new, "it ended with 0, and the keys are the old ones", ended)
    must(not is_new or not any(words in says for words in SAYS_OLD), "the keys are the new ones, and it says otherwise", ended)
    must(is_new or SAYS_NEW not in says, "the keys are the old ones, and it says otherwise", ended)
    is_told = SAYS_NEW in says or is_lasting and SAYS_BOTH in says
    must(status == 0 or not is_new or is_told, "the keys are the new ones, and it does not say so", ended)
    is_withdrawn = ring.change.is_printed or ring.change.new != NEW or not os.path.exists(ring.path(NEW))
    must(is_new or is_withdrawn or is_lasting, "a key that opens nothing, and its file stays", ended)
    return f"{status}, {examined(ring, answer)}"


@keyring
def failing(ring, restore, ways, answer, errors):
    """Each call fails in turn, with each of these errors."""
    def check(subject, old, before, ended):
        return failed(ring, ended, answer)
    return "{} calls".format(sum(
        strike(ring, ways, calls, ("error", "", error), check, ring.words(), restore, folders=ring.folders, network=False,
               **ring.printed)
        for error, calls in errors.items()))


@keyring
def lasting(ring, restore, ways, answer, errors):
    """From each call on all of its kind fail: nothing can be looked at again."""
    def check(subject, old, before, ended):
        return failed(ring, ended, answer, is_lasting=True)
    return "{} calls".format(sum(
        strike(ring, ways, [calls], ("error", "+", error), check, ring.words(), restore, folders=ring.folders,
               network=False, **ring.printed)
        for error, calls in errors))


@keyring
def cut(ring, restore, ways, answer):
    """Every disk that a power cut could leave of the command at any moment is laid out, and examined like a killed one's."""
    if ring.printed:
        ring.put(NEW, "")
        os.truncate(ring.path(NEW), 0)
    disk, disks, operations = Disk(ring.folders), {}, 0
    ended, calls = ring.traced(*ring.words(), mode=("record",), folders=ring.folders, network=False, **ring.printed)
    must(ended.returncode == 0, f"under the tracer it ended with {ended.returncode}", ended)
    for call in [None, *calls]:
        if not call or disk.apply(call):
            operations += bool(call)
            for files in disk.after_cut():
                disks.setdefault(repr(sorted(files.items())), files)
    for files in disks.values():
        found = laid_out(ring, files)
        found.keys = found.folder + "/keys"
        try:
            ways[examined(found, answer)] += 1
        except AssertionError as error:
            sizes = {os.path.basename(path): len(content) for path, content in sorted(files.items())}
            ways[VIOLATION + f"found: {sizes}: {error}"] += 1
        shutil.rmtree(found.folder)
    if not ways["the new keys"]:
        ways[VIOLATION + "no disk with the new vault was found in order"] += 1
    return f"{operations} operations, {len(disks)} different disks"


def run(binary, size):
    is_long = size == "long"
    step, rotate = 1 if is_long else 16, "key rotate"
    lanes = {f"killed, {name}": lambda name=name: killed(binary, name, step)
             for name in ["key add", "key commit", "key remove", rotate, "key rotate, printed"]}
    # The first half of it is the same code.
    lanes["killed, key stage"] = lambda: killed(binary, "key stage", 4 * step)
    lanes[f"killed, {rotate} that finds an answer"] = lambda: killed(binary, rotate, step, has_journal=True)
    if not is_long:
        for name in [rotate, "key rotate, printed"]:
            lanes[f"killed, {name}"] = lambda name=name: killed(binary, name, 2, ",".join(CHANGING))
    every = {"EIO": WRITING + READING, "ENOSPC": CHANGING, "EACCES": ["create", "openat", "rename", "linkat", "unlink"]}
    some = {"EIO": ["create", "write", "fsync", "linkat", "rename"]}
    for name, errors in {rotate: every, "key commit": every, "key add": some, "key rotate, printed": some}.items():
        if is_long or name == rotate:
            lanes[f"a call fails, {name}"] = lambda name=name, errors=errors: failing(
                binary, name, errors if is_long else some)
    onwards = [("EMFILE", "create,openat"), ("EIO", "read"), ("EIO", ",".join(WRITING + READING))]
    lanes[f"from a call on, {rotate}"] = lambda: lasting(binary, rotate, onwards if is_long else onwards[:1])
    for name in [rotate, "key rotate, printed", *(["key commit"] if is_long else [])]:
        lanes[f"cut, {name}"] = lambda name=name: cut(binary, name)
    if is_long:
        # scrypt takes its time, so only where something changes.
        for name in ["key passwd", "key rotate beside a passphrase"]:
            lanes[f"killed, {name}"] = lambda name=name: killed(binary, name, 3, ",".join(CHANGING))
        lanes["a call fails, key passwd"] = lambda: failing(binary, "key passwd", {"EIO": ["fsync"]})
    return gathered("keys", lanes | keyjobs.lanes(binary, is_long))


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
