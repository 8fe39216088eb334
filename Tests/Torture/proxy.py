"""What stands before a provider, loses answers or gives its own, and knows what became of each token."""

import collections
import http.client
import http.server
import json
import random
import threading
import time
import urllib.parse


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on, but for a share of the refreshes: some answers are thrown away, some requests are failed.

    `fate` tells for each refresh token that was presented what came of it, in order: "passed" (the provider spent it and
    the answer was sent on), "dropped" (the provider spent it and the answer was thrown away), the status of a failure
    ("500": the provider never saw it), or the provider's error. `sent` tells when an answer was passed on.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream, share=0, seed=0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.upstream = upstream.removeprefix("http://")
        self.share, self.random, self.lock = share, random.Random(seed), threading.Lock()
        self.owners = {}
        self.fate = collections.defaultdict(list)
        self.sent = {}
        self.refreshes = 0
        self.failure = None
        self.shot = None
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def fault(self):
        """What goes wrong with the next refresh: "dropped", a status with its headers, or None.

        `failure` is such a status, and lasts until it is taken back.
        """
        with self.lock:
            self.refreshes += 1
            if self.failure:
                return self.failure
            dice = self.random.random()
        return "dropped" if dice < self.share else (500, {}) if dice < 2 * self.share else None

    def issued(self, presented, answer, fate):
        """Notes what an exchange gave to whom."""
        with self.lock:
            owner = self.owners.get(presented)
            self.fate[presented].append(fate)
            if fresh := answer.get("refresh_token"):
                self.owners[fresh] = owner
            if fate == "passed":
                self.sent[presented] = time.monotonic()

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

    def send(self, status, kind, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
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
        if isinstance(fault, tuple):
            status, headers = fault
            self.server.issued(presented, {}, str(status))
            return self.send(status, "text/plain", b"told to fail", headers)
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=30)
        kept = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
        upstream.request("POST", self.path, body, kept)
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
