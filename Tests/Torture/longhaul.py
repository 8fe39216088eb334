"""Many connections with short lives, a provider that loses answers, and a refresh loop that is killed all the time.

At the end every connection is accounted for by name: it is fresh and its family lives, or the provider did spend its
token and that answer never reached the journal: it was thrown away, or the run was killed before it was sent, or while it
was under way. Which of them it is nobody has to guess: a proxy before the provider knows what it passed on and when, and
after each kill the journal, opened here with the vault's key, tells what had arrived.
"""

import collections
import concurrent.futures
import glob
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse

from bench import Bench, Sandbox, redirect
from proxy import Proxy
from vaultfile import fingerprint, journal, vault_key


def connect(bench, proxy, names):
    """Authorises every account, some at once: most of it is waiting for processes."""
    def one(name):
        url = bench.ok("--quiet", "connect", name, "--print-url").strip()
        # The browser's part goes to the provider itself; the code tells the proxy whose tokens will come.
        back = redirect(url.replace(proxy.url, f"http://{proxy.upstream}"))
        proxy.owners[urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]] = name
        bench.ok("--quiet", "connect", name, "--callback", "-", text=back)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1) as pool:
        list(pool.map(one, names))


def haul(bench, proxy, key, seconds, dice, options):
    """Runs the loop and kills it about every second: now at any moment, now while a request is out.

    Returns how often it ended with which status, and each kill: when it was, and the intents that it left in the journal.
    """
    exits, kills, shots = collections.Counter(), [], []
    end = time.monotonic() + seconds
    kill_at, is_aimed = time.monotonic() + dice.uniform(0.5, 1.5), False
    while time.monotonic() < end:
        process = bench.start("refresh", *options, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        words = []
        reader = threading.Thread(target=lambda p=process, w=words: w.append(p.stderr.read()))
        reader.start()

        def shot(process=process):
            shots.append(time.monotonic())
            process.kill()

        try:
            if is_aimed and time.monotonic() >= kill_at:
                proxy.aim(shot)
            status = process.wait(None if is_aimed else max(0, kill_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            shot()
            status = process.wait()
        proxy.aim(None)
        reader.join()
        exits[status] += 1
        if status == -9:
            kills.append((shots[-1], journal(bench.work + "/tokenkeep.vault.journal", key)))
            kill_at, is_aimed = time.monotonic() + dice.uniform(0.5, 1.5), not is_aimed
        elif status not in (0, 10, 11, 12):
            raise AssertionError(f"refresh ended with {status}: {words[0][-2000:]}; beside the vault: "
                                 f"{sorted(os.listdir(bench.work))}")
    return exits, kills


def settle(bench, options):
    """Runs refresh until nothing more will change by itself, and returns the last status."""
    began = time.time()
    while True:
        ended = bench.run("refresh", *options)
        if ended.returncode not in (0, 10, 11, 12):
            raise AssertionError(f"refresh ended with {ended.returncode}: {ended.stderr[-2000:]}")
        status = bench.status()
        now = time.time()
        open_ones = [
            name for name, one in status.items()
            if not (one["last"]["outcome"] == "renewed" and one["last"]["at"] >= int(began)
                    or one["state"] in ("uncertain", "reauthorize") and one.get("person_needed_by", now + 1) <= now)]
        if not open_ones:
            return status
        if now - began > 300:
            raise AssertionError(f"still neither renewed nor given up: "
                                 f"{[status[name] for name in open_ones[:5]]}, {len(open_ones)} in all")
        time.sleep(0.5)  # what it waits for are moments, such as the end of an access token


def works(bench, sandbox, name):
    """None when `get` gives a token that the provider takes, else what came of it; a token may end on the way, and more so
    on a busy machine."""
    for _ in range(10):
        got = bench.run("get", name)
        if got.returncode == 0 and sandbox.is_valid(got.stdout.strip()):
            return None
    return got.stderr.strip() or "a token that the provider does not take"


NOT_SENT = "killed before the provider answered"
UNDER_WAY = "killed while the answer was under way"


def cause(one, cuts, fate, sent):
    """Why a connection is uncertain or refused, by what the proxy and the kills know of its token; None without cause.

    `cuts` tells when which attempt was killed, `sent` when the answer went out.
    """
    if "dropped" in fate:
        return "the answer was dropped"
    if "passed" in fate:
        # A second try comes 2 s later at the earliest, so the nearest kill is the one that the answer met.
        return (UNDER_WAY if under_way(cuts, sent) > 0 else NOT_SENT) if cuts else None
    # The provider has not spent the token: it may be uncertain when both tries came to nothing, and never refused.
    if one["state"] == "uncertain" and len(cuts) + fate.count("500") >= 2:
        return f"{fate.count('500')} answers of 500, killed {len(cuts)} times before an answer was in the journal"
    return None


def under_way(cuts, sent):
    """For how many seconds an answer had been on its way when the run was killed."""
    return min((when - sent for when in cuts.values()), key=abs)


def account(bench, key, proxy, sandbox, status, kills):
    """Gives each connection its cause, and raises for every one that has none; also how long answers were under way."""
    unanswered, longest = collections.defaultdict(dict), 0
    for when, asks in kills:
        for ask in asks:
            if ask["answer"] is None:
                unanswered[ask["fp"]][ask["attempt"]] = when
    answered = {ask["fp"] for _, asks in kills for ask in asks if ask["answer"] == 200}
    causes, lost = collections.defaultdict(list), []
    healthy = [name for name, one in status.items() if one["state"] not in ("uncertain", "reauthorize")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1) as pool:
        for name, trouble in zip(healthy, pool.map(lambda name: works(bench, sandbox, name), healthy)):
            if trouble:
                lost.append(f"{name}: the vault calls it {status[name]['state']}, and get gave {trouble}")
            else:
                causes["fresh"].append(name)
    for name in status.keys() - set(healthy):
        one = status[name]
        token = bench.ok("get", name, "--field", "refresh_token").strip()
        mark, fate, sent = fingerprint(key, token), proxy.fate[token], proxy.sent.get(token)
        cuts = unanswered[mark]
        why = cause(one, cuts, fate, sent)
        if proxy.owners.get(token) != name:
            lost.append(f"{name}: the refresh token that it holds was never issued to it")
        elif mark in answered:
            lost.append(f"{name}: {one['state']}, but the answer was in the journal when the run was killed")
        elif not why:
            lost.append(f"{name}: {one['state']}, and of its token is known: {fate or 'never presented'}, intents "
                        f"without answer: {sorted(cuts)}")
        else:
            causes[f"{one['state']}, {why}"].append(name)
            longest = max(longest, under_way(cuts, sent) if why == UNDER_WAY else 0)
    assert not lost, f"{len(lost)} of {len(status)} connections are lost without cause:\n" + "\n".join(sorted(lost))
    return causes, longest


def try_again(bench, sandbox, names):
    """What a person's own wish brings for those that are still uncertain."""
    if not names:
        return []
    if "--try-again" not in bench.ok("refresh", "--help"):
        return ["SKIPPED refresh --try-again: this binary does not know it"]
    bench.run("refresh", "--try-again", *names)
    status = bench.status()
    found = collections.Counter(status[name]["state"] for name in names)
    bad = [name for name in names if status[name]["state"] in ("fresh", "due", "expired")
           and works(bench, sandbox, name)]
    assert not bad, f"renewed by --try-again, and the provider takes no token of them: {bad}"
    return [f"refresh --try-again for {len(names)} uncertain ones: "
            + ", ".join(f"{count} {state}" for state, count in sorted(found.items()))]


def plaintext(bench, proxy):
    """Raises when a token stands in clear in any file."""
    for path in glob.glob(bench.folder + "/**", recursive=True, include_hidden=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found = set(re.findall(rb"[A-Za-z0-9.!]{40,}", file.read()))
            clear = [one for one in found if one.decode() in proxy.owners]
            assert not clear, f"{path} holds {len(clear)} refresh tokens in clear"


def run(binary, size):
    count, seconds = (500, 60) if size == "long" else (60, 15)
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    names = [f"c{number:03}" for number in range(count)]
    bench = Bench(binary)
    try:
        with Sandbox(binary, "--access-lifetime", "2s") as sandbox, Proxy(sandbox.url, 0.05, seed) as proxy:
            bench.configure(names, sandbox.entry, proxy.url)
            begin = time.monotonic()
            connect(bench, proxy, names)
            connected = time.monotonic() - begin
            key = vault_key(bench.work + "/tokenkeep.vault", bench.environment["TOKENKEEP_KEY"])
            options = ["--width", "16"] if "--width" in bench.ok("refresh", "--help") else []
            exits, kills = haul(bench, proxy, key, seconds, dice, options)
            proxy.share = 0
            begin = time.monotonic()
            status = settle(bench, options)
            settled = time.monotonic() - begin
            causes, longest = account(bench, key, proxy, sandbox, status, kills)
            open_ones = [name for why, ones in causes.items() if why.startswith("uncertain") for name in ones]
            again = try_again(bench, sandbox, open_ones)
            plaintext(bench, proxy)
            fates = collections.Counter(fate for every in proxy.fate.values() for fate in every)
            unread = glob.glob(bench.work + "/*.unread")
        asks = [ask for _, found in kills for ask in found]
        lines = [
            f"long haul: {count} connections, lifetimes of 2 s, {seconds} s, seed {seed}; connected in {connected:.1f} s, "
            f"settled in {settled:.1f} s",
            f"{sum(exits.values())} runs, by status: " + ", ".join(f"{s}: {n}" for s, n in sorted(exits.items())),
            f"requests of refresh tokens: " + ", ".join(f"{n} {fate}" for fate, n in sorted(fates.items())),
            f"{len(kills)} kills, {sum(1 for _, found in kills if found)} of them with a journal: {len(asks)} intents, "
            f"{sum(1 for ask in asks if ask['answer'] is None)} without an answer; {len(unread)} torn journals kept aside",
            f"not accounted for: 0; an answer met by a kill had been under way for {1000 * longest:.1f} ms at the most"]
        for why, ones in sorted(causes.items()):
            lines.append(f"{len(ones)} {why}" + ("" if why == "fresh" else ": " + " ".join(sorted(ones))))
        return lines + again
    except Exception as error:
        raise AssertionError(f"long haul, seed {seed}: {error}") from error
    finally:
        bench.remove()


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
