"""Many connections with short lives, a provider that loses answers, and a refresh loop that is killed all the time.

At the end every connection is accounted for by name: it is fresh and its family lives, or the provider did answer and
that answer never reached the journal. Which of the two it is nobody has to guess: a proxy before the provider knows what
it passed on, and after each kill the journal, opened here with the vault's key, tells what had arrived.
"""

import concurrent.futures
import ctypes
import ctypes.util
import base64
import collections
import glob
import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse

from bench import Bench, Sandbox, redirect

LABEL = b"tokenkeep/v1"


def expand(key, salt, context, length):
    """HKDF with SHA-512 (RFC 5869)."""
    key = hmac.digest(salt, key, "sha512")
    block, out = b"", b""
    while len(out) < length:
        block = hmac.digest(key, block + context + bytes([len(out) // 64 + 1]), "sha512")
        out += block
    return out[:length]


def opened(key, nonce, sealed, data):
    """AES-256-GCM by the libcrypto that the program itself needs; None when the tag is wrong."""
    crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    for name in ["EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"]:
        getattr(crypto, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    try:
        body, tag, count = sealed[:-16], sealed[-16:], ctypes.c_int()
        out = ctypes.create_string_buffer(len(body) + 16)
        crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, nonce)
        crypto.EVP_DecryptUpdate(context, None, ctypes.byref(count), data, len(data))
        crypto.EVP_DecryptUpdate(context, out, ctypes.byref(count), body, len(body))
        crypto.EVP_CIPHER_CTX_ctrl(context, 0x11, 16, tag)  # EVP_CTRL_GCM_SET_TAG
        is_whole = crypto.EVP_DecryptFinal_ex(context, None, ctypes.byref(count)) == 1
        return out.raw[:len(body)] if is_whole else None
    finally:
        crypto.EVP_CIPHER_CTX_free(context)


def vault_key(path, text):
    """The vault's key, from its first slot and the raw key as text."""
    with open(path, "rb") as file:
        head = file.read(240)
    slot = head[64:240]
    context = LABEL + b"/slot" + head[16:32] + head[40:44] + slot[:96]
    wrap = expand(base64.urlsafe_b64decode(text[5:48] + "="), slot[32:64], context, 64)
    key = opened(wrap[:32], bytes(12), slot[128:], context)
    assert key, f"the vault key of {path} could not be unwrapped"
    return key


def fingerprint(key, token):
    """How intents name a refresh token."""
    return hmac.digest(key, LABEL + b"/fingerprint" + token.encode() + b"\1", "sha512")[:16].hex()


def journal(path, key):
    """What a dead run's journal holds: its intents, each with the status of its answer, "unsent" or None."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return []
    context = LABEL + b"/journal" + hashlib.sha256(content[:64]).digest()
    asks, index, at = {}, 0, 64
    while length := int.from_bytes(content[at:at + 4], "big"):
        salt, sealed = content[at + 4:at + 36], content[at + 36:at + 4 + length]
        keys = expand(key, salt, context + index.to_bytes(8, "big"), 44)
        frame = opened(keys[:32], keys[32:], sealed, content[at:at + 4]) if len(sealed) == length - 32 else None
        if frame is None:
            break  # the kill came in the middle of this write
        frame = json.loads(frame)
        if frame["t"] == "ask":
            asks[index] = {"name": frame["name"], "fp": frame["fp"], "attempt": frame["attempt"], "answer": None}
        else:
            asks[frame["ask"]]["answer"] = frame.get("status", "unsent")
        index, at = index + 1, at + 4 + length
    return list(asks.values())


class Proxy(http.server.ThreadingHTTPServer):
    """Stands before the provider, loses a share of its answers, and knows which connection each token belongs to.

    `fate` tells for each refresh token that was presented what came of it, in order: "passed" (the provider spent it and
    the answer was sent on), "dropped" (the provider spent it and the answer was thrown away), "500" (the provider never
    saw it), or the provider's error.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream, share, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.upstream = upstream.removeprefix("http://")
        self.share, self.random, self.lock = share, random.Random(seed), threading.Lock()
        self.owners = {}
        self.fate = collections.defaultdict(list)
        self.shot = None
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def fault(self):
        """What goes wrong with the next refresh."""
        with self.lock:
            dice = self.random.random()
        return "dropped" if dice < self.share else "500" if dice < 2 * self.share else None

    def issued(self, presented, answer, fate):
        """Notes what an exchange gave to whom."""
        with self.lock:
            owner = self.owners.get(presented)
            self.fate[presented].append(fate)
            if fresh := answer.get("refresh_token"):
                self.owners[fresh] = owner

    def aim(self, shot):
        """Lets the next refresh request call `shot`, within the time that its answer takes to be kept."""
        with self.lock:
            self.shot = shot

    def shoot(self):
        """A refresh request is here."""
        with self.lock:
            shot, self.shot = self.shot, None
            delay = self.random.uniform(0, 0.02)
        if shot:
            threading.Timer(delay, shot).start()

    def handle_error(self, *_):
        """A client that was killed is no news."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    """One request through the proxy."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = dict(urllib.parse.parse_qsl(body.decode()))
        presented = form.get("refresh_token") or form.get("code")
        fault = None
        if "refresh_token" in form:
            self.server.shoot()
            fault = self.server.fault()
        if fault == "500":
            self.server.issued(presented, {}, "500")
            return self.send(500, "text/plain", b"told to fail")
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=30)
        upstream.request("POST", self.path, body, {"Content-Type": self.headers["Content-Type"]})
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        if presented:
            said = json.loads(content)
            self.server.issued(presented, said, said.get("error") or fault or "passed")
        if fault == "dropped":
            self.close_connection = True
            return None
        return self.send(answer.status, answer.headers["Content-Type"], content)


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

    Returns how often it ended with which status, and the intents that each kill found in the journal.
    """
    exits, kills = collections.Counter(), []
    end = time.monotonic() + seconds
    kill_at, is_aimed = time.monotonic() + dice.uniform(0.5, 1.5), False
    while time.monotonic() < end:
        process = bench.start("refresh", *options, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        words = []
        reader = threading.Thread(target=lambda p=process, w=words: w.append(p.stderr.read()))
        reader.start()
        try:
            if is_aimed and time.monotonic() >= kill_at:
                proxy.aim(process.kill)
            status = process.wait(None if is_aimed else max(0, kill_at - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        proxy.aim(None)
        reader.join()
        exits[status] += 1
        if status == -9:
            kills.append(journal(bench.work + "/tokenkeep.vault.journal", key))
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
    """Whether `get` gives a token that the provider takes; three tries, for one may end on the way."""
    for _ in range(3):
        got = bench.run("get", name)
        if got.returncode == 0 and sandbox.is_valid(got.stdout.strip()):
            return True
    return False


def cause(one, mark, fate, unanswered):
    """Why a connection is uncertain or refused, by what the proxy and the kills know of its token; None without cause."""
    cut = {attempt for fp, attempt in unanswered if fp == mark}
    if "dropped" in fate:
        return "the answer was dropped"
    if "passed" in fate:
        return "killed before the answer was in the journal" if cut else None
    # The provider has not spent the token: it may be uncertain when both tries came to nothing, and never refused.
    if one["state"] == "uncertain" and len(cut) + fate.count("500") >= 2:
        return f"{fate.count('500')} answers of 500, killed {len(cut)} times before an answer was in the journal"
    return None


def account(bench, key, proxy, sandbox, status, kills):
    """Gives each connection its cause, and raises for every one that has none."""
    unanswered = {(ask["fp"], ask["attempt"]) for kill in kills for ask in kill if ask["answer"] is None}
    answered = {ask["fp"] for kill in kills for ask in kill if ask["answer"] == 200}
    causes, lost = collections.defaultdict(list), []
    healthy = [name for name, one in status.items() if one["state"] not in ("uncertain", "reauthorize")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1) as pool:
        for name, good in zip(healthy, pool.map(lambda name: works(bench, sandbox, name), healthy)):
            if good:
                causes["fresh"].append(name)
            else:
                lost.append(f"{name}: the vault calls it {status[name]['state']}, and the provider takes no token of it")
    for name in status.keys() - set(healthy):
        one = status[name]
        token = bench.ok("get", name, "--field", "refresh_token").strip()
        mark, fate = fingerprint(key, token), proxy.fate[token]
        why = cause(one, mark, fate, unanswered)
        if proxy.owners.get(token) != name:
            lost.append(f"{name}: the refresh token that it holds was never issued to it")
        elif mark in answered:
            lost.append(f"{name}: {one['state']}, but the answer was in the journal when the run was killed")
        elif not why:
            lost.append(f"{name}: {one['state']}, and of its token is known: {fate or 'never presented'}, intents "
                        f"without answer: {[attempt for fp, attempt in unanswered if fp == mark]}")
        else:
            causes[f"{one['state']}, {why}"].append(name)
    assert not lost, f"{len(lost)} of {len(status)} connections are lost without cause:\n" + "\n".join(sorted(lost))
    return causes


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
           and not works(bench, sandbox, name)]
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
            causes = account(bench, key, proxy, sandbox, status, kills)
            open_ones = [name for why, ones in causes.items() if why.startswith("uncertain") for name in ones]
            again = try_again(bench, sandbox, open_ones)
            plaintext(bench, proxy)
            fates = collections.Counter(fate for every in proxy.fate.values() for fate in every)
            unread = glob.glob(bench.work + "/*.unread")
        asks = [ask for kill in kills for ask in kill]
        lines = [
            f"long haul: {count} connections, lifetimes of 2 s, {seconds} s, seed {seed}; connected in {connected:.1f} s, "
            f"settled in {settled:.1f} s",
            f"{sum(exits.values())} runs, by status: " + ", ".join(f"{s}: {n}" for s, n in sorted(exits.items())),
            f"requests of refresh tokens: " + ", ".join(f"{n} {fate}" for fate, n in sorted(fates.items())),
            f"{len(kills)} kills, {sum(1 for kill in kills if kill)} of them with a journal: {len(asks)} intents, "
            f"{sum(1 for ask in asks if ask['answer'] is None)} without an answer; {len(unread)} torn journals kept aside",
            "not accounted for: 0"]
        for why, ones in sorted(causes.items()):
            lines.append(f"{len(ones)} {why}" + ("" if why == "fresh" else ": " + " ".join(sorted(ones))))
        return lines + again
    except Exception as error:
        raise AssertionError(f"long haul, seed {seed}: {error}") from error
    finally:
        bench.remove()


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
