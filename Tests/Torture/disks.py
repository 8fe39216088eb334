"""Disks that are really full, read-only, or mounted in a way that a vault cannot be replaced; and files of the wrong kind.

All mounts are made in a mount namespace of this script's own, and go with it.
"""

import collections
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

import vaultfile
from bench import Sandbox
from django_server import Unavailable
from fail import settled
from traced import Subject, must
from proxy import Handler, Proxy

PAGE = 4096


class InFlight(Proxy):
    """Lets something happen while the provider is asked, and its answer be larger than what is set aside for it."""

    padding = 0

    def __init__(self, upstream):
        super().__init__(upstream)
        self.RequestHandlerClass = Padding

    def shoot(self):
        shot, self.shot = self.shot, None
        if shot:
            shot()


class Padding(Handler):
    def send(self, status, kind, body, headers=None):
        if self.server.padding:
            body = body.rstrip()[:-1] + b',"padding":"' + b"x" * self.server.padding + b'"}'
        super().send(status, kind, body, headers)


def system(*command):
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise Unavailable(f"{' '.join(command[:3])}: {ended.stderr.strip().splitlines()[0]}")


def fill(folder, leave=0, unit=PAGE):
    """Fills a disk but for so many pages, or other units; returns what takes that back."""
    path = folder + "/filler"
    with open(path, "wb", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while filler.write(bytes(PAGE)):
                pass
        os.fsync(filler.fileno())
        filler.truncate(max(0, filler.tell() // unit - leave) * unit)
    return lambda: os.path.exists(path) and os.remove(path)


class Disks:
    """The folder for the mount points, and the provider."""

    def __init__(self, binary, server, folder):
        self.binary, self.server, self.folder = binary, server, folder
        self.proxy = InFlight(server.url)
        self.count = 0

    def place(self):
        self.count += 1
        path = f"{self.folder}/{self.count}"
        os.mkdir(path)
        return path

    def disk(self, kind="tmpfs", size=512):
        """A new small disk of so many KiB, mounted."""
        path = self.place()
        if kind == "tmpfs":
            system("mount", "-t", "tmpfs", "-o", f"size={size}k", "tokenkeep", path)
        else:
            with open(path + ".image", "wb") as image:
                image.truncate(size << 10)
            system("mkfs." + kind, "-q", "-m", "0", "-O", "^has_journal", path + ".image")
            system("mount", "-o", "loop", path + ".image", path)
        return path

    def subject(self, folder, home=None):
        return Subject(self.binary, self.server, folder, home)

    def divert(self, subject, shot, padding=0):
        """Sends what the subject asks through the proxy, and calls `shot` while it is under way; returns what ends that."""
        path = subject.work + "/tokenkeep.toml"

        def write(text):
            with open(path, "w", encoding="utf-8") as config:
                config.write(text)
        text = vaultfile.read(path).decode()
        write(text.replace(self.server.url, self.proxy.url))
        self.proxy.padding = padding
        self.proxy.aim(shot)
        return lambda: write(text)

    def refresh(self, subject, mend, expected, look=lambda ended: None, is_lasting=False, again=(74,)):
        """One refresh as things are; it ends with one of the expected, and after `mend` the next one makes it good.

        After a 74 one more, before `mend`, ends with one of `again`.
        """
        old, before = subject.pair(), self.server.count()
        ended = subject.run("refresh", "--force")
        must(ended.returncode in expected, f"refresh ended with {ended.returncode}, not {expected}", ended)
        look(ended)
        if ended.returncode == 74:
            once_more = subject.run("refresh")
            must(once_more.returncode in again, f"and with {once_more.returncode} at once after that", once_more)
        return settled(subject, old, before, ended, is_lasting, mend)


def full_from_the_start(disks, kind, size, leaves, is_elsewhere):
    """Every room from none to enough: what cannot be stored is not asked, and what was asked is stored.

    ext4 has blocks of 1 KiB here, and sets blocks aside that it may give back once something is really written: what
    had no room a moment ago may then have it.
    """
    unit, again = (PAGE, (74,)) if kind == "tmpfs" else (1024, (0, 74))
    ways = collections.Counter()
    folder = disks.disk(kind, size)
    subject = disks.subject(folder, disks.place() if is_elsewhere else None)
    for leave in leaves:
        mend = fill(folder, leave, unit)
        ways[disks.refresh(subject, mend, (0, 73, 74), again=again)] += 1
        mend()
    must(len(leaves) == 1 or len(ways) == 3, f"no room that is enough, or none for the journal only: {ways}")
    return ways


def filled_in_flight(disks, padding, is_elsewhere, expected, is_lasting=False):
    """Full from the moment at which the provider is asked; only an answer larger than what was set aside finds no room."""
    folder = disks.disk()
    subject = disks.subject(folder, disks.place() if is_elsewhere else None)
    mends, rescued = [], []

    def look(ended):
        must(len(mends) == 2, "the provider was not asked", ended)
        rescued.extend(subject.rescued())
        must(bool(rescued) == bool(padding and is_elsewhere), f"rescued: {rescued}", ended)

    def mend():
        for one in mends:
            one()
    mends.append(disks.divert(subject, lambda: mends.insert(0, fill(folder)), padding))
    way = disks.refresh(subject, mend, (expected,), look, is_lasting)
    return {way + (", from the state folder" if rescued else ""): 1}


def state_is_full(disks):
    folder = disks.disk()
    subject = disks.subject(disks.place(), folder)
    return {disks.refresh(subject, fill(folder), (0,)): 1}


def read_only(disks):
    folder = disks.disk()
    subject = disks.subject(folder)
    system("mount", "-o", "remount,bind,ro", folder)
    return {disks.refresh(subject, lambda: system("mount", "-o", "remount,bind,rw", folder), (73,)): 1}


def bound(disks, is_file):
    subject = disks.subject(disks.place())
    path = subject.vault if is_file else subject.work
    system("mount", "--bind", path, path)
    way = disks.refresh(subject, lambda: None if not is_file else system("umount", path), (73,) if is_file else (0,))
    return {way: 1}


def behind_a_link(disks):
    """Everything stands beside the real file, in flight and after a kill, too."""
    subject = disks.subject(disks.place())
    real, link, seen = disks.place(), subject.vault, []
    os.rename(link, real + "/kept")
    os.remove(link + ".lock")
    os.symlink(os.path.relpath(real + "/kept", subject.work), link)
    subject.vault = real + "/kept"
    way = disks.refresh(subject, disks.divert(subject, lambda: seen.append(sorted(os.listdir(real)))), (0,))
    must(set(seen[0]) >= {"kept", "kept.journal", "kept.lock"}, f"beside the real file in flight: {seen[0]}")
    subject.traced("refresh", "--force", mode=("kill-exit", 1), folders=[real], only="fdatasync")
    must(os.path.exists(real + "/kept.journal"), "a run died, and no journal is beside the real file")
    ended = subject.run("refresh")
    must(ended.returncode == 0 and not subject.leftovers(), f"then: {ended.returncode}, {subject.leftovers()}", ended)
    must(os.path.islink(link), "the link was replaced")
    must(not any(name.startswith("tokenkeep.vault.") and not name.endswith(".log") for name in os.listdir(subject.work)),
         f"beside the link: {os.listdir(subject.work)}")
    subject.renew()
    return {way: 1}


def another_owner(disks):
    subject = disks.subject(disks.place())
    try:
        os.chown(subject.vault, 12345, -1)
    except OSError as error:
        raise Unavailable(f"chown: {error}") from error
    return {disks.refresh(subject, lambda: os.chown(subject.vault, os.geteuid(), -1), (73,)): 1}


def hard_link(disks):
    subject = disks.subject(disks.place())
    os.link(subject.vault, subject.folder + "/second")
    return {disks.refresh(subject, lambda: os.remove(subject.folder + "/second"), (73,)): 1}


def inside(binary, size, folder):
    """All of it, in the namespace; prints a line each."""
    rooms = range(24 if size == "long" else 12)
    blocks = range(rooms.stop * 4)
    room = f"with room for 0 to {rooms[-1]} pages"
    cases = {f"tmpfs of {kib} KiB, full": lambda d, kib=kib: full_from_the_start(d, "tmpfs", kib, [0], False)
             for kib in ([128, 512, 4096] if size == "long" else [128])}
    cases |= {
        f"tmpfs, {room}": lambda d: full_from_the_start(d, "tmpfs", 512, rooms, False),
        "the same with the state folder elsewhere": lambda d: full_from_the_start(d, "tmpfs", 512, rooms, True),
        f"ext4, with room for 0 to {blocks[-1]} KiB": lambda d: full_from_the_start(d, "ext4", 2048, blocks, False),
        "filled in flight": lambda d: filled_in_flight(d, 0, False, 74),
        "filled in flight, a large answer, the state folder elsewhere": lambda d: filled_in_flight(d, 40000, True, 74),
        "filled in flight, a large answer, room nowhere": lambda d: filled_in_flight(d, 40000, False, 12, True),
        "the state folder full": state_is_full,
        "read-only": read_only,
        "mounted as a single file": lambda d: bound(d, True),
        "its folder mounted": lambda d: bound(d, False),
        "behind a symbolic link": behind_a_link,
        "another owner": another_owner,
        "a second hard link": hard_link}
    bad = []
    with Sandbox(binary) as server:
        disks = Disks(binary, server, folder)
        with disks.proxy:
            for name, case in cases.items():
                try:
                    ways = case(disks)
                    print(f"disks, {name}: " + ", ".join(f"{count} {way}" for way, count in sorted(ways.items())), flush=True)
                except Unavailable as why:
                    print(f"SKIPPED disks, {name}: {why}", flush=True)
                except AssertionError as error:
                    bad.append(f"disks, {name}: {error}")
    if bad:
        sys.exit("\n".join([f"{len(bad)} violations:", *bad]))


def run(binary, size):
    folder = tempfile.mkdtemp(prefix="torture-disks-")
    own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    try:
        if subprocess.run([*own, "true"], capture_output=True, check=False).returncode != 0:
            return ["SKIPPED disks: mounting is not allowed here"]
        ended = subprocess.run([*own, sys.executable, "-B", os.path.abspath(__file__), binary, size, folder],
                               capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            print(ended.stdout, end="")
            sys.exit(ended.stderr)
        return ended.stdout.splitlines()
    except FileNotFoundError as error:
        return [f"SKIPPED disks: {error}"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        inside(*sys.argv[1:])
    else:
        print("\n".join(run(*sys.argv[1:3])))
