"""SIGKILL at the entry and at the exit of every file system call of a run that writes outputs and tells an app, and what
is there afterwards.

There are three outputs: one with a first line and an app to tell, one that the vault knows by its digest, and a user's own
file with lines of ours in it. After a kill each is the old one or the new one, whole. After the next run, though nothing
is due, each is what the vault holds, and the app has been told of it. Of a file that is mounted on its own, and so written
in place, half may be missing until then.
"""

import collections
import ctypes
import functools
import glob
import hashlib
import os
import subprocess
import sys

import vaultfile
from bench import Sandbox
from django_server import Unavailable
from traced import NAME, VIOLATION, Subject, gathered, must

OUTPUTS = ["app.js", "app.json", ".env"]
OWN = "# somebody's own\r\nPORT=3000\r\nLAST=no line end"
CONFIG = """
[[outputs]]
path = "app.js"
format = "commonjs"
after = ["sh", "-c", "sha256sum < app.js >> told"]
[[outputs]]
path = "app.json"
format = "json"
[[outputs]]
path = ".env"
format = "dotenv"
merge = true
"""


class Outputs(Subject):
    """A vault with outputs that are up to date."""

    def __init__(self, binary, server):
        super().__init__(binary, server)
        with open(self.work + "/tokenkeep.toml", "a", encoding="utf-8") as config:
            config.write(CONFIG)
        with open(self.work + "/.env", "w", encoding="utf-8", newline="") as file:
            file.write(OWN)
        self.values = 0
        self.ok("export")

    def change(self):
        """Another value in the vault, longer or shorter than the one before."""
        self.values += 1
        self.ok("set", "A", text="value" * (1 + self.values % 3) + str(self.values))

    def files(self):
        return [vaultfile.read(f"{self.work}/{name}") for name in OUTPUTS]

    def wanted(self):
        """What the vault holds now, written to where nobody is told."""
        env = self.ok("export", "dotenv").split("\n", 1)[1]
        ours = "\n# >>> begin=tokenkeep; generated, do not edit or commit; the line above had no end\n"
        texts = [self.ok("export", "commonjs"), self.ok("export", "json"), OWN + ours + env + "# <<< end=tokenkeep\n"]
        return [text.encode() for text in texts]

    def told(self):
        """The digest of what the app was told of last."""
        lines = (vaultfile.read(self.work + "/told") or b"").split()
        return lines[-2].decode() if lines else None


def mounts_of_our_own():
    """From here on what is mounted is seen by this process alone, and goes with it; whether that can be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    private = ["mount", "--make-rprivate", "/"]
    return libc.unshare(0x20000) == 0 and subprocess.run(private, check=False, capture_output=True).returncode == 0


def strike(subject, command, next_command, mode, number, in_place, only):
    """One kill and the run after it; returns what was found, or nothing when there was no such call."""
    before = subject.files()
    ended, hits = subject.traced(*command, mode=(mode, number), folders=[subject.work], network=False, only=only)
    if not hits:
        must(ended.returncode == 0, f"{' '.join(command)} ended by itself with {ended.returncode}", ended)
        return None
    found = subject.files()
    again = subject.run(*next_command)
    if again.returncode == 12:  # an intent without an answer: kill.py's matter
        subject.connect(NAME)
        again = subject.run(*next_command)
    must(again.returncode == 0, f"{hits[0]}: the next run ended with {again.returncode}", again)
    after, wanted = subject.files(), subject.wanted()
    for name, old, is_, new, want in zip(OUTPUTS, before, found, after, wanted, strict=True):
        must(new == want, f"{hits[0]}: {name} is not what the vault holds after the next run", again)
        must(is_ in (old, new) or in_place and name == "app.json", f"{hits[0]}: {name} is neither the old file nor the new")
    if after[0] != before[0]:
        must(subject.told() == hashlib.sha256(after[0]).hexdigest(), f"{hits[0]}: the app was not told", again)
    notes = vaultfile.read(subject.vault + ".outputs")
    left = glob.glob(subject.work + "/.*.tmp") + ([notes] if notes else [])
    must(not left, f"{hits[0]}: left behind: {left}", again)
    states = "".join("o" if is_ == old else "n" if is_ == new else "t" for old, is_, new in zip(before, found, after))
    if "t" in states:
        return "one of them torn, mended by the next run"
    if after == before:
        return "nothing was to be done"
    return {"ooo": "all old", "nnn": "all new"}.get(states, "some new") + ", all new after the next run"


def struck(binary, command, step, in_place=False, only=None):
    """Kills at every step-th call of a command until it ends by itself."""
    if in_place and not HAS_MOUNTS:
        raise Unavailable("mounting needs root and a mount namespace")
    with Sandbox(binary) as server:
        subject = Outputs(binary, server)
        mounted = subject.work + "/app.json"
        if in_place:
            subprocess.run(["mount", "--bind", mounted, mounted], check=True)
        try:
            ways, tried = collections.Counter(), []
            for mode in ("kill-entry", "kill-exit"):
                number = 1
                while True:
                    if command == ("export",):
                        subject.change()
                    try:
                        next_command = [["export"], ["refresh"]][number % 2]
                        found = strike(subject, command, next_command, mode, number, in_place, only)
                    except AssertionError as error:
                        found = f"{VIOLATION}{mode} {error}"
                    if not found:
                        break
                    ways[found] += 1
                    number += step
                tried.append(len(range(1, number, step)))
            must(sum(ways.values()) > 2 and any("torn" in way for way in ways) == in_place, f"too little was met: {ways}")
            return f"{tried[0]} calls at entry, {tried[1]} at exit", ways
        finally:
            if in_place:
                subprocess.run(["umount", mounted], check=True)
            subject.remove()


def run(binary, size):
    step = 1 if size == "long" else 12
    return gathered("outputs", {
        "export": functools.partial(struck, binary, ("export",), step),
        "refresh": functools.partial(struck, binary, ("refresh", "--force"), step),
        "export, one mounted on its own": functools.partial(
            struck, binary, ("export",), 1, True, "write,fallocate,ftruncate,fsync")})


HAS_MOUNTS = False
if __name__ == "__main__":
    HAS_MOUNTS = mounts_of_our_own()
    print("\n".join(run(*sys.argv[1:3])))
