"""Calendars as they are found in the world, and ours as other programs read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from time import process_time

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kit import tz
from tocsin.oncall import ical_feed, ical_source, rules
from tocsin.oncall.desk import Booked
from tocsin.oncall.domain import Override, ScheduleDocument, Shift
from tocsin.oncall.ical_feed import Edition, Names
from tocsin.oncall.ical_source import CannotRead, Directory, Event
from tocsin.people.domain import PersonDocument

START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 5, 1, tzinfo=UTC)
PEOPLE = {
    "ann": PersonDocument(name="Ann Lee", email="ann@ex.org"),
    "bob": PersonDocument(name="Bob Ortiz", email="bob@ex.org"),
    "zoe": PersonDocument(name="Zoë Å. Müller", email="zoe@ex.org"),
}
OUTLOOK_ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, head: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\nDTSTAMP:20260101T000000Z\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n")


def read(body: str, zone: str = "Europe/Berlin") -> list[tuple[str, str, str]]:
    found = ical_source.read(body, START, END, zone).events
    return [(one.title, *(f"{tz.moment(at):%m-%d %H:%M}" for at in (one.start, one.end))) for one in found]


def test_a_weekly_turn_of_outlook_with_its_exceptions() -> None:
    """A zone called by Windows, a repetition over the change of clocks, one occurrence left out and one moved."""
    series = (
        "UID:1\nSUMMARY:Ann\nDTSTART;TZID=W. Europe Standard Time:20260302T090000\n"
        "DTEND;TZID=W. Europe Standard Time:20260302T170000\nRRULE:FREQ=WEEKLY;COUNT=6\n"
        "EXDATE;TZID=W. Europe Standard Time:20260316T090000"
    )
    moved = (
        "UID:1\nSUMMARY:Bob\nRECURRENCE-ID;TZID=W. Europe Standard Time:20260323T090000\n"
        "DTSTART;TZID=W. Europe Standard Time:20260324T100000\nDTEND;TZID=W. Europe Standard Time:20260324T110000"
    )
    for head in (OUTLOOK_ZONE, ""):
        assert read(calendar(series, moved, head=head)) == [
            ("Ann", "03-02 08:00", "03-02 16:00"),
            ("Ann", "03-09 08:00", "03-09 16:00"),
            ("Bob", "03-24 09:00", "03-24 10:00"),
            ("Ann", "03-30 07:00", "03-30 15:00"),
            ("Ann", "04-06 07:00", "04-06 15:00"),
        ]


def test_whole_days_and_times_without_a_zone_are_local() -> None:
    """To the calendar's zone if it names one, else to the schedule's; the day of the change has 23 hours."""
    whole = "UID:1\nSUMMARY:Ann\nDTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330"
    floating = "UID:2\nSUMMARY:Bob\nDTSTART:20260401T090000\nDURATION:PT8H"
    assert read(calendar(whole, floating)) == [
        ("Ann", "03-28 23:00", "03-29 22:00"),
        ("Bob", "04-01 07:00", "04-01 15:00"),
    ]
    assert read(calendar(whole, head="X-WR-TIMEZONE:America/New_York\n"))[0][1:] == ("03-29 04:00", "03-30 04:00")
    assert read(calendar(whole, head="X-WR-TIMEZONE:Eastern Standard Time\n"))[0][1:] == ("03-29 04:00", "03-30 04:00")


def test_a_whole_day_without_an_end_is_one_day() -> None:
    """As the standard says; an event without length at an instant is nobody's turn."""
    day = "UID:1\nSUMMARY:Ann\nDTSTART;VALUE=DATE:20260310"
    instant = "UID:2\nSUMMARY:Bob\nDTSTART:20260311T090000Z"
    assert read(calendar(day, instant), "UTC") == [("Ann", "03-10 00:00", "03-11 00:00")]


def test_cancelled_events_and_bombs_are_left_out() -> None:
    """What repeats by the second is told, and the others stay."""
    cancelled = "UID:1\nSUMMARY:Ann\nSTATUS:CANCELLED\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z"
    bomb = "UID:2\nSUMMARY:Boom\nDTSTART:20260310T090000Z\nDTEND:20260310T090001Z\nRRULE:FREQ=SECONDLY"
    good = "UID:3\nSUMMARY:Bob\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z"
    found = ical_source.read(calendar(cancelled, bomb, good), START, END, "UTC")
    assert [one.title for one in found.events] == ["Bob"]
    assert found.problems == ("'Boom' repeats by the minute and is left out",)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=4",
    ],
)
def test_unfolding_has_a_bound(rule: str) -> None:
    """A thousand events that have repeated since 1900 cannot keep the reader busy; what is left out is told."""
    bombs = [
        f"UID:{number}\nSUMMARY:Boom\nDTSTART:19000310T090000Z\nDTEND:19000310T090001Z\nRRULE:{rule}"
        for number in range(1000)
    ]
    good = "UID:x\nSUMMARY:Bob\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z"
    started = process_time()
    found = ical_source.read(calendar(good, *bombs), START, START + timedelta(days=100), "UTC")
    assert process_time() - started < 20
    assert "Bob" in [one.title for one in found.events]
    assert found.problems[0] in (
        "'Boom' repeats more often, or since longer ago, than can be unfolded and is left out",
        "'Boom' repeats on days that never come and is left out",
    )


def test_a_long_life_with_many_habits_is_read() -> None:
    """Five hundred weekly meetings of ten years and as many birthdays are an ordinary calendar."""
    meetings = [
        f"UID:{number}\nSUMMARY:Ann\nDTSTART:20160307T090000Z\nDTEND:20160307T100000Z\nRRULE:FREQ=WEEKLY;UNTIL=20161231T000000Z"
        for number in range(500)
    ]
    days = [
        f"UID:b{number}\nSUMMARY:Bob\nDTSTART;VALUE=DATE:19800310\nRRULE:FREQ=YEARLY;UNTIL=19990310"
        for number in range(500)
    ]
    assert ical_source.read(calendar(*meetings, *days), START, END, "UTC").problems == ()


@pytest.mark.parametrize(
    "event",
    [
        "UID:2\nSUMMARY:Bad\nDTSTART:20261399T090000Z",
        "UID:2\nSUMMARY:Bad\nDTEND:20260310T090000Z",
        "UID:2\nSUMMARY:Bad\nDTSTART:20260310T090000Z\nDTEND:20260309T090000Z",
        "UID:2\nSUMMARY:Bad\nDTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nRRULE:FREQ=NEVER",
        "UID:2\nSUMMARY:Bad\nDTSTART;TZID=Mars/Olympus:20260310T090000\nDTEND;VALUE=DATE:20260311",
    ],
)
def test_one_bad_event_costs_only_itself(event: str) -> None:
    """Its neighbours are read."""
    good = "UID:3\nSUMMARY:Bob\nDTSTART:20260312T090000Z\nDTEND:20260312T100000Z"
    assert ("Bob", "03-12 09:00", "03-12 10:00") in read(calendar(event, good), "UTC")


@pytest.mark.parametrize(
    "body", ["", "<html><body>Sign in</body></html>", "BEGIN:VCALENDAR\r\nEND:VEVENT", "x" * 3_000_000]
)
def test_what_is_no_calendar_is_told(body: str) -> None:
    """With a sentence, never a traceback."""
    with pytest.raises(CannotRead, match="calendar"):
        ical_source.read(body, START, END, "UTC")


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(body: str) -> None:
    """Rubbish inside a calendar either gives a reading or CannotRead."""
    for written in (body, f"BEGIN:VCALENDAR\r\n{body}\r\nEND:VCALENDAR", calendar(body)):
        try:
            ical_source.read(written, START, START + timedelta(days=30), "UTC")
        except CannotRead:
            continue


@pytest.mark.parametrize(
    ("title", "mails", "persons"),
    [
        ("ANN", (), ["ann"]),
        ("Ann Lee", (), ["ann"]),
        ("bob@EX.org", (), ["bob"]),
        ("[L2] bob", (), ["bob"]),
        ("ann, Bob Ortiz", (), ["ann", "bob"]),
        ("Ann Lee / bob", (), ["ann", "bob"]),
        ("zoë å. müller", (), ["zoe"]),
        ("On call: Ann Lee (web)", (), ["ann"]),
        ("On call <bob@ex.org>", (), ["bob"]),
        ("The boss", (), ["zoe"]),
        ("Pager", ("ann@ex.org", "x@ex.org"), ["ann"]),
        ("Annette", (), []),
        ("ann and nobody we know", (), []),
        ("", (), []),
    ],
)
def test_whom_an_event_means(title: str, mails: tuple[str, ...], persons: list[str]) -> None:
    """By name, full name, address or alias, in any case, alone or among others, and never by a part of a word."""
    directory = Directory(PEOPLE, {"The Boss": "zoe"})
    assert list(directory.persons(Event(start=0, end=1, title=title, mails=mails))) == persons


def test_the_highest_priority_decides_where_turns_overlap() -> None:
    """Bob's [L2] hides Ann's turn while it lasts; equal ones are on call together; strangers are told."""
    events = [
        Event(start=0, end=100, title="[L1] ann"),
        Event(start=20, end=40, title="[L2] bob"),
        Event(start=60, end=80, title="[L1] zoe"),
        Event(start=90, end=95, title="[L9] who?"),
    ]
    booked, problems = ical_source.turns(events, Directory(PEOPLE, {}))
    assert [(one.start, one.end, one.person) for one in booked] == [
        (0, 20, "ann"), (20, 40, "bob"), (40, 100, "ann"), (60, 80, "zoe")
    ]  # fmt: skip
    assert problems == ("'[L9] who?' names nobody in the configuration",)


def test_what_a_calendar_said_of_the_past_stays() -> None:
    """A turn that is removed there is still served up to now; from now on the new word counts."""
    before = (Booked(start=0, end=100, person="ann"), Booked(start=200, end=300, person="ann"))
    after = (Booked(start=0, end=400, person="bob"),)
    found = ical_source.kept_past(before, after, 50)
    assert [(one.start, one.end, one.person) for one in found] == [(0, 50, "ann"), (50, 400, "bob")]
    assert ical_source.kept_past(found, after, 60) == found


def test_a_calendar_answers_like_any_schedule() -> None:
    """Its turns are laid under overrides, name their layer, and leave gaps where nobody is."""
    document = ScheduleDocument.model_validate({"timezone": "UTC", "ical": {"url": "https://ex.org/a.ics"}})
    schedule = rules.compile_schedule("web", document)
    at = [START + timedelta(hours=hour) for hour in range(5)]
    turn = Override(id="c", schedule="web", person_out=None, person_in="ann", start=at[0], end=at[3], layer="calendar")
    change = Override(id="7", schedule="web", person_out="ann", person_in="bob", start=at[1], end=at[2])
    shifts = rules.shifts(schedule, at[0], at[4], (turn, change))
    assert [(one.person, one.layer, one.override) for one in shifts] == [
        ("ann", "calendar", None), ("bob", None, "7"), ("ann", "calendar", None)
    ]  # fmt: skip
    assert [gap.start for gap in rules.gaps(schedule, at[0], at[4], (turn, change))] == [at[3]]
    assert [duty.person for duty in rules.on_call(schedule, at[1], (turn, change))] == ["bob"]


NAMES = Names(
    people={"ann": "Ann; Lee, \\ the first", "zoe": "Zoë Å. Müller" * 8},
    schedules={"web": "Web\nfirst"},
    host="tocsin.test",
    base_url="https://tocsin.test",
)
EDITION = Edition(at=START, number=4)


def shift(person: str, hours: int = 8, **more: object) -> Shift:
    values = {"schedule": "web", "person": person, "start": START, "end": START + timedelta(hours=hours), "layer": "a"}
    return Shift(**(values | more))


def test_our_feed_is_read_back_by_a_calendar_library() -> None:
    """Every shift is an event with its instants in UTC, a number of its edition and its reminders; lines are folded."""
    shifts = [shift("ann"), shift("zoe", override="3", layer=None), shift("ann", shadow=True)]
    body = ical_feed.calendar("On call: Web", shifts, NAMES, EDITION, [timedelta(minutes=30), timedelta(0)])
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))
    assert body.count("\n") == body.count("\r\n")
    parsed = icalendar.Calendar.from_ical(body)
    assert (parsed["METHOD"], parsed["X-WR-CALNAME"]) == ("PUBLISH", "On call: Web")
    events = parsed.walk("VEVENT")
    assert [event.start for event in events] == [START] * 3
    assert [event.end - event.start for event in events] == [timedelta(hours=8)] * 3
    assert str(events[0]["SUMMARY"]) == "Ann; Lee, \\ the first: On call (Web\nfirst)"
    assert str(events[1]["SUMMARY"]).startswith("Zoë Å. MüllerZoë")
    assert [int(event["SEQUENCE"]) for event in events] == [4, 4, 4]
    assert len({str(event["UID"]) for event in events}) == 3
    assert [alarm["TRIGGER"].dt for alarm in events[0].walk("VALARM")] == [-timedelta(minutes=30), timedelta(0)]


def test_a_shift_keeps_its_uid_when_its_end_moves() -> None:
    """So that a calendar program moves the event and does not show two; another start is another event."""
    first = ical_feed.uid(shift("ann"), "h")
    assert first == ical_feed.uid(shift("ann", 9), "h") == ical_feed.uid(shift("ann", layer="b"), "h")
    assert first != ical_feed.uid(shift("ann", start=START + timedelta(hours=1)), "h")


@given(st.text(max_size=200))
def test_any_name_survives_escaping_and_folding(name: str) -> None:
    """What people are called comes back as it was, but for control characters and line ends."""
    plain = "".join(one for one in name if one.isprintable())
    names = Names(people={"ann": plain}, schedules={}, host="h", base_url="https://h")
    parsed = icalendar.Calendar.from_ical(ical_feed.calendar("x", [shift("ann")], names, EDITION))
    assert str(parsed.walk("VEVENT")[0]["SUMMARY"]) == f"{plain}: On call (web)"


def test_days_are_days() -> None:
    """The library's dates are dates: a guard for its upgrades."""
    day = icalendar.Calendar.from_ical(calendar("UID:1\nDTSTART;VALUE=DATE:20260310")).walk("VEVENT")[0]
    assert type(day.start) is date
