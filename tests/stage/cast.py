"""Who is in a story, what breaks, and the organisation that answers for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stage.outside import Outside
from tocsin.config import actions as configuring
from tocsin.config.parse import File
from tocsin.kit import clock, db
from tocsin.sources.domain import Action, Signal

CAST = {"ann": "Ann Lee", "bob": "Bob Ortiz", "cleo": "Cleo Adeyemi", "dan": "Dan Novak"}


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
    step: dict[str, Any] = {"page": [target(one) for one in who], "wait": wait, "round_robin": round_robin}
    if urgency:
        step["if"] = {"urgency": urgency}
    return Wake(who=who, by=by, step=step)


def target(written: str) -> str:
    """People by their name alone, everything else as policies write it."""
    return written if ":" in written else f"person:{written}"


class Organisation(Outside):
    """The configuration of a story, changed by verbs; what changed is applied before anything else happens."""

    def set_up(self) -> None:
        """The cast and their teams; nothing that could break yet."""
        self.config = self._organisation()
        self._dirty = True

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
                "push": {"push": True, "detail": "full"},
                "inbox": {"inbox": True},
            },
            "notify": {"high": [{"via": "webhook"}], "low": [{"via": "email"}]},
        }

    def policy(self, name: str, *steps: Wake, **more: Any) -> None:
        """A policy, and a service and an integration of the same name that use it. Takes effect at once."""
        for step in steps:
            for who in step.who:
                if step.by is not None and who in self.config["people"]:
                    self.rules(who, high=[("0s", step.by)], low=[("0s", step.by)])
        if "last_resort" in more:
            more["last_resort"] = [target(one) for one in more["last_resort"]]
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

    def _apply(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        files = [File(name="story.yaml", content=json.dumps(self.config))]
        with db.transact(clock.now()) as tx:
            outcome = configuring.apply(tx, files, {}, configuring.Author(by="person:dan", force=True), alone=True)
        assert isinstance(outcome, configuring.Applied), outcome
