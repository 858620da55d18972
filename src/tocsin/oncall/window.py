"""The time a timeline shows, as its address says it: from a local day on, for one, two or four weeks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from tocsin.kit import tz
from tocsin.oncall import chart
from tocsin.oncall.chart import Day
from tocsin.oncall.grammar import YEAR_MAX, YEAR_MIN

WEEKS = {"1": "1 week", "2": "2 weeks", "4": "4 weeks"}
WEEKS_DEFAULT = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Somewhere else one can look."""

    title: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some local days."""

    zone: tz.Zone
    first: date
    weeks: str
    today: date

    @property
    def count(self) -> int:
        """How many days."""
        return 7 * int(self.weeks)

    @property
    def days(self) -> tuple[Day, ...]:
        """Each of them in its place."""
        return chart.days(self.zone, self.first, self.count)

    @property
    def start(self) -> datetime:
        """The first instant of the first day."""
        return chart.edge(self.zone, self.first)

    @property
    def end(self) -> datetime:
        """The first instant after the last day."""
        return chart.edge(self.zone, self.first + timedelta(days=self.count))

    @property
    def title(self) -> str:
        """`2 Mar to 15 Mar 2026`"""
        last = self.first + timedelta(days=self.count - 1)
        return f"{self.first.day} {self.first:%b} to {last.day} {last:%b %Y}"

    def now_at(self, now: datetime) -> float | None:
        """Where now is, in percent; None if it is not in sight."""
        return chart.place(now, self.start, self.end) if self.start <= now < self.end else None

    def steps(self, path: str, kept: Mapping[str, str]) -> tuple[Link, ...]:
        """Back, to today, and on."""
        by = timedelta(days=self.count)
        return (
            Link(title="Earlier", url=self._url(path, kept, first=_bounded(self.first - by))),
            Link(title="Today", url=self._url(path, kept, first=self.today), current=self.first == self.today),
            Link(title="Later", url=self._url(path, kept, first=_bounded(self.first + by))),
        )

    def lengths(self, path: str, kept: Mapping[str, str]) -> tuple[Link, ...]:
        """Shorter and longer."""
        return tuple(
            Link(title=title, url=self._url(path, kept, weeks=weeks), current=weeks == self.weeks)
            for weeks, title in WEEKS.items()
        )

    def _url(self, path: str, kept: Mapping[str, str], *, first: date | None = None, weeks: str = "") -> str:
        start, length = first or self.first, weeks or self.weeks
        query = {name: value for name, value in kept.items() if value}
        if start != self.today:
            query["from"] = start.isoformat()
        if length != WEEKS_DEFAULT:
            query["weeks"] = length
        return f"{path}?{urlencode(query)}" if query else path


def asked(given: Mapping[str, str], zone: tz.Zone, now: datetime) -> Window:
    """What an address asks for; what cannot be read is today, and two weeks."""
    today = tz.wall_date(zone.wall(tz.second(now)))
    try:
        first = _bounded(date.fromisoformat(given.get("from", "")))
    except ValueError:
        first = today
    weeks = given.get("weeks", "")
    return Window(zone=zone, first=first, weeks=weeks if weeks in WEEKS else WEEKS_DEFAULT, today=today)


def _bounded(day: date) -> date:
    return min(max(day, date(YEAR_MIN, 1, 1)), date(YEAR_MAX - 1, 1, 1))
