"""The HTML door to alert groups: what people do to one, and how lists show them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from tocsin.alerts import actions
from tocsin.alerts.domain import NOTE_CHARS_MAX, SNOOZE_MAX, GroupId, GroupStatus
from tocsin.alerts.listing import GroupLine
from tocsin.alerts.rules import IllegalMove
from tocsin.catalog.domain import ServiceDocument
from tocsin.config import queries as configuration
from tocsin.config.domain import Snapshot
from tocsin.kit import clock, db, text
from tocsin.kit.db import Tx
from tocsin.people import queries as people
from tocsin.people.domain import PersonDocument
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import back

MORNING = "morning"
MORNING_HOUR = 9
VIA = "web"


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


@require_POST
@permit(Right.RESPOND)
def acknowledge(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Somebody has it."""
    return _change_group(
        request, group_id, lambda tx, id_: actions.acknowledge(tx, id_, actor.by, via=VIA), "You have it now."
    )


@require_POST
@permit(Right.RESPOND)
def unacknowledge(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Nobody has it any more."""
    done = "Given back. It pages from the start."
    return _change_group(request, group_id, lambda tx, id_: actions.unacknowledge(tx, id_, actor.by), done)


@require_POST
@permit(Right.RESPOND)
def resolve(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """It is over."""
    return _change_group(request, group_id, lambda tx, id_: actions.resolve(tx, id_, actor.by, via=VIA), "Resolved.")


@require_POST
@permit(Right.RESPOND)
def snooze(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Bother nobody for a while."""
    until = _until(request.POST.get("for", ""), actor, clock.now())
    if until is None:
        messages.error(request, "That is not a length of time. Nothing was changed.")
        return back(request, group_url(group_id))
    return _change_group(request, group_id, lambda tx, id_: actions.snooze(tx, id_, actor.by, until), "Snoozed.")


@require_POST
@permit(Right.RESPOND)
def note(request: HttpRequest, actor: Actor, group_id: int) -> HttpResponse:
    """Write something down for everybody."""
    written = request.POST.get("text", "").strip()[:NOTE_CHARS_MAX]
    if not written:
        messages.error(request, "The note was empty, so nothing was written.")
        return back(request, group_url(group_id))
    return _change_group(request, group_id, lambda tx, id_: actions.note(tx, id_, actor.by, written), "")


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


def _change_group(request: HttpRequest, group_id: int, act: Callable[[Tx, GroupId], object], done: str) -> HttpResponse:
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
