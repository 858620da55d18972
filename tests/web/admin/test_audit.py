"""The audit: what is in it, how it is searched, and how it is taken along."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from databases import Database
from house import PASSWORD, House, open_house, words
from tocsin import story
from tocsin.admin import audit_views, auditing
from tocsin.admin.auditing import SENTENCES, TOPICS
from tocsin.kit import clock, db
from tocsin.people import actions
from tocsin.people.domain import SignedIn
from tocsin.people.middleware import WhoIsThere
from tocsin.people.models import User
from tocsin.people.rights import Right


@pytest.fixture(autouse=True)
def _history(house: House) -> None:
    """Somebody guessed, Ann signed in, Dan made a token; a day later Bob signed in."""
    house.give_password("ann")
    house.give_password("bob")
    Client().post("/sign-in", {"login": "ann@tocsin.test", "password": "guess"})
    Client().post("/sign-in", {"login": "ann@tocsin.test", "password": PASSWORD})
    with db.transact(clock.now()) as tx:
        dan = User.objects.get(person="dan")
        actions.create_token(tx, dan, "=cmd|calc", [Right.SEE], None, by="person:dan")
    house.world.wait("1d")
    Client().post("/sign-in", {"login": "bob@tocsin.test", "password": PASSWORD})


def _ask(house: House, **asked: Any) -> list[dict[str, Any]]:
    answer = house.client("dan").get("/api/v1/audit", asked)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_every_fact_of_the_audit_has_a_topic_and_a_sentence() -> None:
    """Nothing that the journal marks for the audit is missing from its lists."""
    audited = {fact.__name__ for fact in story.REACTIONS if fact.audited}
    assert audited == set(SENTENCES)
    assert sorted(audited) == sorted(name for _, names in TOPICS.values() for name in names)


def test_it_tells_who_came_in_and_who_was_refused(house: House) -> None:
    """The page says it in words, newest first."""
    page = words(house.client("dan").get("/audit").content)
    assert "signed in from 127.0.0.1" in page
    assert "a sign-in as ann@tocsin.test from 127.0.0.1 was refused" in page
    assert "made the token =cmd|calc for see" in page
    assert page.index("Bob Ortiz") < page.index("made the token")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"who": "ann"}, ["SignedIn"]),
        ({"who": "person:bob"}, ["SignedIn"]),
        ({"what": "refusals"}, ["SignInRefused"]),
        ({"what": "TokenCreated"}, ["TokenCreated"]),
        ({"what": "sign-ins", "until": "2026-03-03T00:00:00Z"}, ["SignedIn"]),
        ({"what": "sign-ins", "since": "2026-03-03T00:00:00Z", "who": "ann"}, []),
        ({"q": "=CMD|"}, ["TokenCreated"]),
        ({"q": "%"}, []),
        ({"q": "gus@"}, ["AccountOpened"]),
    ],
)
def test_it_is_searched(house: House, asked: dict[str, str], expected: list[str]) -> None:
    """By who, what, when and words; signs of the database's own mean nothing."""
    assert [one["what"] for one in _ask(house, **asked)] == expected


def test_it_is_read_on_page_by_page(house: House) -> None:
    """Every entry comes once, whatever the size of the page."""
    everything = [one["id"] for one in _ask(house, limit=1000)]
    browser, found, before = house.client("dan"), [], None
    while True:
        asked = {"limit": 3, **({"before": before} if before else {})}
        answer = browser.get("/api/v1/audit", asked).json()
        found += [one["id"] for one in answer["entries"]]
        before = answer["next"]
        if before is None:
            break
    assert found == everything == sorted(everything, reverse=True)


def test_it_is_taken_along(house: House) -> None:
    """As CSV in which no cell is a formula, and as JSON lines; filters count there too."""
    dan = house.client("dan")
    table = list(csv.DictReader(io.StringIO(dan.get("/audit/export.csv?who=dan&what=tokens").getvalue().decode())))
    assert [row["what"] for row in table] == ["TokenCreated"]
    assert not any(cell.startswith("=") for row in table for cell in row.values())
    lines = dan.get("/audit/export.jsonl").getvalue().decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [one["id"] for one in _ask(house, limit=1000)]


async def _pieces(answer: Any) -> list[bytes]:
    return [piece async for piece in answer]


def test_a_long_audit_is_taken_along_whole_and_never_held_in_memory(database: Database) -> None:
    """Each entry once, newest first, on both databases; only as much is read as is sent."""
    with open_house(database) as house:
        _sign_ins(house, 3 * auditing.CHUNK + 500)
        dan = User.objects.get(person="dan")
        request = RequestFactory().get("/audit/export.jsonl?what=sign-ins")
        request.user = dan
        answer: Any = WhoIsThere(audit_views.export_jsonl)(request)
        with CaptureQueriesContext(connection) as asked:
            first = next(iter(answer))
            assert json.loads(first)["what"] == "SignedIn"
            assert len([one for one in asked if "FROM journal_fact" in one["sql"]]) == 1
        again: Any = WhoIsThere(audit_views.export_jsonl)(request)
        pieces = async_to_sync(_pieces)(again)
        numbers = [json.loads(line)["id"] for line in b"".join(pieces).splitlines()]
        assert len(numbers) == len(set(numbers)) == 3 * auditing.CHUNK + 500
        assert numbers == sorted(numbers, reverse=True)
        assert len(pieces) > 10


def _sign_ins(house: House, count: int) -> None:
    dan = User.objects.get(person="dan")
    with db.transact(clock.now()) as tx:
        for _ in range(count):
            tx.record(SignedIn(user=dan.id, by="person:dan", address="127.0.0.1"))


def test_changes_of_the_configuration_are_in_it(house: House) -> None:
    """With the version and what changed, by whom."""
    house.world.edit(lambda config: config["people"]["cleo"].update(role="responder"))
    found = _ask(house, what="configuration")[0]
    assert "cleo" in found["says"]
    rights = _ask(house, what="rights")[0]
    assert (rights["about"], rights["says"]) == ("Cleo Adeyemi", "role: viewer → responder")


def test_it_holds_no_secret(house: House) -> None:
    """Neither a password that was typed nor a token is anywhere in it."""
    everything = str(_ask(house, limit=1000))
    assert PASSWORD not in everything
    assert "tsn_" not in everything


def test_it_is_found_without_reading_the_whole_journal(house: House) -> None:
    """A journal of millions of facts has an index of those of the audit."""
    plan = str(
        house.world.rows("EXPLAIN QUERY PLAN SELECT id FROM journal_fact WHERE audited ORDER BY id DESC LIMIT 100")
    )
    assert "journal_fact_audit" in plan
