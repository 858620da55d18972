"""The HTML door to alert groups: the list, and what people do to a group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tocsin.alerts import actions, listing
from tocsin.alerts.domain import NOTE_CHARS_MAX, GroupId, GroupStatus
from tocsin.alerts.listing import GroupFilter, GroupLine
from tocsin.alerts.rules import IllegalMove
from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db, text
from tocsin.kit.db import Tx
from tocsin.people import queries as people
from tocsin.people.domain import PersonDocument, TeamDocument, Urgency
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.converters import DIGITS_MAX
from tocsin.web.pages import back, show

QUERY_CHARS_MAX = 200
SNOOZE_MAX = timedelta(days=366)
MORNING = "morning"
MORNING_HOUR = 9
VIA = "web"
UNRESOLVED = tuple(status for status in GroupStatus if status is not GroupStatus.RESOLVED)
STATUS_CHOICES = (
    ("", "Not resolved"),
    *((status.value, status.value.capitalize()) for status in GroupStatus),
    ("all", "All"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a selection."""

    value: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One group of a list, ready to be shown."""

    id: int
    reference: str
    url: str
    title: str
    service: str
    status: str
    urgency: str
    severity: str
    opened_at: datetime
    alerts: str
    holder: str = ""  # who has it
    over: bool = False
    ended_at: datetime | None = None
    wakes_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.status == GroupStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsPage:
    """The list of groups."""

    rows: tuple[Row, ...]
    text: str
    statuses: tuple[Choice, ...]
    urgencies: tuple[Choice, ...]
    services: tuple[Choice, ...]
    teams: tuple[Choice, ...]
    is_filtered: bool
    find: bool  # somebody wants to type a search at once
    newest_url: str
    older_url: str
    nothing_ever: bool


@require_safe
@permit(Right.SEE)
def groups(request: HttpRequest, actor: Actor) -> HttpResponse:  # noqa: ARG001 - every door is told who stands there
    """Alert groups, newest first."""
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    asked = {
        name: request.GET.get(name, "")[:QUERY_CHARS_MAX] for name in ("q", "status", "urgency", "service", "team")
    }
    reference = _reference(asked["q"])
    if reference is not None and listing.group(reader, reference) is not None:
        return HttpResponseRedirect(group_url(reference))
    before = request.GET.get("before", "")
    found = listing.groups(reader, _filter(snapshot, asked, int(before) if _is_number(before) else None))
    given = {name: value for name, value in asked.items() if value}
    page = GroupsPage(
        rows=tuple(row(snapshot, line) for line in found),
        text=asked["q"],
        statuses=tuple(Choice(value=v, title=t, chosen=v == asked["status"]) for v, t in STATUS_CHOICES),
        urgencies=_choices("Any urgency", {one.value: one.value.capitalize() for one in Urgency}, asked["urgency"]),
        services=_choices("All services", _titles(snapshot, "services"), asked["service"]),
        teams=_choices("All teams", _titles(snapshot, "teams"), asked["team"]),
        is_filtered=bool(given),
        find="find" in request.GET,
        newest_url=_list_url(given) if before else "",
        older_url=_list_url({**given, "before": str(found[-1].id)}) if len(found) == listing.LIMIT_DEFAULT else "",
        nothing_ever=not found and not listing.groups(reader, GroupFilter(limit=1)),
    )
    return show(request, "alerts/groups.html", page)


@require_POST
@permit(Right.RESPOND)
def acknowledge(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Somebody has it."""
    return _do(request, group_id, lambda tx, id_: actions.acknowledge(tx, id_, actor.by, via=VIA), "You have it now.")


@require_POST
@permit(Right.RESPOND)
def unacknowledge(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Nobody has it any more."""
    done = "Given back. It pages from the start."
    return _do(request, group_id, lambda tx, id_: actions.unacknowledge(tx, id_, actor.by), done)


@require_POST
@permit(Right.RESPOND)
def resolve(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """It is over."""
    return _do(request, group_id, lambda tx, id_: actions.resolve(tx, id_, actor.by, via=VIA), "Resolved.")


@require_POST
@permit(Right.RESPOND)
def snooze(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Bother nobody for a while."""
    until = _until(request.POST.get("for", ""), actor, clock.now())
    if until is None:
        messages.error(request, "That is not a length of time. Nothing was changed.")
        return back(request, group_url(group_id))
    return _do(request, group_id, lambda tx, id_: actions.snooze(tx, id_, actor.by, until), "Snoozed.")


@require_POST
@permit(Right.RESPOND)
def note(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Write something down for everybody."""
    written = request.POST.get("text", "").strip()[:NOTE_CHARS_MAX]
    if not written:
        messages.error(request, "The note was empty, so nothing was written.")
        return back(request, group_url(group_id))
    return _do(request, group_id, lambda tx, id_: actions.note(tx, id_, actor.by, written), "")


def group_url(group_id: int) -> str:
    """Where a group is shown."""
    return reverse("group", kwargs={"group_id": group_id})


def row(snapshot: Snapshot, line: GroupLine) -> Row:
    """A group as lists show it."""
    over = line.status == GroupStatus.RESOLVED
    return Row(
        id=line.id,
        reference=line.reference,
        url=group_url(line.id),
        title=line.title,
        service=service_title(snapshot, line.service),
        status=line.status,
        urgency=line.urgency,
        severity=line.severity,
        opened_at=line.opened_at,
        alerts=alert_words(line),
        holder=people.name_of(snapshot, line.acknowledged_by) if line.acknowledged_by and not over else "",
        over=over,
        ended_at=line.resolved_at,
        wakes_at=line.snoozed_until,
    )


def alert_words(line: GroupLine) -> str:
    """`3 alerts, 1 firing`."""
    counted = text.plural(line.alert_count, "alert")
    if line.alert_count == 1 or line.status == GroupStatus.RESOLVED:
        return counted
    return f"{counted}, {line.firing_count} firing"


def service_title(snapshot: Snapshot, service: str) -> str:
    """How people call a service."""
    document = snapshot.all("services", ServiceDocument).get(service)
    return document.name if document else "Unrouted"


def zone_of(snapshot: Snapshot, actor: Actor) -> ZoneInfo:
    """The zone in which somebody reads times."""
    document = snapshot.all("people", PersonDocument).get(actor.person)
    return ZoneInfo(document.timezone if document else "UTC")


def _do(request: HttpRequest, group_id: int, act: Callable[[Tx, GroupId], object], done: str) -> HttpResponse:
    try:
        with db.transact(clock.now()) as tx:
            act(tx, GroupId(group_id))
    except actions.NoSuchGroup as error:
        raise Http404 from error
    except IllegalMove as error:
        messages.warning(request, f"Nothing was changed: {error}.")
    else:
        if done:
            messages.success(request, done)
    return back(request, group_url(group_id))


def _until(written: str, actor: Actor, now: datetime) -> datetime | None:
    if written == MORNING:
        zone = zone_of(configuration.current(db.reader(now)), actor)
        local = now.astimezone(zone)
        today = local.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
        return (today if local < today else today + timedelta(days=1)).astimezone(now.tzinfo)
    try:
        span = text.parse_duration(written)
    except ValueError:
        return None
    return now + span if timedelta(0) < span <= SNOOZE_MAX else None


def _filter(snapshot: Snapshot, asked: dict[str, str], before: int | None) -> GroupFilter:
    status = asked["status"]
    chosen = tuple(GroupStatus) if status == "all" else UNRESOLVED
    if status in set(GroupStatus):
        chosen = (GroupStatus(status),)
    return GroupFilter(
        status=() if status == "all" else chosen,
        services=_services(snapshot, asked["service"], asked["team"]),
        urgency=asked["urgency"] if asked["urgency"] in set(Urgency) else "",
        text=asked["q"].strip(),
        before=before,
    )


def _services(snapshot: Snapshot, service: str, team: str) -> tuple[str, ...] | None:
    if not service and not team:
        return None
    documents = snapshot.all("services", ServiceDocument)
    return tuple(
        name
        for name, document in documents.items()
        if (not service or name == service) and (not team or document.team == team)
    )


def _titles(snapshot: Snapshot, section: str) -> dict[str, str]:
    if section == "teams":
        return {name: team.name for name, team in snapshot.all("teams", TeamDocument).items()}
    return {name: service.name for name, service in snapshot.all("services", ServiceDocument).items()}


def _choices(everything: str, titles: dict[str, str], chosen: str) -> tuple[Choice, ...]:
    found = [Choice(value=value, title=title, chosen=value == chosen) for value, title in titles.items()]
    found.sort(key=lambda choice: choice.title.casefold())
    return (Choice(value="", title=everything, chosen=not chosen), *found)


def _list_url(query: dict[str, str]) -> str:
    return f"{reverse('groups')}?{urlencode(query)}" if query else reverse("groups")


def _reference(written: str) -> int | None:
    digits = written.strip().upper().removeprefix("AG-")
    return int(digits) if written.strip().upper().startswith("AG-") and _is_number(digits) else None


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) <= DIGITS_MAX
