"""Into which groups the signals of one request come, and when each of these begins to page, and ends it. Pure.

It does on paper what `alerts.triggers` does in a transaction and the timers of `alerts.jobs` do after it, by the same
rules: route, silence, place, storm; release when a hold or a silence is over, raise when the support hours begin. The
differential test holds it to that. Everybody is taken to go on firing, and nobody to answer.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, IntEnum, auto

from tocsin.alerts import rules
from tocsin.alerts.domain import ALERTS_PER_GROUP_MAX, Dropped, Group, GroupStatus, Outcome, Reason, Routed, Silence
from tocsin.alerts.rules import Placement, Rulebook
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Signal

HELD = "held"  # what a what-if calls a group that waits before it pages
_HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of one trigger: where it comes into, or nowhere if it is dropped."""

    outcome: str
    reason: str
    routed: Routed | Dropped
    group: int = 0  # its number
    silence: Silence | None = None
    joins: bool = False  # a group that an earlier one opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A group pages from here on, with this urgency; until it begins anew, or a silence begins, if it ever does."""

    group: int
    begins: datetime
    urgency: Urgency
    turn: int  # in the round robins of its service
    until: datetime | None = None


class _What(IntEnum):
    """What falls due; at one instant, in this order."""

    SILENCE_ENDS = 0
    SILENCE_BEGINS = 1
    HOLD_ENDS = 2
    URGENT = 3


@dataclass(slots=True)
class _Alert:
    group: int
    routed: Routed
    silence: Silence | None


class _Kind(Enum):
    """What is told of a group."""

    PAGES = auto()
    SILENCED = auto()
    JOINED = auto()


@dataclass(slots=True)
class _Move:
    """A group begins to page, or is silenced, or another alert joins it."""

    at: datetime
    wave: int
    group: int
    kind: _Kind


@dataclass(slots=True)
class Gathering:
    """The groups of one request, at one instant and after it."""

    book: Rulebook
    silences: Sequence[Silence]
    integration: str
    at: datetime
    worse: Sequence[tuple[datetime, Signal]] = ()  # what comes again later of the same problem, if that is more urgent
    groups: dict[int, Group] = field(default_factory=dict)
    urgent_from: dict[int, datetime] = field(default_factory=dict)
    held_until: dict[int, datetime] = field(default_factory=dict)
    _alerts: dict[str, _Alert] = field(default_factory=dict)
    _by_key: dict[tuple[str, str], list[Group]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _moves: list[_Move] = field(default_factory=list)
    _rises: dict[int, datetime] = field(default_factory=dict)

    # --- the request

    def take(self, signal: Signal, urgency: Urgency | None = None) -> Fate:
        """Decide one trigger, after those before it; with an urgency, as if it had that."""
        routed = rules.route(self.book, self.integration, signal, self.at)
        if isinstance(routed, Dropped):
            return Fate(outcome=Outcome.DROPPED, reason=routed.why, routed=routed)
        if urgency is not None:
            routed = _as_urgent(routed, urgency)
        silence = rules.silenced_by(self.silences, routed.labels, self.at)
        known = self._alerts.get(signal.dedup_key)
        if known is not None:
            return self._repeat(known, routed, silence)
        placement = self._place(routed, silence)
        group = placement.group or self._open(signal, routed, placement, silence)
        self._alerts[signal.dedup_key] = _Alert(group.id, routed, silence)
        if placement.group is not None:
            self._join(group, routed, placement)
        outcome = HELD if placement.reason is Reason.HELD else placement.outcome.value
        reason = (
            routed.suppress if placement.reason is Reason.ROUTE_SUPPRESSES and routed.suppress else placement.reason
        )
        return Fate(
            outcome=outcome,
            reason=str(reason),
            routed=routed,
            group=group.id,
            silence=silence,
            joins=placement.group is not None,
        )

    def _place(self, routed: Routed, silence: Silence | None) -> Placement:
        candidates = self._by_key.get((routed.service, routed.group_key), ())
        open_to = [one for one in candidates if one.alert_count < ALERTS_PER_GROUP_MAX]
        placement = rules.place(open_to, routed, silence, self.at)
        if placement.outcome is not Outcome.OPENED or routed.storm is None:
            return placement
        count = self._counts.get(routed.service, 0)
        self._counts[routed.service] = count + 1
        if not rules.is_storm(routed, count):
            return placement
        running = next(iter(self._by_key.get((routed.service, rules.STORM_KEY), ())), None)
        return Placement(Outcome.JOINED if running else Outcome.OPENED, Reason.STORM, running)

    def _open(self, signal: Signal, routed: Routed, placement: Placement, silence: Silence | None) -> Group:
        storm = placement.reason is Reason.STORM
        suppressed = placement.outcome is Outcome.SUPPRESSED
        group = Group(
            id=len(self.groups) + 1,
            service=routed.service,
            integration=self.integration,
            key=rules.STORM_KEY if storm else routed.group_key,
            title=rules.storm_title(routed) if storm else signal.title,
            status=GroupStatus.SUPPRESSED if suppressed else GroupStatus.OPEN,
            urgency=Urgency.HIGH if storm else routed.urgency,
            severity=routed.severity,
            opened_at=self.at,
            window_until=None
            if storm
            else rules.window_until(self.book.integrations.get(self.integration), None, self.at),
            alert_count=1,
            firing_count=1,
            storm=storm,
            suppressed_by=_suppressor(routed, silence) if suppressed else "",
        )
        self.groups[group.id] = group
        self._by_key.setdefault((group.service, group.key), []).append(group)
        self._tell(group, self.at, _Kind.SILENCED if suppressed else _Kind.PAGES)
        if group.suppressed_by == _HOLD:
            self.held_until[group.id] = self.at + routed.hold
        rises = [at for at, again in self.worse if self._is_urgent(again, at)]
        rises += [routed.urgent_from] if routed.urgent_from is not None else []
        if rises and group.urgency is Urgency.LOW:
            self.urgent_from[group.id] = min(rises)
        return group

    def _is_urgent(self, signal: Signal, at: datetime) -> bool:
        routed = rules.route(self.book, self.integration, signal, at)
        return isinstance(routed, Routed) and routed.urgency is Urgency.HIGH

    def _join(self, group: Group, routed: Routed, placement: Placement) -> None:
        group.alert_count += 1
        group.firing_count += 1
        self._tell(group, self.at, _Kind.JOINED)
        if placement.outcome is Outcome.SUPPRESSED:
            return
        if rules.is_silenced(group) or (group.suppressed_by == _HOLD and not routed.hold):
            group.urgency = rules.more_urgent(group.urgency, routed.urgency)
            self._release(group, self.at)
        self._raise(group, routed.urgency, self.at)

    def _repeat(self, alert: _Alert, routed: Routed, silence: Silence | None) -> Fate:
        group = self.groups[alert.group]
        if alert.silence is not None or rules.is_kept_by_route(group):
            alert.silence = silence
        if routed.suppress is None and group.status is GroupStatus.SUPPRESSED:
            if silence is None:
                if group.suppressed_by != _HOLD or not routed.hold:
                    self._release(group, self.at)
            elif rules.is_kept_by_route(group):
                group.suppressed_by = f"silence:{silence.id}"
        self._raise(group, routed.urgency, self.at)
        return Fate(
            outcome=Outcome.REFRESHED, reason=Reason.REPEAT, routed=routed, group=group.id, silence=silence, joins=True
        )

    # --- and then

    def spells(self) -> list[Spell]:
        """Every time any of the groups begins to page, in order; to be asked once, after the last signal."""
        self._let_time_pass()
        moves = sorted((one for one in self._moves if one.kind is not _Kind.JOINED), key=lambda one: (one.at, one.wave))
        begins: dict[tuple[datetime, int, int], _Move] = {}
        for move in moves:
            begins.setdefault((move.at, move.wave, move.group), move)
        turns: dict[str, int] = {}
        found: list[Spell] = []
        ordered = list(begins.values())
        for place, move in enumerate(ordered):
            if move.kind is not _Kind.PAGES:
                continue
            later = (one for one in ordered[place + 1 :] if one.group == move.group)
            service = self.groups[move.group].service
            turn = turns.get(service, 0)
            turns[service] = turn + 1
            until = next(later, None)
            urgency = self._urgency_at(move.group, move.at)
            found.append(
                Spell(group=move.group, begins=move.at, urgency=urgency, turn=turn, until=until.at if until else None)
            )
        return found

    def _urgency_at(self, group: int, at: datetime) -> Urgency:
        rises = self._rises.get(group)
        held = self.groups[group].urgency
        return held if rises is None or at >= rises else Urgency.LOW

    def _let_time_pass(self) -> None:
        due: list[tuple[datetime, _What, int]] = []
        for number, group in self.groups.items():
            if number in self.held_until:
                due.append((self.held_until[number], _What.HOLD_ENDS, number))
            if number in self.urgent_from and group.urgency is Urgency.LOW:
                due.append((self.urgent_from[number], _What.URGENT, number))
        for silence in self.silences:
            if silence.ends_at > self.at:
                due.append((silence.ends_at, _What.SILENCE_ENDS, silence.id))
                if silence.starts_at > self.at:
                    due.append((silence.starts_at, _What.SILENCE_BEGINS, silence.id))
        heapq.heapify(due)
        while due:
            at, what, number = heapq.heappop(due)
            match what:
                case _What.HOLD_ENDS:
                    self._end_hold(self.groups[number], at)
                case _What.URGENT:
                    if self._raise(self.groups[number], Urgency.HIGH, at):
                        self._rises[number] = at
                case _What.SILENCE_ENDS:
                    self._end_silence(number, at)
                case _What.SILENCE_BEGINS:
                    self._begin_silence(next(one for one in self.silences if one.id == number), at)

    def _end_hold(self, group: Group, at: datetime) -> None:
        if group.suppressed_by != _HOLD:
            return
        alerts = self._of(group)
        silences = [one.silence.id for one in alerts if one.silence is not None]
        if len(silences) == len(alerts):
            group.suppressed_by = f"silence:{max(silences)}"
            self._tell(group, at, _Kind.SILENCED)
        else:
            self._release(group, at)

    def _end_silence(self, silence: int, at: datetime) -> None:
        for alert in self._alerts.values():
            if alert.silence is None or alert.silence.id != silence:
                continue
            alert.silence = rules.silenced_by(self.silences, alert.routed.labels, at)
            group = self.groups[alert.group]
            if alert.silence is None:
                if rules.is_silenced(group):
                    self._release(group, at)
            elif group.suppressed_by == f"silence:{silence}":
                group.suppressed_by = f"silence:{alert.silence.id}"

    def _begin_silence(self, silence: Silence, at: datetime) -> None:
        touched: dict[int, Group] = {}
        for alert in self._alerts.values():
            if alert.silence is None and rules.silenced_by([silence], alert.routed.labels, at):
                alert.silence = silence
                touched[alert.group] = self.groups[alert.group]
        for _, group in sorted(touched.items()):
            if group.status is GroupStatus.OPEN and all(one.silence is not None for one in self._of(group)):
                group.status, group.suppressed_by = GroupStatus.SUPPRESSED, f"silence:{silence.id}"
                self._tell(group, at, _Kind.SILENCED)

    # --- moves

    def _of(self, group: Group) -> list[_Alert]:
        return [one for one in self._alerts.values() if one.group == group.id]

    def _release(self, group: Group, at: datetime) -> None:
        if group.status is not GroupStatus.SUPPRESSED:
            return
        group.status, group.suppressed_by = GroupStatus.OPEN, ""
        if at == self.at:
            self.held_until.pop(group.id, None)
        self._tell(group, at, _Kind.PAGES)

    def _raise(self, group: Group, urgency: Urgency, at: datetime) -> bool:
        if rules.more_urgent(group.urgency, urgency) is group.urgency:
            return False
        group.urgency = urgency
        if at == self.at:
            self.urgent_from.pop(group.id, None)
        if group.status is GroupStatus.OPEN:
            self._tell(group, at, _Kind.PAGES)
        return True

    def _tell(self, group: Group, at: datetime, kind: _Kind) -> None:
        """One transaction's facts are worked off kind by kind: what is told of a group after another kind comes in a later
        wave, so that what pages twice takes two turns in a round robin.
        """
        before = [one for one in self._moves if one.group == group.id and one.at == at]
        wave = 0 if not before else before[-1].wave + (before[-1].kind is not kind)
        self._moves.append(_Move(at, wave, group.id, kind))


def _as_urgent(routed: Routed, urgency: Urgency) -> Routed:
    return replace(routed, urgency=urgency, urgent_from=None)


def _suppressor(routed: Routed, silence: Silence | None) -> str:
    if silence is not None:
        return f"silence:{silence.id}"
    return f"route:{routed.route}" if routed.suppress is not None else _HOLD
