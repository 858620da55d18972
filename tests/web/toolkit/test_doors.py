"""Every address of the interface × every kind of person, and the headers on every answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from house import House, read, words
from world import disk_full

SIGNED_IN = frozenset({"ann", "bob", "cleo", "dan"})
RESPONDERS = frozenset({"ann", "bob", "dan"})
MANAGERS = frozenset({"bob", "dan"})  # of the team web; its services are theirs
ADMINS = frozenset({"dan"})
EVERYBODY = SIGNED_IN | {"eve", "gus"}


@dataclass(frozen=True)
class Door:
    """One address: how it is knocked at, and who gets in."""

    route: str
    method: str
    path: str
    may: frozenset[str]


DOORS = (
    Door("", "GET", "/", SIGNED_IN),
    Door("groups", "GET", "/groups", SIGNED_IN),
    Door("groups/searches", "POST", "/groups/searches", SIGNED_IN),
    Door("groups/searches/<number:search_id>/removal", "POST", "/groups/searches/1/removal", SIGNED_IN),
    Door("groups/<number:group_id>", "GET", "/groups/1", SIGNED_IN),
    Door("groups/<number:group_id>/acknowledgement", "POST", "/groups/1/acknowledgement", RESPONDERS),
    Door("groups/<number:group_id>/return", "POST", "/groups/1/return", RESPONDERS),
    Door("groups/<number:group_id>/resolution", "POST", "/groups/1/resolution", RESPONDERS),
    Door("groups/<number:group_id>/snooze", "POST", "/groups/1/snooze", RESPONDERS),
    Door("groups/<number:group_id>/notes", "POST", "/groups/1/notes", RESPONDERS),
    Door("groups/<number:group_id>/escalation", "POST", "/groups/1/escalation", RESPONDERS),
    Door("signals/<number:signal_id>", "GET", "/signals/16384", SIGNED_IN),
    Door("silences", "GET", "/silences", SIGNED_IN),
    Door("silences", "POST", "/silences", RESPONDERS),
    Door("silences/<number:silence_id>/end", "POST", "/silences/1/end", RESPONDERS),
    Door("setup", "GET", "/setup", SIGNED_IN),
    Door("health", "GET", "/health", MANAGERS),
    Door("services", "GET", "/services", SIGNED_IN),
    Door("services/new", "GET", "/services/new", MANAGERS),
    Door("services/new", "POST", "/services/new", MANAGERS),
    Door("services/<str:name>", "GET", "/services/web", SIGNED_IN),
    Door("services/<str:name>/change", "GET", "/services/web/change", MANAGERS),
    Door("services/<str:name>/change", "POST", "/services/web/change", MANAGERS),
    Door("services/<str:name>/removal", "POST", "/services/web/removal", MANAGERS),
    Door("integrations", "GET", "/integrations", SIGNED_IN),
    Door("integrations/new", "GET", "/integrations/new", MANAGERS),
    Door("integrations/new", "POST", "/integrations/new?source=generic", MANAGERS),
    Door("integrations/<str:name>", "GET", "/integrations/web", SIGNED_IN),
    Door("integrations/<str:name>/change", "GET", "/integrations/web/change", MANAGERS),
    Door("integrations/<str:name>/change", "POST", "/integrations/web/change", MANAGERS),
    Door("integrations/<str:name>/mapping", "GET", "/integrations/web/mapping", MANAGERS),
    Door("integrations/<str:name>/mapping", "POST", "/integrations/web/mapping", MANAGERS),
    Door("integrations/<str:name>/test", "POST", "/integrations/web/test", MANAGERS),
    Door("integrations/<str:name>/key", "POST", "/integrations/web/key", MANAGERS),
    Door("integrations/<str:name>/removal", "POST", "/integrations/web/removal", MANAGERS),
    Door("oncall", "GET", "/oncall", SIGNED_IN),
    Door("oncall/me", "GET", "/oncall/me", SIGNED_IN),
    Door("oncall/me/absences", "POST", "/oncall/me/absences", RESPONDERS),
    Door(
        "oncall/me/absences/<number:absence_id>/cancellation", "POST", "/oncall/me/absences/1/cancellation", RESPONDERS
    ),
    Door("oncall/me/calendars", "POST", "/oncall/me/calendars", RESPONDERS),
    Door("oncall/me/calendars/<number:calendar_id>/end", "POST", "/oncall/me/calendars/1/end", RESPONDERS),
    Door("oncall/me/feeds", "POST", "/oncall/me/feeds", RESPONDERS),
    Door("oncall/feeds/<number:feed_id>/revocation", "POST", "/oncall/feeds/99/revocation", SIGNED_IN),
    Door("oncall/overrides/<number:override_id>/cancellation", "POST", "/oncall/overrides/1/cancellation", RESPONDERS),
    Door("oncall/swaps/new", "GET", "/oncall/swaps/new", RESPONDERS),
    Door("oncall/swaps/new", "POST", "/oncall/swaps/new", RESPONDERS),
    Door("oncall/swaps/<number:swap_id>", "GET", "/oncall/swaps/1", SIGNED_IN),
    Door("oncall/swaps/<number:swap_id>/acceptance", "POST", "/oncall/swaps/1/acceptance", RESPONDERS),
    Door("oncall/swaps/<number:swap_id>/refusal", "POST", "/oncall/swaps/1/refusal", RESPONDERS),
    Door("oncall/swaps/<number:swap_id>/withdrawal", "POST", "/oncall/swaps/1/withdrawal", RESPONDERS),
    Door("oncall/handovers/<number:handover_id>", "GET", "/oncall/handovers/1", SIGNED_IN),
    Door("oncall/handovers/<number:handover_id>/acceptance", "POST", "/oncall/handovers/1/acceptance", RESPONDERS),
    Door("schedules", "GET", "/schedules", SIGNED_IN),
    Door("schedules/new", "GET", "/schedules/new", MANAGERS),
    Door("schedules/new", "POST", "/schedules/new", MANAGERS),
    Door("schedules/<str:name>/edit", "GET", "/schedules/primary/edit", ADMINS),
    Door("schedules/<str:name>/edit", "POST", "/schedules/primary/edit", ADMINS),
    Door("schedules/<str:name>/removal", "GET", "/schedules/primary/removal", ADMINS),
    Door("schedules/<str:name>/removal", "POST", "/schedules/primary/removal", ADMINS),
    Door("schedules/<str:name>", "GET", "/schedules/primary", SIGNED_IN),
    Door("schedules/<str:name>/override", "GET", "/schedules/primary/override", RESPONDERS),
    Door("schedules/<str:name>/override", "POST", "/schedules/primary/override", RESPONDERS),
    Door("schedules/<str:name>/feeds", "POST", "/schedules/primary/feeds", RESPONDERS),
    Door("inbox", "GET", "/inbox", SIGNED_IN),
    Door("inbox/read", "POST", "/inbox/read", SIGNED_IN),
    Door("what-if", "GET", "/what-if", SIGNED_IN),
    Door("what-if", "POST", "/what-if", SIGNED_IN),
    Door("plans", "GET", "/plans", SIGNED_IN),
    Door("routes", "GET", "/routes", SIGNED_IN),
    Door("routes/<number:number>/move", "POST", "/routes/1/move", ADMINS),
    Door("policies", "GET", "/policies", SIGNED_IN),
    Door("policies/new", "GET", "/policies/new", ADMINS),
    Door("policies/new", "POST", "/policies/new", ADMINS),
    Door("policies/<str:name>", "GET", "/policies/web", SIGNED_IN),
    Door("policies/<str:name>/edit", "GET", "/policies/web/edit", ADMINS),
    Door("policies/<str:name>/edit", "POST", "/policies/web/edit", ADMINS),
    Door("configuration", "GET", "/configuration", SIGNED_IN),
    Door("configuration/export", "GET", "/configuration/export", SIGNED_IN),
    Door("configuration/apply", "GET", "/configuration/apply", ADMINS),
    Door("configuration/apply", "POST", "/configuration/apply", ADMINS),
    Door("configuration/problems", "POST", "/configuration/problems", MANAGERS),
    Door("configuration/new/<str:section>", "GET", "/configuration/new/services", MANAGERS),
    Door("configuration/new/<str:section>", "POST", "/configuration/new/services", MANAGERS),
    Door("configuration/edit/<str:section>/<str:name>", "GET", "/configuration/edit/services/web", SIGNED_IN),
    Door("configuration/edit/<str:section>/<str:name>", "POST", "/configuration/edit/services/web", MANAGERS),
    Door("configuration/edit/<str:section>/<str:name>", "POST", "/configuration/edit/policies/web", ADMINS),
    Door("configuration/remove/<str:section>/<str:name>", "GET", "/configuration/remove/services/web", MANAGERS),
    Door("configuration/remove/<str:section>/<str:name>", "POST", "/configuration/remove/services/web", MANAGERS),
    Door("configuration/history", "GET", "/configuration/history", SIGNED_IN),
    Door("configuration/history/<number:number>", "GET", "/configuration/history/1", SIGNED_IN),
    Door("configuration/history/<number:number>/return", "GET", "/configuration/history/1/return", ADMINS),
    Door("configuration/history/<number:number>/return", "POST", "/configuration/history/1/return", ADMINS),
    Door("me", "GET", "/me", SIGNED_IN),
    Door("me/tokens", "GET", "/me/tokens", SIGNED_IN),
    Door("me/tokens", "POST", "/me/tokens", SIGNED_IN),
    Door("me/contacts", "POST", "/me/contacts", SIGNED_IN),
    Door("me/contacts/<str:contact>/code", "POST", "/me/contacts/email/code", SIGNED_IN),
    Door("me/contacts/<str:contact>/proof", "POST", "/me/contacts/email/proof", SIGNED_IN),
    Door("me/contacts/<str:contact>/test", "POST", "/me/contacts/email/test", SIGNED_IN),
    Door("me/contacts/<str:contact>/name", "POST", "/me/contacts/email/name", SIGNED_IN),
    Door("me/contacts/<str:contact>/removal", "POST", "/me/contacts/email/removal", SIGNED_IN),
    Door("me/rules", "POST", "/me/rules", SIGNED_IN),
    Door("me/profile", "POST", "/me/profile", SIGNED_IN),
    Door("me/page", "POST", "/me/page", SIGNED_IN),
    Door("me/devices", "POST", "/me/devices", SIGNED_IN),
    Door("me/devices/<number:device_id>/removal", "POST", "/me/devices/1/removal", SIGNED_IN),
    Door("teams/<str:team>/rehearsal", "GET", "/teams/web/rehearsal", SIGNED_IN),
    Door("teams/<str:team>/rehearsal", "POST", "/teams/web/rehearsal", frozenset({"bob", "dan"})),
    Door("me/tokens/<number:token_id>/revocation", "POST", "/me/tokens/1/revocation", SIGNED_IN),
    Door("people", "GET", "/people", ADMINS),
    Door("people/-/new", "GET", "/people/-/new", ADMINS),
    Door("people/-/new", "POST", "/people/-/new", ADMINS),
    Door("people/<str:name>", "GET", "/people/ann", ADMINS),
    Door("people/<str:name>", "POST", "/people/ann", ADMINS),
    Door("people/<str:name>/account", "POST", "/people/ann/account", ADMINS),
    Door("people/<str:name>/removal", "POST", "/people/bob/removal", ADMINS),
    Door("accounts/<number:user_id>", "GET", "/accounts/5", ADMINS),
    Door("accounts/<number:user_id>/invitation", "POST", "/accounts/1/invitation", ADMINS),
    Door("accounts/<number:user_id>/invitation/withdrawal", "POST", "/accounts/1/invitation/withdrawal", ADMINS),
    Door("accounts/<number:user_id>/reset", "POST", "/accounts/1/reset", ADMINS),
    Door("accounts/<number:user_id>/sign-out", "POST", "/accounts/1/sign-out", ADMINS),
    Door("accounts/<number:user_id>/closing", "POST", "/accounts/1/closing", ADMINS),
    Door("accounts/<number:user_id>/opening", "POST", "/accounts/1/opening", ADMINS),
    Door("audit", "GET", "/audit", ADMINS),
    Door("audit/export.csv", "GET", "/audit/export.csv", ADMINS),
    Door("audit/export.jsonl", "GET", "/audit/export.jsonl", ADMINS),
    Door("teams", "GET", "/teams", SIGNED_IN),
    Door("teams/-/new", "GET", "/teams/-/new", ADMINS),
    Door("teams/-/new", "POST", "/teams/-/new", ADMINS),
    Door("teams/<str:name>", "GET", "/teams/web", ADMINS),
    Door("teams/<str:name>", "POST", "/teams/web", ADMINS),
    Door("teams/<str:name>/removal", "POST", "/teams/platform/removal", ADMINS),
)
OPEN = {  # the sign-in's own pages, and the links whose secret is the credential
    "a/<str:token>",
    "cal/<str:secret>.ics",
    "sw.js",
    "manifest.webmanifest",
    "offline",
    "sign-in",
    "welcome",
    "sso/<str:provider_id>/sign-in",
    "sso/<str:provider_id>/return",
    "sso/cancelled",
    "password/forgotten",
    "password/<str:token>",
    "sign-out",
    "account/inactive",
    "account/sign-up",
    "docs",  # public text
    "docs/examples/<str:name>",
    "docs/images/<str:name>",
    "docs/<path:slug>",
}
THEIRS = ("me/password", "me/confirmation", "me/2fa/", "me/sessions")  # allauth asks for a sign-in itself
PROGRAMS = ("^api/v1", "^(?:api|in|v1|v2)", "api/", "^in/", "in/", "-/", "metrics", "v2/")  # tests/web/api


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for one in patterns:
        route = f"{prefix}{one.pattern}"
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        else:
            yield route


def test_every_address_stands_in_the_table() -> None:
    """An address that nobody has thought about the rights of cannot be added."""
    ours = {route for route in routes(get_resolver().url_patterns) if not route.startswith((*PROGRAMS, *THEIRS))}
    assert ours == {door.route for door in DOORS} | OPEN


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
def test_who_gets_in(house: House, door: Door) -> None:
    """Whoever the table names gets in; others are told so; strangers are sent to sign in."""
    house.world.receive(disk_full)
    for who in sorted(EVERYBODY):
        browser = house.client(who)
        answer = browser.get(door.path) if door.method == "GET" else browser.post(door.path)
        if who == "eve":
            assert answer.status_code == 302
            assert answer["Location"].startswith("/sign-in?next=/")
        elif who not in door.may:
            assert answer.status_code == 403, who
            assert "Nothing was changed" in words(answer.content)
        else:
            assert answer.status_code not in (302, 403), who


@pytest.mark.parametrize("path", ["/me/password", "/me/2fa/", "/me/sessions", "/me/confirmation"])
def test_the_pages_of_signing_in_are_for_those_who_are(house: House, path: str) -> None:
    """allauth's own pages are closed to strangers."""
    assert house.client("eve").get(path).status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/groups",
        "/groups?status=all",
        "/groups/1",
        "/signals/16384",
        "/silences",
        "/setup",
        "/services",
        "/services/web",
        "/integrations",
        "/integrations/web",
        "/inbox",
        "/what-if?integration=web",
        "/routes",
        "/policies",
        "/policies/web",
        "/configuration",
        "/configuration/edit/services/web",
        "/configuration/history",
        "/configuration/history/1",
        "/me",
        "/teams",
        "/sign-out",
        "/me/password",
        "/me/2fa/",
        "/me/2fa/totp/activate/",
        "/me/2fa/webauthn/",
        "/me/2fa/webauthn/add/",
        "/me/2fa/recovery-codes/",
        "/me/sessions",
        "/docs",
        "/docs/howto/alertmanager",
        "/nothing",
    ],
)
def test_a_page_is_ours_alone(house: House, path: str) -> None:
    """No page has anything inline, asks another host, may be framed, or is kept by a cache."""
    house.world.receive(disk_full)
    answer = house.client("ann").get(path, follow=True)
    page = read(answer.content)
    assert not page.inline
    assert not page.hosts
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


def test_what_does_not_exist_is_said_so(house: House) -> None:
    """A wrong address says what happened and what to do, and shows no traceback."""
    browser = house.client("ann")
    for path in (
        "/nothing",
        "/services/none",
        "/integrations/none",
        "/groups/999",
        "/signals/999",
        "/groups/99999999999999999999",
    ):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in words(answer.content)
    for path in ("/groups/999/acknowledgement", "/silences/999/end", "/me/tokens/999/revocation"):
        assert browser.post(path).status_code == 404


def test_a_wrong_method_changes_nothing(house: House) -> None:
    """What changes something takes a press: a link cannot do it."""
    house.world.receive(disk_full)
    browser = house.client("ann")
    for path in ("acknowledgement", "resolution", "snooze", "escalation", "notes", "return"):
        answer = browser.get(f"/groups/1/{path}")
        assert answer.status_code == 405
        assert "only takes a press of a button" in words(answer.content)
    assert house.world.groups()[0].status == "open"


def test_static_files_are_kept_for_ever_by_their_digest(house: House) -> None:
    """A page names its files by their content, and such an address may be kept; a bare one is asked about."""
    browser = house.client("ann")
    page = browser.get("/").content.decode()
    named = [part.split('"')[0] for part in page.split('"/static/')[1:]]
    assert named
    for name in named:
        assert "?v=" in name
        answer = browser.get(f"/static/{name}")
        assert answer.status_code == 200
        assert "max-age=31536000" in answer["Cache-Control"]
    assert browser.get("/static/tocsin/live.js")["Cache-Control"] == "no-cache"
    assert browser.get("/static/../settings.py").status_code == 404


def test_a_first_visit_is_small(house: House) -> None:
    """Everything a first visit loads, with what makes it an app, is at most 150 KB, compressed."""
    browser = house.client("ann")
    house.world.receive(disk_full)
    waiting = ["/", "/sw.js", "/manifest.webmanifest", "/offline"]
    sizes: dict[str, int] = {}
    while waiting:
        address = waiting.pop()
        if address in sizes:
            continue
        answer = browser.get(address, headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200, address
        sizes[address] = len(answer.content)
        body = browser.get(address).content.decode(errors="replace")
        waiting += [f"/static/{name}" for name in re.findall(r'"/static/([^"]+[.][^"]+)"', body)]
        waiting += [
            f"/static/tocsin/{name}" for name in re.findall(r'^import .* from "\./([^"]+)"', body, re.MULTILINE)
        ]
    assert "/static/tocsin/live.js" in sizes
    assert sum(sizes.values()) <= 150_000, sizes
