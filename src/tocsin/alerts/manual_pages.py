"""Pages that a person sends by hand, and test pages: each is an alert like any other, absorbed at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from tocsin.alerts import absorb, columns, store
from tocsin.alerts.domain import BY_HAND, Group, GroupId
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.config import queries as configuration
from tocsin.kit.db import Tx
from tocsin.sources.domain import Action, Severity, Signal

PAGE_LABEL = "page"  # whom to page, separated by spaces; paging reads it when it makes the plan
SERVICE_LABEL = "service"
TEST_LABEL = "test"  # nothing is wrong: somebody wants to know whether a page arrives


class NothingOpened(Exception):
    """No group came of it."""


def page(
    tx: Tx, *, targets: Sequence[str], service: str, title: str, description: str, by: str, key: str = ""
) -> Group:
    """Open a group that pages these targets ("person:ann"), or else the service by its policy.

    The same `key` again, while the first group fires, is the same page. Raises NothingOpened.
    """
    labels = {SERVICE_LABEL: service} if service else {}
    if targets:
        labels[PAGE_LABEL] = " ".join(targets)
    signal = Signal(
        action=Action.TRIGGER,
        dedup_key=f"{by} {key}" if key else uuid.uuid4().hex,
        title=title,
        severity=Severity.CRITICAL,
        labels=labels,
        description=description,
        by=by,
    )
    return _absorb(tx, signal)


def test(tx: Tx, *, person: str, title: str, description: str, by: str) -> Group:
    """Open a group that pages this one person, as any page would, and says that it is a test. Raises NothingOpened."""
    signal = Signal(
        action=Action.TRIGGER,
        dedup_key=uuid.uuid4().hex,
        title=title,
        severity=Severity.CRITICAL,
        labels={PAGE_LABEL: f"person:{person}", TEST_LABEL: "yes"},
        description=description,
        by=by,
    )
    return _absorb(tx, signal)


def _absorb(tx: Tx, signal: Signal) -> Group:
    book = compile_rulebook(configuration.current(tx))
    opened = absorb.absorb_now(tx, book, BY_HAND, [signal])
    return opened[0] if opened else _already(tx, signal.dedup_key)


def _already(tx: Tx, dedup_key: str) -> Group:
    firing = store.firing_alerts(tx, [columns.identity(BY_HAND, dedup_key)])
    for alert in firing.values():
        found = store.lock(tx, GroupId(alert.group_id))
        if found is not None:
            return found
    raise NothingOpened("no group came of this page")
