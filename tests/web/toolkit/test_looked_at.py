"""Each address that shows a screen is one that is looked at, by axe and by eye."""

from __future__ import annotations

from collections import defaultdict
from urllib.parse import urlsplit

from django.urls import get_resolver, resolve

from browser.looks import ACCOUNT_SCREENS, ENTRANCES, SCREENS
from web.toolkit.test_doors import DOORS, OPEN, THEIRS, routes

NOT_LOOKED_AT = {
    "a/<str:token>": "a dead link is, and one to several groups; the others stand in test_phone and test_answer_link",
    "cal/<str:secret>.ics": "a calendar, for programs",
    "sw.js": "a script",
    "manifest.webmanifest": "what a phone reads",
    "docs/examples/<str:name>": "a file",
    "docs/images/<str:name>": "a file",
    "audit/export.csv": "a file",
    "audit/export.jsonl": "a file",
    "configuration/export": "a file",
    "me/2fa/recovery-codes/download/": "a file",
    "me/2fa/webauthn/login/": "what a script asks for",
    "me/2fa/authenticate/": "the second step of a sign-in, which has a test of its own",
    "me/password/set": "where /me/password leads who has none, which is looked at",
    "me/sessions/<number:session_id>/end": "takes a press of a button",
    "sso/<str:provider_id>/sign-in": "leads to the provider",
    "sso/<str:provider_id>/return": "leads back from the provider",
}


def test_every_screen_is_looked_at() -> None:
    """A new screen cannot be added without a look at it, nor without saying why it needs none."""
    paths = [path for _, path in (*SCREENS.values(), *ACCOUNT_SCREENS.values())] + [
        one[1] for one in ENTRANCES.values()
    ]
    seen = {_route(path) for path in paths if path not in ("/nothing", "{bundle}")}
    shown = {door.route for door in DOORS if door.method == "GET"} | OPEN
    shown |= {route for route in routes(get_resolver().url_patterns) if route.startswith(THEIRS)}
    assert shown - seen - NOT_LOOKED_AT.keys() == set()
    assert not seen & NOT_LOOKED_AT.keys() - {"a/<str:token>"}, "is looked at, and said not to be"
    assert NOT_LOOKED_AT.keys() <= shown


def _route(path: str) -> str:
    filled = urlsplit(path).path.format_map(defaultdict(lambda: "1"))
    return resolve(filled).route
