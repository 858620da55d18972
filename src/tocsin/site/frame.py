"""What stands around every page: who is signed in, where one can go, what waits in the inbox."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from tocsin.config import queries as configuration
from tocsin.journal import store as journal
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.kit.installation import installation
from tocsin.paging import queries as paging
from tocsin.paging import setup
from tocsin.people.domain import PersonDocument
from tocsin.people.middleware import visitor
from tocsin.people.rights import Actor, Right, may, may_anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere one can go."""

    title: str
    url: str
    icon: str
    key: str  # g and then this letter
    current: bool = False
    count: int = 0  # what waits there
    part: str = ""  # of what is behind one press: the heading it stands under


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The context `frame` of every template."""

    instance: str
    now: datetime
    zone: tzinfo
    zone_name: str
    actor: Actor | None = None
    name: str = ""
    initials: str = ""
    email: str = ""
    places: tuple[Place, ...] = ()  # always in sight
    more: tuple[Place, ...] = ()  # behind one press
    seen: int = 0  # the newest fact this page is sure to show: it is told of every later one
    waits_for_me: int = 0  # urgent groups in nobody's hands for which they are paged: a page rings while there are any
    newest_for_me: int = 0  # of these, the group opened last: it is announced once
    may_respond: bool = False
    may_silence: bool = False
    path: str = "/"
    is_refresh: bool = (
        False  # an open page fetches itself anew: what was said to somebody waits for the next whole page
    )
    sign_on: str = ""  # what single sign-on is called, if there is any
    sign_on_only: bool = False
    demo_sign_in: str = ""  # in the demo: what the sign-in page tells everybody

    @property
    def signed_in(self) -> bool:
        return self.actor is not None


Entry = tuple[str, str, str, str, str]
PLACES: tuple[Entry, ...] = (  # name of the address, title, picture, key, prefix
    ("now", "Now", "now", "n", "/"),
    ("groups", "Alerts", "groups", "a", "/groups"),
    ("oncall", "On call", "clock", "o", "/oncall"),
    ("services", "Services", "services", "v", "/services"),
    ("inbox", "Inbox", "inbox", "i", "/inbox"),
)
MORE: tuple[Entry, ...] = (
    ("silences", "Silences", "silence", "s", "/silences"),
    ("schedules", "Schedules", "clock", "d", "/schedules"),
    ("integrations", "Integrations", "plug", "t", "/integrations"),
    ("policies", "Policies", "up", "p", "/policies"),
    ("routes", "Routes", "next", "r", "/routes"),
    ("plans", "Plans", "note", "l", "/plans"),
    ("what_if", "What if", "clock", "f", "/what-if"),
    ("configuration", "Configuration", "code", "c", "/configuration"),
    ("teams", "Teams", "people", "w", "/teams"),
    ("manual", "Documentation", "book", "h", "/docs"),
)
ADMINISTRATORS: tuple[Entry, ...] = (  # behind one press, for them
    ("people", "People", "people", "e", "/people"),
    ("audit", "Audit", "search", "u", "/audit"),
)
MANAGERS: tuple[Entry, ...] = (("health_page", "Health", "heart", "j", "/health"),)  # for whoever may change anything
NEW: tuple[Entry, ...] = (("setup", "Set-up", "setup", "b", "/setup"),)  # for them, until a page was answered
PARTS: tuple[tuple[str, frozenset[str]], ...] = (  # what is behind one press, under headings; the last has the rest
    ("Day to day", frozenset({"setup", "silences", "schedules"})),
    (
        "What pages whom",
        frozenset({"integrations", "policies", "configuration", "routes", "what_if", "teams", "people"}),
    ),
    ("This installation", frozenset()),
)
INITIALS_MAX = 2
_SEEN = "tocsin_seen"


class SeenBefore:
    """Remembers up to which fact all are there before a view reads anything: what comes while a page is made is told."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        with contextlib.suppress(*db.DatabaseGone):  # each view says that in its own way
            if visitor(request) is not None:
                setattr(request, _SEEN, journal.complete_to(db.reader(clock.now())))


def frame(request: HttpRequest) -> dict[str, object]:
    """The context every template has."""
    actor = visitor(request)
    return {"frame": _signed_in(request, actor) if actor is not None else _outside(request)}


def _outside(request: HttpRequest) -> Frame:
    return Frame(
        instance=installation().instance,
        now=clock.now(),
        zone=UTC,
        zone_name="UTC",
        path=request.get_full_path(),
        demo_sign_in=settings.DEMO_SIGN_IN,
        sign_on=settings.SIGN_ON.name if settings.SIGN_ON.issuer else "",
        sign_on_only=settings.SIGN_ON.only,
    )


def _signed_in(request: HttpRequest, actor: Actor) -> Frame:
    reader = db.reader(clock.now())
    document = configuration.current(reader).all("people", PersonDocument).get(actor.person)
    email = str(getattr(request.user, "email", ""))
    name = document.name if document else email
    zone_name = document.timezone if document else "UTC"
    waits, newest = paging.waiting_for(reader, actor.person) if actor.person else (0, 0)
    return Frame(
        instance=installation().instance,
        now=reader.now,
        zone=ZoneInfo(zone_name),
        zone_name=zone_name,
        actor=actor,
        name=name,
        initials="".join(word[0] for word in name.split()[:INITIALS_MAX]).upper(),
        email=email,
        places=_places(reader, request.path, actor, PLACES),
        more=_behind(reader, request.path, actor),
        seen=getattr(request, _SEEN, 0),  # somebody who signed in just now: the page fetches itself once more
        waits_for_me=waits,
        newest_for_me=newest,
        is_refresh=request.headers.get("HX-Request") == "true",
        may_respond=may(actor, Right.RESPOND),
        may_silence=may(actor, Right.SILENCE),
        path=request.get_full_path(),
    )


def _more(reader: Reader, actor: Actor) -> tuple[Entry, ...]:
    manages = may_anywhere(actor, Right.CONFIGURE)
    new = NEW if manages and not setup.is_over(reader) else ()
    for_admins = ADMINISTRATORS if may(actor, Right.ADMINISTER) else ()
    return (*new, *MORE, *(MANAGERS if manages else ()), *for_admins)


def _behind(reader: Reader, path: str, actor: Actor) -> tuple[Place, ...]:
    """What is behind one press, part by part."""
    entries = _more(reader, actor)
    made = dict(zip((entry[0] for entry in entries), _places(reader, path, actor, entries), strict=True))
    rest, *upper = reversed(PARTS)
    parts = {name: title for title, names in upper for name in names}
    placed = [replace(place, part=parts.get(name, rest[0])) for name, place in made.items()]
    order = [title for title, _ in PARTS]
    return tuple(sorted(placed, key=lambda place: order.index(place.part)))


def _places(reader: Reader, path: str, actor: Actor, places: Sequence[Entry]) -> tuple[Place, ...]:
    unread = paging.unread(reader, actor.person) if actor.person and places is PLACES else 0
    return tuple(
        Place(
            title=title,
            url=reverse(name),
            icon=icon,
            key=key,
            current=path == prefix if prefix == "/" else path == prefix or path.startswith(f"{prefix}/"),
            count=unread if name == "inbox" else 0,
        )
        for name, title, icon, key, prefix in places
    )
