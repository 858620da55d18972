"""The journal on both databases: append, read in order, by story and by name."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from databases import Database
from tocsin.alerts.domain import NoteAdded, SilenceEnded
from tocsin.journal import store
from tocsin.kit import clock, db

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("database")


def note(group: int, text: str) -> NoteAdded:
    """A fact about a group."""
    return NoteAdded(group=group, by="person:ann", text=text)


def test_facts_are_read_in_the_order_they_were_written() -> None:
    """One story holds its own facts alone, oldest first, with who, when and what."""
    with db.transact(NOW) as tx:
        store.append(tx, [note(1, "first"), note(2, "elsewhere"), note(1, "second")])
    found = store.of_subject(db.reader(NOW), "group:1")
    assert [(one.name, one.actor, one.body["text"]) for one in found] == [
        ("NoteAdded", "person:ann", "first"),
        ("NoteAdded", "person:ann", "second"),
    ]
    assert {one.at_us for one in found} == {clock.to_us(NOW)}


def test_the_newest_are_kept_when_there_are_too_many() -> None:
    """A bound leaves out the oldest, and the order stays."""
    with db.transact(NOW) as tx:
        store.append(tx, [note(1, str(number)) for number in range(10)])
    found = store.of_subject(db.reader(NOW), "group:1", limit=3)
    assert [one.body["text"] for one in found] == ["7", "8", "9"]


def test_a_reader_can_go_on_where_it_stopped() -> None:
    """What is newer than a number follows without gap or repetition."""
    with db.transact(NOW) as tx:
        store.append(tx, [note(1, str(number)) for number in range(5)])
    reader = db.reader(NOW)
    first = store.after(reader, 0, limit=2)
    rest = store.after(reader, first[-1].id)
    assert [one.body["text"] for one in first + rest] == ["0", "1", "2", "3", "4"]
    assert store.complete_to(reader) == rest[-1].id


def test_facts_by_name() -> None:
    """The newest with one of these names, newest first."""
    with db.transact(NOW) as tx:
        store.append(tx, [note(1, "a"), SilenceEnded(silence=3, by="tocsin", reason="over"), note(2, "b")])
    found = store.named(db.reader(NOW), ["NoteAdded"])
    assert [one.subject for one in found] == ["group:2", "group:1"]


def test_a_rolled_back_transaction_leaves_no_fact() -> None:
    """What did not happen is not told."""
    with pytest.raises(ZeroDivisionError):
        _record_and_fail()
    assert store.complete_to(db.reader(NOW)) == 0


def _record_and_fail() -> None:
    with db.transact(NOW) as tx:
        tx.record(note(1, "never"))
        raise ZeroDivisionError


def test_a_fact_still_under_way_is_not_passed_over(postgres: Database) -> None:
    """Facts are complete up to the one before a number that is held by an open transaction, and past it when it ends."""
    with db.transact(NOW) as tx:
        store.append(tx, [note(1, "before")])
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with db.transact(NOW) as tx:
            store.append(tx, [note(1, "late")])
            tx.send()
            holding.set()
            assert release.wait(30)
        db.drop_connection()

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(hold)
        assert holding.wait(30)
        with db.transact(NOW) as tx:
            store.append(tx, [note(2, "overtakes"), note(2, "again")])
        assert store.complete_to(db.reader(NOW)) == 1
        release.set()
        late.result(30)
    assert store.complete_to(db.reader(NOW)) == 4


def test_what_was_undone_is_waited_for_no_longer_than_a_transaction_lasts(postgres: Database) -> None:
    """A number that nobody has holds nothing back after a minute."""
    for text in ("kept", "undone", "next"):
        with contextlib.suppress(LookupError), db.transact(NOW) as tx:
            store.append(tx, [note(1, text)])
            tx.send()
            if text == "undone":
                raise LookupError
    assert store.complete_to(db.reader(NOW + timedelta(seconds=59))) == 1
    assert store.complete_to(db.reader(NOW + timedelta(seconds=60))) == 3
