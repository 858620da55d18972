"""The HTML door behind the link in a message: what it asks, and one press that answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tocsin.alerts.domain import GroupStatus
from tocsin.alerts.listing import GroupLine
from tocsin.alerts.views import Row, row
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db
from tocsin.kit.db import Reader
from tocsin.kit.installation import link_signer
from tocsin.paging import answering, links, messages, queries
from tocsin.paging.answering import Answer
from tocsin.paging.outlook import names, outlook
from tocsin.paging.standing import Standing, standing
from tocsin.people import queries as people
from tocsin.people.middleware import visitor
from tocsin.people.rights import Right, may
from tocsin.web.pages import show


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom a link asks, for which groups."""

    person: str
    groups: tuple[int, ...]

    @property
    def by(self) -> str:
        return f"person:{self.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Who is paged if nobody answers."""

    who: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    """What somebody is asked through a link."""

    kind: Answer
    row: Row
    person: str
    holder: str
    since: datetime | None
    next: Next
    signed_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The groups of a message that stand alike."""

    kind: Answer
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePage:
    """What somebody is asked through the link in a message that tells of several groups."""

    person: str
    total: int
    asked: int
    mine: int
    urgent: bool  # any of those nobody has
    parts: tuple[Part, ...]
    next: Next
    signed_in: bool


@csrf_exempt  # the token is the credential: ntfy and mail programs post it, and they have no cookie of ours
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The link in a message: a GET only shows what it is about, so that prefetching answers nothing."""
    asked = _asked(token)
    if asked is None:
        return show(request, "paging/answer_dead.html", None, status=410)
    status = 200
    if request.method == "POST":
        with db.transact(clock.now()) as tx:
            status = 200 if answering.acknowledge(tx, asked.groups, asked.by) else 409
    reader = db.reader(clock.now())
    lines = answering.lines(reader, asked.groups)
    if request.accepts("text/html"):
        return _page(request, reader, asked, lines, status)
    mine = sum(answering.answer(line, asked.by) is Answer.MINE for line in lines)
    return JsonResponse({"groups": len(lines), "yours": mine}, status=status)


def _asked(token: str) -> Asked | None:
    now = clock.now()
    pages = queries.asked_pages(db.reader(now), links.read(token, link_signer(), now))
    if not pages:
        return None
    person = pages[0].person
    return Asked(person=person, groups=tuple({page.group: None for page in pages if page.person == person}))


def _page(request: HttpRequest, reader: Reader, asked: Asked, lines: Sequence[GroupLine], status: int) -> HttpResponse:
    actor = visitor(request)
    signed_in = actor is not None and may(actor, Right.SEE)
    current = standing(reader)
    current.know_contacts(reader, current.people)
    ahead = _next(reader, current, lines)
    if len(lines) == 1:
        page = _answer_page(current.snapshot, asked, lines[0], ahead, signed_in=signed_in)
        return show(request, "paging/answer.html", page, status=status)
    bundle = _bundle_page(current.snapshot, asked, lines, ahead, signed_in=signed_in)
    return show(request, "paging/answer_bundle.html", bundle, status=status)


def _answer_page(snapshot: Snapshot, asked: Asked, line: GroupLine, ahead: Next, *, signed_in: bool) -> AnswerPage:
    return AnswerPage(
        kind=answering.answer(line, asked.by),
        row=_row(snapshot, line),
        person=people.name_of(snapshot, asked.by),
        holder=people.name_of(snapshot, line.acknowledged_by or line.resolved_by),
        since=line.acknowledged_at if line.status == GroupStatus.ACKNOWLEDGED else line.resolved_at,
        next=ahead,
        signed_in=signed_in,
    )


def _bundle_page(
    snapshot: Snapshot, asked: Asked, lines: Sequence[GroupLine], ahead: Next, *, signed_in: bool
) -> BundlePage:
    parts: dict[Answer, list[Row]] = {kind: [] for kind in Answer}
    for line in lines:
        parts[answering.answer(line, asked.by)].append(_row(snapshot, line))
    return BundlePage(
        person=people.name_of(snapshot, asked.by),
        total=len(lines),
        asked=len(parts[Answer.ASKED]),
        mine=len(parts[Answer.MINE]),
        urgent=any(one.urgency == "high" for one in parts[Answer.ASKED]),
        parts=tuple(Part(kind=kind, rows=tuple(rows)) for kind, rows in parts.items() if rows),
        next=ahead,
        signed_in=signed_in,
    )


def _row(snapshot: Snapshot, line: GroupLine) -> Row:
    """A group as its message calls it."""
    shown = row(snapshot, line)
    return replace(shown, service=messages.service_words(line.service, line.integration, shown.service))


def _next(reader: Reader, current: Standing, lines: Sequence[GroupLine]) -> Next:
    """The first to be paged for any of these."""
    running = queries.climbing(reader, [line.id for line in lines]).values()
    ahead = [rung for one in running if (rung := outlook(one, current).next) is not None]
    soonest = min(ahead, key=lambda rung: rung.at, default=None)
    return Next(who=names(soonest.persons, current), at=soonest.at) if soonest else Next()
