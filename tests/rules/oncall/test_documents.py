"""Which schedules can be written, and what is said of those that cannot."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tocsin.config import parse
from tocsin.config.domain import Problem
from tocsin.oncall import rules
from tocsin.oncall.domain import LayerDocument, Override, ScheduleDocument
from tocsin.oncall.kind import KIND

HEAD = "tocsin: 1\nschedules:\n  web:\n    timezone: Europe/Berlin\n    layers:\n"
GOOD = "      - {name: low, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [ann]}\n"


def problems(layer: str, *, head: str = HEAD + GOOD) -> list[Problem]:
    """What is wrong with a file whose second layer is this."""
    text = f"{head}      - {{{layer}}}\n"
    return list(parse.parse([parse.File(name="f.yaml", content=text)], [KIND], {}).sorted_problems())


@pytest.mark.parametrize(
    ("layer", "path", "message", "fix"),
    [
        ("name: x, rotation: weekly, handoff: 09:00, start: 2026-01-05, people: [a]", "handoff", "on a weekday", "'Mon 09:00'"),
        ("name: x, rotation: daily, handoff: Mon 09:00, start: 2026-01-05, people: [a]", "handoff", "a time of day", "'09:00'"),
        ("name: x, rotation: monthly, handoff: 32 09:00, start: 2026-01-05, people: [a]", "handoff", "'32'", "1 to 31"),
        ("name: x, rotation: monthly, handoff: Mon 09:00, start: 2026-01-05, people: [a]", "handoff", "day of the month", "31"),
        ("name: x, rotation: daily, handoff: 25:00, start: 2026-01-05, people: [a]", "handoff", "no time '25:00'", ""),
        ("name: x, rotation: daily, handoff: 24:00, start: 2026-01-05, people: [a]", "handoff", "start of the next day", "00:00"),
        ("name: x, rotation: daily, handoff: 9, start: 2026-01-05, people: [a]", "handoff", "text, not a number", "quotes"),
        ("name: x, rotation: daily, start: 2026-01-05, people: [a]", "", "needs a `handoff`", 'handoff: "09:00"'),
        ("name: x, rotation: yearly, handoff: 09:00, start: 2026-01-05, people: [a]", "rotation", "'yearly'", "monthly"),
        ("name: x, rotation: daily, handoff: 09:00, people: [a]", "", "`start` is missing", "2026-01-05"),
        ("name: x, rotation: daily, handoff: 09:00, start: soon, people: [a]", "start", "a date", "2026-01-05"),
        ("name: x, rotation: daily, handoff: 09:00, start: 20260105, people: [a]", "start", "a number", "2026-01-05"),
        ("name: x, rotation: daily, handoff: 09:00, start: 0026-01-05, people: [a]", "start", "the year 26", "1971"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: []", "people", "empty", "nobody"),
        ("name: low, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a]", "name", "two layers", "own name"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], timezone: CEST", "timezone", "'CEST'", "write"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], at_once: 2", "at_once", "only 1", "add"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], every: 0", "every", "at least 1", ""),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], between: [8-20]", "between.0", "'8'", "09:00"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], between: [08:00]", "between.0", "window", "08:00-20:00"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], between: [08:00-08:00]", "between.0", "starts where", "leave"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], weekdays: [Mo]", "weekdays.0", "'Mo'", "Mon"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], weekdays: [Mon], between: [Fri 17:00-Mon 09:00]", "weekdays", "itself", "leave"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], dates: [2026-02-30]", "dates.0", "no calendar", ""),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], dates: [2026-02-03..2026-02-01]", "dates.0", "ends before", "earlier"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], dates: [9999-12-31]", "dates.0", "cannot be", "2999"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], from: 2026-02-01, until: 2026-02-01", "until", "ends before", "later"),
        ("name: x, rotation: daily, handoff: 09:00, handoffs: [10:00], start: 2026-01-05, people: [a]", "handoffs", "`handoffs`", "one of the two"),
        ("name: x, rotation: daily, handoffs: [09:00, 09:00], start: 2026-01-05, people: [a]", "handoffs.1", "twice", "leave"),
        ("name: x, rotation: hourly, handoffs: [09:00, 09:30], start: 2026-01-05, people: [a]", "handoffs.1", "one time of day", "daily"),
        ("name: x, rotation: weekly, every: 2, handoffs: [3 Mon 09:00], start: 2026-01-05, people: [a]", "handoffs.0", "number 3", "every"),
        ("name: x, rotation: monthly, handoffs: [30 09:00, 31 09:00], start: 2026-01-05, people: [a]", "handoffs", "February", "27th"),
        ("name: x, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [a], handof: 1", "handof", "not known", "handoff"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_place_and_fix(layer: str, path: str, message: str, fix: str) -> None:
    """Every impossible layer is refused at its place, in words, with what to write instead."""
    (problem,) = problems(layer)
    assert problem.path[:3] == ("schedules", "web", "layers")
    assert ".".join(str(part) for part in problem.path[4:]) == path
    assert message in problem.message
    assert fix in problem.fix
    assert problem.line == 7


def test_an_unknown_zone_of_the_schedule_is_told_with_the_likely_one() -> None:
    """A slip in a zone's name costs a glance, not a search."""
    (problem,) = problems(
        "name: x, rotation: hourly, start: 2026-01-05, people: [a]", head=HEAD.replace("Berlin", "Berln") + GOOD
    )
    assert (problem.path, problem.fix) == (("schedules", "web", "timezone"), "did you mean Europe/Berlin?")


def test_every_field_survives_an_export() -> None:
    """What is written, read and written again is the same."""
    layer = {
        "name": "all", "rotation": "weekly", "every": 2, "handoffs": ["Mon 09:00", "2 Fri 17:00"], "start": "2026-01-05",
        "people": ["ann", "nobody", "bob"], "at_once": 2, "between": ["22:00-06:00"], "weekdays": ["Mon-Fri"],
        "dates": ["2026-01-05..2026-12-24"], "timezone": "Asia/Tokyo", "from": "2026-02-01",
        "until": "2026-11-01T09:00:00Z", "shadow": True,
    }  # fmt: skip
    document = ScheduleDocument.model_validate({"timezone": "UTC", "layers": [layer]})
    exported = document.model_dump(mode="json", exclude_defaults=True)
    assert exported == {"timezone": "UTC", "layers": [layer]}
    assert ScheduleDocument.model_validate(exported) == document


def test_single_words_stand_for_lists_of_one() -> None:
    """Nobody is sent away for missing brackets."""
    layer = LayerDocument(
        name="x", rotation="daily", handoff="09:00", start=date(2026, 1, 5), people="ann", weekdays="Mon-Fri"
    )
    assert (layer.people, layer.weekdays) == (("ann",), ("Mon-Fri",))


def test_a_schedule_refers_to_its_people_and_not_to_nobody() -> None:
    """Dangling names are found at their exact place; `nobody` is a word, not a person."""
    document = ScheduleDocument.model_validate({
        "timezone": "UTC",
        "layers": [{"name": "x", "rotation": "hourly", "start": "2026-01-05", "people": ["ann", "nobody", "bob"]}],
    })  # fmt: skip
    assert [(one.path, one.section, one.name) for one in KIND.references("web", document)] == [
        (("layers", 0, "people", 0), "people", "ann"),
        (("layers", 0, "people", 2), "people", "bob"),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"person_in": None}, "changes somebody"),
        ({"end": datetime(2026, 1, 5, tzinfo=UTC)}, "after it starts"),
        ({"start": datetime(2026, 1, 4)}, "time zone"),
    ],
)
def test_an_override_that_changes_nothing_cannot_be_made(changes: dict[str, object], words: str) -> None:
    """An override names somebody, and lasts."""
    fields: dict[str, object] = {
        "id": "o", "schedule": "web", "person_out": None, "person_in": "bob",
        "start": datetime(2026, 1, 5, tzinfo=UTC), "end": datetime(2026, 1, 6, tzinfo=UTC),
    }  # fmt: skip
    with pytest.raises(ValueError, match=words):
        Override(**(fields | changes))


def test_the_word_for_a_weekday_may_be_long_or_short() -> None:
    """`Monday`, `mon` and `Mon` are the same day."""
    found = []
    for day in ("Mon", "mon", "Monday"):
        layer = {"name": "x", "rotation": "weekly", "handoff": f"{day} 09:00", "start": "2026-01-01", "people": ["a"]}
        schedule = rules.compile_schedule(
            "web", ScheduleDocument.model_validate({"timezone": "UTC", "layers": [layer]})
        )
        found.append(rules.answer(schedule, datetime(2026, 1, 2, tzinfo=UTC)).until)
    assert set(found) == {datetime(2026, 1, 5, 9, tzinfo=UTC)}
