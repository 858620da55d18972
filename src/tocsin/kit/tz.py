"""Local clocks: what a wall-clock time means as an instant, in any IANA zone, for every time that can be written.

One definition carries everything: **a local time means the first instant at which the zone's clock shows it or a
later time.** It follows that

- a time that happens once is itself;
- a time that is skipped is the instant of the jump (02:30 in Berlin's spring is the moment 02:00 becomes 03:00);
- a time that happens twice is the first of the two;
- a midnight that does not exist is the first instant of its day;
- an earlier local time is never a later instant, so a row of local times always cuts time into a row of spans.

The same seen from the other side is `furthest`: a clock that is never set back but stands still while the real one
repeats an hour. "Local time L has come by instant t" is exactly `furthest(t) >= L`.

Instants are whole seconds since 1970 UTC; local times are whole seconds since 1970-01-01 00:00 on the wall
(`wall_second`). Integers, because a year of schedules asks for millions of them. The transitions come from `whenever`.
"""

from __future__ import annotations

import difflib
import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import whenever

DAY_S = 86_400
WEEK_S = 7 * DAY_S
ZONES_MAX = 1_000  # there are about 600 names
_CHUNK_S = 1 << 25  # 388 days: a few transitions, found once and kept
_MARGIN_S = 3 * DAY_S  # beyond any UTC offset and any jump a zone has made
_SPANS_MAX = 200  # transitions in one chunk; no zone has had more than ten in a year
_EPOCH = datetime(1970, 1, 1)  # the wall's own zero has no zone
_EPOCH_DAY = _EPOCH.toordinal()
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,3}")
# files that lie beside the zones; those under `right` count leap seconds
_NOT_ZONES = ("right/", "posix/", "posixrules", "localtime", "Factory")


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of instants with one offset; `wall_end` is the furthest any wall got up to its end."""

    start: int
    offset_s: int
    wall_end: int


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """One IANA zone. Get it from `zone(name)`, so that its transitions are looked up once per process."""

    name: str
    _chunks: dict[int, tuple[_Span, ...]] = field(default_factory=dict, repr=False)

    def first_instant(self, wall: int) -> int:
        """The first instant at which this zone's clock shows `wall` or later."""
        for span in self._spans(wall // _CHUNK_S):
            if span.wall_end > wall:
                return max(span.start, wall - span.offset_s)
        raise AssertionError("a chunk reaches past its own end")

    def first_instants(self, walls: Sequence[int]) -> list[int]:
        """As `first_instant` for many local times, which must not decrease: one step for each change of the clock."""
        found: list[int] = []
        while len(found) < len(walls):
            chunk = walls[len(found)] // _CHUNK_S
            end = (chunk + 1) * _CHUNK_S
            for span in self._spans(chunk):
                here = len(found)
                until = bisect_left(walls, min(span.wall_end, end), here)
                start, offset_s = span.start, span.offset_s
                after_jump = bisect_left(walls, start + offset_s, here, until)
                found += [start] * (after_jump - here)
                found += [wall - offset_s for wall in walls[after_jump:until]]
        return found

    def wall(self, instant: int) -> int:
        """What the clock on the wall shows at `instant`."""
        shown = instant
        for span in self._spans(instant // _CHUNK_S):
            if span.start > instant:
                break
            shown = instant + span.offset_s
        return shown

    def furthest(self, instant: int) -> int:
        """The furthest the clock on the wall has got by `instant`: stands still while an hour is repeated."""
        reached = -math.inf
        furthest = instant
        for span in self._spans(instant // _CHUNK_S):
            if span.start > instant:
                break
            furthest = int(max(instant + span.offset_s, reached - 1))
            reached = span.wall_end
        return furthest

    def _spans(self, chunk: int) -> tuple[_Span, ...]:
        spans = self._chunks.get(chunk)
        if spans is None:
            spans = self._chunks[chunk] = _find_spans(self.name, chunk)
        return spans


@lru_cache(maxsize=ZONES_MAX)
def zone(name: str) -> Zone:
    """The zone of this IANA name. Raises ValueError, with the likely name in it, if there is none."""
    if _NAME.fullmatch(name) and not name.startswith(_NOT_ZONES):
        try:
            known = whenever.Instant.from_timestamp(0).to_tz(name).tz_id
        except whenever.TimeZoneNotFoundError:
            known = None
        if known == name:  # names differ in case between machines; we take the one the list has
            return Zone(name)
    near = _likely(name)
    hint = f"did you mean {near}?" if near else "write an IANA name such as Europe/Berlin, America/New_York or UTC"
    raise ValueError(f"there is no time zone {name!r}; {hint}")


def _likely(name: str) -> str | None:
    """The zone that was meant: a slip in its name, or a city without its continent. Abbreviations mean many zones."""
    known = {zone.casefold(): zone for zone in whenever.available_timezones() if "/" in zone or zone == "UTC"}
    if "/" not in name:
        known = {key.rpartition("/")[2]: zone for key, zone in known.items() if not key.startswith("etc/")}
    wanted = name.casefold().replace(" ", "_").removeprefix("right/").removeprefix("posix/")
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.8)
    return known[near[0]] if near else None


def wall_second(local: datetime | date) -> int:
    """A local date (its midnight) or naive local datetime as seconds of the wall; fractions are dropped."""
    if isinstance(local, datetime):
        return (local.replace(tzinfo=None, microsecond=0) - _EPOCH) // timedelta(seconds=1)
    return (local.toordinal() - _EPOCH_DAY) * DAY_S


def wall_date(wall: int) -> date:
    """The local date of a second of the wall."""
    return date.fromordinal(wall // DAY_S + _EPOCH_DAY)


def second(at: datetime) -> int:
    """The whole second an aware datetime lies in. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return math.floor(at.timestamp())


def moment(instant: int) -> datetime:
    """The aware UTC datetime of a second."""
    return datetime.fromtimestamp(instant, UTC)


def _find_spans(name: str, chunk: int) -> tuple[_Span, ...]:
    """The spans of one chunk with a margin on both sides, the last one reaching past it."""
    end = (chunk + 1) * _CHUNK_S + _MARGIN_S
    here = whenever.Instant.from_timestamp(chunk * _CHUNK_S - _MARGIN_S).to_tz(name)
    starts = [(here.timestamp(), _offset_s(here))]
    for _ in range(_SPANS_MAX):
        then = here.next_transition()
        if then is None or then.timestamp() >= end:
            break
        here = then
        if _offset_s(here) != starts[-1][1]:
            starts.append((here.timestamp(), _offset_s(here)))
    spans = []
    furthest = -(10**15)
    for index, (start, offset_s) in enumerate(starts):
        stop = starts[index + 1][0] if index + 1 < len(starts) else end + _MARGIN_S
        furthest = max(furthest, stop + offset_s)
        spans.append(_Span(start, offset_s, furthest))
    return tuple(spans)


def _offset_s(local: whenever.ZonedDateTime) -> int:
    return round(local.offset.total("seconds"))
