"""How long a kill can still lose an answer: from the last byte read of it to the journal's fdatasync, in the real binary.

Inside that window the answer is in the process alone. A library that is loaded before the others notes when bytes come
from the provider and when the journal is on the disk. Nothing is asserted of the time, which is the machine's; that each
refresh has exactly one window is.
"""

import math
import os
import shutil
import subprocess
import sys
import tempfile

from bench import Bench, Sandbox

SOURCE = os.path.dirname(os.path.abspath(__file__)) + "/window.c"


def file_system(path):
    """What the file system of a path is, and on which device."""
    best = ("", "", "")
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        for line in mounts:
            left, right = line.rstrip("\n").split(" - ")
            point = left.split()[4]
            if len(point) >= len(best[0]) and (os.path.realpath(path) + "/").startswith(point.rstrip("/") + "/"):
                best = (point, *right.split()[:2])
    return f"{best[1]} on {best[2]}"


def events(path):
    """What the library noted, in order of time: ("R" or "C", when, descriptor) and ("S", began, ended)."""
    with open(path, encoding="utf-8") as file:
        found = [(kind, int(one), int(two)) for kind, one, two in (line.split() for line in file)]
    os.remove(path)
    return sorted(found, key=lambda event: event[2] if event[0] == "S" else event[1])


def windows(found):
    """Each window and the part of it that is fdatasync, in milliseconds.

    Where many requests are out, their answers are written in the order in which they were complete.
    """
    last, complete, every = {}, [], []
    for kind, one, two in found:
        if kind == "R":
            last[two] = one
        elif kind == "C" and two in last:
            complete.append(last.pop(two))
        elif kind == "S":
            assert complete, "the journal was synced without an answer"
            every.append(((two - complete.pop(0)) / 1e6, (two - one) / 1e6))
    assert not last and not complete, f"{len(last) + len(complete)} answers were never synced"
    return every


def share(values, part):
    """The value below which that part of them lies (nearest rank)."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def figures(values):
    return f"median {share(values, 0.5):.2f} ms, p99 {share(values, 0.99):.2f} ms, longest {max(values):.2f} ms"


def run(binary, size):
    count = 500 if size == "long" else 50
    many = 64 if size == "long" else 16
    cache = os.environ.get("TMPDIR") or os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    os.makedirs(cache, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="torture-window-", dir=cache)
    try:
        library, noted = folder + "/window.so", folder + "/events"
        made = subprocess.run(
            ["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], capture_output=True, text=True,
            check=False)
        assert made.returncode == 0, f"cc: {made.stderr}"
        watch = {"LD_PRELOAD": library, "WINDOW_EVENTS": noted}
        with Sandbox(binary) as sandbox:
            bench = Bench(binary, folder + "/bench")
            names = [f"c{number:02}" for number in range(many)]
            bench.configure(names, sandbox.entry, sandbox.url)
            for name in names:
                bench.connect(name)
            single = []
            for number in range(count):
                bench.ok("refresh", "--force", names[number % many], environment=watch)
                found = windows(events(noted))
                assert len(found) == 1, f"refresh {number} had {len(found)} windows"
                single += found
            bench.ok("refresh", "--force", "--width", "16", environment=watch)
            crowded = [one for one, _ in windows(events(noted))]
            assert len(crowded) == many, f"a refresh of {many} had {len(crowded)} windows"
            assert sandbox.count("refresh", "ok") == count + many
        whole, synced = [one for one, _ in single], [one for _, one in single]
        part = share([two / one for one, two in single], 0.5)
        return [
            f"window from the last byte of an answer to its place on the disk, {count} refreshes, {file_system(folder)}: "
            + figures(whole),
            f"of it fdatasync alone: {figures(synced)}; {100 * part:.0f} % of the window at the median",
            f"the same with 16 requests under way, {many} answers, which queue for the disk: {figures(crowded)}"]
    except FileNotFoundError as why:
        if why.filename != "cc":
            raise
        return ["SKIPPED window: there is no cc"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
