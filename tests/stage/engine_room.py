"""The engine of a story: the application's own work, done at each instant at which something is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from databases import Database
from stage.cast import Organisation
from stage.outside import START
from tocsin.alerts import absorb, auditor
from tocsin.config import store as config_store
from tocsin.engine import timers
from tocsin.engine.domain import (
    PARCELS_IN_FLIGHT_MAX,
    SEND_TIMEOUT_S,
    Carrier,
    Parcel,
    Verdict,
    VerdictKind,
)
from tocsin.engine.worker import OutboxWorker
from tocsin.kit import clock, db, text
from tocsin.paging import jobs as paging_jobs
from tocsin.site import wiring

AUDIT_EVERY = timedelta(seconds=auditor.AUDIT_EVERY_S)
TURNS_MAX = 20_000


@dataclass(eq=False)
class Sending:
    """Messages that a slow channel has not taken yet."""

    parcels: list[Parcel]
    done_at: datetime


class Node:
    """One engine process: what it holds in memory is gone when it is killed."""

    def __init__(self, name: str, carrier: Carrier) -> None:
        self.worker = OutboxWorker(name, carrier, paging_jobs.on_settled)
        self.results: list[tuple[Parcel, Verdict]] = []
        self.sending: list[Sending] = []
        self.started_at = clock.now()
        self.name = name

    def claim(self) -> list[list[Parcel]]:
        """Settle what came back and claim what is next, as the engine's worker does."""
        in_flight = Counter(one.parcels[0].bucket for one in self.sending)
        room = PARCELS_IN_FLIGHT_MAX - in_flight.total()
        results = self.results
        bundles = self.worker._settle_and_claim(results, room, in_flight)
        self.results = []
        return bundles

    def close(self) -> None:
        """Let go of the worker's idle thread pool."""
        self.worker._database.shutdown()


class EngineRoom(Organisation):
    """Time that jumps from one due row to the next, and the engines that work the rows off."""

    def __init__(self, database: Database, start: datetime = START) -> None:
        super().__init__(database, start)
        self._audited_at = start
        self._nodes: list[Node] = []
        self._generation = 0

    def open(self) -> None:
        """Start the first engine, too."""
        super().open()
        self._nodes = [Node("engine-1", self.carrier)]

    def close(self) -> None:
        """Stop the engines first."""
        for node in self._nodes:
            node.close()
        super().close()

    def edit(self, change: Callable[[dict[str, Any]], object]) -> Self:
        """Change the configuration by hand, now."""
        change(self.config)
        self._dirty = True
        self._settle_now()
        return self

    def at(self, since_start: str) -> Self:
        """Let time pass until this long after the beginning."""
        self._until(lambda: ["never"], self.start + text.parse_duration(since_start))
        return self

    def wait(self, span: str) -> Self:
        """Let this much time pass."""
        self._until(lambda: ["never"], clock.now() + text.parse_duration(span))
        return self

    def jump(self, span: str) -> Self:
        """Set the machine's clock wrong, forward or with a minus backward, as a virtual machine's resume does."""
        by = -text.parse_duration(span[1:]) if span.startswith("-") else text.parse_duration(span)
        self.clock.move_to(clock.now() + by)
        self.start += by  # what the story says is counted in time that really passed
        self._settle_now()
        return self

    def _until(self, missing: Callable[[], list[str]], last: datetime) -> list[str]:
        self._settle_now()
        for _ in range(TURNS_MAX):
            left = missing()
            if not left or clock.now() >= last:
                return left
            self._live_until(min(self._next_due() or last, last))
            self._settle_now()
        raise AssertionError(f"time does not get on\n{self.tale()}")

    def _live_until(self, instant: datetime) -> None:
        """Time passes; an engine, if there is one, has beaten all along."""
        self.clock.move_to(instant)
        if self._nodes:
            with db.transact(instant) as tx:
                tx.execute(
                    "UPDATE engine_beat SET at = %s WHERE name = 'clock' AND at < %s", (clock.to_us(instant),) * 2
                )

    def _next_due(self) -> datetime | None:
        now = clock.to_us(clock.now())
        reader = db.reader(clock.now())
        found = [
            reader.value(f"SELECT min({column}) FROM {table} WHERE {condition} AND {column} > %s", (now,))
            for column, table, condition in (
                ("due_at", "engine_timer", "1 = 1"),
                ("due_at", "engine_delivery", "state = 'waiting'"),
                ("lease_until", "engine_delivery", "state = 'leased'"),
                ("expires_at", "alerts_alert", "status = 'firing'"),
            )
        ]
        dues = [clock.from_us(one) for one in found if one is not None]
        dues += [one.done_at for node in self._nodes for one in node.sending if one.done_at > clock.now()]
        return min(dues, default=None)

    def _settle_now(self) -> None:
        """Do everything that is due at this instant."""
        self._apply()
        for node in self._nodes:
            wiring.live(node.name, node.started_at)
        for _ in range(TURNS_MAX):
            if not self._turn():
                break
        else:
            raise AssertionError(f"the work of one instant never ends\n{self.tale()}")

    def _turn(self) -> int:
        if not self._nodes:
            return 0
        done = wiring.absorb_some() + absorb.expire_some() + timers.work_off(wiring.HANDLERS, clock.now())
        done += sum(self._carry(node) for node in self._nodes)
        if clock.now() - self._audited_at >= AUDIT_EVERY and not done:
            self._audited_at = clock.now()
            auditor.audit()
            return 1
        return done

    def _carry(self, node: Node) -> int:
        for arrived in [one for one in node.sending if one.done_at <= clock.now()]:
            node.sending.remove(arrived)
            self._send(node, arrived.parcels)
        settling = len(node.results)
        bundles = node.claim()
        for bundle in bundles:
            slow = self._slow.get(bundle[0].channel)
            if slow:
                node.sending.append(Sending(bundle, clock.now() + min(slow, timedelta(seconds=SEND_TIMEOUT_S))))
            else:
                self._send(node, bundle)
        return settling + len(bundles) + len(node.results)

    def _send(self, node: Node, parcels: list[Parcel]) -> None:
        if self._slow.get(parcels[0].channel, timedelta(0)) > timedelta(seconds=SEND_TIMEOUT_S):
            verdict = Verdict(kind=VerdictKind.RETRY, reason="no answer within 15 s")
        else:
            verdict = self._runner.run(self.carrier.carry(parcels))
        self._listen(verdict)
        node.results += [(parcel, verdict) for parcel in parcels]

    def kill(self, node: int = 0) -> Self:
        """An engine is gone at once: what it was sending is not settled, its leases stay."""
        self._nodes.pop(node).close()
        return self

    def restart(self) -> Self:
        """One more engine starts, with nothing in its memory."""
        db.drop_connection()
        config_store._states.clear()
        config_store._last.clear()
        self._generation += 1
        self._nodes.append(Node(f"engine-{self._generation + 1}", self.carrier))
        return self
