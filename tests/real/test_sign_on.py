"""Single sign-on with a real OpenID Connect provider on this machine: Canaille, as an organisation would run it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest

from databases import Sqlite
from needs import lacks
from serving import Served, free_port, serve

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("sign-on")]  # the first time, it installs a provider
ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-oidc.lock"
VENV = ROOT / ".venv-oidc"
PASSWORD = "correct horse battery staple"
READY_S_MAX = 90.0
APART_S = 1.1  # Canaille's access tokens for one person differ only by the second, and it refuses two that are the same
SECRET = "shared between the two of them"
CONFIG = """
SECRET_KEY = "only for tests, and long enough to be one"
SERVER_NAME = "127.0.0.1:{port}"
PREFERRED_URL_SCHEME = "http"
DEBUG = true
[CANAILLE]
JAVASCRIPT = false
HTMX = false
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{folder}/canaille.sqlite"
{keys}
"""
_FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL)
_INPUT = re.compile(r"<(?:input|button)\b[^>]*>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass(kw_only=True)
class Provider:
    """A running provider, and its command line."""

    url: str
    folder: Path
    environment: Mapping[str, str]

    def do(self, *words: str) -> str:
        """One of the provider's own commands."""
        ran = subprocess.run(
            [VENV / "bin" / "canaille", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return ran.stdout


@dataclass(kw_only=True)
class Browser:
    """Follows links and fills forms, as a browser without scripts."""

    jar: CookieJar = field(default_factory=CookieJar)
    url: str = ""
    page: str = ""
    status: int = 0

    def go(self, url: str, form: Mapping[str, str] | None = None) -> None:
        """Open an address, or send a form to it, and follow where it leads."""
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        request = urllib.request.Request(urljoin(self.url, url), urlencode(form).encode() if form else None)
        if form:
            request.add_header("Referer", self.url)
        try:
            answer = opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.url, self.page, self.status = answer.url, answer.read().decode(), answer.status

    def send(self, **typed: str) -> None:
        """Fill in the form that has a field of the first of these names, and send it."""
        first = next(iter(typed))
        form = next(one for one in _FORM.findall(self.page) if f'name="{first}"' in one)
        fields = [dict(_ATTRIBUTE.findall(one)) for one in _INPUT.findall(form)]
        values = {one["name"]: one.get("value", "") for one in fields if one.get("type") == "hidden" and "name" in one}
        action = dict(_ATTRIBUTE.findall(form.split(">")[0])).get("action", self.url)
        self.go(action or self.url, {**values, **typed})


def _venv() -> None:
    """The provider's own environment, made once from a lock with hashes, by the pip that is here already."""
    done = VENV / ".made"
    wanted = LOCK.read_text()
    if done.exists() and done.read_text() == wanted:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    pip = ["-m", "pip", "--python", str(VENV / "bin" / "python"), "--disable-pip-version-check"]
    for words in (["-m", "venv", "--without-pip", str(VENV)], [*pip, "install", "-q", "--require-hashes", "-r", LOCK]):
        ran = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=600, check=False)
        if ran.returncode != 0:
            said = ran.stdout + ran.stderr
            lacks(f"the OpenID Connect provider cannot be installed, so single sign-on was not proven: {said}")
    done.write_text(wanted)


@pytest.fixture(scope="module")
def port() -> int:
    """Where Tocsin is going to be."""
    return free_port()


@pytest.fixture(scope="module")
def strict_port() -> int:
    """Where another Tocsin is going to be, which believes no address that the provider has not verified."""
    return free_port()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, port: int, strict_port: int) -> Iterator[Provider]:
    """Canaille with Cleo (in group sre), Zoe (unknown to Tocsin) and Tocsin as its client."""
    _venv()
    folder = tmp_path_factory.mktemp("canaille")
    own = free_port()
    config = folder / "canaille.toml"
    environment = {**os.environ, "CANAILLE_CONFIG": str(config), "AUTHLIB_INSECURE_TRANSPORT": "1"}
    made = Provider(url=f"http://127.0.0.1:{own}", folder=folder, environment=environment)
    config.write_text(CONFIG.format(port=own, folder=folder, keys=""))
    key = json.loads(made.do("jwk", "create", "rsa"))
    inline = ", ".join(f'{name} = "{value}"' for name, value in key.items() if isinstance(value, str))
    config.write_text(
        CONFIG.format(
            port=own, folder=folder, keys=f"[CANAILLE_OIDC]\nREQUIRE_NONCE = true\nACTIVE_JWKS = [{{{inline}}}]"
        )
    )
    made.do("install")
    _fill(made, port, strict_port)
    log = (folder / "log").open("ab")
    command = [VENV / "bin" / "canaille", "run", "--bind", f"127.0.0.1:{own}"]
    with log, subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log) as process:
        try:
            _wait(made, folder / "log")
            yield made
        finally:
            process.terminate()
            process.wait(20)


def _fill(made: Provider, port: int, strict_port: int) -> None:
    for name, family in (("cleo", "Adeyemi"), ("zoe", "Zed")):
        made.do(
            "create",
            "user",
            "--user-name",
            name,
            "--given-name",
            name.title(),
            "--family-name",
            family,
            "--formatted-name",
            f"{name.title()} {family}",
            "--emails",
            f"{name}@acme.example",
            "--password",
            PASSWORD,
        )
    made.do("create", "group", "--display-name", "sre", "--members", "cleo")
    made.do(
        "create",
        "client",
        "--client-id",
        "tocsin",
        "--client-secret",
        SECRET,
        "--client-name",
        "Tocsin",
        "--redirect-uris",
        f"http://127.0.0.1:{port}/sso/sso/return",
        "--redirect-uris",
        f"http://127.0.0.1:{strict_port}/sso/sso/return",
        "--grant-types",
        "authorization_code",
        "--response-types",
        "code",
        "--scope",
        "openid",
        "--scope",
        "profile",
        "--scope",
        "email",
        "--scope",
        "groups",
        "--token-endpoint-auth-method",
        "client_secret_post",
        "--id-token-signed-response-alg",
        "RS256",
        "--client-uri",
        f"http://127.0.0.1:{port}",
    )
    number = json.loads(made.do("get", "client", "--client-id", "tocsin"))[0]["id"]
    made.do("set", "client", number, "--audience", number)


def _wait(made: Provider, log: Path) -> None:
    end = time.monotonic() + READY_S_MAX
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{made.url}/.well-known/openid-configuration", timeout=10):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the provider did not become ready: {log.read_text()}")


@pytest.fixture(scope="module")
def served(
    provider: Provider, port: int, sqlite_template: Sqlite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Tocsin that trusts this provider."""
    more = {**_settings(provider, port), "TOCSIN_OIDC_EMAILS_VERIFIED": "yes"}  # Canaille never says that one is
    yield from serve(sqlite_template, tmp_path_factory.mktemp("sso"), port=port, more=more)


@pytest.fixture(scope="module")
def strict(
    provider: Provider, strict_port: int, sqlite_template: Sqlite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Tocsin as it is by default: an address counts only if the provider says that it has verified it."""
    more = _settings(provider, strict_port)
    yield from serve(sqlite_template, tmp_path_factory.mktemp("strict"), port=strict_port, more=more)


def _settings(provider: Provider, port: int) -> dict[str, str]:
    return {
        "TOCSIN_OIDC_ISSUER": provider.url,
        "TOCSIN_OIDC_CLIENT_ID": "tocsin",
        "TOCSIN_OIDC_CLIENT_SECRET": SECRET,
        "TOCSIN_OIDC_SCOPES": "openid profile email groups",
        "TOCSIN_OIDC_NAME": "Acme",
        "TOCSIN_OIDC_ROLES": "sre=admin",
        "TOCSIN_OIDC_TEAMS": "sre=oncall",
        "TOCSIN_OIDC_CREATE": "yes",
        "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
    }


def _sign_in(served: Served, name: str) -> Browser:
    time.sleep(APART_S)
    browser = Browser()
    browser.go(f"{served.url}/sign-in?next=/me")
    assert "Sign in with Acme" in browser.page
    browser.go("/sso/sso/sign-in?next=/me")
    browser.send(login=name)
    browser.send(password=PASSWORD)
    if 'name="answer"' in browser.page:
        browser.send(answer="accept")
    return browser


def _person(served: Served, name: str) -> Any:
    return served.api("ann", "GET", f"/config/documents/people/{name}").body


def test_somebody_new_is_let_in_and_their_rights_follow_the_groups(served: Served, provider: Provider) -> None:
    """Zoe comes for the first time, in no group: a viewer. In the group at the next sign-in: an administrator of the team."""
    served.api("ann", "PUT", "/config/documents/teams/oncall", {"name": "On call"})
    browser = _sign_in(served, "zoe")
    assert (browser.url, browser.status) == (f"{served.url}/me", 200), browser.page
    assert "zoe@acme.example" in browser.page
    assert _person(served, "zoe")["document"]["role"] == "viewer"
    provider.do("set", "group", "sre", "--members", "cleo", "--members", "zoe")
    assert _sign_in(served, "zoe").status == 200
    assert _person(served, "zoe")["document"]["role"] == "admin"
    assert served.api("ann", "GET", "/config/documents/teams/oncall").body["document"]["members"] == ["zoe"]
    provider.do("set", "group", "sre", "--members", "cleo")
    assert _sign_in(served, "zoe").status == 200
    assert _person(served, "zoe")["document"]["role"] == "viewer"
    assert served.api("ann", "GET", "/config/documents/teams/oncall").body["document"]["members"] == []


def test_somebody_known_comes_into_their_own_account(served: Served) -> None:
    """Cleo's account is found by her verified address; what a file says about her stays as the file says."""
    browser = _sign_in(served, "cleo")
    assert (browser.url, browser.status) == (f"{served.url}/me", 200), browser.page
    assert "cleo@acme.example" in browser.page
    assert _person(served, "cleo")["document"]["role"] == "responder"


def test_an_address_that_is_not_verified_lets_nobody_in(strict: Served) -> None:
    """Whoever is known only by what they may have written themselves is refused, and the audit knows it."""
    for name in ("cleo", "zoe"):
        browser = _sign_in(strict, name)
        assert (browser.status, "You are not known here" in browser.page) == (403, True), browser.page
        browser.go(f"{strict.url}/me")
        assert "/sign-in" in browser.url
    refused = strict.api("ann", "GET", "/audit?what=refusals").body["entries"]
    assert sorted(one["body"]["email"] for one in refused) == ["cleo@acme.example", "zoe@acme.example"]
    assert strict.api("ann", "GET", "/config/documents/people/zoe").status == 404
