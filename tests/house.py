"""A world with people who use its interface.

The cast with accounts: Ann is a responder, Bob manages his team, Cleo only looks on, Dan administers.

Eve has no account. Gus has one, but has left the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

from django.conf import settings
from django.core.cache import cache
from django.test import Client

from databases import Database
from tocsin.kit import clock, db
from tocsin.kit.installation import installation
from tocsin.people import actions
from tocsin.people.models import User
from world import START, World, wake

PASSWORD = "correct horse battery"
ROLES = {"ann": "responder", "bob": "manager", "cleo": "viewer", "dan": "admin"}
ACCOUNTS = (*ROLES, "gus")


class House:
    """A world with a web interface."""

    def __init__(self, world: World) -> None:
        self.world = world

    def give_password(self, who: str) -> None:
        """Somebody has one from now on; it is slow to make on purpose."""
        with db.transact(clock.now()) as tx:
            actions.set_password(tx, User.objects.get(email=f"{who}@tocsin.test"), PASSWORD)

    def managed(self, by: str, *, file: str = "", name: str = "") -> None:
        """All documents, or those of a name, are looked after like this from now on: `ui`, or `file` with its name."""
        one = "name = %s" if name else "name <> %s"
        with db.transact(clock.now()) as tx:
            sql = f"UPDATE config_document SET managed_by = %s, source_file = %s, scope = '' WHERE {one}"
            tx.execute(sql, (by, file, name))
            tx.execute("UPDATE config_version SET token = token || '.'")  # what is remembered is asked for anew

    def client(self, who: str, *, enforce_csrf_checks: bool = False) -> Client:
        """A browser in which somebody is signed in; Eve's is in which nobody is."""
        browser = Client(enforce_csrf_checks=enforce_csrf_checks)
        if who != "eve":
            browser.force_login(User.objects.get(email=f"{who}@tocsin.test"))
        return browser


@contextmanager
def open_house(database: Database, *, start: datetime = START) -> Iterator[House]:
    """Everybody has an account; service `web` pages Ann, then Bob; nothing has happened yet."""
    with World(database, start) as world:
        cache.clear()
        for name, role in ROLES.items():
            world.config["people"][name]["role"] = role
            world.config["people"][name]["notify"] = {"high": [{"via": "inbox"}], "low": [{"via": "inbox"}]}
        world.config["teams"]["web"]["managers"] = ["bob"]
        world.on_call("primary", "ann")
        world.policy("web", wake("schedule:primary"), wake("bob", wait="10m"), acknowledgement_expires="30m")
        world.at("0s")
        with db.transact(clock.now()) as tx:
            for name in ACCOUNTS:
                actions.create_user(tx, f"{name}@tocsin.test", name, None)
        yield House(world)


@contextmanager
def sends_mail() -> Iterator[None]:
    """This installation has a mail server for as long as this lasts."""
    held = settings.TOCSIN
    settings.TOCSIN = replace(held, smtp_url="smtp://localhost:25")
    installation.cache_clear()
    try:
        yield
    finally:
        settings.TOCSIN = held
        installation.cache_clear()


class _Text(HTMLParser):
    """What a reader sees of a page, and what a strict content policy forbids in it."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inline: list[str] = []
        self.hosts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        self.hosts += [
            str(given[name])
            for name in ("src", "action")
            if name in given and not str(given[name]).startswith(("/", "data:"))
        ]
        if tag == "link" and not str(given.get("href", "/")).startswith("/"):
            self.hosts.append(str(given["href"]))
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self._hidden += tag in ("script", "style", "head", "dialog")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "head", "dialog")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def read(content: bytes) -> _Text:
    """The page taken apart."""
    found = _Text()
    found.feed(content.decode())
    return found


def words(content: bytes) -> str:
    """What a reader sees, with single spaces."""
    return " ".join(" ".join(read(content).words).split())
