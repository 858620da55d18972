"""Calendars kept elsewhere, read over the wire on both databases: politely, and never worse off than before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from fakes.http import Answer, HttpSink
from tocsin.config import actions as configuring
from tocsin.config import queries as configuration
from tocsin.config.parse import File
from tocsin.engine import timers
from tocsin.journal import store as journal
from tocsin.kit import clock, db
from tocsin.kit.clock import VirtualClock
from tocsin.oncall import calendar_actions, findings, queries, reading
from tocsin.oncall.desk import CalendarKind, ConflictKind
from tocsin.oncall.facts import CalendarFailing, GapAhead
from tocsin.oncall.notices import Clerk
from tocsin.site import wiring

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def now() -> Iterator[VirtualClock]:
    found = VirtualClock(NOW)
    with clock.use(found):
        yield found


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with HttpSink() as made:
        yield made


def ics(*turns: tuple[str, int, int]) -> bytes:
    """(title, first hour, last hour) after NOW."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{index}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{title}\r\n"
        f"DTSTART:{NOW + start * HOUR:%Y%m%dT%H%M%SZ}\r\nDTEND:{NOW + end * HOUR:%Y%m%dT%H%M%SZ}\r\nEND:VEVENT\r\n"
        for index, (title, start, end) in enumerate(turns)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n{events}END:VCALENDAR\r\n".encode()


def apply(url: str, beside: dict[str, Any] | None = None, **more: Any) -> None:
    people = {name: {"name": name.title(), "email": f"{name}@ex.org"} for name in ("ann", "bob")}
    people["ann"]["role"] = "admin"
    schedule = {"timezone": "Europe/Berlin", "ical": {"url": url, "refresh": "30m"}} | more
    files = [
        File(
            name="a.yaml",
            content=json.dumps({"tocsin": 1, "people": people, "schedules": {"web": schedule} | (beside or {})}),
        )
    ]
    with db.transact(clock.now()) as tx:
        outcome = configuring.apply(tx, files, {}, configuring.Author(by="person:ann"), alone=True)
    assert isinstance(outcome, configuring.Applied), outcome


def settle() -> None:
    while timers.work_off(wiring.HANDLERS, clock.now()):
        pass


def shifts(start: int = -1, end: int = 24) -> list[tuple[str, float, float, str | None]]:
    found = queries.shifts_between(db.reader(clock.now()), "web", NOW + start * HOUR, NOW + end * HOUR)
    return [(one.person, (one.start - NOW) / HOUR, (one.end - NOW) / HOUR, one.layer) for one in found]


def calendar() -> Any:
    return queries.calendars(db.reader(clock.now()), kind=CalendarKind.SCHEDULE)[0]


def facts(name: str) -> list[dict[str, Any]]:
    return [one.body for one in journal.named(db.reader(clock.now()), [name])]


def test_a_schedule_takes_its_turns_from_a_calendar(now: VirtualClock, sink: HttpSink) -> None:
    """From the moment it is read; it says who is on call like any other, and asks no more often than it is told."""
    sink.answer(body=ics(("Ann", 0, 8), ("[L1] bob@ex.org", 6, 12)), headers={"ETag": '"1"'})
    apply(f"{sink.url}/a.ics")
    assert reading.read_one() == 1
    assert reading.read_one() == 0
    assert shifts() == [("ann", 0.0, 6.0, "calendar"), ("bob", 6.0, 12.0, "calendar")]
    (request,) = sink.requests
    assert request.headers["user-agent"].startswith("Tocsin/")
    assert "text/calendar" in request.headers["accept"]
    now.move_to(NOW + timedelta(minutes=29))
    assert reading.read_one() == 0
    settle()
    assert [fact["stretches"] for fact in facts("CalendarRead")] == [2]


def test_what_has_not_changed_is_not_sent_again(now: VirtualClock, sink: HttpSink) -> None:
    """The other side is told what we have; its 304 leaves all as it was, and a day later the horizon moves on."""
    sink.answer(body=ics(("Ann", 0, 8)), headers={"ETag": '"1"', "Last-Modified": "Mon, 02 Mar 2026 08:00:00 GMT"})
    apply(f"{sink.url}/a.ics")
    reading.read_one()
    sink.answer(304)
    now.move_to(NOW + HOUR)
    assert reading.read_one() == 1
    asked = sink.requests[-1].headers
    assert (asked["if-none-match"], asked["if-modified-since"]) == ('"1"', "Mon, 02 Mar 2026 08:00:00 GMT")
    now.move_to(NOW + 26 * HOUR)
    assert reading.read_one() == 1
    assert shifts() == [("ann", 0.0, 8.0, "calendar")]
    assert calendar().read_at == NOW + 26 * HOUR


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=503), "the server answered 503"),
        (Answer(status=404), "the server answered 404"),
        (Answer(body=b"<html>sign in</html>"), "no calendar but a web page"),
        (Answer(body=ics(("Ann", 0, 8))[:-20]), "breaks off"),
        (Answer(drop=True), "no answer"),
        (Answer(status=302, headers={"Location": "/a.ics"}), "somewhere else"),
        (Answer(status=302, headers={"Location": "http://192.168.1.1/a.ics"}), "192.168.1.1 is private"),
        (Answer(body=b"x" * 2_100_000), "only the first"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_last_good_version_is_kept(now: VirtualClock, sink: HttpSink, answer: Answer, said: str) -> None:
    """Whatever the other side does later, its last word counts, the error is told, and the tries get fewer."""
    sink.answer(body=ics(("Ann", 0, 24)))
    apply(f"{sink.url}/a.ics")
    reading.read_one()
    sink.plan(answer)
    tried = []
    for minute in range(30, 400):
        now.move_to(NOW + timedelta(minutes=minute))
        tried += [minute] * reading.read_one()
    assert tried == [30, 31, 33, 37, 45, 61, 91, 121, 151, 181, 211, 241, 271, 301, 331, 361, 391]
    assert shifts() == [("ann", 0.0, 24.0, "calendar")]
    assert said in calendar().error
    assert calendar().failing_since == NOW + timedelta(minutes=30)
    assert len(facts("CalendarFailing")) == 1
    (finding,) = findings.findings(db.reader(clock.now()))
    assert (finding.code, finding.name) == ("calendar-failing", "web")
    assert "stays in force" in finding.message
    sink.answer(body=ics(("Bob", 0, 24)))
    now.move_to(NOW + 8 * HOUR)
    assert reading.read_one() == 1
    assert shifts() == [("ann", 0.0, 8.0, "calendar"), ("bob", 8.0, 24.0, "calendar")]
    assert len(facts("CalendarWorksAgain")) == 1
    assert calendar().error == ""


def test_a_server_that_asks_for_patience_gets_it(now: VirtualClock, sink: HttpSink) -> None:
    """Retry-After is heeded."""
    sink.answer(429, headers={"Retry-After": "7200"})
    apply(f"{sink.url}/a.ics")
    assert reading.read_one() == 1
    now.move_to(NOW + timedelta(minutes=119))
    assert reading.read_one() == 0
    now.move_to(NOW + timedelta(minutes=120))
    assert reading.read_one() == 1


def test_nothing_that_was_served_is_rewritten(now: VirtualClock, sink: HttpSink) -> None:
    """What the calendar drops, and even that there was a calendar, leaves the past as it was."""
    sink.answer(body=ics(("Ann", 0, 8)))
    apply(f"{sink.url}/a.ics")
    reading.read_one()
    now.move_to(NOW + 4 * HOUR)
    sink.answer(body=ics(("Bob", 0, 8)))
    reading.read_one()
    now.move_to(NOW + 6 * HOUR)
    layer = {"name": "daily", "rotation": "daily", "handoff": "00:00", "start": "2026-03-01", "people": ["ann"]}
    apply("", ical=None, layers=[layer])
    assert shifts(-2, 10) == [
        ("ann", 0.0, 4.0, "calendar"),
        ("bob", 4.0, 6.0, "calendar"),
        ("ann", 6.0, 10.0, "daily"),
    ]
    assert reading.read_one() == 0


def test_a_person_who_joins_is_found_in_the_calendar_at_once(now: VirtualClock, sink: HttpSink) -> None:
    """A title that named nobody is told; once it names somebody the calendar is worked out anew without being sent."""
    sink.answer(body=ics(("The boss", 0, 8)), headers={"ETag": '"1"'})
    apply(f"{sink.url}/a.ics")
    reading.read_one()
    assert shifts() == []
    assert calendar().problems == ("'The boss' names nobody in the configuration",)
    sink.answer(304)
    apply("", ical={"url": f"{sink.url}/a.ics", "match": {"the boss": "ann"}})
    assert reading.read_one() == 1
    assert shifts() == [("ann", 0.0, 8.0, "calendar")]
    assert sink.requests[-1].headers["if-none-match"] == '"1"'


def test_another_address_is_read_from_scratch(now: VirtualClock, sink: HttpSink) -> None:
    """The marks of the old one are not shown to the new one."""
    sink.answer(body=ics(("Ann", 0, 8)), headers={"ETag": '"1"'})
    apply(f"{sink.url}/a.ics")
    reading.read_one()
    apply(f"{sink.url}/b.ics")
    reading.read_one()
    assert sink.requests[-1].path == "/b.ics"
    assert "if-none-match" not in sink.requests[-1].headers


def test_a_persons_calendar_tells_when_they_are_away(now: VirtualClock, sink: HttpSink) -> None:
    """Absences and holidays show as conflicts with the person's shifts; what is marked as free does not."""
    sink.at_path("/web.ics", Answer(body=ics(("Ann", 0, 100))))
    free = ics(("birthday", 1, 2)).replace(b"SUMMARY", b"TRANSP:TRANSPARENT\r\nSUMMARY")
    sink.at_path("/ann.ics", Answer(body=ics(("sea", 3, 5))))
    sink.at_path("/free.ics", Answer(body=free))
    apply(f"{sink.url}/web.ics")
    with db.transact(clock.now()) as tx:
        calendar_actions.link_calendar(tx, "ann", CalendarKind.ABSENCES, f"{sink.url}/ann.ics", "person:ann")
        calendar_actions.link_calendar(tx, "ann", CalendarKind.HOLIDAYS, f"{sink.url}/free.ics", "person:ann")
        calendar_actions.link_calendar(tx, "bob", CalendarKind.ABSENCES, f"{sink.url}/free.ics", "person:bob")
    while reading.read_one():
        pass
    settle()
    found = queries.conflicts(db.reader(clock.now()), NOW, NOW + 24 * HOUR)
    assert [(one.person, one.kind, one.about, (one.start - NOW) / HOUR) for one in found] == [
        ("ann", ConflictKind.HOLIDAY, "birthday", 1.0),
        ("ann", ConflictKind.ABSENT, "sea", 3.0),
    ]
    days = queries.days_off(db.reader(clock.now()), NOW, NOW + 24 * HOUR).holidays
    assert {person: sorted(map(str, held)) for person, held in days.items()} == {"ann": ["2026-03-02"]}
    assert (
        b"ann.ics" not in "".join(str(row) for row in db.reader(NOW).rows("SELECT url FROM oncall_calendar")).encode()
    )


def test_two_engines_never_read_the_same_calendar_at_once(now: VirtualClock, sink: HttpSink) -> None:
    """Who takes one keeps it from the others until its lease ends."""
    apply(f"{sink.url}/a.ics")
    with db.transact(clock.now()) as tx:
        taken = reading.calendar_store.take_calendar(tx, NOW + reading.LEASE)
    assert taken is not None
    assert reading.read_one() == 0
    now.move_to(NOW + reading.LEASE)
    assert reading.read_one() == 1


def test_a_change_of_something_else_asks_nobody(now: VirtualClock, sink: HttpSink) -> None:
    """A calendar is read again at once when its own schedule changes, and not because another one did."""
    sink.answer(body=ics(("Ann", 0, 24)))
    apply(f"{sink.url}/a.ics")
    assert reading.read_one() == 1
    layer = {"name": "l", "rotation": "daily", "handoff": "09:00", "start": "2026-01-05", "people": ["ann"]}
    now.move_to(NOW + timedelta(minutes=5))
    apply(f"{sink.url}/a.ics", beside={"other": {"timezone": "UTC", "layers": [layer]}})
    assert reading.read_one() == 0
    apply(f"{sink.url}/a.ics", ical={"url": f"{sink.url}/a.ics", "refresh": "30m", "match": {"Annie": "ann"}})
    assert reading.read_one() == 1


def test_a_calendar_that_never_worked_is_told_to_who_looks_after_the_schedule(
    now: VirtualClock, sink: HttpSink
) -> None:
    """At once, and without a team the administrators; before the first try nobody is told of a gap that is none."""
    sink.answer(404)
    apply(f"{sink.url}/a.ics")
    settle()
    assert facts("GapAhead") == []
    reading.read_one()
    settle()
    (failed,) = facts("CalendarFailing")
    assert (failed["error"], failed["read"]) == ("the server answered 404", False)
    assert len(facts("GapAhead")) == 1
    gap = GapAhead(schedule="web", start=NOW, end=NOW + timedelta(days=97), asked=("ann",))
    clerk = Clerk(configuration.current(db.reader(clock.now())), "https://tocsin.example")
    fact = CalendarFailing(calendar=1, kind=CalendarKind.SCHEDULE, owner="web", error="gone", read=False)
    (endless,) = clerk.notices(gap, NOW)
    assert (endless.subject, "no end of it" in endless.text) == (
        "web: nobody is on call from Mon 2 Mar 09:00 (UTC) on",
        True,
    )
    (notice,) = clerk.notices(fact, NOW)
    assert notice.person == "ann"
    assert "Nothing was read from it yet" in notice.text
    assert "stays in force" in next(iter(clerk.notices(msgspec.structs.replace(fact, read=True), NOW))).text
