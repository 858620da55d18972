"""Stories in steps: each step is done again by whoever did it if the process died before it could answer.

A sender that got no answer sends again, a person presses the button again, time goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fakes.http import Answer
from world import World, disk_full, resolve, trigger, wake

Step = Callable[[], object]
Drama = Callable[[World], Iterator[Step]]


def climbs_and_is_answered(world: World) -> Iterator[Step]:
    """Ann does not answer, Bob does; the tool resolves it."""
    world.policy("web", wake("ann", by="webhook", wait="5m"), wake("bob", by="email", wait="10m"))
    world.integration("web", group_by=["app"])
    yield lambda: world.at("0s")
    yield lambda: world.accept(trigger("one", app="shop"), trigger("two", app="shop"))
    yield lambda: world.at("1m")
    yield lambda: world.accept(trigger("three", app="shop"), trigger("one", app="shop"))
    yield lambda: world.at("6m")
    yield lambda: world.acknowledge(by="bob")
    yield lambda: world.at("20m")
    yield lambda: world.accept(*(resolve(trigger(title)) for title in ("one", "two", "three")))
    yield lambda: world.at("1h")


def finds_another_way(world: World) -> Iterator[Step]:
    """Ann's webhook is gone and her mail is refused, so Bob is woken; her push works the second time."""
    world.policy("web", wake("ann", wait="10m"), wake("bob", by="ntfy", wait="10m"), repeat=1)
    world.rules("ann", high=[("0s", "webhook"), ("2m", "email")])
    world.break_("webhook", "ann", status=410).break_("email", "ann", status=404)
    yield lambda: world.at("0s")
    yield lambda: world.accept(disk_full)
    yield lambda: world.at("5m")
    world.mend("email", "ann")
    yield lambda: world.at("12m")
    yield lambda: world.acknowledge(by="ann")
    yield lambda: world.at("1h")


def is_held_silenced_and_snoozed(world: World) -> Iterator[Step]:
    """A hold, a silence, a snooze, an acknowledgement that expires: each ends with the page that is owed."""
    world.policy("web", wake("ann", by="webhook", wait="1h"), acknowledgement_expires="20m")
    world.integration("web", hold="2m")
    yield lambda: world.at("0s")
    yield lambda: world.accept(disk_full, trigger("elsewhere", host="db2"))
    yield lambda: world.at("1m")
    yield lambda: world.silence('host="db1"', span="10m")
    yield lambda: world.at("15m")
    yield lambda: world.snooze(by="ann", span="10m", group=_numbered(world, "elsewhere"))
    yield lambda: world.acknowledge(by="ann", group=_numbered(world, "disk full"))
    yield lambda: world.at("40m")
    yield lambda: world.resolve(by="ann", group=_numbered(world, "disk full"))
    yield lambda: world.acknowledge(by="ann", group=_numbered(world, "elsewhere"))
    yield lambda: world.at("50m")
    yield lambda: world.accept(resolve(trigger("elsewhere")))
    yield lambda: world.at("2h")


def reaches_nobody(world: World) -> Iterator[Step]:
    """Nobody on call, then nobody answers: the last resort, the administrators; a heartbeat is missed and comes back."""
    world.on_call("primary")
    world.policy("web", wake("schedule:primary", wait="5m"), wake("ann", by="webhook", wait="5m"), last_resort=["cleo"])
    world.policy("backup", wake("bob", by="webhook", wait="1h"))
    world.integration("backup", source="heartbeat", every="10m")
    url = f"/in/heartbeat/{world.config['integrations']['backup']['key']}"
    yield lambda: world.at("0s")
    yield lambda: world.accept(disk_full, integration="web")
    yield lambda: world.at("13m")
    yield lambda: world.post(url)
    yield lambda: world.at("14m")
    yield lambda: world.acknowledge(by="cleo", group=_numbered(world, "disk full"))
    yield lambda: world.at("20m")
    yield lambda: world.post(url)
    yield lambda: world.at("29m")


def storms(world: World) -> Iterator[Step]:
    """Thirty problems at once, to one mailbox; some go away and come back."""
    world.policy("web", wake("ann", by="email", wait="1h"))
    world.change_service("web", storm={"groups": 5, "within": "1m"})
    world.integration("web", reopen_within="10m")
    signals = [trigger(f"problem-{number:02d}") for number in range(30)]
    yield lambda: world.at("0s")
    yield lambda: world.accept(*signals)
    yield lambda: world.at("2m")
    yield lambda: world.accept(*(resolve(one) for one in signals[:3]), signals[0])
    yield lambda: world.at("10m")
    yield lambda: [world.acknowledge(by="ann", group=one.id) for one in world.groups() if one.status == "open"]
    yield lambda: world.at("1h")


def rings_until_somebody_answers(world: World) -> Iterator[Step]:
    """Two phones ring again and again; one of them has left; Bob hears of it as well, and Ann answers."""
    world.phone("ann")
    gone = world.phone("ann")
    world.http.at_path(gone.path, Answer(status=410))
    world.policy("web", wake("ann", by="push", wait="5m"), wake("bob", by="webhook", wait="1h"))
    yield lambda: world.at("0s")
    yield lambda: world.accept(disk_full)
    yield lambda: world.at("4m")
    yield lambda: world.at("7m")
    yield lambda: world.acknowledge(by="ann")
    yield lambda: world.at("1h")


def is_let_go_by_an_edit(world: World) -> Iterator[Step]:
    """A route keeps two problems quiet until somebody edits it; a new one ends the snooze of the first."""
    world.policy("web", wake("ann", by="webhook", wait="1h"))
    world.integration("web", group_by=["app"])
    world.config["routes"] = [{"when": ['env="dev"'], "suppress": "development wakes nobody"}]
    one, two = trigger("one", app="shop", env="dev"), trigger("two", app="mail", env="dev")
    yield lambda: world.at("0s")
    yield lambda: world.accept(one, two)
    yield lambda: world.at("10m")
    yield lambda: world.edit(lambda config: config.pop("routes", None))
    yield lambda: world.at("11m")
    yield lambda: world.acknowledge(by="ann", group=_numbered(world, "two"))
    yield lambda: world.snooze(by="ann", span="8h", group=_numbered(world, "one"))
    yield lambda: world.accept(trigger("three", app="shop"))
    yield lambda: world.at("20m")
    yield lambda: world.acknowledge(by="ann", group=_numbered(world, "one"))
    yield lambda: world.at("1h")


DRAMAS: tuple[Drama, ...] = (
    climbs_and_is_answered,
    finds_another_way,
    is_held_silenced_and_snoozed,
    reaches_nobody,
    storms,
    rings_until_somebody_answers,
    is_let_go_by_an_edit,
)


def _numbered(world: World, title: str) -> int:
    return next(group.id for group in world.groups() if group.title == title)
