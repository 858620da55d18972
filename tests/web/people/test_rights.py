"""The table of rights: every role, every right, with and without a team, by sign-in and by token."""

from __future__ import annotations

from datetime import timedelta

import pytest

from house import House
from tocsin.catalog import ownership
from tocsin.config import queries as configuration
from tocsin.config import secrecy
from tocsin.kit import clock, db
from tocsin.people import actions, queries
from tocsin.people.domain import Role
from tocsin.people.models import User
from tocsin.people.rights import Actor, Right, may, may_anywhere

TABLE = {
    Role.VIEWER: {Right.SEE},
    Role.RESPONDER: {Right.SEE, Right.RESPOND, Right.SILENCE},
    Role.MANAGER: {Right.SEE, Right.RESPOND, Right.SILENCE},
    Role.ADMIN: set(Right),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_a_role_has_its_rights_everywhere(role: Role, right: Right) -> None:
    """The table says what each role may do where no team is asked for."""
    assert may(Actor(user_id=1, role=role), right) is (right in TABLE[role])


@pytest.mark.parametrize("right", Right)
def test_a_team_is_configured_by_its_managers_alone(right: Right) -> None:
    """Whoever manages a team may do everything there but administer, and nothing more elsewhere."""
    manager = Actor(user_id=1, role=Role.RESPONDER, managed_teams=frozenset({"web"}))
    assert may(manager, right, "web") is (right is not Right.ADMINISTER)
    assert may(manager, right, "platform") is (right in TABLE[Role.RESPONDER])
    assert may_anywhere(manager, right) is (right is not Right.ADMINISTER)


@pytest.mark.parametrize("right", Right)
def test_somebody_who_left_the_configuration_may_do_nothing(right: Right) -> None:
    """Taking a person out of the configuration takes away every right, at once."""
    assert not may_anywhere(Actor(user_id=1, role=None, managed_teams=frozenset({"web"})), right)


@pytest.mark.parametrize("right", Right)
def test_a_token_has_no_right_beyond_its_scopes(right: Right) -> None:
    """An administrator's token with one scope has one right."""
    token = Actor(user_id=1, role=Role.ADMIN, token_id=1, scopes=frozenset({Right.RESPOND}))
    assert may(token, right) is (right is Right.RESPOND)


def test_rights_follow_from_the_configuration(house: House) -> None:
    """A person's role, teams and managed teams are those of the documents in force."""
    bob = queries.actor_of(db.reader(clock.now()), User.objects.get(person="bob"))
    assert (bob.role, bob.teams, bob.managed_teams) == (Role.MANAGER, {"web"}, {"web"})
    assert bob.by == "person:bob"
    gus = queries.actor_of(db.reader(clock.now()), User.objects.get(person="gus"))
    assert gus.role is None


def test_a_token_is_worth_something_until_it_ends(house: House) -> None:
    """A token acts for its account with its scopes, and for nobody once it expired or was revoked."""
    with db.transact(clock.now()) as tx:
        ann = User.objects.get(person="ann")
        raw = actions.create_token(tx, ann, "laptop", [Right.SEE], clock.now() + timedelta(hours=1))
    reader = db.reader(clock.now())
    assert raw.startswith("tsn_")
    held = queries.actor_of_token(reader, raw, clock.now())
    assert held is not None
    assert (held.person, held.scopes) == ("ann", {"see"})
    assert queries.actor_of_token(reader, raw, clock.now() + timedelta(hours=1)) is None
    assert queries.actor_of_token(reader, raw[:-1], clock.now()) is None
    assert queries.actor_of_token(reader, "x" * 10_000, clock.now()) is None
    assert held.token_id is not None
    with db.transact(clock.now()) as tx:
        assert actions.revoke(tx, held.token_id)
        assert not actions.revoke(tx, held.token_id)
    assert queries.actor_of_token(reader, raw, clock.now()) is None


def test_an_account_finds_its_person_by_the_address(house: House) -> None:
    """An account opened for an address belongs to the person whose document names it, however it is spelt."""
    house.world.edit(lambda config: config["people"].update(zoe={"name": "Zoe", "email": "Zoe@tocsin.test"}))
    with db.transact(clock.now()) as tx:
        assert actions.create_user(tx, " ZOE@Tocsin.test ", "", None).person == "zoe"
    with pytest.raises(actions.AccountTaken), db.transact(clock.now()) as tx:
        actions.create_user(tx, "zoe@tocsin.test", "", None)
    with pytest.raises(actions.AccountTaken), db.transact(clock.now()) as tx:
        actions.create_user(tx, "other@tocsin.test", "zoe", None)


def test_only_digests_of_tokens_are_kept(house: House) -> None:
    """Whoever reads the database learns no token."""
    with db.transact(clock.now()) as tx:
        raw = actions.create_token(tx, User.objects.get(person="ann"), "laptop", [Right.SEE], None)
    dump = str(house.world.rows("SELECT * FROM people_token")) + str(house.world.rows("SELECT * FROM journal_fact"))
    assert raw not in dump
    with pytest.raises(actions.UnknownScope), db.transact(clock.now()) as tx:
        actions.create_token(tx, User.objects.get(person="ann"), "laptop", ["everything"], None)


@pytest.mark.parametrize(
    ("change", "is_theirs"),
    [
        ({}, True),
        ({"name": "Anna"}, True),
        ({"timezone": "Europe/Rome"}, True),
        ({"contacts": {"inbox": {"inbox": True}}, "notify": {}}, True),
        ({"role": "admin"}, False),
        ({"role": "ADMIN"}, False),
        ({"email": "other@tocsin.test"}, False),
        ({"surprise": 1}, False),
    ],
)
def test_people_change_how_they_are_reached_and_nothing_else(
    house: House, change: dict[str, object], *, is_theirs: bool
) -> None:
    """Contacts, rules, the name's spelling and the zone are one's own to say; role and address are not."""
    snapshot = configuration.current(db.reader(clock.now()))
    body = {**secrecy.dump(snapshot.sections["people"]["ann"]), **change}
    ann = Actor(user_id=1, person="ann", role=Role.RESPONDER)
    assert ownership.may_write(ann, snapshot, "people", "ann", body) is is_theirs
    assert not ownership.may_write(ann, snapshot, "people", "bob", body)
    assert not ownership.may_change(ann, snapshot, "people", "ann"), "nobody takes themselves out"
    left = Actor(user_id=1, person="ann", role=None)
    reads = Actor(user_id=1, person="ann", role=Role.RESPONDER, token_id=1, scopes=frozenset({Right.SEE}))
    for other in (left, reads, Actor(user_id=2, role=Role.RESPONDER)):
        assert not ownership.may_write(other, snapshot, "people", "ann", body)
