"""Very many processes that want one due connection at the same moment: the provider is asked once, whatever it answers.

A process stands ready in a shell that waits for its standard input to end; when the last one stands, all go at once. In
every second round the lock is held until they run, so that all of them wait; in the others late ones come when the
answer is there already. How a connection is due, and that a failed round leaves no trace for the next, is written into
the vault between the rounds by this suite's own writer: no clock is waited for.
"""

import collections
import contextlib
import fcntl
import os
import subprocess
import sys
import time

import vaultfile
from bench import Bench, Sandbox
from django_server import DjangoServer, Unavailable
from proxy import Proxy

NAME = "crowd"
WAIT = 'read -r _; exec "$@"'
GET = ["get", NAME]
# With five minutes left the policy calls it due; get has to be told.
MIX = [["get", NAME, "--min-valid", "10m"], ["refresh", NAME], ["run", "--", "printenv", "CROWD_ACCESS_TOKEN"]]


class Crowd:
    """A vault with one connection, and as many processes as are wanted."""

    def __init__(self, binary, server, proxy):
        self.server, self.proxy = server, proxy
        self.bench = Bench(binary)
        self.bench.binary = os.path.realpath(binary)
        self.bench.configure([NAME], server.entry, proxy.url)
        # The browser's part goes through no proxy.
        self.bench.connect(NAME, lambda url: url.replace(proxy.url, server.url))
        self.vault = self.bench.work + "/tokenkeep.vault"
        self.key = vaultfile.vault_key(self.vault, self.bench.environment["TOKENKEEP_KEY"])
        self.slowest, self.wrong = 0, []

    def record(self):
        return vaultfile.records(vaultfile.read(self.vault), self.key)[NAME]

    def make_due(self, left):
        """Says that the access token has `left` seconds to live, and takes back what a failure has left."""
        def edit(records):
            one = records[NAME]
            for member in ("trouble", "question", "not_before", "failures", "last", "unread"):
                one.pop(member, None)
            one["obtained_at"] = int(time.time()) - 7000
            one["expires_at"] = int(time.time()) + left
        vaultfile.change(self.vault, self.key, edit)

    def round(self, count, commands, hold):
        """Lets `count` processes go at once; returns for each its command, status, output and words."""
        with contextlib.ExitStack() as stack:
            gate, opener = os.pipe()
            stack.callback(os.close, gate)
            if hold:
                lock = stack.enter_context(open(self.vault + ".lock", "wb"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            every = [
                (command, subprocess.Popen(
                    ["/bin/sh", "-c", WAIT, "crowd", self.bench.binary, *command], cwd=self.bench.work, stdin=gate,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.bench.environment))
                for command in (commands[number % len(commands)] for number in range(count))]
            begin = time.monotonic()
            os.close(opener)
            if hold:
                # The gate opens for all before the lock does: the last of them runs its own program by then.
                last = every[-1][1]
                while os.path.realpath(f"/proc/{last.pid}/exe") != self.bench.binary and last.poll() is None:
                    time.sleep(0.001)
                fcntl.flock(lock, fcntl.LOCK_UN)
            ends = []
            for command, process in every:
                out, words = process.communicate(timeout=120)
                ends.append((command[0], process.returncode, out.strip(), words))
            self.slowest = max(self.slowest, time.monotonic() - begin)
        return ends

    def check(self, ends, before, wanted, secrets):
        """What holds of every round: one request, the status that fits each command, nothing of value in any word.

        Processes that end with another status are noted, so that one of them does not hide the rest; the others are
        returned.
        """
        asked = self.proxy.refreshes - before
        found = sorted({(command, status) for command, status, _, _ in ends})
        assert asked == 1, f"{len(ends)} processes, {asked} requests; they ended with {found}: {sample(ends)}"
        for command, status, _, words in ends:
            if status != wanted[command]:
                self.wrong.append((f"{command} ended with {status}, not {wanted[command]}", words))
            assert not any(secret in words for secret in secrets), f"a token stands in the words of {command}"
        return [end for end in ends if end[1] == wanted[end[0]]]

    def alive(self):
        families = self.server.statistics()["families"]
        assert families == {"alive": 1, "revoked": 0}, f"the family does not live: {families}"


def sample(ends):
    return sorted({words for _, _, _, words in ends})[:5]


def tokens(record):
    return record["access_token"], record["refresh_token"]


def renewals(crowd, count, rounds, commands):
    """The provider answers: one new token set a round, and everybody is given that one. Returns how many were."""
    handed = 0
    for number in range(rounds):
        crowd.make_due(300 if commands is MIX else -10)
        old, before = tokens(crowd.record()), crowd.proxy.refreshes
        ends = crowd.round(count, commands, hold=number % 2 == 0)
        ends = crowd.check(ends, before, {"get": 0, "refresh": 0, "run": 0}, old + tokens(crowd.record()))
        given = [out for command, _, out, _ in ends if command != "refresh"]
        assert set(given) == {crowd.record()["access_token"]} and given[0] != old[0], (
            f"{len(set(given))} different tokens were handed out, and the vault's is "
            f"{'one' if crowd.record()['access_token'] in given else 'none'} of them")
        assert crowd.server.is_valid(given[0]), "the provider does not take the token that was handed out"
        crowd.alive()
        handed += len(given)
    return handed


def failures(crowd, count, rounds, headers, status):
    """The provider is not available: one request a round, `status` for those who need more than there is, and the old
    token, which is good still, for an app that `run` starts."""
    crowd.proxy.failure = (503, headers)
    for number in range(rounds):
        is_expired = number % 2 == 1
        crowd.make_due(-10 if is_expired else 300)
        old, before = tokens(crowd.record()), crowd.proxy.refreshes
        commands = [GET, ["refresh", NAME], MIX[2]] if is_expired else MIX
        ends = crowd.round(count, commands, hold=number // 2 % 2 == 0)
        ends = crowd.check(ends, before, {"get": status, "refresh": status, "run": status if is_expired else 0}, old)
        assert tokens(crowd.record()) == old, "a failure has changed a token"
        given = {out for command, _, out, _ in ends if command == "run"} - {""}
        assert given == (set() if is_expired else {old[0]}), f"run gave {len(given)} tokens"
        assert all(not out for command, _, out, _ in ends if command != "run"), "get printed something"
    crowd.proxy.failure = None
    recover(crowd, ["--force"] if status == 11 else ["--try-again"])


def recover(crowd, option):
    """Nothing was lost: a person's wish renews it, without an edit."""
    end = time.monotonic() + 10
    while (ended := crowd.bench.run("refresh", *option, NAME)).returncode != 0:
        # A second try comes two seconds after the first at the earliest.
        assert "wait 2 s" in ended.stderr and time.monotonic() < end, f"refresh {option}: {ended.stderr}"
        time.sleep(0.1)
    assert crowd.server.is_valid(crowd.bench.ok("get", NAME).strip()), "the provider does not take the token"
    crowd.alive()


def against(binary, server, count, rounds):
    with server, Proxy(server.url) as proxy:
        crowd = Crowd(binary, server, proxy)
        try:
            lines = []
            title = "django-oauth-toolkit" if isinstance(server, DjangoServer) else "sandbox"
            for words, commands in [("get", [GET]), ("get, refresh and run", MIX)]:
                before = server.count("refresh")
                handed = renewals(crowd, count, rounds, commands)
                asked = server.count("refresh") - before
                assert asked == rounds, f"{asked} requests at the server in {rounds} rounds"
                lines.append(f"crowd of {count}, {words}, {title}: {rounds} times, {asked} requests, {handed} valid "
                             "tokens handed out, family alive")
            for words, headers, status in [("503", {}, 12), ("503 with Retry-After", {"Retry-After": "600"}, 11)]:
                before = proxy.refreshes
                failures(crowd, count, rounds, headers, status)
                # One more is the recovery's.
                lines.append(f"crowd of {count}, {words}, {title}: {rounds} times, "
                             f"{proxy.refreshes - before - 1} requests, statuses {status} and 0, nothing lost")
            if isinstance(server, DjangoServer):
                server.check()
            kinds = collections.Counter(what for what, _ in crowd.wrong)
            assert not kinds, "\n".join(
                [f"crowd, {title}: {dict(kinds)}, such as: {crowd.wrong[0][1]!r}", "the others:", *lines])
            return lines + [f"the slowest of all, {title}: {crowd.slowest:.1f} s"]
        finally:
            crowd.bench.remove()


def run(binary, size):
    count, rounds = (200, 20) if size == "long" else (40, 3)
    lines, failed = [], []
    for server in (lambda: Sandbox(binary), DjangoServer):
        try:
            lines += against(binary, server(), count, rounds)
        except Unavailable as why:
            lines.append(f"SKIPPED crowd against django-oauth-toolkit: {why}")
        except AssertionError as error:
            failed.append(str(error))
    assert not failed, "\n".join(failed + lines)
    return lines


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
