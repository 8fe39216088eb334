"""Jobs that run all the while keys change, and changes of keys that meet.

Each writes a record of its own, and the vault's generation tells how many writes there were: what two had written as one would
be missing from both counts.
"""

import contextlib
import fcntl
import itertools
import os
import threading
import time

import vaultfile
from bench import Sandbox
from keyring import CHANGES, NEW, Keyring, generations
from traced import NAME, must

PATIENCE = 60  # seconds
COMMANDS = 3


class Job(threading.Thread):
    """What cron runs with one key file, again and again."""

    def __init__(self, ring, key):
        super().__init__(daemon=True)
        self.ring, self.key, self.names, self.wrong, self.count = ring, key, [], [], 0
        self.is_stopping, self.ended = threading.Event(), threading.Condition()

    def run(self):
        for number in itertools.count():
            if self.is_stopping.is_set():
                return
            record = f"{self.key.upper()}_{number}"
            words = [("refresh",), ("get", NAME), ("set", "--quiet", record)][number % COMMANDS]
            ended = self.ring.run(*words, "--key-file", self.ring.path(self.key), text="value")
            with self.ended:
                if ended.returncode or ended.stderr:
                    self.wrong.append(f"{words[0]} with the key of {self.key}: {ended.returncode}, {ended.stderr}")
                elif words[0] == "set":
                    self.names.append(record)
                self.count += 1
                self.ended.notify_all()

    def run_again(self):
        """Waits until each command has run from beginning to end."""
        with self.ended:
            wanted = self.count + COMMANDS + 1
            must(self.ended.wait_for(lambda: self.count >= wanted, PATIENCE), f"the job of {self.key} stands still")

    def stop(self):
        self.is_stopping.set()
        self.join(PATIENCE)


def with_ring(change):
    def decorated(work):
        def lane(binary, *options):
            with Sandbox(binary) as server:
                ring = Keyring(binary, server, CHANGES[change])
                try:
                    return work(ring, *options)
                finally:
                    ring.remove()
        return lane
    return decorated


def at_main(ring, *words):
    return ring.ok(*words, "--quiet", "--key-file", ring.path("main"))


@with_ring("key stage")
def replaced(ring, rounds):
    """The keys of the first job and of the person are replaced over and over, while two jobs run: none is ever locked out."""
    vault = vaultfile.read(ring.vault)
    epoch, generation = generations(vault)
    jobs = [Job(ring, name) for name in ("cron", "deploy")]
    cron, deploy = jobs
    for job in jobs:
        job.start()
    try:
        for number in range(rounds):
            stale = ring.text("cron")
            at_main(ring, "key", "stage", "cron", "--key-out", ring.path("cron.next"))
            cron.run_again()
            os.rename(ring.path("cron.next"), ring.path("cron"))
            cron.run_again()
            at_main(ring, "key", "commit", "cron", "--slot-key", f"cron.next={ring.path('cron')}",
                    "--slot-key", f"deploy={ring.path('deploy')}")
            late = ring.run("set", "LATE", text="late", environment={"TOKENKEEP_KEY": stale})
            must(late.returncode == 77 and "\nhint: " in late.stderr, f"the old key, and it ended with {late.returncode}", late)
            at_main(ring, "key", "rotate", "main", "--slot-key", f"cron={ring.path('cron')}",
                    "--slot-key", f"deploy={ring.path('deploy')}", "--key-out", ring.path(NEW))
            os.rename(ring.path(NEW), ring.path("main"))
            cron.run_again()
            deploy.run_again()
    finally:
        for job in jobs:
            job.stop()
    must(not cron.wrong + deploy.wrong, f"{len(cron.wrong + deploy.wrong)} runs failed: {(cron.wrong + deploy.wrong)[:3]}")
    vault, names = vaultfile.read(ring.vault), cron.names + deploy.names
    missing = set(names) - set(vaultfile.records(vault, ring.key()))
    must(not missing, f"written and not there: {sorted(missing)}")
    # Of each round: stage, the note that the staged key was used, commit, rotate.
    wanted = (epoch + 2 * rounds, generation + 4 * rounds + len(names))
    must(generations(vault) == wanted, f"epoch and generation are {generations(vault)}, not {wanted}")
    runs = sum(job.count for job in jobs)
    return f"{rounds} times staged, deployed, committed and rotated", {"runs of two jobs, each with 0": runs}


def waits(process, lock):
    """Whether a process has the lock's file open, with which it has read the vault already."""
    with contextlib.suppress(OSError):
        return any(os.path.realpath(f"/proc/{process}/fd/{name}") == lock for name in os.listdir(f"/proc/{process}/fd"))
    return True


def met(ring, first, second):
    """Runs two commands that have both read the vault, with the keys that they were given, before either gets the lock."""
    lock = ring.vault + ".lock"
    with open(lock, "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        started = [ring.start(*words, "--key-file", ring.path("main"), stdout=-1, stderr=-1) for words in (first, second)]
        end = time.monotonic() + PATIENCE
        while not all(waits(process.pid, lock) or process.poll() is not None for process in started):
            must(time.monotonic() < end, "they do not come to the lock")
            time.sleep(0.001)
    words = [process.communicate(timeout=PATIENCE) for process in started]
    return [(process.returncode, *said) for process, said in zip(started, words)]


@with_ring("key stage")
def rivals(ring, rounds):
    """Two changes that cannot both be made: one is, the other says so, leaves no key, and changes nothing."""
    def keep(*names):
        return [word for name in names for word in ("--slot-key", f"{name}={ring.path(name)}")]

    def rotate(label, others, name):
        return ["key", "rotate", label, *keep(*others), "--key-out", ring.path(name)]
    pairs = {
        "the same slot": (rotate("main", ("cron", "deploy"), "a"), rotate("main", ("cron", "deploy"), "b")),
        "two slots": (rotate("main", ("cron", "deploy"), "a"), rotate("cron", ("deploy",), "b")),
        "both removed": (["key", "remove", "cron", *keep("deploy")], ["key", "remove", "deploy", *keep("cron")])}
    restore, ways = ring.snapshot(), {}
    epoch, generation = generations(vaultfile.read(ring.vault))
    for _ in range(rounds):
        for title, pair in pairs.items():
            restore()
            ends = met(ring, *pair)
            won = [place for place, end in enumerate(ends) if end[0] == 0]
            must(len(won) == 1, f"{title}: they ended with {[end[0] for end in ends]}: {ends}")
            status, _, says = ends[1 - won[0]]
            must(status in (66, 77) and "\nhint: " in says, f"{title}: the other ended with {status}: {says}")
            now = generations(vaultfile.read(ring.vault))
            must(now == (epoch + 1, generation + 1), f"{title}: it went from {epoch, generation} to {now}")
            made = {name for name in "ab" if os.path.exists(ring.path(name))}
            must(made == ({"ab"[won[0]]} if title != "both removed" else set()), f"{title}: key files {made}: {says}")
            gone = {"both removed": ("cron", "deploy"), "two slots": ("main", "cron"), "the same slot": ("main", "main")}
            opens = {name for name in ("main", "cron", "deploy", *made) if ring.opened(name)}
            wanted = {"main", "cron", "deploy", *made} - {gone[title][won[0]]}
            must(opens == wanted, f"{title}: it opens with {opens}, not with {wanted}")
            way = f"{title}, the other ended with {status}"
            ways[way] = ways.get(way, 0) + 1
    return f"{rounds * len(pairs)} pairs", ways


def put(ring, vault):
    with open(ring.vault, "wb") as file:
        file.write(vault)


@with_ring("key passwd")
def untouched(ring, writes):
    """A job that holds one raw key writes, and a passphrase slot stays as it is, is authenticated, and opens it then."""
    slot, job = ring.before["human"], ring.path("cron")
    last = generations(vaultfile.read(ring.vault))
    for number in range(writes):
        ring.ok("set", "--quiet", f"N_{number}", "--key-file", job, text="value")
        vault = vaultfile.read(ring.vault)
        must(vaultfile.slots(vault)["human"] == slot, f"write {number} changed the passphrase slot")
        must(vaultfile.unlocked(vault, ring.text("cron")), f"write {number}: the header's code is wrong")
        must(generations(vault) == (last[0], last[1] + number + 1), f"write {number}: {generations(vault)} after {last}")
    must(ring.opened("human") == ring.opened("cron") is not None, "who opens it with the passphrase sees something else")
    place, flips = vault.index(slot), 0
    for at in range(place, place + len(slot), 11):
        put(ring, vault[:at] + bytes([vault[at] ^ 1]) + vault[at + 1:])
        for words in (["list"], ["set", "--quiet", "PROBE"]):
            ended = ring.run(*words, "--key-file", job, text="probe")
            must(ended.returncode == 65 and "\nhint: " in ended.stderr, f"{words[0]} took a changed slot ({at - place})", ended)
        flips += 1
    put(ring, vault)
    must(ring.opened("human") is not None, "put back as it was, the passphrase does not open it")
    return f"{writes} writes by a raw key", {"bytes of the passphrase slot changed, and refused": flips}


def lanes(binary, is_long):
    return {
        "jobs run on while keys are replaced": lambda: replaced(binary, 25 if is_long else 3),
        "two changes meet": lambda: rivals(binary, 20 if is_long else 3),
        "a passphrase beside a job": lambda: untouched(binary, 200 if is_long else 30)}
