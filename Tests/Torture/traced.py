"""A vault whose commands run under the tracer and which is looked at from outside, and what is common to those who do that.

What holds of it is not asked of the program alone: vault and journal are read by their format, and the provider tells how
often it was asked and which token it takes.
"""

import atexit
import concurrent.futures
import functools
import glob
import os
import re
import shutil
import subprocess
import tempfile
import threading
import typing

import vaultfile
from bench import Bench
from django_server import Unavailable

NAME = "one"
VIOLATION = "VIOLATION: "
COMPILING = threading.Lock()


@functools.cache
def compiled():
    folder = tempfile.mkdtemp(prefix="torture-tracer-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tracer.c")
    program = folder + "/tracer"
    for command in [["cc", "-O2", "-o", program, source], [program, "-o", "/dev/null", "list", "true"]]:
        try:
            made = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Unavailable(f"tracer.c: {error}") from error
        if made.returncode != 0:
            raise Unavailable(f"tracer.c: {command[0]} ended with {made.returncode}: {made.stderr}")
    return program


def tracer():
    """The tracer, compiled once; Unavailable where it cannot be, or may not trace."""
    with COMPILING:
        return compiled()


class Call(typing.NamedTuple):
    """One line of the tracer's list."""

    number: int
    name: str
    path: str
    second: str
    result: str
    rest: list

    def __str__(self):
        return f"{self.number} {self.name} {self.path}{self.second and ' → '}{self.second} = {self.result}"


class Pair(typing.NamedTuple):
    """What must never be mixed."""

    access: str
    refresh: str


class Subject(Bench):
    """A vault, with one connection if not more, and its provider."""

    parts = ("work", "home")  # what is in its folder of a run's making

    def __init__(self, binary, server, folder=None, home=None, names=(NAME,)):
        super().__init__(binary, folder)
        self.server = server
        if home:
            self.home = self.environment["HOME"] = home
        self.vault = self.work + "/tokenkeep.vault"
        self.configure(names, server.entry, server.url)
        for name in names:
            self.connect(name)
        self.output = self.folder + "/calls"

    @property
    def state(self):
        return self.home + "/.local/state/tokenkeep"

    def traced(self, *command, mode=("list",), folders=None, network=True, only=None, **options):
        """Runs a command under the tracer; returns how it ended, and the calls, or of them the one that was struck."""
        watch = [word for folder in folders or [] for word in ("-w", folder)]
        wrapper = [tracer(), "-o", self.output, *watch, *(["-n"] if network else []),
                   *(["-c", only] if only else []), *map(str, mode), "--"]
        ended = self.run(*command, wrapper=wrapper, **options)
        with open(self.output, encoding="utf-8", errors="surrogateescape") as lines:
            return ended, [Call(int(one[0]), *one[1:5], one[5:]) for one in (line[:-1].split("\t") for line in lines)]

    def key(self):
        return vaultfile.vault_key(self.vault, self.environment["TOKENKEEP_KEY"])

    def pair(self, name=NAME):
        """The token set, read from the file by its format: at one moment, and without this program."""
        record = vaultfile.records(vaultfile.read(self.vault), self.key())[name]
        return Pair(record.get("access_token"), record.get("refresh_token"))

    def rescued(self):
        """The journals that stand elsewhere than beside the vault."""
        mark = vaultfile.read(self.vault)[16:32].hex()
        folders = {self.state, self.work, os.path.dirname(self.vault)}
        return [path for folder in folders for path in glob.glob(folder + "/*")
                if re.fullmatch(mark + "[.][0-9a-f]{32}", os.path.basename(path))]

    def left(self):
        """The intents of dead runs that no commit has seen, beside the vault and rescued, each with its answer."""
        vault, key, asks = vaultfile.read(self.vault), self.key(), []
        for path in [self.vault + ".journal", *self.rescued()]:
            content = vaultfile.read(path)
            if content:
                word, objects, _ = vaultfile.verdict(content, vault, key)
                asks += vaultfile.asked(objects) if word == "current" else []
        return asks

    def leftovers(self):
        """What no run that ended well leaves."""
        return sorted([*self.rescued(), *(path for end in ("journal", "unread", "next")
                                          for path in glob.glob(f"{os.path.dirname(self.vault)}/*.{end}"))])

    def snapshot(self):
        """Keeps vault and state as they are; returns what brings them back."""
        kept = tempfile.mkdtemp(prefix="kept-", dir=self.folder)
        for name in self.parts:
            shutil.copytree(f"{self.folder}/{name}", f"{kept}/{name}")

        def restore():
            for name in self.parts:
                shutil.rmtree(f"{self.folder}/{name}")
                shutil.copytree(f"{kept}/{name}", f"{self.folder}/{name}")
        return restore

    def renew(self):
        """One more refresh, which shows that the refresh token is the one that counts."""
        ended = self.run("refresh", "--force")
        must(ended.returncode == 0, f"refresh --force ended with {ended.returncode}", ended)
        must(self.server.is_valid(self.pair().access), "the provider does not take the access token", ended)
        left = self.leftovers() + glob.glob(self.state + "/.*.tmp")
        must(not left, f"left behind: {left}", ended)

    def begin_anew(self, violation):
        """After a violation: what it has left must not be found by the next point."""
        try:
            for path in self.leftovers() + glob.glob(self.state + "/.*.tmp"):
                os.remove(path)
            self.connect(NAME)
        except (AssertionError, OSError) as error:
            raise AssertionError(f"{violation}; after that nothing more could be tried: {error}") from error

    def must_list(self):
        listed = self.run("list")
        must(listed.returncode == 0 and NAME in listed.stdout, f"list ended with {listed.returncode}", listed)


def must(holds, what, ended=None):
    if not holds:
        raise AssertionError(what + (f"; it said: {ended.stdout}{ended.stderr}" if ended else ""))


def must_be_uncertain(ended):
    must(ended.returncode == 12 and "may be spent" in ended.stderr and "\nhint: " in ended.stderr,
         f"an intent without an answer, and the next run ended with {ended.returncode}", ended)


def must_not_mix(pair, old):
    must(pair == old or pair.access != old.access and pair.refresh != old.refresh, f"a mix: {pair} of {old}")


def report(what, name, lane):
    """A lane's line, and the violations in it."""
    try:
        tried, ways = lane.result()
    except Unavailable as error:
        return [f"SKIPPED {what}, {name}: {error}"], []
    except AssertionError as error:
        return [], [f"{what}, {name}: {error}"]
    bad = [f"{what}, {name}: {way.removeprefix(VIOLATION)}" for way in ways if way.startswith(VIOLATION)]
    good = ", ".join(f"{count} {way}" for way, count in sorted(ways.items()) if not way.startswith(VIOLATION))
    return [f"{what}, {name}: {tried}: {good}" + (f", {len(bad)} VIOLATIONS" if bad else "")], bad


def gathered(what, lanes):
    """The lines of all lanes, some at once: most of it is waiting for processes. Raises with them on a violation."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        started = {name: pool.submit(lane) for name, lane in lanes.items()}
        parts = [report(what, name, lane) for name, lane in started.items()]
    lines, bad = [line for part, _ in parts for line in part], [one for _, part in parts for one in part]
    assert not bad, "\n".join([*lines, f"{len(bad)} violations:", *bad])
    return lines
