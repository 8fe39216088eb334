"""SIGKILL at the entry and at the exit of every file and network system call, and what is there afterwards."""

import collections
import sys
import time

from bench import Sandbox
from django_server import DjangoServer
from traced import NAME, VIOLATION, Subject, gathered, must, must_be_uncertain, must_not_mix

TRIED_AGAIN = set()


def reopen(subject, old, before):
    """That what a dead run has left is one of four things, and the next run ends as it must; returns which it was."""
    server = subject.server
    subject.must_list()
    pair, asks = subject.pair(), subject.left()
    must_not_mix(pair, old)
    if pair != old:
        must(server.count() == before + 1, f"the vault is new after {server.count() - before} requests")
        is_left = bool(subject.leftovers())
        subject.renew()
        return "committed, its journal still there" if is_left else "committed"
    if any(ask["reply"] for ask in asks):
        ended = subject.run("refresh")
        must(ended.returncode == 0, f"an answer in the journal, and the next run ended with {ended.returncode}", ended)
        pair = subject.pair()
        must(pair.access != old.access and pair.refresh != old.refresh, "an answer that was in the journal is lost", ended)
        must(server.count() == before + 1, f"{server.count() - before} requests for one answer", ended)
        must(server.is_valid(pair.access), "the provider does not take the access token from the journal", ended)
        must(not subject.leftovers(), f"left behind: {subject.leftovers()}", ended)
        subject.renew()
        return "answer in the journal, in the vault after the next run"
    if asks:
        ended = subject.run("refresh")
        must_be_uncertain(ended)
        must(subject.pair() == old, "an intent without an answer, and other tokens", ended)
        must(not subject.leftovers(), f"left behind: {subject.leftovers()}", ended)
        is_asked = server.count() > before
        # Once for each vault, for it takes its time: a second try of a token that was never sent.
        if not is_asked and subject not in TRIED_AGAIN:
            TRIED_AGAIN.add(subject)
            time.sleep(2.1)  # before that no try is made, and a request that was sent after all has come by then
            is_asked = server.count() > before
            if not is_asked:
                subject.ok("refresh", "--try-again", NAME)
        if is_asked or subject.pair() == old:
            subject.connect(NAME)
        return f"intent without answer, {'asked' if is_asked else 'not asked yet'}: 12 and said so"
    must(server.count() == before, f"no intent, and {server.count() - before} requests")
    subject.renew()
    return "no intent, nothing asked, the next run renews"


def finished(expected, new):
    """The check after a kill of the run that finishes a dead run's journal."""
    def check(subject, old, before):
        subject.must_list()
        must(subject.pair() in (old, new), f"neither old nor new: {subject.pair()}")
        is_committed = not subject.left()
        ended = subject.run("refresh")
        if expected == 12:
            must_be_uncertain(ended)
        else:
            must(ended.returncode == 0, f"the run after ended with {ended.returncode}", ended)
        must(subject.pair() == new, "an answer that was in the journal is not in the vault", ended)
        must(subject.server.count() == before, "a journal was finished, and the provider asked", ended)
        must(not subject.leftovers(), f"left behind: {subject.leftovers()}", ended)
        return "committed" if is_committed else "the journal finished by the run after"
    return check


def points(subject, mode, command, check, ways, step, prepare=lambda: None, **watch):
    """Kills at every step-th call that is watched until the command ends by itself; counts what was found under `ways`.

    What must not be goes there, too, and the next points are tried all the same: the figures are wanted most then.
    """
    number, missed, tried = 1, 0, 0
    while missed < 3:
        prepare()
        old, before = subject.pair(), subject.server.count()
        ended, hits = subject.traced(*command, mode=(mode, number), **watch)
        if hits:
            tried, missed = tried + 1, 0
            try:
                must(ended.returncode == 137, f"it was to be killed and ended with {ended.returncode}", ended)
                ways[check(subject, old, before)] += 1
            except AssertionError as error:
                violation = f"{mode} {hits[0]}, of {' '.join(command)}: {error}"
                ways[VIOLATION + violation] += 1
                subject.begin_anew(violation)
        else:
            missed += 1
            must(ended.returncode in (0, 12), f"{' '.join(command)} ended by itself with {ended.returncode}", ended)
        number += step
    return tried


def refreshing(binary, server, files, network, rest):
    """Both kills at every so-manieth call of a refresh: of those that touch vault or state, of the network's, of all.

    How often it polls is a matter of time, so only what is counted without the network is sure to be met each.
    """
    with server() as server:
        subject = Subject(binary, server)
        try:
            ways = collections.Counter()
            kinds = [(files, {"folders": [subject.work, subject.state], "network": False}),
                     (network, {"folders": [subject.folder + "/none"]}), (rest, {})]
            at_entry, at_exit = (
                sum(points(subject, mode, ("refresh", "--force"), reopen, ways, step, **watch) for step, watch in kinds)
                for mode in ("kill-entry", "kill-exit"))
            subject.renew()
            return f"{at_entry} calls at entry, {at_exit} at exit", ways
        finally:
            subject.remove()


def finishing(binary, kill, status, step):
    """Both kills at every call of the run that finds the journal of one which died at `kill`."""
    with Sandbox(binary) as server:
        subject = Subject(binary, server)
        try:
            only, mode = kill
            old = subject.pair()
            subject.traced("refresh", "--force", mode=(mode, 1), folders=[subject.work], only=only)
            restore = subject.snapshot()
            must(subject.run("refresh").returncode == status, f"the journal of a dead run did not give {status}")
            new, ways = subject.pair(), collections.Counter()
            must((new == old) == (status == 12), "the journal of a dead run was not what it was to be")
            must(new == old or server.is_valid(new.access), "the provider does not take the token from the journal")
            check, folders = finished(status, new), [subject.work, subject.state]
            at_entry, at_exit = (
                points(subject, mode, ("refresh",), check, ways, step, restore, folders=folders)
                for mode in ("kill-entry", "kill-exit"))
            return f"{at_entry} calls at entry, {at_exit} at exit", ways
        finally:
            subject.remove()


def run(binary, size):
    steps = {"tiktok": (1, 1, 1), "standard": (1, 1, 1), "Django": (1, 1, 6), "found": 1}
    if size != "long":
        steps = {"tiktok": (1, 1, 40), "standard": (5, 5, 80), "Django": (8, 8, 90), "found": 2}
    return gathered("kill", {
        "refresh, tiktok": lambda: refreshing(binary, lambda: Sandbox(binary), *steps["tiktok"]),
        "refresh, standard": lambda: refreshing(
            binary, lambda: Sandbox(binary, manners="standard"), *steps["standard"]),
        "refresh, Django": lambda: refreshing(binary, DjangoServer, *steps["Django"]),
        "run that finds an answer": lambda: finishing(binary, ("fdatasync", "kill-exit"), 0, steps["found"]),
        "run that finds an intent": lambda: finishing(binary, ("sendto", "kill-entry"), 12, steps["found"])})


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
