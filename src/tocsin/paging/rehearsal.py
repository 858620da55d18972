"""Trying whether pages arrive: a real page through the real engine, marked as a test, to one person or each
member of a team. What became of it is kept. A test that nobody answers ends by itself and wakes nobody else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.alerts import actions as alerts
from tocsin.alerts import manual_pages
from tocsin.alerts.domain import GroupId
from tocsin.alerts.rules import IllegalMove
from tocsin.engine import timers
from tocsin.engine.domain import LEDGER_LOCK, TimerDue
from tocsin.kit import clock
from tocsin.kit.db import Reader, Row, Tx
from tocsin.paging import listing
from tocsin.paging.domain import TEST_WAIT, PageTested
from tocsin.paging.listing import DeliveryLine, PageLine
from tocsin.paging.ways import Reach, reach

OVER = "paging.test_over"
TESTS_MAX = 5  # of one person
TESTS_WITHIN = timedelta(minutes=10)
PEOPLE_MAX = 200
TITLE = "Test page: nothing is wrong"


class TooManyTests(Exception):
    """Somebody was sent TESTS_MAX test pages within TESTS_WITHIN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One person's test and what became of it so far."""

    person: str
    group: int
    at: datetime
    by: str
    answered_at: datetime | None
    is_over: bool
    deliveries: tuple[DeliveryLine, ...]

    @property
    def kind(self) -> str:
        """`answered`, `delivered`, `waiting`, `quiet` (it only lies in the inbox, which wakes nobody) or `failed`."""
        if self.answered_at is not None:
            return "answered"
        come_of = reach({one.channel for one in self.deliveries if one.state == "delivered"})
        if come_of is Reach.WAKES:
            return "delivered"
        under_way = any(one.state in ("waiting", "leased") for one in self.deliveries)
        if not self.is_over and (under_way or not self.deliveries):
            return "waiting"
        return "quiet" if come_of is Reach.QUIET else "failed"

    @property
    def answered_after(self) -> timedelta | None:
        """How long it took until the test was answered; None if it was not."""
        return None if self.answered_at is None else self.answered_at - self.at


def start(tx: Tx, persons: Sequence[str], *, team: str = "", by: str) -> list[int]:
    """Page each of these people now, as a test; the groups. An earlier test of theirs ends. Raises TooManyTests."""
    tx.lock(LEDGER_LOCK)
    run = uuid.uuid4().hex
    opened = []
    for person in persons[:PEOPLE_MAX]:
        recent = _recent(tx, person)
        if len(recent) >= TESTS_MAX:
            raise TooManyTests(f"{TESTS_MAX} tests within {TESTS_WITHIN // timedelta(minutes=1)} minutes are enough")
        _end(tx, recent)
        group = manual_pages.test(tx, person=person, title=TITLE, description=_words(team), by=by)
        tx.insert_many(
            "paging_rehearsal",
            ("run", "team", "person", "group_id", "at", "by"),
            [(run, team, person, group.id, clock.to_us(tx.now), by)],
        )
        timers.set_one(tx, OVER, group.id, tx.now + TEST_WAIT)
        tx.record(PageTested(person=person, group=group.id, team=team, by=by))
        opened.append(int(group.id))
    return opened


def last_of(reader: Reader, person: str) -> Tested | None:
    """A person's newest test."""
    rows = reader.rows(
        "SELECT person, group_id, at, by FROM paging_rehearsal WHERE person = %s ORDER BY id DESC LIMIT 1", (person,)
    )
    return next(iter(_tested(reader, rows)), None)


def last_of_team(reader: Reader, team: str) -> list[Tested]:
    """The newest run of a team, one line for each person."""
    run = reader.value("SELECT run FROM paging_rehearsal WHERE team = %s ORDER BY id DESC LIMIT 1", (team,))
    rows = reader.rows(
        "SELECT person, group_id, at, by FROM paging_rehearsal WHERE team = %s AND run = %s ORDER BY id LIMIT %s",
        (team, run or "", PEOPLE_MAX),
    )
    return _tested(reader, rows)


def over(tx: Tx, due: Sequence[TimerDue]) -> None:
    """Tests that have had their time are over, answered or not."""
    _end(tx, [timer.ref for timer in due])


def _words(team: str) -> str:
    why = "The whole team is paged to see who can be reached." if team else "You asked to be paged."
    return f"{why} Acknowledge it as you would a real one; it ends by itself."


def _recent(reader: Reader, person: str) -> list[int]:
    since = clock.to_us(reader.now - TESTS_WITHIN)
    rows = reader.rows(
        "SELECT group_id FROM paging_rehearsal WHERE person = %s AND at > %s ORDER BY id", (person, since)
    )
    return [row[0] for row in rows]


def _end(tx: Tx, groups: Iterable[int]) -> None:
    for group in groups:
        try:
            alerts.resolve(tx, GroupId(group), "tocsin", via="the end of the test")
        except (IllegalMove, alerts.NoSuchGroup):
            continue  # over already, or forgotten


def _tested(reader: Reader, rows: Sequence[Row]) -> list[Tested]:
    groups = [row[1] for row in rows]
    pages = {group: listing.pages(reader, group_id=group, limit=listing.LIMIT_MAX) for group in groups}
    found = reader.rows(f"SELECT id, status FROM alerts_group WHERE {reader.among('id')}", (reader.listed(groups),))
    status = {row[0]: row[1] for row in found}
    return [_line(row, pages[row[1]], is_over=status.get(row[1], "resolved") == "resolved") for row in rows]


def _line(row: Row, pages: Sequence[PageLine], *, is_over: bool) -> Tested:
    person, group, at, by = row
    answered = [page.ended_at for page in pages if page.person == person and page.status == "answered"]
    return Tested(
        person=person,
        group=group,
        at=clock.from_us(at),
        by=by,
        answered_at=next(iter(answered), None),
        is_over=is_over,
        deliveries=tuple(one for page in pages for one in page.deliveries),
    )
