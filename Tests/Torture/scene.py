"""A vault and the journals of runs that were killed between the answers and the rename, to be laid out anew as often as
wanted: damaged, doubled, too old, too new, in any folder that the program looks into.
"""

import copy
import glob
import os
import shutil
import tempfile

import vaultfile
from bench import Bench

NAMES = ["c", "d", "e", "f"]
VAULT = "/kept/tokenkeep.vault"  # a folder of its own, so that beside the config is not beside the vault


def pair(record):
    return record["access_token"], record["refresh_token"]


class Scene:
    """One vault, and three journals that go with it: of a run that was answered for e and f, for c alone, for d alone."""

    def __init__(self, binary, server):
        self.server = server
        self.bench = Bench(binary)
        self.bench.configure(NAMES, server.entry, server.url)
        for name in NAMES:
            self.bench.connect(name)
        work = self.bench.work
        os.mkdir(os.path.dirname(work + VAULT))
        os.rename(work + "/tokenkeep.vault", work + VAULT)
        with open(work + "/tokenkeep.toml", encoding="utf-8") as file:
            config = file.read()
        with open(work + "/tokenkeep.toml", "w", encoding="utf-8") as file:
            file.write(config.replace('"tokenkeep.vault"', f'"{VAULT[1:]}"'))
        self.text = self.bench.environment["TOKENKEEP_KEY"]
        self.key = vaultfile.vault_key(self.path, self.text)
        self.values = {self.text, "sandbox-secret"} | {value for name in NAMES for value in pair(self.records()[name])}
        # Answers come later than the tokens that they replace.
        vaultfile.change(self.path, self.key, lambda records: [
            records[name].update(obtained_at=records[name]["obtained_at"] - 60) for name in NAMES])
        self.vault = self.bytes()
        self.journal, self.for_c, self.for_d = (
            self.killed("refresh", "--force", *names) for names in (["e", "f"], ["c"], ["d"]))

    @property
    def path(self):
        return self.bench.work + VAULT

    def spare(self):
        """The same in another folder, so that two can be tried at once."""
        other = copy.copy(self)
        other.bench = copy.copy(self.bench)
        folder = tempfile.mkdtemp(prefix="torture-")
        other.bench.folder, other.bench.work, other.bench.home = folder, folder + "/work", folder + "/home"
        other.bench.environment = {**self.bench.environment, "HOME": other.bench.home}
        shutil.copytree(self.bench.work, other.bench.work)
        os.mkdir(other.bench.home)
        return other

    def bytes(self):
        return vaultfile.read(self.path)

    def records(self, key=None):
        return vaultfile.records(self.bytes(), key or self.key)

    def killed(self, *arguments):
        """Runs a command that is killed when it renames the vault's next version; returns the journal that is left."""
        self.lay(self.vault)
        inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=/^rename",
                  "-e", "inject=/^rename:signal=KILL:when=1"]
        ended = self.bench.run(*arguments, wrapper=inject)
        assert ended.returncode == -9, f"strace ended with {ended.returncode}: {ended.stderr}"
        content = vaultfile.read(self.path + ".journal")
        self.learn(content)
        return content

    def learn(self, content):
        """Remembers what no command may print."""
        for ask in vaultfile.asked([frame for _, frame in vaultfile.frames(content, self.key)]):
            if ask["reply"] and ask["reply"]["t"] == "got":
                self.values |= set(pair(vaultfile.answer(ask["reply"])))

    def folders(self):
        """Where rescued journals are looked for, and the variables with which each is."""
        home, work = self.bench.home, self.bench.work
        return {"$XDG_STATE_HOME/tokenkeep": (home + "/xdg/tokenkeep", {"XDG_STATE_HOME": home + "/xdg"}),
                "~/.local/state/tokenkeep": (home + "/.local/state/tokenkeep", {}),
                "beside the config": (work, {}), "beside the vault": (os.path.dirname(self.path), {})}

    def lay(self, vault, journal=None, rescued=(), keep_pins=False):
        """Puts a vault in place, and journals beside it and in folders; whatever was there before is gone."""
        if not keep_pins:
            shutil.rmtree(self.bench.home)
            os.mkdir(self.bench.home, 0o700)
        identity = self.vault[16:32].hex()
        for path in glob.glob(os.path.dirname(self.path) + "/*") + glob.glob(self.bench.work + f"/{identity}.*"):
            os.remove(path)
        files = {self.path: vault, **dict(rescued)}
        if journal is not None:
            files[self.path + ".journal"] = journal
        for path, content in files.items():
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)

    def rescue(self, content, *places):
        """The same journal under its rescued name in those folders."""
        return {self.folders()[place][0] + "/" + vaultfile.rescue_name(content): content for place in places}

    def run(self, *arguments, status=0, **options):
        """Runs a command, which has to end with that status and must not say a value; returns its words."""
        ended = self.bench.run(*arguments, **options)
        words = ended.stdout + ended.stderr
        assert ended.returncode == status, f"{' '.join(arguments)} ended with {ended.returncode}, not {status}: {words}"
        assert not any(value in words for value in self.values), f"{' '.join(arguments)} printed a token"
        return words

    def write(self, status=0, *options, **more):
        """A command that writes and asks nobody: what a dead run left comes into the vault before."""
        return self.run("set", "PROBE", *options, status=status, text="probe", **more)

    def unread(self):
        """What was kept aside, by path."""
        places = [os.path.dirname(self.path), self.bench.work, *(folder for folder, _ in self.folders().values())]
        return {path: vaultfile.read(path) for place in places for path in glob.glob(place + "/*.unread")}

    def expect(self, before, objects):
        """That the vault holds what it held, and of the journal's frames what §6 says, and nothing else."""
        records, old = self.records(), vaultfile.records(before, self.key)
        replies = {ask["name"]: ask for ask in vaultfile.asked(objects)}
        for name in NAMES:
            ask, now = replies.get(name), records[name]
            is_mine = ask and ask["fp"] == vaultfile.fingerprint(self.key, old[name]["refresh_token"])
            if is_mine and ask["reply"]:
                wanted = vaultfile.answer(ask["reply"])
                assert pair(now) == pair(wanted), f"{name}: the answer in the journal did not come into the vault"
                assert now["expires_at"] == ask["reply"]["at"] + wanted["expires_in"], f"{name}: another expiry"
                assert "trouble" not in now, f"{name}: {now['trouble']} after an answer that was good"
            else:
                assert pair(now) == pair(old[name]), f"{name}: its tokens changed without an answer"
                assert now.get("trouble") == ("uncertain" if is_mine else None), (
                    f"{name}: {now.get('trouble')}, and its intent {'stands' if is_mine else 'does not'}")
