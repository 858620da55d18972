"""What may explain a group: how the same problem went before, and what was changed just before it began."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from tocsin.alerts import tallies
from tocsin.alerts.listing import AlertLine, GroupLine
from tocsin.journal import store as journal
from tocsin.kit.db import Reader
from tocsin.kit.matchers import Matcher, Op
from tocsin.paging.standing import Standing
from tocsin.paging.timeline import NOTE_NAMES
from tocsin.people import queries as people

NOTES_OF_MAX = 3  # the newest groups whose notes are shown
NOTES_SHOWN_MAX = 3
FACTS_LOOKED_AT_MAX = 200
SILENCED_LABELS_MAX = 10
NOT_FOR_SILENCES = frozenset({"title", "severity"})  # what differs from time to time


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNote:
    """What somebody wrote down about it then."""

    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The same problem, an earlier time."""

    id: int
    title: str
    at: datetime
    lasted: timedelta
    who: str  # who ended it
    same_key: bool
    notes: tuple[PastNote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeShown:
    """One change near the beginning."""

    summary: str
    at: datetime
    service: str
    links: tuple[tuple[str, str], ...]
    is_before: bool
    apart: timedelta


def similar(reader: Reader, current: Standing, line: GroupLine) -> tuple[Before, ...]:
    """How the same problem went before, the latest first."""
    found = tallies.similar(reader, line.id, line.service, line.title)
    return tuple(
        Before(
            id=one.id,
            title=one.title,
            at=one.opened_at,
            lasted=one.resolved_at - one.opened_at,
            who=people.name_of(current.snapshot, one.resolved_by) if one.resolved_by else "",
            same_key=one.same_key,
            notes=_notes(reader, current, one.id) if place < NOTES_OF_MAX else (),
        )
        for place, one in enumerate(found)
    )


def changes(reader: Reader, current: Standing, line: GroupLine) -> tuple[ChangeShown, ...]:
    """What was changed in the service and in what it depends on, nearest first."""
    service = current.services.get(line.service)
    services = (line.service, *(service.depends_on if service else ()))
    return tuple(
        ChangeShown(
            summary=one.summary,
            at=one.at,
            service=current.service_title(one.service) if one.service != line.service else "",
            links=tuple((href, title) for href, title in one.links if href.lower().startswith(("https://", "http://"))),
            is_before=one.at <= line.opened_at,
            apart=abs(line.opened_at - one.at),
        )
        for one in tallies.changes_near(reader, services, line.opened_at)
    )


def silence_url(alerts: Sequence[AlertLine]) -> str:
    """The form for a silence that matches these alerts, by the labels they have in common."""
    if not alerts:
        return ""
    common = [
        Matcher(label=name, op=Op.EQUAL, value=value)
        for name, value in alerts[0].labels.items()
        if name not in NOT_FOR_SILENCES and all(other.labels.get(name) == value for other in alerts)
    ]
    written = "\n".join(_written(common[:SILENCED_LABELS_MAX]))
    return f"{reverse('silences')}?{urlencode({'matchers': written})}" if written else ""


def _written(matchers: Iterable[Matcher]) -> Iterable[str]:
    return (str(one) for one in matchers if "\n" not in one.value)


def _notes(reader: Reader, current: Standing, group_id: int) -> tuple[PastNote, ...]:
    entries = journal.of_subject(reader, f"group:{group_id}", limit=FACTS_LOOKED_AT_MAX)
    notes = [one for one in entries if one.name in NOTE_NAMES]
    return tuple(
        PastNote(by=people.name_of(current.snapshot, one.actor), text=str(one.body.get("text", "")))
        for one in notes[-NOTES_SHOWN_MAX:]
    )
