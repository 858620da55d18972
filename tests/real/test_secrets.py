"""A day of work on a real server that logs all it can: nothing that opens anything stands in its log."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import Database
from fakes import certificates
from fakes.http import HttpSink
from fakes.openid import FakeProvider
from fakes.smtp import SmtpSink
from real.visitor import Visitor
from serving import CHECKOUT_KEY, CLUSTER_KEY, HELPDESK_KEY, Served, found_company, node
from tocsin.kit import clock, db
from tocsin.people import actions
from tocsin.people.models import User

pytestmark = [pytest.mark.xdist_group("real"), pytest.mark.timeout(180)]
GENERIC_KEY = "1a2b3c4d5e6f"
PASSWORD, NEW_PASSWORD, GUESSED = "correct horse battery staple", "a battery, correctly stapled", "my bank's password"
MADE_UP_TOKEN = "tsn_" + "guessguess" * 3
SETTINGS = {
    "TOCSIN_LOG": "debug",
    "TOCSIN_SECRETS": os.environ["TOCSIN_SECRETS"],
    "TOCSIN_WEBHOOK_SECRET": "whsec_dGhlIHNlY3JldCBvZiBhbGwgd2ViaG9va3M=",
    "TOCSIN_METRICS_TOKEN": "the-token-of-the-metrics",
    "TOCSIN_OIDC_CLIENT_ID": "tocsin",
    "TOCSIN_OIDC_CLIENT_SECRET": "the-secret-of-the-client",
    "TOCSIN_OIDC_NAME": "Acme",
    "TOCSIN_OIDC_EMAILS_VERIFIED": "yes",
}
SECRET_SETTINGS = ("TOCSIN_SECRETS", "TOCSIN_WEBHOOK_SECRET", "TOCSIN_METRICS_TOKEN", "TOCSIN_OIDC_CLIENT_SECRET")
SMTP_LOGIN = ("postman", "the-password-of-the-postman")
DATABASE_PASSWORD = "the-password-of-the-database"
HOOK_SECRET = "whsec_dGhlIHNlY3JldCBvZiBBbm5zIGhvb2s="
NTFY_TOKEN = "tk_the0token0of0anns0topic"
_LINK = re.compile(r"/(?:password|a)/([A-Za-z0-9_.~:-]{16,})")


class Day:
    """Who works on the server, and what they learn that nobody else may know."""

    def __init__(self, served: Served, mail: SmtpSink, web: HttpSink, provider: FakeProvider) -> None:
        self.served, self.mail, self.web, self.provider = served, mail, web, provider
        self.secrets = {PASSWORD, NEW_PASSWORD, GUESSED, MADE_UP_TOKEN, SMTP_LOGIN[1], DATABASE_PASSWORD}
        self.secrets |= {SETTINGS[name] for name in SECRET_SETTINGS} | set(served.tokens.values())
        self.secrets |= {CHECKOUT_KEY, CLUSTER_KEY, HELPDESK_KEY, GENERIC_KEY, HOOK_SECRET, NTFY_TOKEN}

    def signals(self) -> None:
        """By every way a key is shown, right and wrong, with bodies nobody can read."""
        call = self.served.call
        for body in ({"alert": {"name": "generic"}}, b"{no json", b"\xff"):
            for path in (f"/in/generic/{GENERIC_KEY}", f"/in/generic/{GENERIC_KEY}/x", f"/in/nothing/{GENERIC_KEY}"):
                call("", "POST", path, body)
            call("", "POST", f"/in/generic?token={GENERIC_KEY}", body)
            call("", "POST", "/v2/alerts", body, {"Authorization": f"GenieKey {HELPDESK_KEY}"})
            call("", "POST", "/v2/enqueue", {"routing_key": CHECKOUT_KEY, "event_action": "what"})
            call("", "POST", f"/in/prometheus/{CLUSTER_KEY}/api/v2/alerts", body)
        call("", "GET", f"/in/generic/{GENERIC_KEY}")
        call("", "GET", f"/nowhere/in/generic/{GENERIC_KEY}?key={GENERIC_KEY}")

    def pages(self) -> None:
        """Ann is paged by mail, a webhook and ntfy, which fail first; links in what arrives are used."""
        hook = {"webhook": f"{self.web.url}/hook/{GENERIC_KEY}", "secret": HOOK_SECRET}
        contacts = {"mail": {"email": "ann@acme.example"}, "hook": hook}
        contacts["phone"] = {"ntfy": f"{self.web.url}/topic", "token": NTFY_TOKEN}
        ann = {"name": "Ann Lee", "email": "ann@acme.example", "role": "admin", "contacts": contacts}
        company = f"tocsin: 1\npeople: {{ann: {json.dumps(ann)}}}\n"
        self.web.answer(500, times=2)
        self.mail.reject("451 4.3.0 later", times=1)
        file = {"name": "ann.yaml", "content": company}
        applied = self.served.api("bob", "POST", "/config/plan", {"files": [file]})
        assert applied.status == 403
        applied = self.served.api("ann", "POST", "/config/apply", {"files": [file], "scope": "ann"})
        assert applied.status == 200, applied
        asked = {"to": ["person:ann"], "title": "look here"}
        assert self.served.api("cleo", "POST", "/pages", asked).status == 201
        for one in self.web.wait_for(4):
            self.secrets |= set(_LINK.findall(one.body.decode())) | set(_LINK.findall(str(one.headers)))
        self._letters(1)
        for token in [one for one in self.secrets if len(one) > 40]:
            self.served.call("", "GET", f"/a/{token}")
            self.served.call("", "POST", f"/a/{token[:-1]}")

    def people(self) -> None:
        """Right and wrong passwords and tokens, a forgotten password, an invitation, sessions, single sign-on."""
        visitor = Visitor(self.served.url)
        form = {"login": "ann@acme.example", "password": GUESSED}
        visitor.post("/sign-in", form, "/sign-in")
        visitor.sign_in("ann@acme.example", PASSWORD)
        self.secrets |= set(visitor.cookies.values())
        self.served.call(MADE_UP_TOKEN, "GET", "/api/v1/me")
        self.served.call("", "GET", f"/api/v1/me?token={self.served.tokens['ann']}")
        made = self.served.api("cleo", "POST", "/tokens", {"name": "laptop", "scopes": ["see"]}).body
        self.secrets.add(made["token"])
        seen = len(self.mail.mails)
        Visitor(self.served.url).post("/password/forgotten", {"email": "bob@acme.example"}, "/password/forgotten")
        self._letters(seen + 1)
        token = _LINK.findall(self.mail.mails[-1].text)[0]
        stranger = Visitor(self.served.url)
        assert stranger.post(f"/password/{token}", {"password": NEW_PASSWORD}, f"/password/{token}") == 303
        for path in (f"/password/{token}", f"/password/{token}/x", f"/password/{token[:-2]}"):
            stranger.get(path)
        asked = Visitor(self.served.url)
        to = asked.location("/sso/sso/sign-in")
        claims = {"sub": "cleo-1", "email": "cleo@acme.example", "email_verified": True}
        back = urllib.parse.urlencode(self.provider.returning(to, claims, token={"nonce": "another"}))
        asked.get(f"/sso/sso/return?{back}")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(to).query)
        self.secrets |= {query["state"][0], query["nonce"][0]}

    def calendars(self) -> None:
        """A feed, right and wrong; a calendar elsewhere whose address is a secret, and which cannot be read."""
        made = self.served.api("cleo", "POST", "/feeds", {"person": "cleo"}).body
        path = urllib.parse.urlsplit(made["url"]).path
        secret = path.rpartition("/")[2].removesuffix(".ics")
        self.secrets.add(secret)
        for tried in (path, f"{path}x", path.replace(secret, secret[:-1])):
            self.served.call("", "GET", tried)
        hidden = "private-3f9a8b7c6d5e4f3a2b1c"
        self.secrets.add(hidden)
        calendar = {"person": "cleo", "url": f"{self.web.url}/{hidden}/basic.ics"}
        assert self.served.api("cleo", "POST", "/calendars", calendar).status in (200, 201)

    def files(self) -> None:
        """Files with secrets and mistakes in them; a document written wrongly; metrics with a token, right and wrong."""
        broken = f"tocsin: 1\nintegrations: {{x: {{service: nowhere, source: generic, key: {GENERIC_KEY}x, ke: y}}}}\n"
        for verb in ("plan", "apply", "check"):
            self.served.api("ann", "POST", f"/config/{verb}", {"files": [{"name": "a.yaml", "content": broken}]})
        wrong = {"service": "checkout", "source": "generic", "key": GENERIC_KEY, "rate_limit": "fast"}
        self.served.api("ann", "PUT", "/config/documents/integrations/wrong", wrong)
        for token in (SETTINGS["TOCSIN_METRICS_TOKEN"], MADE_UP_TOKEN):
            self.served.call("", "GET", "/metrics", headers={"Authorization": f"Bearer {token}"})

    def _letters(self, count: int) -> None:
        for one in self.mail.wait_for(count):
            self.secrets |= set(_LINK.findall(one.text))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the server writes."""
    return tmp_path / "serve.log"


@pytest.fixture
def day(postgres: Database, log: Path) -> Iterator[Day]:
    """A company on a PostgreSQL with a password, with mail, web and sign-on outside."""
    tokens = found_company(postgres)
    postgres.connect()
    with db.transact(clock.now()) as tx:
        actions.set_password(tx, User.objects.get(email="ann@acme.example"), PASSWORD)
    address = postgres.environment["TOCSIN_DATABASE"].replace("tocsin@", f"tocsin:{DATABASE_PASSWORD}@")
    tls = certificates.make()
    with SmtpSink(starttls=tls.server_context(), login=SMTP_LOGIN) as mail, HttpSink() as web, FakeProvider() as sso:
        more = {
            **SETTINGS,
            "TOCSIN_DATABASE": address,
            "TOCSIN_SMTP_URL": mail.url,
            "TOCSIN_OIDC_ISSUER": sso.url,
            "SSL_CERT_FILE": str(tls.ca_file),
        }
        with node(postgres, tokens, log, more=more) as served:
            yield Day(served, mail, web, sso)


def test_a_day_of_work_leaves_no_secret_in_the_log(day: Day, log: Path) -> None:
    """Keys, tokens, passwords, links, feeds, cookies and what signs: used rightly and wrongly, logged by nobody."""
    day.signals()
    day.people()
    day.pages()
    day.calendars()
    day.files()
    written = log.read_text()
    assert '"level": "debug"' in written
    leaked = [line[:300] for line in written.splitlines() for one in day.secrets if one in line]
    assert leaked == []
    assert len(day.secrets) > 25


def test_an_error_that_names_an_address_does_not_tell_its_secret() -> None:
    """What libraries log of a request that broke, and what a traceback holds, is covered; the rest stays readable."""
    secret = "kX3sEcReTsEcReTsEcReT"
    program = (
        "import logging; from tocsin.site import logs; logs.configure('debug')\n"
        f"for path in ('/password/{secret}', 'in/nothing/{secret}', '/a/{secret}', '/cal/{secret}.ics', '/in/generic/{secret}/x'):\n"
        "    logging.getLogger('django.request').error('Internal Server Error: %s', path)\n"
        f"try: raise ValueError('cannot open https://x.example/a/{secret}?token={secret} with tsn_{secret}')\n"
        "except ValueError: logging.getLogger('any').exception('broken at /groups/12')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], env=os.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert secret not in ran.stderr
    assert ran.stderr.count("(hidden)") >= 7
    assert "broken at /groups/12" in ran.stderr
    assert "Traceback" in ran.stderr
