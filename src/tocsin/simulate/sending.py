"""Which messages go out when: what is due together to one contact is one message, each address has its limits, and a
device is told again of what is urgent. Pure.

The rules are those by which the engine claims messages (`engine.pacing`) and paging repeats them
(`paging.ways.repeat_after`); the differential tests hold it to that.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.engine import pacing
from tocsin.engine.domain import LANE_PAGE
from tocsin.kit import clock
from tocsin.paging import ways
from tocsin.paging.ways import Way
from tocsin.simulate.trace import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message as a page plans it."""

    group: int
    spell: int  # of the group: what is not sent yet when the next one begins is left to it
    person: str
    paged_at: datetime
    urgent: bool
    way: Way
    due_at: datetime
    again: bool = False  # it was sent before

    @property
    def lane(self) -> int:
        """All pages go first, whatever their urgency."""
        return LANE_PAGE

    @property
    def address(self) -> str:
        """The contact it goes to."""
        return self.way.address

    @property
    def page(self) -> tuple[object, ...]:
        """The same for all that one page sends to one address."""
        return self.group, self.spell, self.person, self.paged_at, self.way.address_key


@dataclass(frozen=True, slots=True)
class Recall:
    """From then on nothing more is sent of these spells of a group."""

    at: datetime
    group: int
    spells: int  # those before this one


def send(planned: Iterable[Parcel], recalls: Iterable[Recall]) -> list[Message]:
    """Everything that goes out, in the order of time."""
    waiting = [(one.due_at, place, one) for place, one in enumerate(planned)]
    times = Counter(one.page for _, _, one in waiting)
    heapq.heapify(waiting)
    places_given = itertools.count(len(waiting))
    later = deque(sorted(recalls, key=lambda one: one.at))
    recalled: dict[int, int] = {}
    sent: dict[str, list[int]] = {}
    found: list[Message] = []
    while waiting:
        now = waiting[0][0]
        while later and later[0].at <= now:
            recall = later.popleft()
            recalled[recall.group] = max(recalled.get(recall.group, 0), recall.spells)
        due = _due(waiting, now)
        places = {id(parcel): place for place, parcel in due if parcel.spell >= recalled.get(parcel.group, 0)}
        for bundle, at in _claimed([parcel for _, parcel in due if id(parcel) in places], sent, now):
            if at == now:
                found.append(_message(bundle, now))
                further = [(one.due_at, next(places_given), one) for one in _again(bundle, times, now)]
            else:
                further = [(at, places[id(one)], one) for one in bundle]
            for entry in further:
                heapq.heappush(waiting, entry)
    return found


def _again(bundle: Sequence[Parcel], times: Counter[tuple[object, ...]], now: datetime) -> list[Parcel]:
    """What has got through now and is to be said once more, then counted in `times`."""
    waits = [(one, ways.repeat_after(one.way.channel, times[one.page])) for one in bundle if one.urgent]
    found = [replace(one, due_at=now + after, again=True) for one, after in waits if after is not None]
    times.update(one.page for one in found)
    return found


def _due(waiting: list[tuple[datetime, int, Parcel]], now: datetime) -> list[tuple[int, Parcel]]:
    """What falls due at this instant, taken out of what waits."""
    found = []
    while waiting and waiting[0][0] == now:
        _, place, parcel = heapq.heappop(waiting)
        found.append((place, parcel))
    return found


def _claimed(
    due: Sequence[Parcel], sent: dict[str, list[int]], now: datetime
) -> Iterable[tuple[Sequence[Parcel], datetime]]:
    """What is due now, as it goes out or (together) must wait until then."""
    by_address: dict[str, list[Parcel]] = {}
    for parcel in due:
        by_address.setdefault(parcel.way.address_key, []).append(parcel)
    for key, parcels in by_address.items():
        channel = parcels[0].way.channel
        limits = ways.limits_of(channel)
        if not limits:
            yield from (([one], now) for one in parcels)
            continue
        uses = sent.setdefault(key, [])
        for bundle in pacing.bundled(parcels, bundling=ways.bundles(channel)):
            free_at = pacing.free_at(uses, limits, now)
            if free_at > clock.to_us(now):
                yield bundle, clock.from_us(free_at)
                continue
            uses.append(clock.to_us(now))
            yield bundle, now
        uses[:] = pacing.remembered(uses, limits, now)


def _message(bundle: Sequence[Parcel], at: datetime) -> Message:
    first = bundle[0]
    return Message(
        at=at,
        person=first.person,
        channel=first.way.channel,
        contact=first.way.contact,
        address=first.way.shown,
        due_at=min(one.due_at for one in bundle),
        again=all(one.again for one in bundle),
        groups=tuple(sorted({one.group for one in bundle})),
    )
