"""A vault of several key slots, the commands that change them, and what has to hold whatever became of such a command."""

import hashlib
import json
import os
import re
import subprocess
import typing

import vaultfile
from bench import LET_GO
from traced import Subject, must

WHOLE = re.compile(r"(tkk1_[A-Za-z0-9_-]{43})_([0-9a-f]{8})\n")


class Change(typing.NamedTuple):
    """A command that changes the slots. Keys go by the names of their files, and FRESH in the words is the new one's."""

    words: tuple
    kept: tuple  # what opens the vault before and after, that of a job last
    gone: tuple = ()  # what opens it before only
    new: str = ""  # what opens it after only
    is_printed: bool = False  # the new key goes to standard output
    again: int = 66  # how the command ends when it is done already


FRESH, NEW = "FRESH", "new"
TO_FILE = ("--key-out", FRESH)
CHANGES = {
    "key add": Change(("key", "add", "extra", *TO_FILE), ("main", "deploy", "cron"), new=NEW, again=64),
    "key stage": Change(("key", "stage", "cron", *TO_FILE), ("main", "deploy", "cron"), new=NEW, again=64),
    "key commit": Change(
        ("key", "commit", "cron", "--slot-key", "cron.next=cron.next", "--slot-key", "deploy=deploy"),
        ("main", "deploy", "cron.next"), ("cron",)),
    "key remove": Change(("key", "remove", "deploy", "--slot-key", "cron=cron"), ("main", "cron"), ("deploy",)),
    "key rotate": Change(
        ("key", "rotate", "main", "--slot-key", "cron=cron", "--slot-key", "deploy=deploy", *TO_FILE),
        ("deploy", "cron"), ("main",), NEW, again=77),
    "key rotate, printed": Change(
        ("key", "rotate", "main", "--slot-key", "cron=cron", "--slot-key", "deploy=deploy"),
        ("deploy", "cron"), ("main",), NEW, is_printed=True, again=77),
    "key passwd": Change(("key", "passwd", "human"), ("main", "cron"), ("human",), "human.new", again=64),
    "key rotate beside a passphrase": Change(
        ("key", "rotate", "main", "--slot-key", "cron=cron", "--slot-key", "human=human", *TO_FILE),
        ("human", "cron"), ("main",), NEW, again=77)}


class Keyring(Subject):
    """A vault with the slots main, deploy and cron, whose keys are in files of a folder of their own."""

    parts = ("work", "home", "keys")

    def __init__(self, binary, server, change):
        super().__init__(binary, server)
        self.change = change
        self.keys = self.folder + "/keys"
        os.mkdir(self.keys)
        self.put("main", self.environment["TOKENKEEP_KEY"])
        self.put("human", "seven-hills-above-the-old-harbour")
        self.put("human.new", "eight-boats-below-the-new-bridge")
        given = [word.split("=")[0] for word in change.words if "=" in word]
        self.ok("key", "add", "cron", *self.out("cron"))
        if "human" in given or "human" in change.words:
            self.ok("key", "add", "human", "--passphrase", environment={"TOKENKEEP_NEW_PASSPHRASE": self.text("human")})
        else:
            self.ok("key", "add", "deploy", *self.out("deploy"))
        if "cron.next" in given:
            self.ok("key", "stage", "cron", *self.out("cron.next"))
            self.ok("refresh", "--key-file", self.path("cron.next"))
        self.environment["TOKENKEEP_NEW_PASSPHRASE"] = self.text("human.new")
        vault = vaultfile.read(self.vault)
        self.before = vaultfile.slots(vault)
        self.records = self.told(vaultfile.records(vault, self.key()))
        self.names = self.everything()
        self.at, self.slots = listed(self)
        self.known = {}

    def path(self, name):
        return f"{self.keys}/{name}"

    def out(self, name):
        return "--quiet", "--key-out", self.path(name)

    def put(self, name, text):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")

    def text(self, name):
        return (vaultfile.read(self.path(name)) or b"").decode().rstrip("\n")

    def whole(self, name):
        """A key's text if its file holds all of it: its checksum tells."""
        found = WHOLE.fullmatch((vaultfile.read(self.path(name)) or b"").decode())
        return found and hashlib.sha256(found[1].encode()).hexdigest()[:8] == found[2]

    def key(self):
        """By whichever raw key opens the vault now."""
        vault = vaultfile.read(self.vault)
        keys = (vaultfile.unlocked(vault, self.text(name)) for name in sorted(os.listdir(self.keys)) if self.whole(name))
        return next(filter(None, keys))

    def words(self, fresh=NEW):
        """The command, with this file for its new key."""
        def placed(word):
            label, _, name = word.partition("=")
            return self.path(fresh) if word == FRESH else f"{label}={self.path(name)}" if name else word
        return [*map(placed, self.change.words), "--key-file", self.path("main")]

    def run(self, *arguments, out=None, **options):
        """`out` is the file of a new key that is printed; it is there before, as a shell makes it."""
        if not out:
            return super().run(*arguments, **options)
        with open(os.open(self.path(out), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            return super().run(*arguments, stdout=file, **options)

    @property
    def printed(self):
        return {"out": NEW} if self.change.is_printed else {}

    @property
    def folders(self):
        return [self.work, self.state, self.keys]

    def everything(self):
        return {f"{folder[len(self.folder):]}/{name}" for folder in self.folders for name in os.listdir(folder)}

    def fingerprint(self):
        """A digest of all files."""
        files = [(name, vaultfile.read(self.folder + name)) for name in sorted(self.everything())]
        return hashlib.sha256(repr(files).encode()).digest()

    def opened(self, name):
        """What `list` shows to whoever has what is in that file; None where it opens nothing, and that is said."""
        if self.text(name).startswith("tkk1_"):
            ended = self.run("list", "--json", "--key-file", self.path(name))
        else:
            variables = {"TOKENKEEP_KEY": "", "TOKENKEEP_PASSPHRASE_FILE": self.path(name)}
            ended = self.run("list", "--json", environment=variables)
        is_refused = ended.returncode == 77 and "no key slot of" in ended.stderr and "\nhint: " in ended.stderr
        must(ended.returncode == 0 or is_refused, f"list with the key {name} ended with {ended.returncode}", ended)
        return None if is_refused else ended.stdout

    @property
    def is_new(self):
        """As `key list` tells it."""
        return listed(self)[1] != self.slots

    def remove(self):
        keys = [self.text(name) for name in os.listdir(self.keys) if self.text(name)]
        subprocess.run([LET_GO, self.folder, *keys], check=False)

    def begin_anew(self, violation):
        """Before each point the vault is laid out anew."""

    @staticmethod
    def told(records):
        """The records that a change of the slots leaves alone."""
        return {name: record for name, record in records.items() if name != "_vault"}

    # What has to hold.

    def must_open(self, is_new, fresh=NEW):
        """That with each key the vault opens, or does not, as it must; that all who open it see the same."""
        change, seen = self.change, set()
        for name in change.kept + (() if is_new else change.gone):
            seen.add(self.opened(name))
            must(None not in seen, f"{name} does not open the {'new' if is_new else 'old'} vault")
        for name in change.gone if is_new else ():
            must(self.opened(name) is None, f"{name} still opens the new vault")
        if change.new:
            name = fresh if change.new == NEW else change.new
            is_whole = self.whole(name) or name == "human.new"
            if is_new:
                must(is_whole, f"the vault is the new one, and {name} holds no whole key")
                seen.add(self.opened(name))
                must(None not in seen, f"{name} does not open the new vault")
            elif is_whole:
                must(self.opened(name) is None, f"{name} opens the old vault")
            elif not change.is_printed:
                must(not os.path.exists(self.path(name)), f"{name} is there, and holds no whole key")
        must(len(seen) == 1, f"who opens it sees {len(seen)} different lists")

    def must_hold(self, is_new):
        """Header, slots and records, read from the file by its format, with each kept key; returns the records."""
        vault = vaultfile.read(self.vault)
        keys = {vaultfile.unlocked(vault, self.text(name)) for name in self.change.kept if self.whole(name)}
        must(len(keys) == 1 and None not in keys, "the kept keys do not all open one vault")
        (epoch, generation), slots = listed(self)
        must((epoch, generation) == generations(vault), "key list tells of another vault")
        must(epoch >= self.at[0] and generation > self.at[1] if is_new else epoch == self.at[0],
             f"{'new' if is_new else 'old'} slots, and it went from {self.at} to {epoch, generation}")
        must((slots != self.slots) == (vaultfile.slots(vault) != self.before), "key list does not tell which it is")
        return self.told(vaultfile.records(vault, keys.pop()))

    def must_go_on(self, is_new):
        """That a job with a kept key goes on and leaves nothing but a key's file, and that the command can be run again."""
        job = self.path(self.change.kept[-1])
        self.ok("refresh", "--quiet", "--key-file", job)
        self.ok("set", "--quiet", "PROBE", "--key-file", job, text="probe")
        stray = self.everything() - self.names - {"/keys/" + NEW}
        must(not stray, f"left behind: {sorted(stray)}")
        printed = {"out": "again"} if self.change.is_printed else {}
        ended = self.run(*self.words("again"), **printed)
        if is_new:
            must(ended.returncode == self.change.again and "\nhint: " in ended.stderr,
                 f"done already, and run again it ended with {ended.returncode}", ended)
            must(self.change.is_printed or not os.path.exists(self.path("again")), "a key for what was done already", ended)
        else:
            must(ended.returncode == 0 and self.is_new, f"run again it ended with {ended.returncode}", ended)
            self.must_open(True, "again")


def generations(vault):
    """What goes up, in its order."""
    return vaultfile.epoch(vault), vaultfile.generation(vault)


def listed(ring):
    """What `key list` says, without a key."""
    told = json.loads(ring.ok("key", "list", "--json"))
    return (told["epoch"], told["generation"]), {slot["label"]: slot["id"] for slot in told["slots"]}

