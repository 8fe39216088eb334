"""What still stands in the program's memory, and in its environment block, when it ends: nothing that it did not print.

Each command is stopped at its exit, and every page of it read that a file has not filled. Root alone can look. What is looked
for is worked out from the vault by its format: keys, what unlocks, and every value that there is or was before the command.
"""

import base64
import contextlib
import ctypes
import hashlib
import http.server
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import vaultfile
from bench import Bench

PTRACE_TRACEME, PTRACE_CONT, PTRACE_SETOPTIONS, PTRACE_O_TRACEEXIT = 0, 7, 0x4200, 0x40
PTRACE_EVENT_EXIT = 6
# Any 15 bytes of a value in a row hold one of its blocks.
BLOCK = 8
PASSPHRASE = secrets.token_urlsafe(36)


def ptrace(request, pid, data):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(request, pid, None, data) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


class Stopped:
    """A command that has come to its end: what it said, and what is in its memory."""

    def __init__(self, bench, arguments, text, environment, descriptors):
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            source.write(text.encode())
            source.seek(0)
            child = subprocess.Popen(
                [bench.binary, *arguments], cwd=bench.work, env=environment, stdin=source, stdout=output,
                stderr=errors, pass_fds=descriptors, preexec_fn=lambda: ptrace(PTRACE_TRACEME, 0, None))
            self.pid = child.pid
            os.waitpid(self.pid, 0)
            ptrace(PTRACE_SETOPTIONS, self.pid, PTRACE_O_TRACEEXIT)
            ptrace(PTRACE_CONT, self.pid, None)
            while True:
                _, status = os.waitpid(self.pid, 0)
                if not os.WIFSTOPPED(status):
                    raise AssertionError(f"{arguments} ended with {status} before it could be looked at")
                if status >> 8 == signal.SIGTRAP | PTRACE_EVENT_EXIT << 8:
                    break
                ptrace(PTRACE_CONT, self.pid, os.WSTOPSIG(status))
            self.memory = list(self.regions())
            with open(f"/proc/{self.pid}/environ", "rb") as file:
                self.environ = file.read()
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                self.locked = next(int(line.split()[1]) for line in file if line.startswith("VmLck:"))
            ptrace(PTRACE_CONT, self.pid, None)
            _, status = os.waitpid(self.pid, 0)
            child.returncode = self.status = os.waitstatus_to_exitcode(status)
            output.seek(0)
            errors.seek(0)
            self.output, self.errors = output.read().decode(), errors.read().decode()

    def regions(self):
        """Name and bytes of all that can be read, but for files that are mapped as they are."""
        with open(f"/proc/{self.pid}/maps", encoding="utf-8") as maps, open(f"/proc/{self.pid}/mem", "rb", 0) as memory:
            for line in maps:
                place, access, *rest = line.split(maxsplit=5)
                name = rest[-1].strip() if len(rest) == 4 else "anonymous"
                if access[0] != "r" or name.startswith("[v") or name.startswith("/") and access[1] != "w":
                    continue
                start, end = (int(one, 16) for one in place.split("-"))
                with contextlib.suppress(OSError):  # a guard page
                    memory.seek(start)
                    held = memory.read(end - start)
                    pages = (held[at:at + 4096] for at in range(0, len(held), 4096))
                    yield os.path.basename(name), b"".join(page for page in pages if page != bytes(4096))

    def find(self, blocks):
        """Where one of these blocks stands."""
        return sorted({name for name, held in self.memory if any(block in held for block in blocks)})


def blocks(value):
    """What a value is known by: parts of it, as it is and in base64 behind any bytes."""
    forms = [value] + [
        base64.b64encode(bytes(before) + value).strip(b"=")[start:-1].translate(bytes.maketrans(*alphabet))
        for before, start in [(0, 0), (1, 2), (2, 3)] for alphabet in [(b"", b""), (b"+/", b"-_")]]
    parts = {form[at:at + BLOCK] for form in forms for at in range(0, len(form) - BLOCK + 1, BLOCK)}
    return sorted(parts)


class Provider:
    """One that gives out long tokens of its own making, over TLS; what it gave and got is kept."""

    def __init__(self, folder):
        self.certificate = folder + "/certificate"
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder + "/key",
             "-out", self.certificate], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        self.given, self.refuses = [], False
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = provider.answer(dict(urllib.parse.parse_qsl(body)))
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder + "/key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, fields):
        if self.refuses:
            return 400, {"error": "invalid_grant", "error_description": f"{fields['refresh_token']} is spent"}
        answer = {"access_token": value(), "refresh_token": value(), "token_type": "Bearer", "expires_in": 7200}
        self.given.append(answer)
        return 200, answer


def value():
    return secrets.token_urlsafe(48)


def keys(vault, material):
    """The keys that come of what opens a vault's first slot (FORMAT §2)."""
    slot, payload = vault[64:240], vault[vaultfile.head_size(vault):]
    context = vaultfile.LABEL + b"/slot" + vault[16:32] + vault[40:44] + slot[:96]
    wrap = vaultfile.expand(material, slot[32:64], context, 64)[:32]
    key = vaultfile.opened(wrap, bytes(12), slot[128:], context)
    return {"the vault key": key, "the wrap key": wrap, "the header's key": vaultfile.prf(key, b"/header", 32),
            "the payload's key": vaultfile.payload_keys(vault, key, payload[:32])[0]}


class Place:
    """A vault with two slots, two secrets and a connection, and everything in it that must not be left behind."""

    def __init__(self, binary):
        self.bench = Bench(binary)
        self.vault = self.bench.work + "/tokenkeep.vault"
        self.provider = Provider(self.bench.folder)
        self.text = self.bench.environment.pop("TOKENKEEP_KEY")
        self.bench.environment.update(CURL_CA_BUNDLE=self.provider.certificate)
        self.key_file, self.passphrase_file = self.bench.folder + "/key-file", self.bench.folder + "/passphrase-file"
        for path, line in [(self.key_file, self.text), (self.passphrase_file, PASSPHRASE)]:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
                file.write(line + "\n")
        with open(self.bench.work + "/tokenkeep.toml", "a", encoding="utf-8") as config:
            config.write('[connections.one]\nprovider = "sandbox"\nclient_id = "app"\n'
                         'client_secret = { secret = "CLIENT_SECRET" }\n'
                         'redirect_uri = "http://127.0.0.1:3000/callback"\nscopes = ["read"]\n'
                         f'[connections.one.variables]\nbase_url = "{self.provider.url}"\n')
        self.values = {"the secret A": value(), "the secret B": value(), "the client's secret": value()}
        for name, one in zip(["A", "B", "CLIENT_SECRET"], self.values.values()):
            self.bench.ok("set", name, text=one, environment={"TOKENKEEP_KEY": self.text})
        self.values["the first refresh token"] = value()
        self.bench.ok("connect", "one", "--refresh-token", text=self.values["the first refresh token"],
                      environment={"TOKENKEEP_KEY": self.text})
        self.other = self.bench.work + "/other.vault"
        self.bench.ok("init", "--passphrase", "--vault", self.other,
                      environment={"TOKENKEEP_NEW_PASSPHRASE": PASSPHRASE})
        self.bench.ok("set", "A", "--vault", self.other, text=self.values["the secret A"],
                      environment={"TOKENKEEP_PASSPHRASE": PASSPHRASE})

    @property
    def wrong(self):
        """A key that is none of this vault's."""
        body = "tkk1_" + secrets.token_urlsafe(32)
        return body + "_" + hashlib.sha256(body.encode()).hexdigest()[:8]

    def renew(self, name):
        """Gives a value that is not in the vault yet; the old one is looked for as well."""
        self.values[name + " before"], self.values[name] = self.values[name], value()
        return self.values[name]

    def refused(self):
        """A refresh token that the provider takes no more, and repeats."""
        self.provider.refuses = True
        return self.look("refresh", "--force", status=10)

    def wanted(self):
        """By name, what to look for: all keys, and every value that there is or was."""
        raw, other = base64.urlsafe_b64decode(self.text[5:48] + "="), vaultfile.read(self.other)
        material = hashlib.scrypt(
            PASSPHRASE.encode(), salt=vaultfile.LABEL + b"/scrypt" + other[16:32] + other[96:128], n=1 << 17, r=8, p=1,
            maxmem=256 << 20, dklen=32)
        found = {"the raw key": raw, "the key's text": self.text[5:].encode(), "the passphrase": PASSPHRASE.encode(),
                 "the passphrase's key": material, **keys(vaultfile.read(self.vault), raw),
                 **{name + " of the passphrase": key for name, key in keys(other, material).items()},
                 **{name: one.encode() for name, one in self.values.items()}}
        for number, answer in enumerate(self.provider.given, 1):
            for kind in ["access", "refresh"]:
                found[f"{kind} token {number}"] = answer[kind + "_token"].encode()
        return found

    def look(self, *arguments, status=0, text="", printed=(), descriptors=(), **environment):
        """Runs a command to its exit; what is left in its memory, by name."""
        environment = environment or {"TOKENKEEP_KEY": self.text}
        before, printed = self.wanted(), [one.encode() for one in printed]
        stopped = Stopped(self.bench, arguments, text, {**self.bench.environment, **environment}, descriptors)
        assert stopped.status == status, f"{arguments} ended with {stopped.status}: {stopped.output}{stopped.errors}"
        found = {name + " (of before)" if name in before and before[name] != one else name: one
                 for name, one in self.wanted().items()}
        found.update({name: one for name, one in before.items()})
        left = {}
        for name, one in found.items():
            if one in printed:
                assert one in stopped.output.encode(), f"{arguments} did not print {name}"
            elif (places := stopped.find(blocks(one))):
                left[name] = places
            if one in stopped.environ:
                left[name] = [*left.get(name, []), "/proc/PID/environ"]
        return left


def main():
    binary = sys.argv[1]
    if os.geteuid() != 0:
        print("SKIPPED memory: only root can look into a process that is not dumpable")
        return
    place = Place(binary)
    values, last = place.values, lambda kind: place.provider.given[-1][kind + "_token"]
    with open(place.key_file, "rb") as key:
        scenes = {
            "get": lambda: place.look("get", "A", printed=[values["the secret A"]]),
            "get of a token": lambda: place.look("get", "one", printed=[last("access")]),
            "get with --key-file": lambda: place.look(
                "get", "A", "--key-file", place.key_file, printed=[values["the secret A"]], X=""),
            "get with --key-fd": lambda: place.look(
                "get", "A", "--key-fd", str(key.fileno()), printed=[values["the secret A"]],
                descriptors=[key.fileno()], X=""),
            "get with --key-command": lambda: place.look(
                "get", "A", "--key-command", f"cat {place.key_file}", printed=[values["the secret A"]], X=""),
            "get with a passphrase": lambda: place.look(
                "get", "A", "--vault", place.other, printed=[values["the secret A"]], TOKENKEEP_PASSPHRASE=PASSPHRASE),
            "get with a passphrase's file": lambda: place.look(
                "get", "A", "--vault", place.other, printed=[values["the secret A"]], TOKENKEEP_PASSPHRASE_FILE=place.passphrase_file),
            "list": lambda: place.look("list"),
            "list with another key in reserve": lambda: place.look(
                "list", TOKENKEEP_KEY=place.text, TOKENKEEP_PASSPHRASE=PASSPHRASE, TOKENKEEP_NEW_PASSPHRASE=PASSPHRASE),
            "help, with a key": lambda: place.look("list", "--help"),
            "a wrong key": lambda: place.look("list", status=77, TOKENKEEP_KEY=place.wrong),
            "a mistyped key": lambda: place.look("list", status=77, TOKENKEEP_KEY=place.text[:-1] + "!"),
            "a wrong passphrase": lambda: place.look("list", "--vault", place.other, status=77, TOKENKEEP_PASSPHRASE=PASSPHRASE[:-1]),
            "refresh, nothing due": lambda: place.look("refresh"),
            "refresh": lambda: place.look("refresh", "--force"),
            "set": lambda: place.look("set", "A", text=values["the secret A"] + "\n"),
            "set of a new value": lambda: place.look("set", "A", text=place.renew("the secret A") + "\n"),
            "export": lambda: place.look(
                "export", "json", printed=[values["the secret A"], values["the secret B"], last("access")]),
            "status": lambda: place.look("status"),
            "refresh that is refused": place.refused,
        }
        bad = []
        for name in sys.argv[3:] or scenes:
            left = scenes[name]()
            for what, places in left.items():
                print(f"memory, {name}: VIOLATION: {what} stands in {', '.join(places)}")
            print(f"memory, {name}: {'something' if left else 'nothing'} is left", flush=True)
            bad += left
    place.bench.environment.update(TOKENKEEP_KEY=place.text, TOKENKEEP_PASSPHRASE=PASSPHRASE)
    place.bench.remove()
    if bad:
        sys.exit(f"{len(bad)} that must not be there")


if __name__ == "__main__":
    main()
