"""One `tocsin serve` with a small company behind it, for tests that come through its doors.

Ann is an administrator, Bob a manager of the shop's team, Cleo a responder there, Dan looks on everywhere and manages
the platform team, Eve has an account that belongs to nobody in the configuration. A stranger has none.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from databases import Database, Sqlite
from tocsin.config import actions as configuring
from tocsin.config.parse import File
from tocsin.kit import clock, db
from tocsin.kit.installation import link_signer
from tocsin.paging import links
from tocsin.people import actions as accounts
from tocsin.people.models import User
from tocsin.people.rights import Right

READY_S_MAX = 90.0  # a machine that does much else takes its time to start a server; pytest's timeout comes later
CHECKOUT_KEY = "0f9a3c5d7e1b42468ace13579bdf0246"
CLUSTER_KEY = "9c0d1e2f3a4b4c5d8e6f708192a3b4c5"
HELPDESK_KEY = "5d8e6f708192a3b49c0d1e2f3a4b4c5d"
COMPANY = f"""
tocsin: 1
people:
  ann: {{name: Ann Lee, email: ann@acme.example, role: admin, contacts: {{inbox: {{inbox: true}}}}}}
  bob: {{name: Bob Ortiz, email: bob@acme.example, role: manager, contacts: {{inbox: {{inbox: true}}}}}}
  cleo: {{name: Cleo Adeyemi, email: cleo@acme.example, role: responder, contacts: {{inbox: {{inbox: true}}}}}}
  dan: {{name: Dan Novak, email: dan@acme.example, role: viewer, contacts: {{inbox: {{inbox: true}}}}}}
teams:
  shop: {{name: Shop, members: [ann, bob, cleo]}}
  platform: {{name: Platform, members: [dan], managers: [dan]}}
services:
  checkout: {{name: Checkout, team: shop, policy: shop, storm: off}}
  cluster: {{name: Cluster, team: platform, policy: shop, urgency: low, storm: off}}
integrations:
  checkout-events: {{service: checkout, source: pagerduty, key: {CHECKOUT_KEY}}}
  cluster-prometheus: {{service: cluster, source: prometheus, key: {CLUSTER_KEY}}}
  helpdesk: {{service: cluster, source: opsgenie, key: {HELPDESK_KEY}}}
  odds: {{service: cluster, source: generic, key: 1a2b3c4d5e6f, mapping: {{title: alert.name}}}}
routes:
  - {{when: ['noise="yes"'], drop: it is only noise}}
schedules:
  first:
    name: First
    timezone: Europe/Berlin
    layers: [{{name: weekly, rotation: weekly, handoff: Mon 09:00, start: 2026-01-05, people: [ann, bob]}}]
policies:
  shop: {{name: Shop, steps: [{{page: [person:cleo], wait: 1h}}, {{page: [schedule:first], wait: 1h}}]}}
"""
CAST = ("ann", "bob", "cleo", "dan", "eve")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door answered."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Served:
    """A running server; each of the cast has a token with all scopes."""

    url: str
    tokens: dict[str, str]
    database: Database

    def call(
        self, who: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request by one of the cast, or by a stranger ("")."""
        raw = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        request = urllib.request.Request(self.url + path, raw, method=method)
        if raw is not None:
            request.add_header("Content-Type", "application/json")
        if who:
            request.add_header("Authorization", f"Bearer {self.tokens.get(who, who)}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return _answer(response)
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error)

    def api(self, who: str, method: str, path: str, body: object = None) -> Answer:
        """The same under /api/v1."""
        return self.call(who, method, f"/api/v1{path}", body)

    def trouble(self, title: str, *, key: str = CHECKOUT_KEY) -> int:
        """A new problem of the checkout; the number of the group it opened, be there older ones of the same words."""
        path = f"/groups?q={quote_plus(title)}"
        older = {one["id"] for one in self.api("ann", "GET", path).body["groups"]}
        event = {
            "routing_key": key,
            "event_action": "trigger",
            "payload": {"summary": title, "source": "tests", "severity": "critical"},
        }
        assert self.call("", "POST", "/v2/enqueue", event).status == 202
        found = self.wait_for(path, lambda body: [one for one in body["groups"] if one["id"] not in older])
        return int(found["groups"][0]["id"])

    def link(self, *groups: int, person: str = "cleo") -> str:
        """The path of the link in a message to somebody that tells of these groups."""
        pages = []
        for group in groups:
            path = f"/groups/{group}/pages"
            found = self.wait_for(path, lambda body: [one for one in body["pages"] if one["person"] == person], "ann")
            pages.append(next(one["id"] for one in found["pages"] if one["person"] == person))
        return links.to("", link_signer(), pages, clock.now())

    def wait_for(self, path: str, there: Any, who: str = "ann") -> Any:
        """What the API says once it satisfies `there`."""
        end = time.monotonic() + READY_S_MAX
        while time.monotonic() < end:
            answer = self.api(who, "GET", path)
            if answer.status == 200 and there(answer.body):
                return answer.body
            time.sleep(0.02)
        raise AssertionError(f"{path} never came to be: {answer}")


def _answer(response: Any) -> Answer:
    raw = response.read()
    kind = response.headers.get_content_type()
    body = json.loads(raw) if raw and kind.endswith("json") else raw.decode()
    return Answer(response.status, body, dict(response.headers))


def serve(template: Sqlite, folder: Path, *, port: int = 0, more: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A server on a fresh database, until the end; on this port, if it matters, and with `more` settings."""
    fresh = template.fresh()
    tokens = found_company(fresh)
    with node(fresh, tokens, folder / "serve.log", port=port, more=more) as served:
        yield served


@contextmanager
def node(
    database: Database, tokens: dict[str, str], log: Path, *, port: int = 0, more: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """One server on the company's database; there may be others. On this port, if it matters, with `more` settings."""
    port = port or free_port()
    command = [sys.executable, "-m", "tocsin", "serve", "--port", str(port)]
    environment = {**os.environ, **database.environment, "TOCSIN_METRICS_TOKEN": "for-the-tests", **(more or {})}
    with log.open("ab") as out, subprocess.Popen(command, env=environment, stdout=out, stderr=out) as process:
        served = Served(f"http://127.0.0.1:{port}", tokens, database)
        try:
            _wait_until_ready(served, log)
            yield served
        finally:
            process.terminate()
            process.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()


def found_company(database: Database) -> dict[str, str]:
    """The company's configuration and accounts; the tokens of the cast."""
    database.connect()
    try:
        return _found_company()
    finally:
        db.drop_connection()


def session(who: str) -> str:
    """The session's cookie of one of the cast, made on the database this thread is connected to."""
    return session_of(f"{who}@acme.example")


def session_of(email: str) -> str:
    """The session's cookie of an account, as the sign-in makes it, without the password."""
    user = User.objects.get(email=email)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def _found_company() -> dict[str, str]:
    tokens = {}
    with db.transact(clock.now()) as tx:
        files = [File(name="company.yaml", content=COMPANY)]
        outcome = configuring.apply(tx, files, {}, configuring.Author(by="tocsin"))
        assert isinstance(outcome, configuring.Applied), outcome
    with db.transact(clock.now()) as tx:
        for name in CAST:
            person = "" if name == "eve" else name
            user = accounts.create_user(tx, f"{name}@acme.example", person, None)
            tokens[name] = accounts.create_token(tx, user, "tests", list(Right), None)
            if name == "cleo":
                tokens["cleo only sees"] = accounts.create_token(tx, user, "tests", [Right.SEE], None)
    return tokens


def _wait_until_ready(served: Served, log: Path) -> None:
    end = time.monotonic() + READY_S_MAX
    while time.monotonic() < end:
        try:
            if served.call("", "GET", "/-/ready").status == 200:
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    pytest.fail(f"the server did not become ready: {log.read_text()}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
