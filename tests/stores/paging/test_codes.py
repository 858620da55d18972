"""Proving a contact with a code."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest

from databases import Database
from tocsin.config import actions as configuring
from tocsin.kit import clock, db
from tocsin.paging import codes
from tocsin.paging.codes import CODE_LIVES, SENDS_MAX, TRIES_MAX, Outcome, TooMany

START = datetime.fromisoformat("2026-01-05T09:00:00+00:00")


@pytest.fixture
def moment(database: Database) -> datetime:
    """Ann and her mail contact, which the interface brought, so nobody vouches for it."""
    body = {"name": "Ann", "email": "ann@x.example", "contacts": {"mail": {"email": "ann@x.example"}}}
    with db.transact(START) as tx:
        configuring.put(tx, "people", "ann", body, configuring.Author(by="tocsin"))
    return START


def send(at: datetime) -> str:
    """Have a code sent; the code, as the message says it."""
    with db.transact(at) as tx:
        codes.send(tx, "ann", "mail")
    written = db.reader(at).value("SELECT body FROM engine_delivery ORDER BY id DESC LIMIT 1")
    found = re.match(r"\d{6}", json.loads(written)["text"])
    assert found is not None
    return found[0]


def confirm(code: str, at: datetime) -> Outcome:
    with db.transact(at) as tx:
        return codes.confirm(tx, "ann", "mail", code)


def state(at: datetime) -> str:
    (line,) = codes.contacts(db.reader(at), "ann")
    return line.state


def test_the_right_code_in_time_proves_the_contact(moment: datetime) -> None:
    """Who says the code back has proven the contact; the same code again proves nothing."""
    assert state(moment) == "unproven"
    code = send(moment)
    assert confirm(code, moment + CODE_LIVES - timedelta(seconds=1)) is Outcome.PROVEN
    assert state(moment) == "proven"
    assert confirm(code, moment + timedelta(minutes=1)) is Outcome.OVER


def test_a_late_code_proves_nothing(moment: datetime) -> None:
    """After its ten minutes a code is worth nothing."""
    code = send(moment)
    assert confirm(code, moment + CODE_LIVES) is Outcome.OVER
    assert state(moment) == "unproven"


def test_guessing_ends_soon(moment: datetime) -> None:
    """After five wrong tries even the right code is refused."""
    code = send(moment)
    wrong = "000000" if code != "000000" else "111111"
    assert {confirm(wrong, moment) for _ in range(TRIES_MAX)} == {Outcome.WRONG}
    assert confirm(code, moment) is Outcome.SPENT


def test_another_code_replaces_the_first(moment: datetime) -> None:
    """Only the code sent last counts, and the earlier message is not sent any more."""
    first = send(moment)
    second = send(moment + timedelta(minutes=1))
    if first != second:
        assert confirm(first, moment + timedelta(minutes=2)) is Outcome.WRONG
    assert confirm(second, moment + timedelta(minutes=2)) is Outcome.PROVEN
    states = db.reader(moment).rows("SELECT state FROM engine_delivery ORDER BY id")
    assert states == [("cancelled",), ("waiting",)]


def test_nobody_is_flooded_with_codes(moment: datetime) -> None:
    """The fourth code within a quarter of an hour has to wait, and it is said how long."""
    for _ in range(SENDS_MAX):
        send(moment)
    with pytest.raises(TooMany) as refused:
        send(moment + timedelta(minutes=5))
    assert refused.value.retry_after_s == 600
    send(moment + timedelta(minutes=15, seconds=1))


def test_the_database_does_not_hold_the_code(moment: datetime) -> None:
    """Only a keyed digest of the code is kept beside the message that carries it."""
    code = send(moment)
    kept = db.reader(moment).value("SELECT hash FROM paging_contact_code")
    assert code not in kept
    assert len(kept) == 64
    assert clock.to_us(moment + CODE_LIVES) == db.reader(moment).value("SELECT expires_at FROM paging_contact_code")
