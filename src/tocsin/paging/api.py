"""The JSON door to pages and escalations: what was sent to whom, what happens next, paging by hand, proving contacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Header, Query, Router, Schema, Status

from tocsin.alerts import listing as alert_listing
from tocsin.alerts import manual_pages
from tocsin.alerts.api import facts, group_out, line, respond_to
from tocsin.alerts.documents import RouteDocument
from tocsin.alerts.listing import SignalLine
from tocsin.alerts.shapes import FactOut, GroupOut
from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db
from tocsin.paging import actions, by_hand, codes, listing
from tocsin.paging.by_hand import NotWoken
from tocsin.paging.codes import ContactLine
from tocsin.paging.documents import SECTION_OF, Target, target
from tocsin.paging.domain import PageStatus
from tocsin.paging.listing import EscalationLine, PageLine
from tocsin.people.api import permit, writing
from tocsin.people.domain import PersonDocument
from tocsin.people.rights import Actor, Right
from tocsin.web.asking import Asking
from tocsin.web.problems import Problem, not_found, wrong

router = Router(tags=["pages"])
groups_router = Router(tags=["groups"])
contacts_router = Router(tags=["people"])
TARGETS_MAX = 50
TITLE_CHARS_MAX = 1024
TEXT_CHARS_MAX = 25_000
KEY_CHARS_MAX = 200


class PagesOut(Schema):
    """A page of pages; ask again with `before` set to `next` for more."""

    pages: list[PageLine]
    next: int | None


class RouteOut(Schema):
    """The route that decided: its place in the list, and its conditions as they are now."""

    place: int
    when: list[str]


class ExplanationOut(Schema):
    """For one group, what was decided and why: its signals, its route, its escalations, everybody paged or not."""

    group: GroupOut
    route: RouteOut | None
    signals: list[SignalLine]
    escalations: list[EscalationLine]
    pages: list[PageLine]
    journal: list[FactOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedOut(GroupOut):
    """The group of a page by hand; whether anybody has a way to hear of it, and whom it does not wake, with reasons."""

    reached: bool
    not_woken: list[NotWoken]


class PageIn(Asking):
    """A page by hand: `to` is person:NAME, team:NAME or schedule:NAME; or a service, whose policy then runs."""

    to: list[str] = Field(default_factory=list, max_length=TARGETS_MAX)
    service: str = ""
    title: str = Field(min_length=1, max_length=TITLE_CHARS_MAX)
    description: str = Field(default="", max_length=TEXT_CHARS_MAX)


class CodeIn(Asking):
    """The code from the message."""

    code: str = Field(min_length=1, max_length=20)


Limit = Annotated[int, Query(ge=1, le=listing.LIMIT_MAX)]
IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", max_length=KEY_CHARS_MAX)]


@router.get("", response=PagesOut)
def pages(
    request: HttpRequest,
    person: str = "",
    status: PageStatus | None = None,
    group: str = "",
    before: int | None = None,
    limit: Limit = listing.LIMIT_DEFAULT,
) -> Any:
    """Pages with every attempt to deliver them, newest first."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    group_id = line(reader, group).id if group else None
    found = listing.pages(reader, group_id=group_id, person=person, status=status or "", before=before, limit=limit)
    return {"pages": found, "next": found[-1].id if len(found) == limit else None}


@router.post("", response={201: PagedOut})
def page(request: HttpRequest, body: PageIn, idempotency_key: IdempotencyKey = "") -> Any:
    """Page people, teams or a service now. The same Idempotency-Key again is the same page.

    If nobody can be reached, `reached` is false: the group is open, and the administrators are told that nobody answered.
    """
    permit(request, Right.SEE)
    snapshot = configuration.current(db.reader(clock.now()))
    targets = _targets(snapshot, body)
    who = _may_page(request, snapshot, body, targets)
    try:
        with writing(who) as tx:
            opened = manual_pages.page(
                tx,
                targets=[str(one) for one in targets],
                service=body.service,
                title=body.title,
                description=body.description,
                by=who.by,
                key=idempotency_key,
            )
    except manual_pages.NothingOpened as nothing:
        raise Problem(409, str(nothing)) from None
    came_to = by_hand.heard(db.reader(clock.now()), [str(one) for one in targets], body.service, opened.urgency)
    return Status(201, {**group_out(opened.id), "reached": came_to.reached, "not_woken": came_to.not_woken})


@groups_router.get("/{group}/pages", response=PagesOut)
def pages_of(request: HttpRequest, group: str, before: int | None = None) -> Any:
    """Everybody paged for one group, with every attempt to deliver it."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = listing.pages(reader, group_id=line(reader, group).id, before=before, limit=listing.LIMIT_MAX)
    return {"pages": found, "next": found[-1].id if len(found) == listing.LIMIT_MAX else None}


@groups_router.get("/{group}/escalations", response=dict[str, list[EscalationLine]])
def escalations(request: HttpRequest, group: str) -> Any:
    """The escalations of a group, newest first, with what happens next."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    return {"escalations": listing.escalations(reader, line(reader, group).id)}


@groups_router.post("/{group}/escalation", response=GroupOut)
def escalate(request: HttpRequest, group: str) -> Any:
    """Take the next step of the policy now."""
    id_, who = respond_to(request, group)
    with writing(who) as tx:
        if not actions.escalate(tx, id_):
            raise Problem(409, f"nothing is escalating for AG-{id_}: it is acknowledged, over, or everybody was tried")
    return group_out(id_)


@groups_router.get("/{group}/explanation", response=ExplanationOut)
def explanation(request: HttpRequest, group: str) -> Any:
    """What was decided about a group, and why."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    found = line(reader, group)
    return {
        "group": group_out(found.id),
        "route": _route(configuration.current(reader), found.route),
        "signals": alert_listing.signals(reader, group_id=found.id, limit=alert_listing.SIGNALS_SHOWN_MAX),
        "escalations": listing.escalations(reader, found.id),
        "pages": listing.pages(reader, group_id=found.id, limit=listing.LIMIT_MAX),
        "journal": facts(reader, f"group:{found.id}"),
    }


@contacts_router.get("/{person}/contacts", response=dict[str, list[ContactLine]])
def contacts(request: HttpRequest, person: str) -> Any:
    """A person's ways to be reached and whether each is proven; never the addresses' secrets."""
    permit(request, Right.SEE)
    reader = db.reader(clock.now())
    _person(configuration.current(reader), person)
    return {"contacts": codes.contacts(reader, person)}


@contacts_router.post("/{person}/contacts/{contact}/verification", response={202: ContactLine})
def send_code(request: HttpRequest, person: str, contact: str) -> Any:
    """Send a code through this contact."""
    who = _own_or_admin(request, person, contact)
    try:
        with writing(who) as tx:
            codes.send(tx, person, contact)
    except codes.TooMany as often:
        raise Problem(429, str(often), headers={"Retry-After": str(often.retry_after_s)}) from None
    return Status(202, _contact(person, contact))


@contacts_router.put("/{person}/contacts/{contact}/verification", response=ContactLine)
def confirm_code(request: HttpRequest, person: str, contact: str, body: CodeIn) -> Any:
    """The contact is proven if the code is the one that was sent."""
    who = _own_or_admin(request, person, contact)
    with writing(who) as tx:
        outcome = codes.confirm(tx, person, contact, body.code)
    if outcome is not codes.Outcome.PROVEN:
        raise wrong("code", outcome.value)
    return _contact(person, contact)


def _targets(snapshot: Snapshot, body: PageIn) -> list[Target]:
    if not body.to and not body.service:
        raise wrong("to", "nobody is named", fix="name whom to page in `to`, or a `service`")
    if body.to and body.service:
        raise wrong("service", "name either whom to page in `to`, or a service")
    if body.service and body.service not in snapshot.all("services", ServiceDocument):
        raise wrong("service", f"there is no service `{body.service}`")
    found = []
    for place, written in enumerate(body.to):
        try:
            one = target(written)
        except ValueError as error:
            raise wrong(f"to.{place}", str(error), fix="write person:NAME, team:NAME or schedule:NAME") from None
        if one.name not in snapshot.sections.get(SECTION_OF[one.kind], {}):
            raise wrong(f"to.{place}", f"there is no {one.kind} `{one.name}`")
        found.append(one)
    return found


def _may_page(request: HttpRequest, snapshot: Snapshot, body: PageIn, targets: list[Target]) -> Actor:
    """Responders may page anybody; a team's managers their team and its services."""
    service = snapshot.all("services", ServiceDocument).get(body.service)
    teams = {one.name for one in targets if SECTION_OF[one.kind] == "teams"} if targets else set()
    only = service.team if service else next(iter(teams)) if len(teams) == 1 and len(targets) == 1 else None
    return permit(request, Right.RESPOND, only)


def _route(snapshot: Snapshot, place: int | None) -> dict[str, Any] | None:
    routes = list(snapshot.all("routes", RouteDocument).values())
    if place is None or not 1 <= place <= len(routes):
        return None
    return {"place": place, "when": list(routes[place - 1].when)}


def _own_or_admin(request: HttpRequest, person: str, contact: str) -> Actor:
    who = permit(request, Right.SEE)
    if who.person != person:
        permit(request, Right.ADMINISTER)
    document = _person(configuration.current(db.reader(clock.now())), person)
    if contact not in document.contacts:
        raise not_found(f"{person} has no contact `{contact}`; there are: {', '.join(document.contacts) or 'none'}")
    return who


def _person(snapshot: Snapshot, person: str) -> PersonDocument:
    document = snapshot.all("people", PersonDocument).get(person)
    if document is None:
        raise not_found(f"there is nobody called `{person}`")
    return document


def _contact(person: str, contact: str) -> ContactLine:
    found = codes.contacts(db.reader(clock.now()), person)
    return next(one for one in found if one.contact == contact)
