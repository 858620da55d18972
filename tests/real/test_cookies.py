"""Cookies as a browser is given them: bound to TLS and the host behind https, plain on a plain address."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlencode, urlsplit

import pytest

from databases import Sqlite
from serving import Served, found_company, node
from tocsin.kit import clock, db
from tocsin.people import actions
from tocsin.people.models import User

pytestmark = pytest.mark.xdist_group("real")
PASSWORD = "correct horse battery staple"
HOST = "tocsin.example.org"
SECURE = f"https://{HOST}"
BEHIND_TLS = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What was answered."""

    status: int
    page: str
    headers: Message
    cookies: Mapping[str, Morsel[str]]


def _ask(served: Served, path: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> Got:
    body = urlencode(form) if form is not None else None
    given = {**headers, **({"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {})}
    with closing(http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)) as connection:
        connection.request("GET" if body is None else "POST", path, body, given)
        answer = connection.getresponse()
        cookies: SimpleCookie = SimpleCookie()
        for one in answer.headers.get_all("Set-Cookie") or ():
            cookies.load(one)
        return Got(status=answer.status, page=answer.read().decode(), headers=answer.headers, cookies=cookies)


def _sign_in(served: Served, headers: Mapping[str, str], origin: str) -> tuple[Got, Got]:
    """The page, and the answer to its form."""
    page = _ask(served, "/sign-in", headers)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.page)
    assert token
    shown = "; ".join(f"{name}={one.value}" for name, one in page.cookies.items())
    form = {"csrfmiddlewaretoken": token[1], "login": "ann@acme.example", "password": PASSWORD}
    sent = {**headers, "Cookie": shown, "Origin": origin, "Referer": f"{origin}/sign-in"}
    return page, _ask(served, "/sign-in", sent, form)


def _marks(one: Morsel[str]) -> tuple[bool, bool, str, str, str]:
    return bool(one["secure"]), bool(one["httponly"]), one["samesite"], one["path"], one["domain"]


@pytest.fixture(scope="module", params=["https", "http"])
def served(
    request: pytest.FixtureRequest, sqlite_template: Sqlite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server whose people come by https through a proxy, and one whose people come as they are."""
    fresh = sqlite_template.fresh()
    tokens = found_company(fresh)
    fresh.connect()
    with db.transact(clock.now()) as tx:
        actions.set_password(tx, User.objects.get(email="ann@acme.example"), PASSWORD)
    db.drop_connection()
    more = {"TOCSIN_BASE_URL": SECURE} if request.param == "https" else {"TOCSIN_BASE_URL": ""}
    with node(fresh, tokens, tmp_path_factory.mktemp("cookies") / "log", more=more) as made:
        yield made


@pytest.fixture
def is_secure(request: pytest.FixtureRequest) -> bool:
    """Whether the server's address is https."""
    return str(request.node.callspec.params["served"]) == "https"


def test_cookies_are_as_strict_as_the_address_allows(served: Served, is_secure: bool) -> None:
    """Behind https: for this host only, over TLS only, out of reach of scripts; the page insists on TLS for a year."""
    headers, origin = (BEHIND_TLS, SECURE) if is_secure else ({}, served.url)
    page, inside = _sign_in(served, headers, origin)
    assert (page.status, inside.status) == (200, 302)
    prefix = "__Host-" if is_secure else ""
    assert set(page.cookies) == {f"{prefix}tocsin-csrf"}
    assert set(inside.cookies) == {f"{prefix}tocsin", f"{prefix}tocsin-csrf"}
    assert _marks(page.cookies[f"{prefix}tocsin-csrf"]) == (is_secure, True, "Strict", "/", "")
    assert _marks(inside.cookies[f"{prefix}tocsin"]) == (is_secure, True, "Lax", "/", "")
    assert page.headers.get("Strict-Transport-Security") == ("max-age=31536000" if is_secure else None)
    carried = "; ".join(f"{name}={one.value}" for name, one in inside.cookies.items())
    assert _ask(served, "/me", {**headers, "Cookie": carried}).status == 200
    assert _ask(served, "/me", headers).status == 302


def test_a_form_of_another_address_is_refused(served: Served, is_secure: bool) -> None:
    """A page elsewhere, or the same host without TLS, cannot send the form in somebody's name."""
    headers = BEHIND_TLS if is_secure else {}
    for origin in ("https://evil.example", f"http://{HOST}" if is_secure else "https://tocsin.example.org"):
        assert _sign_in(served, headers, origin)[1].status == 403
