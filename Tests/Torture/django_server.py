"""A provider that nobody here wrote: django-oauth-toolkit behind the sandbox's addresses.

Rotation and reuse protection are on, so a refresh token that is presented twice ends its whole family. The packages go
into a virtual environment in the user's cache folder, which this module makes once; the server itself is this same
file, run there.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

from bench import Sandbox

PACKAGES = """
asgiref==3.13.0
certifi==2026.10.19.post1
cffi==2.1.1
charset-normalizer==3.5.2
cryptography==50.0.2
Django==5.2.19
django-oauth-toolkit==3.4.1
idna==3.20
jwcrypto==1.6.1
oauthlib==3.3.1
pycparser==3.12
requests==2.34.2
sqlparse==0.6.1
typing_extensions==4.16.0
urllib3==2.8.0
waitress==3.0.2
""".split()


class Unavailable(Exception):
    """The server cannot be had on this machine, and why."""


def interpreter():
    """The Python of the environment, which is made when it is not there yet; Unavailable without venv or network."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    digest = hashlib.sha256("\n".join([sys.version, *PACKAGES]).encode()).hexdigest()[:16]
    folder = f"{cache}/tokenkeep-torture/django-{digest}"
    complete = folder + "/complete"
    try:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with open(folder + ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(complete):
                shutil.rmtree(folder, ignore_errors=True)
                try:
                    install(folder)
                except BaseException:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
                with open(complete, "w", encoding="utf-8"):
                    pass
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(str(error)) from error
    return folder + "/bin/python"


def install(folder):
    """Makes the environment in a folder that is not there."""
    for command in [[sys.executable, "-m", "venv", folder],
                    [folder + "/bin/python", "-m", "pip", "install", "--quiet", "--no-input", *PACKAGES]]:
        made = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if made.returncode != 0:
            words = (made.stderr.strip() or made.stdout.strip() or "no words").splitlines()[-1]
            raise Unavailable(f"python {' '.join(command[1:4])} ended with {made.returncode}: {words}")


class DjangoServer(Sandbox):
    """The server in a process of its own; what it counts has the sandbox's form, so its methods serve here, too.

    `folder` keeps the database, so that a later server on the same `port` knows the same tokens. With `events`,
    `next_event` tells of each refresh: "asked" before the toolkit sees it, its outcome before the answer leaves.
    """

    entry = "sandbox"

    def __init__(self, folder=None, port=0, access_lifetime=7200, grace=0, events=False):
        python = interpreter()
        self.own = None if folder else tempfile.mkdtemp(prefix="torture-django-")
        self.folder = folder or self.own
        terms = {"folder": self.folder, "port": port, "access_lifetime": access_lifetime, "grace": grace,
                 "events": events}
        with open(self.folder + "/server.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [python, "-B", os.path.abspath(__file__), json.dumps(terms)], stdout=subprocess.PIPE, stderr=log)
        first = self.process.stdout.readline()
        if not first:
            self.process.wait()
            words = self.log()
            self.__exit__()
            raise AssertionError(f"the Django server did not start: {words}")
        self.url = json.loads(first)["base_url"]

    def next_event(self):
        """The next thing that happened to a refresh; waits for it."""
        return self.process.stdout.readline().decode().strip()

    def log(self):
        """What the server complained of."""
        with open(self.folder + "/server.log", encoding="utf-8") as log:
            return log.read()

    def check(self):
        """That the server itself never failed: otherwise no figure here would say anything of the client."""
        failed = {kind: {outcome: count for outcome, count in outcomes.items() if outcome.startswith("http-5")}
                  for kind, outcomes in self.statistics()["requests"].items()}
        if any(failed.values()):
            raise AssertionError(f"the Django server failed by itself: {failed}; {self.log()}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)


def configure(terms):
    """Django with the toolkit and nothing else; the lifetimes are the caller's."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="torture", DEBUG=False, ALLOWED_HOSTS=["127.0.0.1"], USE_TZ=True, ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        MIDDLEWARE=[__name__ + ".counting", __name__ + ".logged_in"],
        # A cheap hash: the client's secret is checked at each request, and its strength is not what is tried here.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        # Write locks taken at the beginning are waited for; those that a reader asks for later would be refused.
        DATABASES={"default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": terms["folder"] + "/database.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 60,
                        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"}}},
        LOGGING={"version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}},
                 "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR"}}},
        OAUTH2_PROVIDER={
            "ROTATE_REFRESH_TOKEN": True, "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": terms["grace"], "PKCE_REQUIRED": True,
            "ACCESS_TOKEN_EXPIRE_SECONDS": terms["access_lifetime"],
            "REFRESH_TOKEN_EXPIRE_SECONDS": 180 * 86400, "SCOPES": {"user.info.basic": "who it is"}})
    django.setup()


def populate():
    """The tables, the one client and the one person, unless an earlier server has made them."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0)
    person, _ = get_user_model().objects.get_or_create(username="person")
    get_application_model().objects.get_or_create(client_id="sandbox-client", defaults={
        "client_secret": "sandbox-secret", "client_type": "confidential", "user": person,
        "authorization_grant_type": "authorization-code", "skip_authorization": True,
        "redirect_uris": "http://127.0.0.1:3000/auth/tiktok/callback/"})


def logged_in(get_response):
    """Middleware: the one person looks at every page."""
    from django.contrib.auth import get_user_model

    person = get_user_model().objects.get(username="person")

    def answer(request):
        request.user = person
        return get_response(request)
    return answer


COUNTS = {"authorize": {}, "code_exchange": {}, "refresh": {}, "revoke": {}, "userinfo": {}, "other": {}}
EVENTS = []


def counting(get_response):
    """Middleware: counts requests by kind and outcome, as the sandbox does, and tells of each refresh."""
    import threading

    one = threading.Lock()

    def kind_of(request):
        if request.path != "/token":
            return request.path[1:] if request.path[1:] in COUNTS else None
        grant = request.POST.get("grant_type")
        return {"authorization_code": "code_exchange", "refresh_token": "refresh"}.get(grant, "other")

    def outcome_of(response):
        if response.status_code < 400:
            return "ok"
        try:
            return json.loads(response.content)["error"]
        except (ValueError, KeyError, TypeError):
            return f"http-{response.status_code}"

    def tell(word):
        if EVENTS:
            with one:
                print(word, flush=True)

    def answer(request):
        kind = kind_of(request)
        if kind == "refresh":
            tell("asked")
        response = get_response(request)
        if kind:
            outcome = outcome_of(response)
            with one:
                for key in ("total", outcome):
                    COUNTS[kind][key] = COUNTS[kind].get(key, 0) + 1
            if kind == "refresh":
                tell(outcome)
        return response
    return answer


def statistics(_):
    """The counts, and how many families have a refresh token that works."""
    from django.http import JsonResponse
    from oauth2_provider.models import get_refresh_token_model

    tokens = get_refresh_token_model().objects
    every = set(tokens.values_list("token_family", flat=True))
    alive = set(tokens.filter(revoked__isnull=True, access_token__isnull=False).values_list("token_family", flat=True))
    return JsonResponse(
        {"requests": COUNTS, "families": {"alive": len(alive), "revoked": len(every - alive)}})


def serve():
    """The server's own process: prints where it listens, and answers until it is ended."""
    global urlpatterns  # Django looks for it by this name
    terms = json.loads(sys.argv[1])
    configure(terms)
    populate()

    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import path
    from oauth2_provider.decorators import protected_resource
    from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView
    from waitress import create_server

    if terms["events"]:
        EVENTS.append(True)
    urlpatterns = [
        path("authorize", AuthorizationView.as_view()), path("token", TokenView.as_view()),
        path("revoke", RevokeTokenView.as_view()),
        path("userinfo", protected_resource()(lambda _: JsonResponse({"sub": "person"}))),
        path("sandbox/stats", statistics)]
    server = create_server(get_wsgi_application(), host="127.0.0.1", port=terms["port"], threads=16)
    print(json.dumps({"base_url": f"http://127.0.0.1:{server.effective_port}"}), flush=True)
    server.run()


if __name__ == "__main__":
    serve()
