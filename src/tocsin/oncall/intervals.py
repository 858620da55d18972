"""Arithmetic on stretches of time: union, intersection, difference. Exact, half-open, sorted in and sorted out.

Promises: a result has no empty and no touching intervals; `subtract(whole, xs)` and `intersect(whole, xs)` together
are `whole` again. Leaves out what a stretch means; coverage of schedules and of policies both stand on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.kit import text


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `start`, which belongs to it, until `end`, which does not. Aware datetimes."""

    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        """How long."""
        return self.end - self.start

    def as_json(self) -> dict[str, str]:
        """Both ends in UTC, ISO 8601."""
        return {"start": text.iso(self.start), "end": text.iso(self.end)}


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Every instant that is in any of them; any order in."""
    merged: list[Interval] = []
    for one in sorted(intervals):
        if one.end <= one.start:
            continue
        if merged and one.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Every instant that is in one of `left` and in one of `right`; both as `union` gives them."""
    shared: list[Interval] = []
    at_left = at_right = 0
    while at_left < len(left) and at_right < len(right):
        start = max(left[at_left].start, right[at_right].start)
        end = min(left[at_left].end, right[at_right].end)
        if start < end:
            shared.append(Interval(start, end))
        if left[at_left].end <= right[at_right].end:
            at_left += 1
        else:
            at_right += 1
    return shared


def subtract(whole: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """Every instant that is in one of `whole` and in none of `taken`; both as `union` gives them."""
    left: list[Interval] = []
    at = 0
    for one in whole:
        start = one.start
        while at < len(taken) and taken[at].end <= start:
            at += 1
        step = at
        while step < len(taken) and taken[step].start < one.end:
            if start < taken[step].start:
                left.append(Interval(start, taken[step].start))
            start = max(start, taken[step].end)
            step += 1
        if start < one.end:
            left.append(Interval(start, one.end))
    return left


def total(intervals: Iterable[Interval]) -> timedelta:
    """How long they are together, counting what overlaps twice."""
    return sum((one.duration for one in intervals), timedelta(0))
