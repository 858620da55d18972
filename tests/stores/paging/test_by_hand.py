"""Whoever pages by hand is told whom that does not wake, as the engine will find it."""

from __future__ import annotations

from tocsin.kit import clock, db
from tocsin.paging import by_hand
from tocsin.paging.by_hand import Heard, NotWoken
from tocsin.paging.domain import Why
from tocsin.people.domain import Urgency
from world import World, wake


def heard(*targets: str, service: str = "") -> Heard:
    return by_hand.heard(db.reader(clock.now()), targets, service, Urgency.HIGH)


def test_everybody_who_hears_of_it_is_nothing_to_tell(world: World) -> None:
    """A page to somebody with a contact that works says only that it is heard."""
    world.policy("web", wake("ann"))
    world.at("0s")
    assert heard("person:ann", "team:web") == Heard(reached=True, not_woken=[])


def test_each_that_is_not_woken_is_named_with_the_reason(world: World) -> None:
    """A person without a contact that works, one with the inbox alone, a team of nobody, a schedule without a shift."""
    world.config["people"]["dan"]["contacts"] = {}
    world.config["people"]["bob"]["contacts"] = {"inbox": {"inbox": True}}
    for name in ("dan", "bob"):
        world.config["people"][name].pop("notify", None)
    world.config["teams"]["empty"] = {"name": "Empty", "members": []}
    world.policy("web", wake("ann"))
    world.at("0s")
    assert heard("person:dan", "team:empty") == Heard(
        reached=False,
        not_woken=[
            NotWoken(target="person:dan", person="dan", reason=Why.NO_CONTACT),
            NotWoken(target="team:empty", person="", reason=Why.EMPTY_TEAM),
        ],
    )
    assert heard("person:bob", "person:dan") == Heard(
        reached=True,
        not_woken=[
            NotWoken(target="person:bob", person="bob", reason=by_hand.QUIET),
            NotWoken(target="person:dan", person="dan", reason=Why.NO_CONTACT),
        ],
    )


def test_a_service_is_asked_by_its_policy(world: World) -> None:
    """A step that reaches nobody is passed over, so those of the next are not counted as not woken."""
    world.config["people"]["dan"]["contacts"] = {}
    world.config["people"]["dan"].pop("notify", None)
    world.policy("web", wake("dan"), wake("ann"))
    world.policy("shop", wake("dan"))
    world.at("0s")
    dan = NotWoken(target="person:dan", person="dan", reason=Why.NO_CONTACT)
    assert heard(service="web") == Heard(reached=True, not_woken=[dan])
    assert heard(service="shop") == Heard(reached=False, not_woken=[dan])
