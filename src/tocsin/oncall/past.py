"""Schedules as they were: what held at an instant that is over is told by the documents of then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.config import queries as configuration
from tocsin.config.domain import Document, Snapshot
from tocsin.kit.db import Reader
from tocsin.oncall import intervals, queries, rules
from tocsin.oncall.domain import ScheduleDocument
from tocsin.oncall.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class AsItWas:
    """The configuration with the schedules of an instant, and until when those held that are different by now."""

    snapshot: Snapshot
    held_until: Mapping[str, datetime]


def as_it_was(reader: Reader, at: datetime) -> AsItWas:
    """The schedules that held at an instant; those of now for now and later."""
    snapshot = configuration.current(reader)
    changed = queries.changed_since(reader, at) if at < reader.now else frozenset()
    if not changed:
        return AsItWas(snapshot=snapshot, held_until={})
    current = snapshot.sections.get("schedules", {})
    held: dict[str, Document] = {}
    ends: dict[str, datetime] = {}
    for name in dict.fromkeys((*current, *sorted(changed))):
        if name not in changed:
            held[name] = current[name]
            continue
        versions = configuration.history_of(reader, "schedules", name, at)
        before = [document for came, document in versions if queries.whole(came) <= at]
        document = before[-1] if before else None
        if document is not None:
            held[name] = document
            went = next((came for came, later in versions[len(before) :] if later != document), None)
            ends |= {name: queries.whole(went)} if went is not None else {}
    return AsItWas(snapshot=replace(snapshot, sections={**snapshot.sections, "schedules": held}), held_until=ends)


def gaps_between(reader: Reader, schedule: str, start: datetime, end: datetime) -> list[Interval]:
    """When nobody was or will be on call: each past instant by the document that held then."""
    counts = queries.in_force(reader, start, end, schedule).get(schedule, ())
    versions = configuration.history_of(reader, "schedules", schedule, start)
    found: list[Interval] = []
    for index, (came, document) in enumerate(versions):
        went = queries.whole(versions[index + 1][0]) if index + 1 < len(versions) else end
        low, high = max(start, queries.whole(came)), min(end, went)
        if isinstance(document, ScheduleDocument) and low < high:
            found += rules.gaps(rules.compile_schedule(schedule, document), low, high, counts)
    return intervals.union(found)
