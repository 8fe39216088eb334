"""Power cuts: of one recorded run, every disk that could be found after a cut at any moment, as far as fsync promises.

The disk keeps of a file what its last fsync or fdatasync made durable, and of a folder the names that its last fsync did;
of what came later, in variants for each file, nothing, all, half, the sectors before or behind any of their borders, or
the size and not the bytes. Each disk is laid out in a folder and met by the program itself: what it sent before the cut must
be known, and what it was answered and synced must be there.
"""

import collections
import copy
import hashlib
import itertools
import json
import os
import shutil
import sys
import tempfile

import vaultfile
from bench import Sandbox, redirect
from traced import NAME, VIOLATION, Subject, gathered, must

SECTOR = 512
O_TMPFILE, O_TRUNC = 0o20200000, 0o1000
NOT_MODELLED = {"creat", "writev", "pwritev", "truncate", "sendfile", "copy_file_range", "sync_file_range", "symlink",
                "mkdir", "mkdirat", "rmdir", "renameat2"}


class File:
    """Bytes as a reader sees them, and as the disk has them."""

    def __init__(self, content=b""):
        self.live, self.durable, self.unsynced = bytearray(content), bytes(content), []

    def write(self, offset, data):
        if data:
            self.grow(offset + len(data))
            self.live[offset:offset + len(data)] = data
            self.unsynced.append((offset, data))

    def grow(self, end):
        self.live.extend(bytes(max(0, end - len(self.live))))

    def sync(self):
        self.durable, self.unsynced = bytes(self.live), []

    def after_cut(self):
        """What can be found of it. A sector is written whole or not at all, and in no order with others."""
        zeros = self.durable[:len(self.live)].ljust(len(self.live), b"\0")
        found = {self.durable, zeros, bytes(self.live)}
        start = min((offset for offset, _ in self.unsynced), default=0)
        end = max((offset + len(data) for offset, data in self.unsynced), default=0)
        borders = range((start // SECTOR + 1) * SECTOR, end, SECTOR)
        for border in [*borders, (start + end) // 2]:
            before, behind = File(self.durable), File(zeros)
            for offset, data in self.unsynced:
                before.write(offset, data[:max(0, border - offset)])
                behind.write(max(offset, border), data[max(0, border - offset):])
            found |= {bytes(before.live)} | ({bytes(behind.live)} if border in borders else set())
        return found


class Disk:
    """The folders of a vault and of its state, as a recorded run changes them."""

    def __init__(self, folders):
        self.folders = folders
        self.files, self.names = {}, {}
        for path in (f"{folder}/{name}" for folder in folders for name in os.listdir(folder)):
            self.files[os.stat(path).st_ino] = self.names[path] = File(vaultfile.read(path))
        self.durable = dict(self.names)
        # What has happened to the names of each folder since it was synced; each step whole or not at all.
        self.pending = {folder: [] for folder in folders}

    def change(self, folder, names):
        self.pending[folder].append(names)
        self.names.update(names)

    def apply(self, call):
        """Takes one call; returns whether it made a difference to what a cut leaves."""
        result = int(call.result) if call.result.lstrip("-").isdigit() else -1
        is_ours = any(path == folder or path.startswith(folder + "/") for path in call[2:4] for folder in self.folders)
        if result < 0 or not is_ours:
            return False
        assert call.name not in NOT_MODELLED, f"the program uses what is not modelled here: {call}"
        inode, offset, data = int(call.rest[0]), int(call.rest[1]), call.rest[2]
        folder = os.path.dirname(call.path)
        if call.name == "create":
            if offset & O_TMPFILE == O_TMPFILE:
                self.files[inode] = File()
            elif not self.names.get(call.path):
                self.files[inode] = File()
                self.change(folder, {call.path: self.files[inode]})
            else:
                assert not offset & O_TRUNC, f"the program cuts a file that is there: {call}"
                return False
        elif call.name in ("write", "pwrite64"):
            self.files[inode].write(offset, bytes.fromhex(data))
        elif call.name == "fallocate":
            self.files[inode].grow(int(data))
        elif call.name == "ftruncate":
            del self.files[inode].live[int(data):]
            self.files[inode].grow(int(data))
        elif call.name in ("fsync", "fdatasync"):
            if call.path in self.folders:
                for step in self.pending[call.path]:
                    self.durable.update(step)
                self.pending[call.path] = []
            else:
                self.files[inode].sync()
        elif call.name in ("rename", "renameat"):
            assert folder == os.path.dirname(call.second), f"the program moves a file to another folder: {call}"
            self.change(folder, {call.path: None, call.second: self.names[call.path]})
        elif call.name in ("link", "linkat"):
            self.change(os.path.dirname(call.second), {call.second: self.files[inode]})
        elif call.name in ("unlink", "unlinkat"):
            self.change(folder, {call.path: None})
        else:
            return False
        return True

    def after_cut(self):
        """Every disk that a cut now could leave: path and bytes."""
        # In their order up to any of them; and the last one alone, for no rule says that names are written in order.
        choices = [[*(steps[:count] for count in range(len(steps) + 1)), steps[-1:]] for steps in self.pending.values()]
        for steps in itertools.product(*choices):
            names = dict(self.durable)
            for step in itertools.chain(*steps):
                names.update(step)
            names = {path: file for path, file in names.items() if file}
            for contents in itertools.product(*(sorted(file.after_cut()) for file in names.values())):
                yield dict(zip(names, contents))


class Recording:
    """One run, all disks that a cut could leave of it, and for each how much was sent, and whose answers were synced."""

    def __init__(self, subject, command, sent=0, answered=(), **options):
        disk, key = Disk([subject.work, subject.state]), subject.key()
        self.disks, self.operations = {}, 0
        ended, calls = subject.traced(*command, mode=("record",), folders=disk.folders, **options)
        must(ended.returncode in (0, 12), f"{' '.join(command)} under the tracer ended with {ended.returncode}", ended)
        self.note(disk, sent, answered)
        known = sent - len(answered)
        for call in calls:
            if call.name == "sendto" and int(call.result) > 100:
                sent += 1
            elif disk.apply(call):
                self.operations += 1
                if call.name in ("fsync", "fdatasync") and call.path.endswith(".journal"):
                    objects = [frame for _, frame in vaultfile.frames(disk.names[call.path].durable, key)]
                    answered = tuple(ask["name"] for ask in vaultfile.asked(objects) if ask["reply"])
            else:
                continue
            self.note(disk, sent, answered)
        must(sent - len(answered) == known, f"{sent} requests, and answers synced of {answered} only", ended)

    def note(self, disk, sent, answered):
        for files in disk.after_cut():
            digests = sorted((path, hashlib.sha256(content).digest()) for path, content in files.items())
            self.disks.setdefault(repr(digests), (files, set()))[1].add((sent, answered))


def laid_out(subject, files):
    """A disk in a folder of its own, as a subject."""
    found = copy.copy(subject)
    found.folder = tempfile.mkdtemp(prefix="cut-", dir=subject.folder)
    found.work, found.home = found.folder + "/work", found.folder + "/home"
    found.vault, found.environment = found.work + "/tokenkeep.vault", {**subject.environment, "HOME": found.home}
    os.mkdir(found.work)
    os.makedirs(found.state, mode=0o700)
    for path, content in files.items():
        path = found.folder + path.removeprefix(subject.folder)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(content)
    return found


def unlocked(found):
    """Sees to it that the vault opens: with the key from before, or with the one that the run has put beside it."""
    listed = found.run("list")
    if listed.returncode == 77 and os.path.exists(found.work + "/new.key"):
        with open(found.work + "/new.key", encoding="utf-8") as file:
            found.environment["TOKENKEEP_KEY"] = file.read().strip()
        listed = found.run("list")
    must(listed.returncode == 0 and NAME in listed.stdout, f"list ended with {listed.returncode}", listed)


def met(found, old, new, names, phases, is_code):
    """That the program goes on from a disk as it must; returns what became of the connections.

    `is_code` is set where it was a code that was sent: it spends no refresh token, so the connection stays as it was.
    """
    unlocked(found)
    for name in names:
        must(found.pair(name) in (old[name], new[name]), f"{name} is neither old nor new: {found.pair(name)}")
    ended = found.run("refresh", "--json")
    must(ended.returncode in (0, 12) and (ended.returncode == 0 or "\nhint: " in ended.stderr),
         f"refresh ended with {ended.returncode}", ended)
    outcomes = {one["name"]: one["outcome"] for one in json.loads(ended.stdout)["connections"]}
    ways = []
    for place, name in enumerate(names):
        pair = found.pair(name)
        must(pair in (old[name], new[name]), f"{name} is then neither old nor new: {pair}", ended)
        is_new, is_uncertain = pair == new[name] != old[name], outcomes[name] == "uncertain"
        must(not (is_new and is_uncertain), f"{name} is renewed and uncertain", ended)
        for sent, answered in phases:
            must(name not in answered or is_new, f"{name} was answered, that was synced, and it is {outcomes[name]}", ended)
            is_told = is_uncertain or is_code and "the outcome is uncertain" in ended.stderr
            must(place >= sent or is_new or is_told, f"{name} was asked for, and it is {outcomes[name]}", ended)
        ways.append("renewed" if is_new else "may be spent" if is_uncertain else "as before")
    if os.path.exists(found.vault + ".next"):
        found.ok("set", "--quiet", "PROBE", text="what commits takes it away")
    left = [os.path.basename(path) for path in found.leftovers()]
    must(all(name.endswith(".unread") for name in left), f"left behind: {left}", ended)
    counts = sorted(collections.Counter(ways).items())
    said = " and ".join(f"{count} {way}" for way, count in counts) if len(names) > 1 else ways[0]
    return f"({said})" + (" with a torn journal kept" if left else "")


def cut(binary, record, manners="tiktok", names=(NAME,), is_code=False):
    """Records a run and meets every disk of it."""
    with Sandbox(binary, manners=manners) as server:
        subject = Subject(binary, server, names=names)
        try:
            old = {name: subject.pair(name) for name in names}
            recording = record(subject)
            after = copy.copy(subject)
            after.environment = dict(subject.environment)
            unlocked(after)
            new, before = {name: after.pair(name) for name in names}, server.count()
            must(all(server.is_valid(pair.access) for pair in new.values() if pair not in old.values()), "no valid token")
            ways = collections.Counter()
            for files, phases in recording.disks.values():
                found = laid_out(subject, files)
                try:
                    ways[met(found, old, new, names, phases, is_code)] += 1
                except AssertionError as error:
                    sizes = {os.path.basename(path): len(content) for path, content in sorted(files.items())}
                    ways[VIOLATION + f"sent and answered: {sorted(phases)}, found: {sizes}: {error}"] += 1
                shutil.rmtree(found.folder)
            must(server.count() == before, "a run that found a journal, or nothing that was due, has asked")
            return f"{recording.operations} operations, {len(recording.disks)} different disks", ways
        finally:
            subject.remove()


def refreshing(*options):
    return lambda subject: Recording(subject, ("refresh", "--force", *options))


def connecting(subject):
    url = subject.ok("--quiet", "connect", NAME, "--print-url").strip()
    return Recording(subject, ("--quiet", "connect", NAME, "--callback", "-"), text=redirect(url))


def finding(mode, only, sent, answered, *command, **options):
    """A run that finds the journal of one which was killed."""
    def record(subject):
        subject.traced("refresh", "--force", mode=(mode, 1), folders=[subject.work], only=only)
        return Recording(subject, command, sent, answered, **options)
    return record


def run(binary, size):
    answer, intent = ("kill-exit", "fdatasync", 1, (NAME,)), ("kill-entry", "sendto", 1, ())
    rotate, four = ("key", "rotate", "--quiet", "--key-out", "new.key"), ("one", "other", "three", "two")
    lanes = {
        "refresh": lambda: cut(binary, refreshing()),
        "refresh of two, one at a time": lambda: cut(binary, refreshing("--width", "1"), names=("one", "two")),
        "refresh of four, at once": lambda: cut(binary, refreshing(), names=four),
        "connect": lambda: cut(binary, connecting, is_code=True),
        "run that finds an answer": lambda: cut(binary, finding(*answer, "refresh")),
        "run that finds an intent": lambda: cut(binary, finding(*intent, "refresh")),
        "key rotate that finds an answer": lambda: cut(binary, finding(*answer, *rotate))}
    if size == "long":
        lanes |= {
            "refresh of ten, standard": lambda: cut(
                binary, refreshing("--width", "3"), "standard", (NAME, *(f"other-{number}" for number in range(9)))),
            "connect, standard": lambda: cut(binary, connecting, "standard", is_code=True),
            "key rotate that finds an intent": lambda: cut(binary, finding(*intent, *rotate)),
            "set that finds an answer": lambda: cut(
                binary, finding(*answer, "set", "--quiet", "PROBE", text="value"))}
    return gathered("power", lanes)


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
