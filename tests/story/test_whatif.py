"""What the what-if predicts is what the engine does: random organisations, random moments, nobody answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from databases import Database
from tocsin.alerts import listing
from tocsin.config import queries as configuration
from tocsin.kit import clock, db
from tocsin.oncall import actions
from tocsin.oncall import queries as duty
from tocsin.oncall.actions import Wish
from tocsin.paging.standing import Standing, standing_at
from tocsin.simulate import whatif
from tocsin.simulate.trace import SignalTrace
from world import START, World, wake

ROUNDS = 150 if os.environ.get("TOCSIN_DEEP") else 14
PEOPLE = ("ann", "bob", "cleo", "dan")
CHANNELS = ("webhook", "email", "ntfy", "inbox")
Told = tuple[timedelta, str, str]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_the_engine_does_what_was_predicted(sqlite: Database, seed: int) -> None:
    """Every message the trace lists arrives at its time through its channel, and no other does."""
    with _some_organisation(sqlite, seed) as (random, world):
        _override(random)
        body = payload(random)
        reader = db.reader(clock.now())
        counts = duty.in_force(reader, reader.now)
        standing = Standing(configuration.current(reader), lambda: counts)
        trace = whatif.what_if(standing, "web", body, clock.now())
        assert world.post("/v2/enqueue", json.loads(body)) == 202
        world.at("130h")
        predicted = sorted({(told.at - world.start, told.person, told.channel) for told in trace.messages})
        assert happened(world) == predicted, f"{json.dumps(world.config, indent=1)}\n{world.tale()}"
        if trace.signals[0].exhausted_at is not None:
            assert [fact["group"] for fact in world.facts("EscalationExhausted")][:1] == [1]


def test_the_fates_of_signals_are_predicted_too(sqlite: Database) -> None:
    """Dropped, suppressed, held and unrouted signals are foreseen with the reasons the engine gives."""
    with World(sqlite) as world:
        random = Random(0)
        world.edit(lambda config: config.update(organisation(random, world)))
        world.config["routes"] = [
            {"when": ['class="noise"'], "drop": "noise is noise"},
            {"when": ['class="quiet"'], "suppress": "nobody wants to know"},
            {"when": ['class="shaky"'], "hold": "5m"},
        ]
        world.edit(lambda config: None)
        snapshot = configuration.current(db.reader(clock.now()))
        fates = {}
        for kind in ("noise", "quiet", "shaky"):
            body = payload(random, kind)
            signal = whatif.what_if(Standing(snapshot), "web", body, clock.now()).signals[0]
            fates[kind] = (signal.outcome, signal.reason)
            world.post("/v2/enqueue", json.loads(body))
        outcomes = [outcome for outcome, _ in world.outcomes()]
        assert outcomes == ["dropped", "suppressed", "suppressed"]
        assert fates == {
            "noise": ("dropped", "noise is noise"),
            "quiet": ("suppressed", "nobody wants to know"),
            "shaky": ("held", "held, in case it goes away by itself"),
        }
        world.quiet_until("4m59s")


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_problems_that_come_together_are_paged_together(sqlite: Database, seed: int) -> None:
    """A request with several alerts of one group, urgent and harmless, held and not, pages as was predicted: once."""
    with _some_organisation(sqlite, 1000 + seed) as (random, world):
        _from_alertmanager(world)
        body = _together(random)
        trace = whatif.what_if(Standing(configuration.current(db.reader(clock.now()))), "web", body, clock.now())
        assert world.post("/in/alertmanager/key-of-web-0123456789", json.loads(body)) == 200
        world.at("130h")
        predicted = sorted({(told.at - world.start, told.person, told.channel) for told in trace.messages})
        assert happened(world) == predicted, f"{json.dumps(world.config, indent=1)}\n{body!r}\n{world.tale()}"
        later = [one.outcome for one in trace.signals[1:]]
        assert [outcome for outcome, _ in world.outcomes()][1 : len(trace.signals)] == later


@pytest.mark.parametrize("seed", range(ROUNDS // 2))
def test_storms_limits_and_silences_are_predicted(sqlite: Database, seed: int) -> None:
    """Many problems at once: what collapses into a storm, what silences keep quiet and until when, what goes out as
    one message, and what must wait for its address, all as was predicted, to the second and to the group.
    """
    with _some_organisation(sqlite, 2000 + seed) as (random, world):
        silenced = [
            (random.choice(SILENCED), random.choice(["4m11s", "21m11s", "2h11s"])) for _ in range(random.randrange(3))
        ]
        begins = [random.choice(["0s", "0s", "9m19s"]) for _ in silenced]
        # What a silence stops is told to those who heard of it, which counts for their address and is no page.
        often = 21 if set(begins) <= {"0s"} else 3
        world.edit(lambda config: _restless(random, config, often))
        for (matcher, span), after in zip(silenced, begins, strict=True):
            world.silence(matcher, span=span, after=after)
        body = _together(random, names=random.randrange(2, 9))
        reader = db.reader(clock.now())
        quiet = listing.silences_at(reader, clock.now())
        trace = whatif.what_if(Standing(configuration.current(reader)), "web", body, clock.now(), silences=quiet)
        assert world.post("/in/alertmanager/key-of-web-0123456789", json.loads(body)) == 200
        world.at("130h")
        predicted = sorted(
            (one.at - world.start, one.person, one.channel, _named(one.channel, map("AG-{}".format, one.groups)))
            for one in trace.messages
        )
        heard = sorted(
            (one.at - world.start, one.person, one.channel, _named(one.channel, one.groups)) for one in world.pages()
        )
        assert heard == predicted, f"{json.dumps(world.config, indent=1)}\n{body!r}\n{world.tale()}"
        assert [_said(one) for one in trace.signals] == world.outcomes()[: len(trace.signals)]


@pytest.mark.parametrize("seed", range(ROUNDS // 2))
def test_what_devices_are_told_again_is_predicted(sqlite: Database, seed: int) -> None:
    """Each device of each person, every time it rings: for one group or several, until a silence begins."""
    with _some_organisation(sqlite, 3000 + seed) as (random, world):
        _from_alertmanager(world)
        world.edit(lambda config: _with_push(random, config))
        for person in PEOPLE:
            for _ in range(random.randrange(3)):
                world.phone(person)
        if random.random() < 0.4:
            world.silence('alertname="Disk1"', span="2h11s", after="2m19s")
        body = _together(random, names=random.randrange(1, 4))
        reader = db.reader(clock.now())
        quiet = listing.silences_at(reader, clock.now())
        trace = whatif.what_if(standing_at(reader, clock.now()), "web", body, clock.now(), silences=quiet)
        assert world.post("/in/alertmanager/key-of-web-0123456789", json.loads(body)) == 200
        world.at("130h")
        # What falls due at the very instant of a step goes out before it or with it: two messages then, or one.
        predicted = sorted({(one.at - world.start, one.person, one.channel) for one in trace.messages})
        heard = sorted({(one.at - world.start, one.person, one.channel) for one in world.pages()})
        assert heard == predicted, f"{json.dumps(world.config, indent=1)}\n{body!r}\n{world.tale()}"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_what_administrators_hear_is_predicted(sqlite: Database, seed: int) -> None:
    """That nobody answered, to each administrator by all ways, for each group, urgent or not, silenced or not."""
    with _some_organisation(sqlite, 4000 + seed) as (random, world):
        if several := random.random() < 0.5:
            _from_alertmanager(world)
        world.edit(lambda config: _with_administrators(random, world, config))
        if random.random() < 0.3:
            world.silence('integration="tocsin"', span=random.choice(["4m11s", "2h11s", "99h"]))
        body = _together(random, names=random.randrange(1, 4)) if several else payload(random)
        reader = db.reader(clock.now())
        quiet = listing.silences_at(reader, clock.now())
        trace = whatif.what_if(Standing(configuration.current(reader)), "web", body, clock.now(), silences=quiet)
        path = "/in/alertmanager/key-of-web-0123456789" if several else "/v2/enqueue"
        assert world.post(path, json.loads(body)) in (200, 202)
        world.at("130h")
        predicted = sorted({(one.at - world.start, one.person, one.channel) for one in trace.messages})
        heard = sorted({(one.at - world.start, one.person, one.channel) for one in world.pages()})
        assert heard == predicted, f"{json.dumps(world.config, indent=1)}\n{body!r}\n{world.tale()}"
        assert {"zoe", "dan"} & {person for _, person, _ in heard} or not trace.unanswered or quiet


def _with_administrators(random: Random, world: World, config: dict[str, Any]) -> None:
    """Zoe, and perhaps Dan, who may be on call besides."""
    config["people"]["zoe"]["contacts"] = {"webhook": {"webhook": f"{world.http.url}/hook/zoe"}}
    if random.random() < 0.4:
        config["people"]["dan"]["role"] = "admin"


def test_each_device_is_named_and_told_again(sqlite: Database) -> None:
    """Of an urgent page every device is told four times, of which three are said to be repeats; of others once."""
    with World(sqlite) as world:
        world.policy("web", wake("ann", by="push", wait="1h"))
        world.change_service("web", urgency="high")
        world.phone("ann")
        world.phone("ann")
        world.edit(lambda config: None)
        body = payload(Random(0))
        trace = whatif.what_if(standing_at(db.reader(clock.now()), START), "web", body, START)
        assert [(one.at - START, one.address, one.again) for one in trace.messages if 1 in one.groups] == [
            (timedelta(minutes=minute), device, minute > 0)
            for minute in (0, 1, 3, 6)
            for device in ("phone 1", "phone 2")
        ]
        world.change_service("web", urgency="low")
        world.edit(lambda config: None)
        trace = whatif.what_if(standing_at(db.reader(clock.now()), START), "web", body, START)
        assert [one.at for one in trace.messages if 1 in one.groups] == [START, START]


def _with_push(random: Random, config: dict[str, Any]) -> None:
    for person in config["people"].values():
        if random.random() < 0.7:
            person["contacts"] = {**person.get("contacts", {}), "push": {"push": True}}
            for rules in person.get("notify", {}).values():
                rules += [{"after": f"{random.randrange(0, 5)}m7s", "via": "push"} for _ in range(random.randrange(3))]


SILENCED = ('alertname="Disk1"', 'severity="critical"', 'alertname=~"Disk[2-5]"', 'class="disk"')


def _restless(random: Random, config: dict[str, Any], often: int) -> None:
    """Problems that open groups of their own, a storm limit they may exceed, and somebody who is told very often."""
    config["integrations"]["web"].update(source="alertmanager", group_by=["alertname"])
    config["services"]["web"]["storm"] = random.choice(["off", {"groups": random.randrange(1, 5), "within": "5m"}])
    for person in config["people"].values():
        for rules in person.get("notify", {}).values():
            for (
                rule
            ) in rules:  # never at the instant of a step: what is due then goes out before or with what it brings
                rule["after"] = rule["after"] if rule["after"] == "0m" else f"{rule['after']}7s"
    mail = {"email": "ann@tocsin.test"}
    config["people"]["ann"].update(
        contacts={**config["people"]["ann"]["contacts"], "mail": mail},
        notify={"high": [{"after": f"{minute}m7s", "via": "mail"} for minute in range(random.randrange(1, often))]},
    )


def _named(channel: str, groups: Iterable[str]) -> tuple[str, ...]:
    """The groups a message is about; ntfy names five and counts the others."""
    found = tuple(sorted(set(groups)))
    return found if channel != "ntfy" or len(found) < 5 else ("many",)


def _said(signal: SignalTrace) -> tuple[str, str]:
    """As the engine writes it down: what is held is suppressed by its hold, as is what a route keeps quiet by its words."""
    return ("suppressed" if signal.outcome == "held" else signal.outcome, signal.reason)


def _together(random: Random, names: int = 1) -> bytes:
    alerts = [
        {
            "status": "firing",
            "labels": {
                "alertname": f"Disk{number % names}",
                "instance": f"db{number}",
                "severity": random.choice(["critical", "warning", "info"]),
                "class": random.choice(["disk", "net"]),
            },
            "annotations": {},
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"f{number}",
        }
        for number in range(random.randrange(2, 5) + names - 1)
    ]
    whole = {"version": "4", "groupKey": "g", "status": "firing", "receiver": "r", "alerts": alerts}
    return json.dumps(
        {**whole, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am.test"}
    ).encode()


@contextmanager
def _some_organisation(sqlite: Database, seed: int) -> Iterator[tuple[Random, World]]:
    """An odd organisation at an odd moment, and what is drawn further for it."""
    random = Random(seed)
    start = START + timedelta(minutes=random.randrange(60 * 24 * 400))
    with World(sqlite, start) as world:
        world.edit(lambda config: config.update(organisation(random, world)))
        yield random, world


def _from_alertmanager(world: World) -> None:
    """Several alerts come in one request, and are grouped by their names."""
    world.edit(lambda config: config["integrations"]["web"].update(source="alertmanager", group_by=["alertname"]))


def happened(world: World) -> list[Told]:
    """When each person heard of the group by which channel; what was bundled into one message was heard once."""
    return sorted({(one.at - world.start, one.person, one.channel) for one in world.pages() if "AG-1" in one.groups})


def payload(random: Random, kind: str = "") -> bytes:
    """A PagerDuty event for the integration `web`."""
    return json.dumps(
        {
            "routing_key": "key-of-web-0123456789",
            "event_action": "trigger",
            "dedup_key": f"problem {random.random()}",
            "payload": {
                "summary": "disk full",
                "source": random.choice(["db1", "db2"]),
                "severity": random.choice(["critical", "error", "warning", "info"]),
                "class": kind or random.choice(["disk", "net"]),
            },
        }
    ).encode()


def organisation(random: Random, world: World) -> dict[str, Any]:
    """People with odd rules, teams with nobody, schedules with gaps, policies that hand over to each other."""
    names = ["p1", "p2", "p3"]
    world.service("web", policy="p1", urgency=_urgency(random))
    if random.random() < 0.15:
        del world.config["services"]["web"]["policy"]
    people = {name: _person(random, name, world.config["people"][name]) for name in PEOPLE}
    # The administrator, who hears of what nobody answered, cannot be reached: only the one group is listened to here.
    people["zoe"] = {"name": "Zoe", "email": "zoe@tocsin.test", "role": "admin"}
    return {
        "people": people,
        "teams": {
            "web": {"name": "Web", "members": random.sample(PEOPLE[:3], random.randrange(4))},
            "platform": {"name": "Platform", "members": ["dan"]},
        },
        "schedules": {name: _schedule(random, name) for name in ("s1", "s2")},
        "policies": {name: _policy(random, name, names[place + 1 :]) for place, name in enumerate(names)},
        "routes": _routes(random),
    }


def _override(random: Random) -> None:
    """Somebody changes who carries the pager while it rings: comes in, replaces, or takes everybody out."""
    for schedule in ("s1", "s2"):
        if random.random() < 0.5:
            start = clock.now() + timedelta(minutes=random.choice([-5, 0, 7, 45]))
            wish = Wish(
                schedule=schedule,
                person_in=random.choice([*PEOPLE, None]),
                person_out="*",
                start=start,
                end=start + timedelta(minutes=random.choice([11, 90, 600])),
                force=True,
            )
            with db.transact(clock.now()) as tx:
                actions.make_override(tx, wish, "person:ann")


def _person(random: Random, name: str, before: dict[str, Any]) -> dict[str, Any]:
    kept = random.sample(CHANNELS, random.randrange(1 if name == "dan" else 0, 4))
    held = {
        **before,
        "role": "responder",
        "contacts": {channel: before["contacts"][channel] for channel in kept},
        "notify": {},
    }
    if random.random() < 0.3:
        held["contacts"]["phone"] = {"voice": "+4915155500101"}  # not implemented: must be passed over
    for urgency in ("high", "low"):
        if held["contacts"] and random.random() < 0.8:
            ways = random.choices(list(held["contacts"]), k=random.randrange(1, 4))
            held["notify"][urgency] = [
                {"after": f"{random.randrange(0, 12)}m", "via": via} for via in sorted(set(ways))
            ]
    return held


def _schedule(random: Random, name: str) -> dict[str, Any]:
    layer: dict[str, Any] = {
        "name": "only",
        "rotation": random.choice(["daily", "hourly"]),
        "start": "2026-01-01",
        "people": random.sample([*PEOPLE, "nobody"], random.randrange(1, 4)),
    }
    if layer["rotation"] == "daily":
        layer["handoff"] = random.choice(["00:00", "09:30", "02:30"])
        layer["timezone"] = random.choice(["UTC", "Europe/Berlin", "America/New_York"])
        if random.random() < 0.5:
            layer["between"] = [random.choice(["08:00-20:00", "22:00-06:00"])]
    return {"name": name, "timezone": "UTC", "layers": [layer]}


def _policy(random: Random, name: str, later: list[str]) -> dict[str, Any]:
    targets = [*(f"person:{one}" for one in PEOPLE), "schedule:s1", "schedule:s2", "team:web"]
    steps = []
    for _ in range(random.randrange(1, 4)):
        step: dict[str, Any] = {
            "page": random.sample(targets, random.randrange(1, 4)),
            "wait": random.choice(["1m", "5m", "13m", "1h"]),
            "round_robin": random.random() < 0.2,
        }
        if random.random() < 0.2:
            step["if"] = {"urgency": random.choice(["high", "low"])}
        steps.append(step)
    held: dict[str, Any] = {"name": name, "steps": steps, "repeat": random.randrange(3)}
    if later and random.random() < 0.4:
        held["then"] = random.choice(later)
    if random.random() < 0.6:
        held["last_resort"] = random.sample(targets, 1)
    return held


def _urgency(random: Random) -> Any:
    if random.random() < 0.5:
        return random.choice(["high", "low"])
    hours = {"timezone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "between": ["09:00-17:00"]}
    return {"hours": hours, "inside": "high", "outside": "low"}


def _routes(random: Random) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if random.random() < 0.4:
        found.append({"when": ['severity=~"info|warning"'], "urgency": "low"})
    if random.random() < 0.3:
        found.append({"when": ['class="disk"'], "hold": "3m"})
    return found
