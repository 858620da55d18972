"""Support hours and the urgency that follows them, across midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.catalog.domain import ServiceDocument
from tocsin.catalog.hours import SupportHours
from tocsin.people.domain import Urgency


def hours(**more: object) -> SupportHours:
    return SupportHours.model_validate({"timezone": "Europe/Berlin", **more})


def at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_hours", "instant", "expected"),
    [
        (hours(), "2026-01-05T08:00", True),  # Monday 09:00 in Berlin
        (hours(), "2026-01-05T07:59:59", False),
        (hours(), "2026-01-05T15:59:59", True),
        (hours(), "2026-01-05T16:00", False),
        (hours(), "2026-01-10T10:00", False),  # a Saturday
        (hours(), "2026-07-06T07:00", True),  # an hour earlier in summer
        (hours(days=["Fri"], between=["22:00-06:00"]), "2026-01-10T04:00", True),  # Saturday belongs to Friday's night
        (hours(days=["Fri"], between=["22:00-06:00"]), "2026-01-09T04:00", False),
        (hours(days=["Mon"], between=["00:00-24:00"]), "2026-01-05T22:59", True),
        (hours(days=["Mon"], between=["00:00-24:00"]), "2026-01-05T23:00", False),
        (hours(days=["Sun"], between=["02:30-03:30"]), "2026-03-29T01:00", True),  # 02:30 does not exist: at the jump
        (hours(days=["Sun"], between=["02:30-03:30"]), "2026-03-29T00:59", False),
        (hours(days=["Sun"], between=["02:30-03:30"]), "2026-10-25T00:30", True),  # 02:30 comes twice: the first
        (hours(days=["Sun"], between=["02:30-03:30"]), "2026-10-25T00:29", False),
        (hours(days=["monday"], between=["9:00 - 10:00"]), "2026-01-05T08:30", True),
    ],
)
def test_hours_cover_what_the_wall_clock_says(given_hours: SupportHours, instant: str, expected: bool) -> None:
    """Hours are read on the zone's own clock, half-open, and belong to the day they begin on."""
    assert given_hours.covers(at(instant)) is expected


def service(inside: str = "high", outside: str = "low") -> ServiceDocument:
    urgency = {"hours": {"timezone": "Europe/Berlin"}, "inside": inside, "outside": outside}
    return ServiceDocument.model_validate({"name": "S", "team": "t", "urgency": urgency})


def test_urgency_follows_the_hours() -> None:
    """A problem on Friday night is low, and becomes high when somebody is there on Monday."""
    friday = at("2026-01-09T20:00")
    assert service().urgency_at(friday) is Urgency.LOW
    assert service().raises_at(friday) == at("2026-01-12T08:00")
    assert service().urgency_at(at("2026-01-12T08:00")) is Urgency.HIGH
    assert service().raises_at(at("2026-01-12T08:00")) is None
    assert service("low", "high").raises_at(at("2026-01-12T08:00")) == at("2026-01-12T16:00")
    assert service("low", "low").raises_at(friday) is None


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Pacific/Apia"]),
)
def test_the_next_change_is_one(naive: datetime, zone: str) -> None:
    """Between now and the next change nothing changes; at it the answer is the other."""
    held = hours(timezone=zone, between=["22:00-06:00"])
    now = naive.replace(tzinfo=UTC, microsecond=0)
    following = held.changes_after(now)[0]
    assert held.covers(following) is not held.covers(now)
    assert held.covers(following - timedelta(seconds=1)) is held.covers(now)
