"""Which layer decides, and what overrides do to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tocsin.oncall import rules
from tocsin.oncall.domain import EVERYBODY, Duty, Override, ScheduleDocument, Shift, Why

JANUARY = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday


def layer(**fields: object) -> dict[str, object]:
    """A daily layer at midnight from 2026-01-05 on, with what the test says instead."""
    return {
        "name": "day",
        "rotation": "daily",
        "handoff": "00:00",
        "start": date(2026, 1, 5),
        "people": ["ann"],
    } | fields


def schedule(*layers: dict[str, object], zone: str = "UTC") -> rules.Schedule:
    """A schedule called web of these layers, lowest first."""
    return rules.compile_schedule("web", ScheduleDocument.model_validate({"timezone": zone, "layers": layers}))


def at(text: str) -> datetime:
    """`5 08:30`: that day and time of January 2026, UTC."""
    day, clock = text.split()
    hours, minutes = clock.split(":")
    return datetime(2026, 1, int(day), int(hours), int(minutes), tzinfo=UTC)


def names(found: rules.Schedule, when: str, overrides: tuple[Override, ...] = ()) -> list[str]:
    """Who is on duty, shadows left out."""
    return [duty.person for duty in rules.on_call(found, at(when), overrides) if not duty.shadow]


def override(out: str | None, into: str | None, start: str, end: str, called: str = "o1") -> Override:
    """An override of the schedule called web."""
    return Override(id=called, schedule="web", person_out=out, person_in=into, start=at(start), end=at(end))


def shown(shifts: list[Shift]) -> list[str]:
    """`ann 5 09:00-5 17:00 night` for each shift."""
    return [
        f"{one.person} {one.start:%-d %H:%M}-{one.end:%-d %H:%M} {one.override or one.layer}{' shadow' * one.shadow}"
        for one in shifts
    ]


def test_the_topmost_layer_that_applies_decides() -> None:
    """A later layer hides an earlier one where it applies, and only there."""
    stacked = schedule(layer(), layer(name="office", people=["bob"], between=["09:00-17:00"]))
    assert [names(stacked, f"6 {clock}") for clock in ("08:59", "09:00", "16:59", "17:00")] == [
        ["ann"], ["bob"], ["bob"], ["ann"],
    ]  # fmt: skip


def test_nobody_on_purpose_hides_what_lies_below() -> None:
    """A layer whose turn is nobody's leaves the schedule empty, with that as the reason."""
    stacked = schedule(layer(), layer(name="quiet", people=["nobody", "bob"]))
    assert names(stacked, "5 12:00") == []
    assert rules.answer(stacked, at("5 12:00")).why is Why.NOBODY
    assert names(stacked, "6 12:00") == ["bob"]


def test_without_any_layer_the_reason_is_a_gap() -> None:
    """Nobody before the first hand-over, and the answer says from when somebody is."""
    found = rules.answer(schedule(layer()), datetime(2025, 12, 1, tzinfo=UTC))
    assert (found.duties, found.why, found.since, found.until) == ((), Why.GAP, None, JANUARY)


def test_shadows_stand_beside_the_stack() -> None:
    """A shadow is told but neither on duty nor in anybody's way."""
    stacked = schedule(layer(), layer(name="learn", people=["eve"], shadow=True, between=["09:00-17:00"]))
    duties = rules.on_call(stacked, at("5 12:00"))
    assert [(duty.person, duty.shadow, duty.reason) for duty in duties] == [
        ("ann", False, Why.LAYER),
        ("eve", True, Why.SHADOW),
    ]
    assert shown(rules.shifts(stacked, JANUARY, at("6 00:00"))) == [
        "ann 5 00:00-6 00:00 day",
        "eve 5 09:00-5 17:00 learn shadow",
    ]
    assert rules.gaps(schedule(layer(shadow=True)), JANUARY, at("6 00:00"))


def test_several_people_at_once_take_turns_in_blocks() -> None:
    """Two at a time from a list of three: each turn takes the next two, and the list repeats."""
    found = schedule(layer(people=["ann", "bob", "cleo"], at_once=2))
    assert [names(found, f"{day} 12:00") for day in (5, 6, 7, 8)] == [
        ["ann", "bob"], ["cleo", "ann"], ["bob", "cleo"], ["ann", "bob"],
    ]  # fmt: skip
    assert shown(rules.shifts(found, JANUARY, at("8 00:00"))) == [
        "ann 5 00:00-7 00:00 day",
        "bob 5 00:00-6 00:00 day",
        "cleo 6 00:00-8 00:00 day",
        "bob 7 00:00-8 00:00 day",
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"every": 2, "people": ["a", "b"]}, {"5 00:00": "a", "6 23:00": "a", "7 00:00": "b", "9 00:00": "a"}),
        (
            {"rotation": "hourly", "handoff": None, "every": 6, "people": ["a", "b", "c"]},
            {"5 05:59": "a", "5 06:00": "b", "5 12:00": "c", "5 18:00": "a"},
        ),
        (
            {"rotation": "weekly", "handoff": None, "handoffs": ["Mon 09:00", "Fri 17:00"], "people": ["a", "b"]},
            {"5 08:59": "", "5 09:00": "a", "9 16:59": "a", "9 17:00": "b", "12 08:59": "b", "12 09:00": "a"},
        ),
        (
            {"rotation": "daily", "every": 4, "handoff": None, "handoffs": ["1 09:00", "2 09:00"], "people": ["a", "b"]},
            {"5 09:00": "a", "6 09:00": "b", "9 08:59": "b", "9 09:00": "a", "10 09:00": "b"},
        ),
        (
            {"rotation": "weekly", "every": 2, "handoff": None, "handoffs": ["Mon 09:00", "2 Wed 09:00"], "people": ["a", "b"]},
            {"5 09:00": "a", "14 08:59": "a", "14 09:00": "b", "19 09:00": "a", "28 09:00": "b"},
        ),
        ({"rotation": "monthly", "handoff": "5 08:00", "people": ["a", "b"]}, {"5 07:59": "", "5 08:00": "a"}),
        (
            {"rotation": "monthly", "handoff": "10 08:00", "people": ["a", "b"]},
            {"5 00:00": "", "10 07:59": "", "10 08:00": "a", "31 23:59": "a"},
        ),
        ({"rotation": "weekly", "handoff": "Wednesday 10:00", "people": ["a"]}, {"7 09:59": "", "7 10:00": "a"}),
    ],
)  # fmt: skip
def test_turns_change_at_their_hand_overs(fields: dict[str, object], expected: dict[str, str]) -> None:
    """Each kind of rotation, with multipliers and several hand-overs, starting at the first one on or after `start`."""
    found = schedule(layer(**fields))
    assert {when: "".join(names(found, when)) for when in expected} == expected


def test_the_31st_is_the_last_day_of_a_shorter_month() -> None:
    """A monthly hand-over late in the month happens in every month."""
    found = schedule(layer(rotation="monthly", handoff="31 12:00", people=["a", "b"]))
    cuts = [one.start for one in rules.shifts(found, JANUARY, datetime(2026, 6, 1, tzinfo=UTC))]
    assert [(cut.month, cut.day) for cut in cuts] == [(1, 31), (2, 28), (3, 31), (4, 30), (5, 31)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"weekdays": ["Mon-Fri"]}, ["5 00:00-10 00:00", "12 00:00-17 00:00"]),
        ({"weekdays": ["Sat", "Sun"]}, ["10 00:00-12 00:00", "17 00:00-19 00:00"]),
        ({"weekdays": ["Fri"], "between": ["22:00-06:00"]}, ["9 22:00-10 06:00", "16 22:00-17 06:00"]),
        ({"weekdays": "Sun", "between": "22:00-06:00"}, ["5 00:00-5 06:00", "11 22:00-12 06:00", "18 22:00-19 00:00"]),
        ({"between": ["Fri 17:00-Mon 09:00"]}, ["5 00:00-5 09:00", "9 17:00-12 09:00", "16 17:00-19 00:00"]),
        ({"dates": ["2026-01-07..2026-01-08", "2026-01-10"]}, ["7 00:00-9 00:00", "10 00:00-11 00:00"]),
        ({"dates": [date(2026, 1, 7)], "between": ["22:00-06:00"]}, ["7 00:00-7 06:00", "7 22:00-8 00:00"]),
        ({"from": date(2026, 1, 7), "until": "2026-01-09T12:00:00+02:00"}, ["7 00:00-9 10:00"]),
        ({"until": "2026-01-06 12:00", "between": ["08:00-10:00", "10:00-20:00"]}, ["5 08:00-5 20:00", "6 08:00-6 12:00"]),
        ({"between": ["08:00-20:00", "20:00-08:00"]}, ["5 00:00-19 00:00"]),
    ],
)  # fmt: skip
def test_a_layer_applies_where_all_its_restrictions_do(fields: dict[str, object], expected: list[str]) -> None:
    """Time of day, weekdays, dates and effective dates, also across midnight and across the week's end."""
    found = rules.shifts(schedule(layer(**fields)), JANUARY, at("19 00:00"))
    assert shown(found) == [f"ann {stretch} day" for stretch in expected]


@pytest.mark.parametrize(
    ("laid", "expected"),
    [
        ([override("ann", "bob", "5 10:00", "5 12:00")], ["ann 5 00:00-5 10:00 day", "bob 5 10:00-5 12:00 o1", "ann 5 12:00-6 00:00 day"]),
        ([override(None, "bob", "5 10:00", "5 12:00")], ["ann 5 00:00-6 00:00 day", "bob 5 10:00-5 12:00 o1"]),
        ([override("ann", None, "5 10:00", "6 12:00")], ["ann 5 00:00-5 10:00 day"]),
        ([override("bob", "cleo", "5 10:00", "5 12:00")], ["ann 5 00:00-6 00:00 day"]),
        ([override(EVERYBODY, "bob", "5 22:00", "6 12:00")], ["ann 5 00:00-5 22:00 day", "bob 5 22:00-6 00:00 o1"]),
        (
            [override("ann", "bob", "5 10:00", "5 20:00"), override("bob", "cleo", "5 12:00", "5 13:00", "o2")],
            ["ann 5 00:00-5 10:00 day", "bob 5 10:00-5 12:00 o1", "cleo 5 12:00-5 13:00 o2", "bob 5 13:00-5 20:00 o1", "ann 5 20:00-6 00:00 day"],
        ),
        ([override("ann", "ann", "5 10:00", "5 12:00")], ["ann 5 00:00-6 00:00 day"]),
    ],
)  # fmt: skip
def test_overrides_replace_add_and_remove(laid: list[Override], expected: list[str]) -> None:
    """Each kind of override, and one on top of another; one whose person is not on call changes nothing."""
    assert shown(rules.shifts(schedule(layer()), JANUARY, at("6 00:00"), laid)) == expected


def test_an_override_holds_from_its_start_until_just_before_its_end() -> None:
    """Both ways to ask agree at the edges of an override, and the answer says how long it holds."""
    found, laid = schedule(layer()), (override("ann", "bob", "5 10:00", "5 12:00"),)
    times = ("5 09:59", "5 10:00", "5 11:59", "5 12:00")
    assert [names(found, when, laid) for when in times] == [["ann"], ["bob"], ["bob"], ["ann"]]
    spans = [(answer.since, answer.until) for answer in (rules.answer(found, at(when), laid) for when in times)]
    assert spans == [
        (JANUARY, at("5 10:00")), (at("5 10:00"), at("5 12:00")), (at("5 10:00"), at("5 12:00")), (at("5 12:00"), None),
    ]  # fmt: skip


def test_taking_the_last_person_out_is_a_gap_and_nobody_on_purpose_is_not() -> None:
    """Gaps count what nobody meant; what is meant is told on request."""
    stacked = schedule(layer(between=["00:00-20:00"]), layer(name="quiet", people=["nobody"], between=["02:00-04:00"]))
    removed = [override("ann", None, "5 10:00", "5 11:00")]
    hours = [(gap.start.hour, gap.duration) for gap in rules.gaps(stacked, JANUARY, at("6 00:00"), removed)]
    assert hours == [(10, timedelta(hours=1)), (20, timedelta(hours=4))]
    assert len(rules.gaps(stacked, JANUARY, at("6 00:00"), removed, deliberate=True)) == 3


def test_the_json_of_a_shift_names_its_layer_or_its_override() -> None:
    """Programs see UTC instants and whichever put the person there."""
    first, second = rules.shifts(
        schedule(layer()), at("5 10:00"), at("5 12:00"), [override("ann", "bob", "5 11:00", "5 14:00")]
    )
    assert first.as_json() == {
        "schedule": "web", "person": "ann", "layer": "day", "start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z",
    }  # fmt: skip
    assert second.as_json() == {
        "schedule": "web", "person": "bob", "override": "o1", "start": "2026-01-05T11:00:00Z", "end": "2026-01-05T12:00:00Z",
    }  # fmt: skip


def test_a_duty_tells_since_when_and_until_when() -> None:
    """The stretch of a duty is its shift, however the layers below and above are cut."""
    stacked = schedule(layer(people=["ann", "bob"]), layer(name="office", people=["cleo"], between=["09:00-17:00"]))
    (duty,) = rules.on_call(stacked, at("5 20:00"))
    assert duty == Duty(
        schedule="web", person="ann", layer="day", override=None, reason=Why.LAYER, since=at("5 17:00"), until=at("6 00:00")
    )  # fmt: skip


def test_a_board_remembers_until_the_answer_changes() -> None:
    """Asking again costs nothing while the answer holds, and a new override or hand-over is seen at once."""
    found = schedule(layer(people=["ann", "bob"]))
    board = rules.OnCallBoard()
    first = board.answer(found, at("5 10:00"))
    assert board.answer(found, at("5 23:59")) is first
    assert board.answer(found, at("6 00:00")).duties[0].person == "bob"
    laid = (override("bob", "cleo", "6 00:00", "6 12:00"),)
    assert board.everyone([found], at("6 00:00"), {"web": laid})["web"].duties[0].person == "cleo"


def test_a_document_is_made_ready_once() -> None:
    """The same document compiles to the same object, so that whatever is cached by identity stays."""
    document = ScheduleDocument.model_validate({"timezone": "UTC", "layers": [layer()]})
    assert rules.compile_schedule("web", document) is rules.compile_schedule("web", document)
