"""Calendars in the very dialects of the programs people keep them in; written after exports, without anybody's data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.kit import tz
from tocsin.oncall import ical_source
from tocsin.oncall.ical_source import Directory
from tocsin.people.domain import PersonDocument

FILES = Path(__file__).parent / "calendars"
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
PEOPLE = {
    "ann": PersonDocument(name="Ann Lee", email="ann@ex.org"),
    "bob": PersonDocument(name="Bob Ortiz", email="bob@ex.org"),
    "zoe": PersonDocument(name="Zoë Å. Müller", email="zoe@ex.org"),
}


@pytest.mark.parametrize(
    ("dialect", "zone", "turns"),
    [
        (
            "google",
            "UTC",  # the calendar names its own
            [
                ("ann", "03-02 08:00", "03-09 08:00"),
                ("bob", "03-31 07:00", "04-06 07:00"),
                ("ann", "04-09 22:00", "04-11 22:00"),
            ],
        ),
        (
            "outlook",
            "Europe/Berlin",
            [
                ("bob", "03-16 08:00", "03-16 16:00"),
                ("zoe", "03-27 23:00", "03-29 22:00"),
                ("bob", "03-30 07:00", "03-30 15:00"),
                ("bob", "04-06 07:00", "04-06 15:00"),
            ],
        ),
        (
            "apple",
            "America/New_York",
            [
                ("zoe", "03-07 13:00", "03-08 01:00"),
                ("zoe", "03-08 12:00", "03-09 00:00"),
                ("zoe", "03-09 12:00", "03-10 00:00"),
                ("bob", "03-12 04:00", "03-13 04:00"),
            ],
        ),
    ],
)
def test_each_program_s_calendar_gives_the_turns_people_see_in_it(
    dialect: str, zone: str, turns: list[tuple[str, str, str]]
) -> None:
    """Repetition over the change of clocks, exceptions, moved and cancelled ones, whole days, folded lines, attendees."""
    found = ical_source.read((FILES / f"{dialect}.ics").read_bytes().decode(), START, END, zone)
    assert found.problems == ()
    booked, strangers = ical_source.turns(found.events, Directory(PEOPLE, {}))
    assert strangers == ()
    told = [(one.person, *(f"{tz.moment(at):%m-%d %H:%M}" for at in (one.start, one.end))) for one in booked]
    assert told == turns
