"""The story language: the whole application on a virtual clock, with real servers outside.

    world.policy("web", wake("ann", by="webhook", wait="5m"), wake("bob", by="email", wait="10m"))
    world.at("0s").receive(disk_full)
    world.expect("ann", webhook="disk full").within("10s")
    world.at("5m").expect("bob", email="disk full").within("10s")
    world.at("6m").acknowledge(by="bob")
    world.expect("ann", webhook="acknowledged by Bob").within("10s")
    world.quiet_until("4h")

Time jumps from one due row to the next. What runs is the application's own absorbing, timers, outbox and carrier; the
world only takes the place of the engine's threads. Each message is a real request or mail to a server on loopback.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec
import structlog

from databases import Database
from fakes.http import Answer, HttpSink
from fakes.smtp import SmtpSink
from tocsin.alerts import absorb, actions, auditor, store
from tocsin.alerts.domain import BY_HAND, Group, GroupId
from tocsin.alerts.intake import Keys
from tocsin.channels.domain import Settings
from tocsin.config import actions as configuring
from tocsin.config import queries as configuration
from tocsin.config import store as config_store
from tocsin.config.parse import File
from tocsin.engine import beat, timers
from tocsin.engine.domain import (
    PARCELS_IN_FLIGHT_MAX,
    PARCELS_PER_BUCKET_MAX,
    SEND_TIMEOUT_S,
    Carrier,
    Parcel,
    Verdict,
    VerdictKind,
)
from tocsin.engine.worker import OutboxWorker
from tocsin.journal import store as journal
from tocsin.kit import clock, db, matchers, text
from tocsin.kit.addresses import Guard, parse_networks
from tocsin.kit.http import HttpClient, HttpSettings
from tocsin.kit.mail import Mailer, parse_smtp_url
from tocsin.paging import actions as paging
from tocsin.paging import jobs as paging_jobs
from tocsin.paging.carrier import ChannelCarrier
from tocsin.site import wiring
from tocsin.sources import registry as sources
from tocsin.sources.domain import Action, Severity, Signal
from tocsin.sources.domain import Request as SourceRequest

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
AUDIT_EVERY = timedelta(seconds=auditor.AUDIT_EVERY_S)
TURNS_MAX = 20_000
CAST = {"ann": "Ann Lee", "bob": "Bob Ortiz", "cleo": "Cleo Adeyemi", "dan": "Dan Novak"}
_NTFY_TOOK_IT = Answer(body=b'{"id":"took-it"}', headers={"Content-Type": "application/json"})


def trigger(title: str, key: str = "", **labels: str) -> Signal:
    """A tool says that something is wrong; the title is the dedup key unless one is given."""
    return Signal(action=Action.TRIGGER, dedup_key=key or title, title=title, labels=labels)


def resolve(what: Signal) -> Signal:
    """The tool says that it is over."""
    return Signal(action=Action.RESOLVE, dedup_key=what.dedup_key)


disk_full = trigger("disk full", host="db1")


@dataclass(frozen=True, kw_only=True)
class Wake:
    """One step of a policy as a story writes it."""

    who: tuple[str, ...]
    by: str | None
    step: dict[str, Any]


def wake(
    *who: str, wait: str = "5m", by: str | None = None, round_robin: bool = False, urgency: str | None = None
) -> Wake:
    """A step: people by name, schedules and teams as `schedule:primary`; `by` is the way each person is told."""
    step: dict[str, Any] = {"page": [_target(one) for one in who], "wait": wait, "round_robin": round_robin}
    if urgency:
        step["if"] = {"urgency": urgency}
    return Wake(who=who, by=by, step=step)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One message that arrived."""

    at: datetime
    person: str
    channel: str
    kind: str  # page, taken, notice
    text: str
    groups: tuple[str, ...]  # AG-1, …

    @property
    def sort(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What makes two messages the same."""
        return self.person, self.channel, self.kind, self.groups

    def __str__(self) -> str:
        first = " ".join(self.text.split())[:90]
        return f"{self.person} hears by {self.channel} ({self.kind} {' '.join(self.groups)}): {first}"


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
        full = [bucket for bucket, count in in_flight.items() if count >= PARCELS_PER_BUCKET_MAX]
        room = PARCELS_IN_FLIGHT_MAX - in_flight.total()
        results = self.results
        bundles = self.worker._settle_and_claim(results, room, full)
        self.results = []
        return bundles

    def close(self) -> None:
        """Let go of the worker's idle thread pool."""
        self.worker._database.shutdown()


@dataclass(kw_only=True)
class Expectation:
    """Somebody must hear something."""

    world: World
    person: str
    kind: str
    ways: Mapping[str, str]
    checked: bool = False

    def within(self, span: str = "10s") -> World:
        """Let that much time pass at most until it has happened."""
        self.checked = True
        last = clock.now() + text.parse_duration(span)
        missing = self.world._until(self._missing, last)
        assert not missing, f"{self.person} did not hear {missing} within {span}\n{self.world.tale()}"
        for way, words in self.ways.items():
            self.world._unclaimed.remove(self._found(way, words))
        return self.world

    def _missing(self) -> list[str]:
        return [f"{words!r} by {way}" for way, words in self.ways.items() if self._found(way, words) is None]

    def _found(self, way: str, words: str) -> Any:
        for heard in self.world._unclaimed:
            same = (heard.person, heard.channel, heard.kind) == (self.person, way, self.kind)
            if same and words.lower() in heard.text.lower():
                return heard
        return None


@dataclass(kw_only=True)
class Slowness:
    """How long each channel takes to answer, in virtual time."""

    by_channel: dict[str, timedelta] = field(default_factory=dict)

    def of(self, channel: str) -> timedelta:
        """None of the world's time for most."""
        return self.by_channel.get(channel, timedelta(0))


class World:
    """One story's world; see the module's head."""

    def __init__(self, database: Database, start: datetime = START) -> None:
        self.database = database
        self.start = start
        self.clock = clock.VirtualClock(start)
        self.heard: list[Heard] = []
        self.accepted = 0  # signals whose senders were told that they are safe
        self.config: dict[str, Any] = {}
        self._unclaimed: list[Heard] = []
        self._expected: list[Expectation] = []
        self._slow = Slowness()
        self._dirty = True
        self._audited_at = start
        self._nodes: list[Node] = []
        self._generation = 0
        self._files = 0

    # --- the stage

    def __enter__(self) -> Self:
        self._using = clock.use(self.clock)
        self._using.__enter__()
        structlog.configure(processors=[_drop])
        self.http, self.mail = HttpSink(), SmtpSink()
        self.http.at_path("/ntfy/", _NTFY_TOOK_IT)
        self._runner = asyncio.Runner()
        self._taken_http, self._taken_mail, self._taken_notes = 0, 0, 0
        self._open_clients()
        self._nodes = [Node("engine-1", self.carrier)]
        self.config = self._organisation()
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._nodes:
            node.close()
        self._runner.run(self.carrier.close())
        self._runner.close()
        self.http.close()
        self.mail.close()
        structlog.reset_defaults()
        self._using.__exit__(None, None, None)

    def _open_clients(self) -> None:
        guard = Guard(allow=parse_networks("127.0.0.0/8,::1/128"))
        settings = Settings(base_url="http://tocsin.test", sender="tocsin@tocsin.test", instance="Tocsin")
        self.carrier = ChannelCarrier(
            HttpClient(HttpSettings(guard=guard)),
            Mailer(parse_smtp_url(self.mail.url), "tocsin@tocsin.test"),
            settings,
            wiring.contact_options,
            configuration.current,
        )

    def _organisation(self) -> dict[str, Any]:
        people = {name: self._person(name) for name in CAST}
        people["dan"]["role"] = "admin"
        return {
            "tocsin": 1,
            "people": people,
            "teams": {
                "web": {"name": "Web", "members": ["ann", "bob", "cleo"]},
                "platform": {"name": "Platform", "members": ["dan"]},
            },
            "services": {},
            "integrations": {},
            "policies": {},
            "schedules": {},
            "routes": [],
        }

    def _person(self, name: str) -> dict[str, Any]:
        return {
            "name": CAST.get(name, name.title()),
            "email": f"{name}@tocsin.test",
            "contacts": {
                "webhook": {"webhook": f"{self.http.url}/hook/{name}"},
                "email": {"email": f"{name}@tocsin.test"},
                "ntfy": {"ntfy": f"{self.http.url}/ntfy/{name}", "detail": "full"},
                "inbox": {"inbox": True},
            },
            "notify": {"high": [{"via": "webhook"}], "low": [{"via": "email"}]},
        }

    # --- the organisation

    def policy(self, name: str, *steps: Wake, **more: Any) -> None:
        """A policy, and a service and an integration of the same name that use it. Takes effect at once."""
        for step in steps:
            for who in step.who:
                if step.by is not None and who in self.config["people"]:
                    self.rules(who, high=[("0s", step.by)], low=[("0s", step.by)])
        if "last_resort" in more:
            more["last_resort"] = [_target(one) for one in more["last_resort"]]
        self.config["policies"][name] = {"name": name.title(), "steps": [one.step for one in steps], **more}
        if name not in self.config["services"]:
            self.service(name, policy=name)
        self._dirty = True

    def service(self, name: str, *, team: str = "web", source: str = "pagerduty", **more: Any) -> None:
        """A service and its integration of the same name."""
        self.config["services"][name] = {"name": name.title(), "team": team, **more}
        self.integration(name, service=name, source=source)

    def integration(self, name: str, **more: Any) -> None:
        """Change an integration, or make one."""
        held = self.config["integrations"].setdefault(name, {"key": f"key-of-{name}-0123456789"})
        held.update(more)
        self._dirty = True

    def change_service(self, name: str, **more: Any) -> None:
        """Change a service."""
        self.config["services"][name].update(more)
        self._dirty = True

    def rules(self, person: str, **urgencies: Sequence[tuple[str, str]]) -> None:
        """When a person is told by which way: high=[("0s", "webhook"), ("2m", "email")]."""
        for urgency, lines in urgencies.items():
            written = [{"after": after, "via": via} for after, via in lines]
            self.config["people"][person]["notify"][urgency] = written
        self._dirty = True

    def contacts(self, person: str, *names: str) -> None:
        """Keep only these ways to reach a person."""
        held = self.config["people"][person]
        held["contacts"] = {name: held["contacts"][name] for name in names}
        held["notify"] = {}
        self._dirty = True

    def on_call(self, schedule: str, *people: str, **more: Any) -> None:
        """A daily rotation that begins on the story's first day at midnight UTC; without people nobody is on call."""
        layer = {
            "name": "daily",
            "rotation": "daily",
            "handoff": "00:00",
            "start": f"{self.start:%Y-%m-%d}",
            "people": list(people) or ["nobody"],
            **more,
        }
        self.config["schedules"][schedule] = {"name": schedule.title(), "timezone": "UTC", "layers": [layer]}
        self._dirty = True

    def route(self, *when: str, **effects: Any) -> None:
        """One more route at the end."""
        self.config["routes"].append({"when": list(when), **effects})
        self._dirty = True

    def edit(self, change: Callable[[dict[str, Any]], object]) -> Self:
        """Change the configuration by hand, now."""
        change(self.config)
        self._dirty = True
        self._settle_now()
        return self

    def _apply(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        files = [File(name="story.yaml", content=json.dumps(self.config))]
        with db.transact(clock.now()) as tx:
            outcome = configuring.apply(tx, files, {}, configuring.Author(by="person:dan"), alone=True)
        assert isinstance(outcome, configuring.Applied), outcome

    # --- time

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
            self.clock.move_to(min(self._next_due() or last, last))
            self._settle_now()
        raise AssertionError(f"time does not get on\n{self.tale()}")

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

    # --- the engine

    def _settle_now(self) -> None:
        """Do everything that is due at this instant."""
        self._apply()
        for node in self._nodes:
            beat.beat(node.name, node.started_at)
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
            slow = self._slow.of(bundle[0].channel)
            if slow:
                node.sending.append(Sending(bundle, clock.now() + min(slow, timedelta(seconds=SEND_TIMEOUT_S))))
            else:
                self._send(node, bundle)
        return settling + len(bundles) + len(node.results)

    def _send(self, node: Node, parcels: list[Parcel]) -> None:
        if self._slow.of(parcels[0].channel) > timedelta(seconds=SEND_TIMEOUT_S):
            verdict = Verdict(kind=VerdictKind.RETRY, reason="no answer within 15 s")
        else:
            verdict = self._runner.run(self.carrier.carry(parcels))
        self._listen(verdict)
        node.results += [(parcel, verdict) for parcel in parcels]

    def _listen(self, verdict: Verdict) -> None:
        """What arrived outside since we last listened; a request that was turned away was not heard."""
        requests, mails = self.http.requests[self._taken_http :], self.mail.mails[self._taken_mail :]
        self._taken_http += len(requests)
        self._taken_mail += len(mails)
        if verdict.kind is VerdictKind.DELIVERED:
            for request in requests:
                self._hear(_from_http(clock.now(), request.path, request.json()))
        for mail in mails:
            self._hear(_from_mail(clock.now(), mail))

    def _hear(self, heard: Heard) -> None:
        self.heard.append(heard)
        self._unclaimed.append(heard)

    def _read_inboxes(self) -> None:
        rows = db.reader(clock.now()).rows(
            "SELECT id, at, person, kind, subject, text FROM paging_inbox_note WHERE id > %s ORDER BY id",
            (self._taken_notes,),
        )
        for id_, at, person, kind, subject, words in rows:
            self._taken_notes = id_
            found = f"{subject}\n{words}"
            self._hear(
                Heard(at=clock.from_us(at), person=person, channel="inbox", kind=kind, text=found, groups=_named(found))
            )

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

    # --- what happens outside

    def receive(self, *signals: Signal, integration: str = "") -> Self:
        """A tool sends these in one request, and they are absorbed."""
        self.accept(*signals, integration=integration)
        self._settle_now()
        return self

    def accept(self, *signals: Signal, integration: str = "") -> None:
        """A tool sends these in one request; nobody looks at them yet."""
        self._apply()
        name = integration or next(iter(self.config["integrations"]))
        with db.transact(clock.now()) as tx:
            actions.accept(tx, name, "pagerduty", b"", signals)
        self.accepted += len(signals)

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> int:
        """A vendor's request as it comes over the wire; the status it is answered with."""
        self._apply()
        found = sources.find("POST", path)
        assert isinstance(found, sources.Found), found
        written = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = SourceRequest(
            method="POST", path=path, headers=dict(headers or {}), body=written, key=found.key, tail=found.tail
        )
        keys = Keys()
        keys.refresh()
        door = keys.find(found.source.key(request) or "")
        assert door is not None, "nobody has this key"
        reading = found.source.read(request, door.settings, clock.now())
        if reading.signals:
            with db.transact(clock.now()) as tx:
                store.put_envelopes(tx, [store.Accepted(door.integration, door.source, written, reading.signals)])
            self.accepted += len(reading.signals)
        self._settle_now()
        return reading.reply.status

    def slow(self, channel: str, answer_after: str = "0s") -> Self:
        """From now on this channel takes so long to answer."""
        self._slow.by_channel[channel] = text.parse_duration(answer_after)
        return self

    def break_(self, channel: str, person: str = "", status: int = 503) -> Self:
        """The channel does not work from now on, for everybody or one person."""
        for name in [person] if person else self.config["people"]:
            if channel == "webhook":
                self.http.at_path(f"/hook/{name}", Answer(status=status))
            elif channel == "email":
                code = "550 5.1.1 no such user" if status == 410 else "451 4.3.0 try again later"
                self.mail.refuse(f"{name}@tocsin.test", code)
        if channel == "ntfy":
            self.http.at_path("/ntfy/", Answer(status=status))
        return self

    def mend(self, channel: str, person: str = "") -> Self:
        """The channel works again."""
        for name in [person] if person else self.config["people"]:
            self.http.at_path(f"/hook/{name}", Answer())
            if channel == "email":
                self.mail.accept(f"{name}@tocsin.test")
        self.http.at_path("/ntfy/", _NTFY_TOOK_IT)
        return self

    # --- what people do

    def acknowledge(self, *, by: str, group: int = 0) -> Self:
        """Somebody says: I have it."""
        return self._act(lambda tx, id_: actions.acknowledge(tx, id_, f"person:{by}"), group)

    def unacknowledge(self, *, by: str, group: int = 0) -> Self:
        """Somebody gives it back."""
        return self._act(lambda tx, id_: actions.unacknowledge(tx, id_, f"person:{by}"), group)

    def resolve(self, *, by: str, group: int = 0) -> Self:
        """Somebody says: it is over."""
        return self._act(lambda tx, id_: actions.resolve(tx, id_, f"person:{by}"), group)

    def snooze(self, *, by: str, span: str, group: int = 0) -> Self:
        """Somebody says: not before then."""
        until = clock.now() + text.parse_duration(span)
        return self._act(lambda tx, id_: actions.snooze(tx, id_, f"person:{by}", until), group)

    def escalate(self, *, group: int = 0) -> Self:
        """Somebody wants the next step now."""
        return self._act(paging.escalate, group)

    def page_by_hand(self, title: str, *who: str, by: str) -> Self:
        """Somebody pages people by hand."""
        self._apply()
        labels = {paging.PAGE_LABEL: " ".join(_target(one) for one in who)}
        signal = Signal(
            action=Action.TRIGGER,
            dedup_key=title,
            title=title,
            severity=Severity.HIGH,
            labels=labels,
            by=f"person:{by}",
        )
        with db.transact(clock.now()) as tx:
            absorb.absorb_now(tx, wiring.rulebook(tx), BY_HAND, [signal])
        self.accepted += 1
        self._settle_now()
        return self

    def silence(self, *written: str, span: str, after: str = "0s", by: str = "bob") -> int:
        """Somebody silences what matches; the silence's number."""
        self._apply()
        starts_at = clock.now() + text.parse_duration(after)
        with db.transact(clock.now()) as tx:
            made = actions.silence(
                tx,
                [matchers.parse(one) for one in written],
                starts_at,
                starts_at + text.parse_duration(span),
                f"person:{by}",
                "planned work",
            )
        self._settle_now()
        return made.id

    def end_silence(self, number: int) -> Self:
        """Somebody ends a silence early."""
        with db.transact(clock.now()) as tx:
            actions.end_silence(tx, number, "person:bob", "ended by hand")
        self._settle_now()
        return self

    def _act(self, verb: Callable[[db.Tx, GroupId], object], group: int) -> Self:
        with db.transact(clock.now()) as tx:
            verb(tx, GroupId(group or self.groups()[-1].id))
        self._settle_now()
        return self

    # --- what must hold

    def expect(self, person: str, **ways: str) -> Expectation:
        """A page must arrive: expect("ann", webhook="disk full").within("10s")."""
        return self._expectation(person, "page", ways)

    def told(self, person: str, **ways: str) -> Expectation:
        """Somebody who was paged must be told that it is taken or over."""
        return self._expectation(person, "taken", ways)

    def noticed(self, person: str, **ways: str) -> Expectation:
        """Somebody must be told something that can wait a minute."""
        return self._expectation(person, "notice", ways)

    def notices(self, person: str = "") -> list[Heard]:
        """Every notice heard so far, or a person's."""
        self._settle_now()
        self._read_inboxes()
        return [one for one in self.heard if one.kind == "notice" and person in ("", one.person)]

    def quiet_until(self, since_start: str) -> Self:
        """Nobody is paged until then, and nobody has been without being expected."""
        self.at(since_start)
        self._read_inboxes()
        left = [one for one in self._unclaimed if one.kind == "page"]
        assert not left, f"nobody should have been paged, but {'; '.join(map(str, left))}\n{self.tale()}"
        return self

    def forget_pages(self) -> Self:
        """What was heard so far does not matter."""
        self._settle_now()
        self._read_inboxes()
        self._unclaimed.clear()
        return self

    def pages(self, person: str = "") -> list[Heard]:
        """Every page heard so far, or a person's."""
        self._settle_now()
        self._read_inboxes()
        return [one for one in self.heard if one.kind == "page" and person in ("", one.person)]

    def groups(self) -> list[Group]:
        """All alert groups, oldest first."""
        reader = db.reader(clock.now())
        ids = [row[0] for row in reader.rows("SELECT id FROM alerts_group ORDER BY id")]
        return list(store.groups(reader, ids).values())

    def facts(self, name: str) -> list[dict[str, Any]]:
        """The bodies of all facts of this name, oldest first."""
        return [one.body for one in reversed(journal.named(db.reader(clock.now()), [name]))]

    def outcomes(self) -> list[tuple[str, str]]:
        """(outcome, reason) of every signal, in their order."""
        return [(row[0], row[1]) for row in self.rows("SELECT outcome, reason FROM alerts_signal ORDER BY id")]

    def rows(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Look into the database."""
        return db.reader(clock.now()).rows(sql, params)

    def assert_accounted(self, *, set_aside: int = 0) -> None:
        """Every accepted signal has an outcome, every page ends in a receipt or a reason, nothing was forgotten."""
        if getattr(self, "_accounted", False):
            return
        self._accounted = True
        self._settle_now()
        unchecked = [one for one in self._expected if not one.checked]
        assert not unchecked, f"the story says expect(…) without within(…): {unchecked[0].person}"
        audit = auditor.look(db.reader(clock.now() + auditor.PATIENCE))
        assert audit.unaccounted == set_aside, f"{audit}\n{self.tale()}"
        absorbed = self.rows("SELECT count(*) FROM alerts_signal")[0][0]
        assert absorbed >= self.accepted, f"{self.accepted - absorbed} signals have no outcome\n{self.tale()}"
        for what, sql in _LEDGER.items():
            left = self.rows(sql)
            assert not left, f"{what}: {left}\n{self.tale()}"

    def tale(self) -> str:
        """What happened, as a story: the journal and what was heard, in order."""
        self._read_inboxes()
        lines = []
        for entry in journal.after(db.reader(clock.now()), 0):
            told = ", ".join(
                f"{key}={value}" for key, value in entry.body.items() if value not in ("", None, [], False)
            )
            if entry.name != "ConfigApplied":
                lines.append((clock.from_us(entry.at_us), f"[{entry.name}] {told}"))
        lines += [(one.at, str(one)) for one in self.heard]
        return "\n".join(
            [
                "",
                "--- what happened:",
                *(f"{self._since(at)}  {line}" for at, line in sorted(lines, key=lambda one: one[0])),
            ]
        )

    def _since(self, at: datetime) -> str:
        return f"{(at - self.start).total_seconds():>10.1f} s"

    def _expectation(self, person: str, kind: str, ways: Mapping[str, str]) -> Expectation:
        if "inbox" in ways:
            self._settle_now()
            self._read_inboxes()
        made = Expectation(world=self, person=person, kind=kind, ways=ways)
        self._expected.append(made)
        return made


_LEDGER = {
    "a group is open and nothing runs or ran out for it": (
        "SELECT id FROM alerts_group WHERE status = 'open' AND id NOT IN"
        " (SELECT group_id FROM paging_escalation WHERE status IN ('running', 'exhausted'))"
    ),
    "an escalation runs and has no timer": (
        "SELECT id FROM paging_escalation WHERE status = 'running' AND id NOT IN"
        " (SELECT ref FROM engine_timer WHERE kind = 'paging.climb')"
    ),
    "an escalation runs for a group that needs nobody": (
        "SELECT id FROM paging_escalation WHERE status = 'running' AND group_id IN"
        " (SELECT id FROM alerts_group WHERE status <> 'open')"
    ),
    "a message is being sent by nobody": "SELECT id FROM engine_delivery WHERE state = 'leased' AND lease_until IS NULL",
    "a message ended without a receipt or a reason": (
        "SELECT id FROM engine_delivery WHERE (state = 'delivered' AND id NOT IN"
        " (SELECT delivery_id FROM engine_attempt WHERE outcome = 'delivered'))"
        " OR (state IN ('failed', 'cancelled') AND reason = '')"
    ),
    "a page leads to no message and says not why": (
        "SELECT id FROM paging_page WHERE status <> 'unreachable' AND NOT EXISTS (SELECT 1 FROM engine_delivery"
        " WHERE subject = 'page:' || paging_page.id) AND NOT EXISTS (SELECT 1 FROM journal_fact WHERE"
        " name = 'PersonUnreachable' AND subject = 'group:' || paging_page.group_id)"
    ),
    "a page is still to be sent for a group that needs nobody": (
        "SELECT id FROM engine_delivery WHERE state IN ('waiting', 'leased') AND subject IN"
        " (SELECT 'page:' || id FROM paging_page WHERE group_id IN"
        " (SELECT id FROM alerts_group WHERE status IN ('acknowledged', 'resolved', 'snoozed', 'suppressed')))"
    ),
    "a resolved group has a firing alert": (
        "SELECT id FROM alerts_alert WHERE status = 'firing' AND group_id IN"
        " (SELECT id FROM alerts_group WHERE status = 'resolved')"
    ),
    "a group counts its firing alerts wrongly": (
        "SELECT id FROM alerts_group WHERE firing_count <> (SELECT count(*) FROM alerts_alert WHERE"
        " alerts_alert.group_id = alerts_group.id AND alerts_alert.status = 'firing')"
    ),
    "a timer fails": "SELECT kind, error FROM engine_timer WHERE attempts > 0",
}


def _from_http(at: datetime, path: str, body: Any) -> Heard:
    if path == "/ntfy/":
        kind = {"rotating_light": "page", "white_check_mark": "taken"}.get(body["tags"][0], "notice")
        words = f"{body['title']}\n{body['message']}"
        return Heard(at=at, person=body["topic"], channel="ntfy", kind=kind, text=words, groups=_named(words))
    data = body["data"]
    said = "\n".join(f"{one['reference']} {one['service']}: {one['title']}\n{one['summary']}" for one in data["groups"])
    words = f"{data['subject']}\n{data['text']}\n{data['reason']}\n{said}"
    groups = tuple(one["reference"] for one in data["groups"])
    return Heard(at=at, person=path.rpartition("/")[2], channel="webhook", kind=body["type"], text=words, groups=groups)


def _from_mail(at: datetime, mail: Any) -> Heard:
    message = mail.message
    person = mail.recipients[0].partition("@")[0]
    words = f"{message['Subject']}\n{mail.text}"
    groups = tuple(filter(None, (message["X-Tocsin-Groups"] or "").split(", ")))
    return Heard(at=at, person=person, channel="email", kind=message["X-Tocsin-Kind"], text=words, groups=groups)


def _named(words: str) -> tuple[str, ...]:
    """The groups a message is about: behind its title, or at the beginning of a line."""
    found = re.findall(r"\((AG-\d+)|^(AG-\d+) ", words, re.MULTILINE)
    return tuple(dict.fromkeys(one or other for one, other in found))


def _target(written: str) -> str:
    return written if ":" in written else f"person:{written}"


def _drop(*_: object) -> Mapping[str, Any]:
    raise structlog.DropEvent


def titles(heard: Iterable[Heard]) -> list[str]:
    """Who heard of which groups, for short assertions."""
    return [f"{one.person} {one.channel} {' '.join(one.groups)}" for one in heard]


def json_of(value: object) -> Any:
    """As JSON would carry it."""
    return json.loads(msgspec.json.encode(value))
