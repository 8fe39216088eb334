"""Ten thousand connections in one vault, and one refresh over all of them: dozens of rewrites, and one request each.

The vault is written by this suite from FORMAT's page, and the provider is a few lines here: ten thousand authorisations
would take longer than what is measured, and the sandbox looks through all that it ever granted at each request.
"""

import http.server
import json
import math
import os
import subprocess
import sys
import threading
import time
import urllib.parse

import vaultfile
from bench import Bench

# A batch is 256 connections, or as many as there is room for if each answer were the largest that is kept; it starts
# requests for 5 s. Within these bounds the rewrites of ten thousand are dozens.
BATCH, STARTS = 128, 5


class Provider(http.server.ThreadingHTTPServer):
    """Rotates refresh tokens `NAME.N` and keeps count; one that was spent ends its connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, names):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.turns = dict.fromkeys(names, 0)
        self.refused = []
        self.requests = 0
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def refresh(self, token):
        name, _, turn = token.rpartition(".")
        with self.lock:
            self.requests += 1
            if self.turns.get(name) != int(turn):
                self.refused.append(token)
                return 400, {"error": "invalid_grant"}
            self.turns[name] += 1
            return 200, answer(name, self.turns[name])

    def handle_error(self, *_):
        """A client that was killed is no news."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        status, said = self.server.refresh(form["refresh_token"])
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def answer(name, turn):
    """What the provider says; it is as long as a real one's."""
    return {"access_token": f"{name}.{turn}.".ljust(72, "a"), "token_type": "Bearer", "expires_in": 7200,
            "refresh_token": f"{name}.{turn}", "scope": "user.info.basic", "open_id": "-000SandboxPerson",
            "refresh_expires_in": 15552000}


def record(name):
    said, now = answer(name, 0), int(time.time())
    return {"kind": "connection", "provider": "sandbox", "access_token": said["access_token"], "token_type": "Bearer",
            "obtained_at": now, "expires_at": now + 7200, "refresh_token": said["refresh_token"],
            "refresh_expires_at": now + 15552000, "scopes": ["user.info.basic"], "subject": said["open_id"],
            "extras": {"open_id": said["open_id"]}}


def filled(binary, provider, names, edit=lambda records: None):
    """A bench with a vault of these connections, and the vault's key.

    A config may have a mebibyte, so a section says no more than it must.
    """
    bench = Bench(binary)
    with open(bench.work + "/tokenkeep.toml", "a", encoding="utf-8") as config:
        for name in names:
            config.write(f'[connections."{name}"]\nprovider="sandbox"\nclient_id="x"\n'
                         f'variables.base_url="{provider.url}"\n')
    bench.ok("--quiet", "set", "S_CLIENT_SECRET", text="sandbox-secret")
    path = bench.work + "/tokenkeep.vault"
    key = vaultfile.vault_key(path, bench.environment["TOKENKEEP_KEY"])

    def fill(records):
        records.update((name, record(name)) for name in names)
        edit(records)
    vaultfile.change(path, key, fill)
    return bench, key


def timed(bench, *arguments):
    """Runs a command; returns its status, words, seconds, and what it used."""
    with open(bench.folder + "/words", "w+", encoding="utf-8") as words:
        begin = time.monotonic()
        process = bench.start(*arguments, stdout=subprocess.DEVNULL, stderr=words)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        words.seek(0)
        return process.returncode, words.read(), time.monotonic() - begin, used


def check(bench, key, provider, names):
    """That every answer is in the vault, and that nothing was asked twice."""
    assert not provider.refused, f"{len(provider.refused)} spent tokens were presented: {provider.refused[:10]}"
    twice = [name for name, turn in provider.turns.items() if turn != 1]
    assert not twice and provider.requests == len(names), f"not asked once: {len(twice)}, {twice[:10]}"
    records = vaultfile.records(vaultfile.read(bench.work + "/tokenkeep.vault"), key)
    lost = [name for name in names if records[name]["refresh_token"] != answer(name, 1)["refresh_token"]
            or records[name]["access_token"] != answer(name, 1)["access_token"]]
    assert not lost, f"{len(lost)} answers are not in the vault: {lost[:10]}"


def generation(bench):
    return json.loads(bench.ok("key", "list", "--json"))["generation"]


def run(binary, size):
    count = 10_000 if size == "long" else 600
    names = [f"s/{number:04}" for number in range(count)]
    with Provider(names) as provider:
        bench, key = filled(binary, provider, names)
        try:
            before = generation(bench)
            status, words, seconds, used = timed(bench, "refresh", "--force")
            assert status == 0, f"refresh ended with {status}: {words[-2000:]}"
            rewrites = generation(bench) - before
            check(bench, key, provider, names)
            most = math.ceil(count / BATCH) + math.floor(seconds / STARTS)
            assert rewrites <= most, f"{rewrites} rewrites in {seconds:.0f} s; batches of {BATCH} and {STARTS} s make {most}"
            vault = os.path.getsize(bench.work + "/tokenkeep.vault")
            return [
                f"{count} connections in a vault of {vault / 1e6:.1f} MB, one refresh --force: {rewrites} rewrites, "
                f"{provider.requests} requests",
                f"it took {seconds:.1f} s ({used.ru_utime:.1f} s user, {used.ru_stime:.1f} s system), and "
                f"{used.ru_maxrss / 1024:.0f} MB of memory at its peak"]
        finally:
            bench.remove()


if __name__ == "__main__":
    print("\n".join(run(*sys.argv[1:3])))
