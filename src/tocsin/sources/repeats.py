"""A repeat that leaves something out: the alert goes on saying it. Pure.

Opsgenie's API knows an alert by its alias, and whoever creates it again need not say it all again: what the body does
not have stays as it is, the priority above all. Which label came from which field is known by the field: a tag's by the
tags, a detail's by the details. What the repeat says of the same name counts more.
"""

from __future__ import annotations

from msgspec import structs

from tocsin.sources import clean
from tocsin.sources.domain import LABELS_MAX, Signal

SHOWN = ("responders", "teams", "visibleTo", "actions")  # kept among the details, each under its own name
FIELDS = ("priority", "entity", "source", "tags", "details", "description", *SHOWN)


def filled(signal: Signal, known: Signal) -> Signal:
    """The signal with what it leaves out (`unsaid`) as it is known of its alert, in the order in which that has it."""
    unsaid = frozenset(signal.unsaid)
    return structs.replace(
        signal,
        severity=known.severity if "priority" in unsaid else signal.severity,
        labels=_labels(signal, known, unsaid),
        description=known.description if "description" in unsaid else signal.description,
        details=_details(signal, known, unsaid),
        unsaid=(),
    )


def _labels(signal: Signal, known: Signal, unsaid: frozenset[str]) -> dict[str, str]:
    names = {"priority", "entity", "source"} & unsaid
    if "tags" in unsaid:
        names |= {"tags", *clean.tag_labels(known.labels.get("tags", "").split(","))}
    if "details" in unsaid:
        names.update(known.details)
    said = dict(signal.labels)
    if "priority" in unsaid and "priority" in known.labels:
        said["priority"] = known.labels["priority"]  # what it has there is what a new alert would have
    kept = {name: said.get(name, held) for name, held in known.labels.items() if name in names or name in said}
    return dict(list({**kept, **said}.items())[:LABELS_MAX])


def _details(signal: Signal, known: Signal, unsaid: frozenset[str]) -> dict[str, object]:
    said = signal.details
    kept = {
        name: said.get(name, held)
        for name, held in known.details.items()
        if name in said or (name if name in SHOWN else "details") in unsaid
    }
    return clean.details({**kept, **said})
