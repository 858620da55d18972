"""Plugs the journal, the bell and the rights into the live stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from tocsin.engine import bell
from tocsin.journal import store as journal
from tocsin.kit import clock, db
from tocsin.people import queries as people
from tocsin.people.models import User
from tocsin.people.rights import Right, may
from tocsin.web.live import Live, News, Sources

READ_MAX = 2000
T = TypeVar("T")


def live() -> Live:
    """The streams of this process."""
    return Live(Sources(may_watch=may_watch, complete_to=complete_to, since=since, listen=listen))


def may_watch(cookie: str) -> bool:
    """Whether whoever shows these cookies may see what happens."""
    try:
        request = HttpRequest()
        request.session = SessionStore(parse_cookie(cookie).get(settings.SESSION_COOKIE_NAME))
        user = auth.get_user(request)
        return isinstance(user, User) and may(people.actor_of(db.reader(clock.now()), user), Right.SEE)
    finally:
        db.drop_connection()


def complete_to() -> int:
    """The number up to which all facts are there."""
    return _read(lambda: journal.complete_to(db.reader(clock.now())))


def since(number: int) -> list[News] | None:
    """News after a number; None if it is too much to tell."""
    news = _read(lambda: journal.subjects_after(db.reader(clock.now()), number, READ_MAX))
    return None if len(news) == READ_MAX else news


def listen(call: Callable[[], None]) -> Callable[[], None]:
    """To the bell that rings for every fact a page may show."""
    return bell.listen(bell.FACTS, call)


def _read(call: Callable[[], T]) -> T:
    try:
        return call()
    except db.DatabaseGone:
        db.drop_connection()
        raise
