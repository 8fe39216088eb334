"""A vault in a folder of its own, a provider, and the release binary between them, as a user has them."""

import json
import os
import subprocess
import tempfile
import urllib.request


OPENERS = ["TOKENKEEP_KEY", "TOKENKEEP_PASSPHRASE"]
LET_GO = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "let-go")


class Sandbox:
    """The project's own provider, in a process of its own on a free port; it consents at once."""

    def __init__(self, binary, *options, manners="tiktok", state=None):
        command = [binary, "sandbox", "--port", "0", "--approve", "--manners", manners, *options]
        if state:
            command += ["--state", state]
        self.entry = "sandbox-tiktok" if manners == "tiktok" else "sandbox"
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.url = json.loads(self.process.stdout.readline())["base_url"]

    def statistics(self):
        with urllib.request.urlopen(self.url + "/sandbox/stats", timeout=30) as answer:
            return json.load(answer)

    def count(self, kind="refresh", outcome="total"):
        """How many requests of a kind have come, by outcome."""
        return self.statistics()["requests"].get(kind, {}).get(outcome, 0)

    def is_valid(self, token):
        """Whether an access token is one that the provider takes."""
        request = urllib.request.Request(self.url + self.resource, headers={"Authorization": "Bearer " + token})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    @property
    def resource(self):
        return "/v2/user/info/" if self.entry == "sandbox-tiktok" else "/userinfo"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Bench:
    """A folder with a vault and a config; `run` is what a user types there, in cron's bare environment."""

    def __init__(self, binary, folder=None):
        self.binary = os.path.abspath(binary)
        self.folder = folder or tempfile.mkdtemp(prefix="torture-")
        self.home = self.folder + "/home"
        self.work = self.folder + "/work"
        os.makedirs(self.home, exist_ok=True)
        os.makedirs(self.work, exist_ok=True)
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": self.home}
        self.environment["TOKENKEEP_KEY"] = self.ok("--quiet", "init").strip()

    def run(self, *arguments, text=None, wrapper=(), environment=None, timeout=300, stdout=subprocess.PIPE):
        return subprocess.run(
            [*wrapper, self.binary, *arguments], cwd=self.work, env={**self.environment, **(environment or {})},
            input=text, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=timeout, check=False)

    def ok(self, *arguments, **options):
        ended = self.run(*arguments, **options)
        if ended.returncode != 0:
            raise AssertionError(f"tokenkeep {' '.join(arguments)} ended with {ended.returncode}: {ended.stderr}")
        return ended.stdout

    def start(self, *arguments, environment=None, **options):
        """Starts a command and does not wait for it."""
        return subprocess.Popen(
            [self.binary, *arguments], cwd=self.work, env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL, text=True, **options)

    def configure(self, names, entry, base_url, more=""):
        """Appends a section for each name, and keeps the client's secret."""
        with open(self.work + "/tokenkeep.toml", "a", encoding="utf-8") as config:
            for name in names:
                config.write(
                    f'\n[connections.{name}]\nprovider = "{entry}"\nclient_id = "sandbox-client"\n'
                    'client_secret = { secret = "SANDBOX_CLIENT_SECRET" }\n'
                    'redirect_uri = "http://127.0.0.1:3000/auth/tiktok/callback/"\nscopes = ["user.info.basic"]\n'
                    f'[connections.{name}.variables]\nbase_url = "{base_url}"\n')
            config.write(more)
        self.ok("--quiet", "set", "SANDBOX_CLIENT_SECRET", text="sandbox-secret")

    def connect(self, name, route=lambda url: url):
        """The whole authorisation: URL, browser, pasted address; `route` tells the browser where the provider is."""
        url = self.ok("--quiet", "connect", name, "--print-url").strip()
        self.ok("--quiet", "connect", name, "--callback", "-", text=redirect(route(url)))

    def status(self):
        """What `status --json` says, by name."""
        return {one["name"]: one for one in json.loads(self.ok("status", "--json"))["connections"]}

    def remove(self):
        subprocess.run([LET_GO, self.folder, *filter(None, map(self.environment.get, OPENERS))], check=False)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def redirect(url):
    """Where a provider that consents at once sends the browser to."""
    try:
        with urllib.request.build_opener(NoRedirect).open(url, timeout=30) as answer:
            raise AssertionError(f"no redirect but {answer.status}")
    except urllib.error.HTTPError as answer:
        return answer.headers["Location"]
