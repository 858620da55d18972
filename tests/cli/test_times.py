"""Times as people write them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from cli.terminal import Terminal
from tocsin.cli import times
from tocsin.cli.exits import Stop

NOW = datetime.fromisoformat("2026-03-28T23:30:00+00:00")
CASES = [
    ("now", "2026-03-28T23:30:00Z"),
    ("+2h", "2026-03-29T01:30:00Z"),
    ("-30m", "2026-03-28T23:00:00Z"),
    ("+1d12h", "2026-03-30T11:30:00Z"),
    ("2026-03-29T09:00Z", "2026-03-29T09:00:00Z"),
    ("2026-03-29T09:00+02:00", "2026-03-29T07:00:00Z"),
    ("2026-03-29 09:00 Europe/Berlin", "2026-03-29T07:00:00Z"),
    ("2026-03-28 09:00 Europe/Berlin", "2026-03-28T08:00:00Z"),
    ("2026-03-29 America/New_York", "2026-03-29T04:00:00Z"),
    ("2026-03-29 09:00 UTC", "2026-03-29T09:00:00Z"),
]


@pytest.mark.parametrize(("written", "meant"), CASES)
def test_the_instant_meant(written: str, meant: str) -> None:
    """Relative to now, with an offset, or by a zone's own clock on that very day."""
    assert times.instant(written, NOW) == datetime.fromisoformat(meant)


def test_a_time_without_a_zone_is_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written without a zone is meant on this machine's clock."""
    local = datetime.fromisoformat("2026-07-01T09:00").astimezone()
    assert times.instant("2026-07-01T09:00", NOW) == local


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "+",
        "+2 parsecs",
        "2026-13-01",
        "2026-01-01 10:00 Mars/Base",
        "0001-01-01T00:00+14:00",
        "0001-01-03",
        "9999-12-31",
    ],
)
def test_what_is_no_time(written: str) -> None:
    """Anything else is refused."""
    with pytest.raises(Stop):
        times.instant(written, NOW)


def test_an_end_may_be_as_late_as_it_can_be_written() -> None:
    """Whoever writes the last year for "never" is understood, though nobody can be asked about on that day."""
    assert times.later("9999-12-30T12:00Z", NOW).year == 9999
    with pytest.raises(Stop):
        times.later("2020-01-01", NOW)


@pytest.mark.parametrize("year", [times.YEAR_MIN, times.YEAR_MAX])
def test_the_first_and_the_last_year_have_an_answer(terminal: Terminal, tmp_path: Path, year: int) -> None:
    """Who is on call, and what a signal would do, is told for every time that can be asked about."""
    event = {"routing_key": "x", "event_action": "trigger", "dedup_key": "x"}
    payload = {"summary": "Nobody can pay", "source": "me", "severity": "critical"}
    signal = tmp_path / "event.json"
    signal.write_text(json.dumps({**event, "payload": payload}))
    for day in ("01-02", "12-30"):
        asked = ("--at", f"{year}-{day}", "--file", "examples/acme.yaml")
        assert terminal.run("oncall", *asked).code == 0
        traced = terminal.run("what-if", *asked, "--integration", "site-events", "--signal", str(signal))
        assert (traced.code, "step 1" in traced.out) == (0, True), traced
