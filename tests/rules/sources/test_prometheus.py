"""Prometheus' push: each alert is judged alone, by its own instants, whatever stands beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources import opsgenie, prometheus, times
from tocsin.sources.domain import Action, Reading, Request, Settings

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DECODED_ONE_BY_ONE = {"labels": {"alertname": "neighbour"}, "annotations": {"a": "\x00"}}
UNREADABLE = 5

_zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_instants = st.datetimes(timezones=_zones).map(datetime.isoformat) | st.sampled_from(
    [
        "0001-01-01T00:00:00Z",
        "0001-02-03T04:05:06Z",
        "1969-12-31T00:00:00Z",
        "2026-01-02T03:04:05.123456789Z",
        "2026-01-02T03:04:05.9999999Z",
        "2026-01-02T03:04:05",
        "2026-01-02t03:04:05z",
        "9998-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
    ]
)
_words = st.text(max_size=20) | st.sampled_from(["", "x" * 2_100, "y" * 30_000])
_alerts = st.fixed_dictionaries(
    {"labels": st.dictionaries(_words, _words, max_size=4)},
    optional={
        "annotations": st.none()
        | st.dictionaries(st.sampled_from(["summary", "description", "runbook_url", "a"]), _words),
        "startsAt": st.none() | _instants,
        "endsAt": st.none() | _instants,
        "generatorURL": st.none() | _words | st.just("https://prometheus.example/graph"),
    },
)


def _read(alerts: Sequence[object]) -> Reading:
    request = Request(method="POST", path="/api/v2/alerts", tail="/api/v2/alerts", body=json.dumps(alerts).encode())
    return prometheus.read(request, Settings(), NOW)


@given(_alerts)
def test_what_stands_beside_an_alert_changes_nothing_of_it(alert: dict[str, object]) -> None:
    """An alert is kept as it is, or refused, whether or not its neighbours make the whole be read one by one."""
    alone = _read([alert]).signals
    assert _read([alert, DECODED_ONE_BY_ONE]).signals[:-1] == alone
    assert _read([alert, UNREADABLE]).signals == alone


@pytest.mark.parametrize(
    ("starts", "ends", "action", "until"),
    [
        ("1969-12-31T00:00:00Z", "2027-01-01T00:00:00Z", Action.TRIGGER, datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", Action.TRIGGER, times.LATEST),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", Action.TRIGGER, times.LATEST),
        (None, "1969-12-31T00:00:00Z", Action.RESOLVE, None),
        ("2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", Action.TRIGGER, NOW + timedelta(minutes=5)),
    ],
)
@pytest.mark.parametrize("neighbours", [(), (DECODED_ONE_BY_ONE,), (UNREADABLE,)])
def test_an_end_in_the_future_fires_until_then_however_far_off(
    starts: str | None, ends: str, action: Action, until: datetime | None, neighbours: tuple[object, ...]
) -> None:
    """No year is too far off to be meant: an alert fires to the end its sender gave, or is over if that is past."""
    signal = _read([{"labels": {"alertname": "X"}, "startsAt": starts, "endsAt": ends}, *neighbours]).signals[0]
    assert (signal.action, signal.expires_at) == (action, until)


def test_a_snooze_of_opsgenie_may_last_to_the_end_of_all_days() -> None:
    """An end in the year 9999, as tools write "for good", is an end in the future."""
    path = "/v2/alerts/x/snooze"
    body = b'{"endTime":"9999-12-31T23:59:59Z"}'
    request = Request(method="POST", path=path, tail=path, query="identifierType=alias", body=body)
    (signal,) = opsgenie.read(request, Settings(), NOW).signals
    assert signal.until == times.LATEST


@given(st.datetimes(timezones=st.none() | _zones))
def test_every_instant_but_none_is_kept_or_its_nearest(moment: datetime) -> None:
    """What lies beyond the bounds becomes the bound, so what is earlier never becomes what is later."""
    kept = times.nearest(moment)
    if moment.year == 1:
        assert kept is None
        return
    assert kept is not None
    assert times.EARLIEST <= kept <= times.LATEST
    assert kept == times.utc(moment) or kept in (times.EARLIEST, times.LATEST)
