"""Every call that touches the vault's folder or the state folder fails in turn, and so does every network call.

Whatever it says at the end has to be so: 0 that the connection is renewed, 73 that nobody was asked, 74 that the answer is
safe, 12 that it may be lost, which no single failure of a disk may bring about.
"""

import collections
import itertools
import sys

from bench import Sandbox
from traced import NAME, VIOLATION, Subject, gathered, must, must_be_uncertain, must_not_mix

WRITING = ["create", "openat", "write", "lseek", "fallocate", "fsync", "fdatasync", "close", "rename", "linkat", "unlink"]
READING = ["read", "flock", "newfstatat", "getdents64", "readlink", "access"]
NETWORK = ["socket", "connect", "sendto", "recvfrom", "poll", "getsockopt", "setsockopt", "fcntl", "close"]
ERRORS = {"ENOSPC": WRITING, "EIO": WRITING + READING, "EACCES": WRITING + READING, "EINTR": WRITING + READING[:2]}
# What a run can end with that has asked nobody: it could not write, or not read vault or config.
NOT_ASKED = {73, 1, 66, 78}


def settled(subject, old, before, ended, is_lasting, mend=lambda: None):
    """That a run under a failure tells the truth, and that the next one, after `mend`, makes it good; returns how it ended.

    `is_lasting` is set where the answer itself can be lost: by the network, or a failure of all disks that does not end.
    """
    status, asked = ended.returncode, subject.server.count() - before
    said, pair = f"it ended with {status} after {asked} requests", subject.pair()
    must(status == 0 or "hint: " in ended.stderr, f"{said}, without a hint", ended)
    must(not any(token in ended.stderr + ended.stdout for token in (*old, *pair)), f"{said}, and printed a token")
    must_not_mix(pair, old)
    must(asked in (0, 1), said, ended)
    subject.must_list()
    asks = subject.left()
    is_kept = any(ask["reply"] for ask in asks)
    mend()
    if asked == 0 and status in NOT_ASKED:
        must(pair == old, f"{said}, and other tokens are in the vault", ended)
        if asks and is_lasting:
            # What is on the disk says that it may have been asked, and could not be taken back.
            must_be_uncertain(subject.run("refresh"))
            subject.connect(NAME)
            return f"{status}, nothing asked, but the intent stayed: 12"
        subject.renew()
        return f"{status}, nothing asked"
    if status == 12 and is_lasting and is_kept:
        must_be_finished(subject, old, before + 1)
        return "12, and the next run found the answer all the same"
    if status == 12 and is_lasting or status == 11 and is_lasting and not asked:
        must(pair == old, f"{said}, and other tokens are in the vault", ended)
        if status == 11:
            subject.renew()
        else:
            must_be_uncertain(subject.run("refresh"))
            subject.connect(NAME)
        return f"{status}, {'asked, and the answer was lost' if asked else 'not asked'}"
    must(asked == 1 and status in (0, 74), said, ended)
    if status == 0:
        must(pair != old, f"{said}, and the vault is old", ended)
    else:
        must(pair != old or is_kept, f"{said}, and the answer is nowhere", ended)
    must_be_finished(subject, old, before + 1)
    if status:
        subject.renew()
    return "renewed" if status == 0 else "74, and the next run finished"


def must_be_finished(subject, old, count):
    """The next run, with nothing in its way."""
    after = subject.run("refresh")
    pair = subject.pair()
    must(after.returncode == 0, f"the run after ended with {after.returncode}", after)
    must(pair.access != old.access and pair.refresh != old.refresh, "the run after left the answer out", after)
    must(subject.server.is_valid(pair.access), "the provider does not take the access token", after)
    must(subject.server.count() == count, "the run after asked for what had been answered", after)
    must(not subject.leftovers(), f"left behind: {subject.leftovers()}", after)


def refreshed(is_lasting=False):
    """The check after one refresh that asks."""
    return lambda subject, old, before, ended: settled(subject, old, before, ended, is_lasting)


def applied(subject, old, before, ended):
    """The check after a run that finds an answer in the journal."""
    status, pair = ended.returncode, subject.pair()
    must(status == 0 or "hint: " in ended.stderr, f"it ended with {status}, without a hint", ended)
    must(status in {0, 74, *NOT_ASKED}, f"it ended with {status}", ended)
    must_not_mix(pair, old)
    must(status != 0 or pair != old, "it ended with 0, and the answer is not in the vault", ended)
    subject.must_list()
    must_be_finished(subject, old, before)
    return "applied" if status == 0 else f"{status}, and the next run finished"


def strike(subject, ways, calls, mode, check, command=("refresh", "--force"), prepare=lambda: None, **watch):
    """Strikes at each of these calls in turn; returns at how many."""
    tried = 0
    for name in calls:
        for number in itertools.count(1):
            prepare()
            old, before = subject.pair(), subject.server.count()
            ended, hits = subject.traced(*command, mode=(mode[0], f"{number}{mode[1]}", *mode[2:]), only=name, **watch)
            if not hits:
                break
            tried += 1
            label = name if "," not in name else "all"
            try:
                ways[f"{label}: {check(subject, old, before, ended)}"] += 1
            except AssertionError as error:
                violation = f"{' '.join(mode)} at {hits[0]}, of {' '.join(command)}: {error}"
                ways[VIOLATION + violation] += 1
                subject.begin_anew(violation)
        must(ended.returncode == 0, f"{' '.join(command)} under the tracer ended with {ended.returncode}", ended)
    return tried


def lane(binary, manners, strikes):
    """Runs strikes on a connection of their own."""
    def run_lane():
        with Sandbox(binary, manners=manners) as server:
            subject = Subject(binary, server)
            try:
                ways = collections.Counter()
                return f"{strikes(subject, ways)} calls", ways
            finally:
                subject.remove()
    return run_lane


def one_fails(error, calls):
    def strikes(subject, ways):
        return strike(subject, ways, calls, ("error", "", error), refreshed(), folders=[subject.work, subject.state],
                      network=False)
    return strikes


def writes_are_short(subject, ways):
    return strike(subject, ways, ["write"], ("short", ""), refreshed(), folders=[subject.work, subject.state], network=False)


def disk_fails(error, calls, with_state):
    """From some call on every one fails, in the vault's folder or in the state folder, too."""
    def strikes(subject, ways):
        folders = [subject.work, subject.state] if with_state else [subject.work]

        def check(subject, old, before, ended):
            way = settled(subject, old, before, ended, is_lasting=True)
            must(with_state or not way.startswith("12"), f"the state folder was whole, and it ended with {way}", ended)
            return way
        return strike(subject, ways, [",".join(calls)], ("error", "+", error), check, folders=folders, network=False)
    return strikes


def network_fails(error):
    def strikes(subject, ways):
        return strike(subject, ways, NETWORK, ("error", "", error), refreshed(is_lasting=True),
                      folders=[subject.folder + "/none"])
    return strikes


def journal_is_found(error, calls):
    """The same for the run that finds the journal of a dead one."""
    def strikes(subject, ways):
        subject.traced("refresh", "--force", mode=("kill-exit", 1), folders=[subject.work], only="fdatasync")
        return strike(subject, ways, calls, ("error", "", error), applied, ("refresh",), subject.snapshot(),
                      folders=[subject.work, subject.state], network=False)
    return strikes


def run(binary, size):
    is_long = size == "long"
    changing = [call for call in WRITING if call not in ("openat", "close", "lseek")]
    # A full disk takes names away and gives them other names.
    filling = [call for call in changing if call not in ("rename", "unlink")]
    touching = WRITING + READING if is_long else changing
    kinds = {error: one_fails(error, calls if is_long else [call for call in calls if call not in READING[2:]])
             for error, calls in ERRORS.items()}
    kinds["short writes"] = writes_are_short
    for error, calls in {"ENOSPC": filling, "EIO": touching}.items():
        kinds[f"{error} from there on, vault's folder"] = disk_fails(error, calls, False)
        kinds[f"{error} from there on, state folder, too"] = disk_fails(error, calls, True)
    kinds["network, ECONNRESET"] = network_fails("ECONNRESET")
    for error in ERRORS if is_long else ["EIO"]:
        kinds[f"{error}, run that finds an answer"] = journal_is_found(error, WRITING)
    return gathered("fail", {
        f"{kind}, {manners}": lane(binary, manners, strikes)
        for manners in (["tiktok", "standard"] if is_long else ["tiktok"]) for kind, strikes in kinds.items()})


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
