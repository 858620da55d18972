"""Versions of the configuration on both databases: one or nothing, attributed, remembered, and gone back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.config import actions, export, queries, rules, store
from tocsin.config.actions import Applied, Author, Outcome, Outdated, Refused
from tocsin.config.domain import ManagedBy, Origin, Problem, Snapshot
from tocsin.config.parse import File
from tocsin.journal import store as journal
from tocsin.kit import db
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.site.kinds import KINDS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "a-key-nobody-may-read"
BASE = f"""tocsin: 1
people:
  ann: {{name: Ann, email: ann@ex.org, contacts: {{hook: {{webhook: https://ex.org/x, secret: {KEY}-too}}}}}}
teams:
  web: {{name: Web, members: [ann]}}
services:
  site: {{name: Site, team: web}}
integrations:
  in: {{service: site, source: generic, key: {KEY}}}
routes:
  - {{when: [a=b], urgency: low}}
  - {{when: [c=d], drop: noise}}
""".replace(f", secret: {KEY}-too", f", secret: whsec_{'c2VjcmV0' * 5}")
ANN = Author(by="person:ann", message="first")

pytestmark = pytest.mark.usefixtures("database")


def apply(content: str, author: Author = ANN, *, now: datetime = NOW, scope: str = "") -> Outcome:
    with db.transact(now) as tx:
        return actions.apply(tx, [File(name="a.yaml", content=content)], {}, author, scope=scope)


def current() -> Snapshot:
    return queries.current(db.reader(NOW))


def problems(outcome: Outcome) -> tuple[Problem, ...]:
    assert isinstance(outcome, Refused)
    return outcome.problems


def test_nothing_is_version_zero() -> None:
    """Before the first apply there is an empty configuration with number 0."""
    assert (current().version, current().sections) == (0, {})
    assert queries.versions(db.reader(NOW)) == []


def test_an_apply_is_one_version_with_its_author() -> None:
    """What was applied holds, and who did it, when, why and what it changed is written down and told."""
    outcome = apply(BASE)
    assert isinstance(outcome, Applied)
    assert current().version == 1
    assert export.as_yaml(current(), KINDS) == export.as_yaml(outcome.snapshot, KINDS)
    (version,) = queries.versions(db.reader(NOW))
    assert (version.number, version.at, version.by, version.message) == (1, NOW, "person:ann", "first")
    assert [change["words"] for change in version.changes][:2] == ["person ann is added", "team web is added"]
    (fact,) = journal.of_subject(db.reader(NOW), "config:-")
    assert (fact.name, fact.actor, fact.body["version"], fact.body["changes"]) == ("ConfigApplied", "person:ann", 1, 6)


def test_the_snapshot_says_who_brought_what() -> None:
    """What a file brought is marked so, freshly applied and read back alike."""
    outcome = apply(BASE)
    assert isinstance(outcome, Applied)
    assert outcome.snapshot.managed_by["people", "ann"] == "file"
    assert current().managed_by == outcome.snapshot.managed_by
    assert queries.state(db.reader(NOW)).origins["people", "ann"].file == "a.yaml"


def test_the_same_version_is_the_same_object() -> None:
    """Asking again costs one small query and gives the very same snapshot."""
    apply(BASE)
    assert current() is current()
    assert queries.last_seen() is current()


def test_applying_the_same_again_makes_no_version() -> None:
    """An apply that changes nothing leaves the version as it is."""
    apply(BASE)
    again = apply(BASE)
    assert isinstance(again, Applied)
    assert (again.changes, again.snapshot.version, current().version) == ((), 1, 1)


def test_what_is_wrong_changes_nothing() -> None:
    """One problem refuses the whole apply."""
    apply(BASE)
    assert [one.line for one in problems(apply(BASE.replace("members: [ann]", "members: [anne]")))] == [5]
    assert current().version == 1
    assert len(queries.versions(db.reader(NOW))) == 1


def test_a_change_made_from_an_older_version_is_refused() -> None:
    """Who planned from version 1 does not overwrite version 2."""
    apply(BASE)
    apply(BASE.replace("Site", "The site"), Author(by="person:bob", base=1))
    late = apply(BASE.replace("Web", "Web team"), Author(by="person:ann", base=1))
    assert late == Outdated(base=1, version=2)
    assert current().version == 2


def test_secrets_are_unreadable_in_the_database() -> None:
    """Neither keys nor signing secrets stand in any table, and both read back."""
    apply(BASE)
    apply(BASE.replace(KEY, KEY + "-2"))
    reader = db.reader(NOW)
    stored = [
        *reader.rows("SELECT body, sealed FROM config_document"),
        *reader.rows("SELECT message, changes FROM config_version"),
        *reader.rows("SELECT body, subject FROM journal_fact"),
    ]
    for row in stored:
        assert not any(KEY in str(value) or "c2VjcmV0" in str(value) for value in row)
    assert getattr(current().sections["integrations"]["in"], "key", "") == KEY + "-2"
    ann = current().all("people", PersonDocument)["ann"]
    assert ann.contacts["hook"].options["secret"].startswith("whsec_")


def test_any_version_can_be_seen_and_made_to_hold_again() -> None:
    """Going back is a new version with the old content, the old secrets and the old owners."""
    apply(BASE)
    apply("tocsin: 1\npeople:\n  bob: {name: Bob, email: bob@ex.org}\n", now=NOW + timedelta(hours=1))
    with db.transact(NOW + timedelta(hours=2)) as tx:
        outcome = actions.roll_back(tx, 1, Author(by="person:bob", message="back"))
    assert isinstance(outcome, Applied)
    assert current().version == 3
    reader = db.reader(NOW)
    then, now = queries.at_version(reader, 1), queries.state(reader)
    assert then is not None
    assert now.snapshot.sections == then.snapshot.sections
    assert now.origins == then.origins
    assert [life.since for life in queries.lives(reader, "people", "ann")] == [3, 1]
    with db.transact(NOW) as tx:
        assert "no version 9" in problems(actions.roll_back(tx, 9, ANN))[0].message


def test_a_document_that_did_not_change_is_kept_once() -> None:
    """A version costs what it changes, not what there is."""
    apply(BASE)
    apply(BASE.replace("Site", "The site"))
    assert db.reader(NOW).value("SELECT count(*) FROM config_document") == 7


def test_one_document_can_be_put_and_removed() -> None:
    """The interface and programs write single documents under the same demands as files."""
    apply(BASE)
    ui = Author(by="person:ann", through=ManagedBy.UI)
    with db.transact(NOW) as tx:
        added = actions.put(tx, "people", "zoe", {"name": "Zoe", "email": "zoe@ex.org"}, ui)
        wrong = actions.put(tx, "people", "moe", {"name": "Moe", "emial": "moe@ex.org"}, ui)
        dangling = actions.put(tx, "teams", "own", {"name": "Own", "members": ["joe"]}, ui)
        actions.put(tx, "teams", "own", {"name": "Own", "members": ["zoe"]}, ui)
        needed = actions.remove(tx, "people", "zoe", ui)
        nowhere = actions.put(tx, "peeple", "zoe", {}, ui)
        gone = actions.remove(tx, "people", "moe", ui)
    assert isinstance(added, Applied)
    assert current().managed_by["people", "zoe"] == "ui"
    assert [(one.path, one.fix) for one in problems(wrong)][1] == (("people", "moe", "emial"), "did you mean `email`?")
    assert [one.message for one in problems(dangling)] == ["there is no person `joe`"]
    assert [one.path for one in problems(needed)] == [("teams", "own", "members", 0)]
    assert len(problems(nowhere)) == len(problems(gone)) == 1
    apply(BASE)
    assert set(current().sections["people"]) == {"ann", "zoe"}


def test_what_a_file_manages_is_changed_there() -> None:
    """A document of a file is neither changed nor removed elsewhere, and the refusal names the file."""
    apply(BASE)
    with db.transact(NOW) as tx:
        changed = actions.put(tx, "people", "ann", {"name": "Anna", "email": "ann@ex.org"}, ANN)
        removed = actions.remove(tx, "people", "ann", ANN)
    for outcome in (changed, removed):
        assert [one.message for one in problems(outcome)] == ["person ann is managed by the file a.yaml"]


def test_a_route_added_by_hand_follows_the_files() -> None:
    """Routes keep their order and their owners when one is added, and when one is removed."""
    apply(BASE)
    with db.transact(NOW) as tx:
        actions.put(tx, "routes", "new", {"when": ["e=f"], "urgency": "high"}, ANN)
    held = [getattr(route, "when", ()) for route in current().sections["routes"].values()]
    assert held == [("a=b",), ("c=d",), ("e=f",)]
    assert current().managed_by["routes", "0002"] == "api"
    apply(BASE.replace("  - {when: [a=b], urgency: low}\n", ""))
    assert [getattr(route, "when", ()) for route in current().sections["routes"].values()] == [("c=d",), ("e=f",)]
    assert current().managed_by["routes", "0001"] == "api"


def test_scopes_do_not_remove_each_other() -> None:
    """Two sets of files are applied side by side."""
    apply(BASE)
    apply("tocsin: 1\nteams:\n  ops: {name: Ops, members: [ann]}\n", scope="ops")
    apply(BASE)
    assert set(current().sections["teams"]) == {"web", "ops"}
    apply("tocsin: 1\n", scope="ops")
    assert set(current().sections["teams"]) == {"web"}


def test_a_rolled_back_transaction_leaves_no_trace() -> None:
    """A version that was not committed is not remembered either."""

    class HalfWayError(Exception):
        pass

    def interrupted() -> None:
        with db.transact(NOW) as tx:
            actions.apply(tx, [File(name="a.yaml", content=BASE)], {}, ANN)
            assert queries.current(tx).version == 1
            raise HalfWayError

    with pytest.raises(HalfWayError):
        interrupted()
    assert current().version == 0
    apply("tocsin: 1\npeople:\n  bob: {name: Bob, email: bob@ex.org}\n")
    assert set(current().sections) == {"people"}


@pytest.mark.parametrize("name", ["X", "-x", "a" * 101, "a b", ""])
def test_a_new_document_has_a_name_a_file_could_give(name: str) -> None:
    """What is put from a door is named as in a file, so that the export of it can be applied."""
    apply(BASE)
    with db.transact(NOW) as tx:
        outcome = actions.put(tx, "teams", name, {"name": "X"}, ANN)
    (problem,) = problems(outcome)
    assert problem.path == ("teams", name)
    assert problem.message.startswith("a team cannot be called")
    assert current().version == 1


def test_a_document_with_a_name_from_before_is_kept() -> None:
    """What an older release let somebody name otherwise can still be read, changed and removed."""
    apply(BASE)
    before = queries.state(db.reader(NOW))
    teams = next(kind for kind in KINDS if kind.section == "teams")
    named = rules.changed(before, teams, "-X", (TeamDocument(name="X"), Origin(managed_by=ManagedBy.API)))
    with db.transact(NOW) as tx:
        store.save(tx, before, named, by="person:ann", message="", changes="[]")
    assert current().all("teams", TeamDocument)["-X"].name == "X"
    with db.transact(NOW) as tx:
        assert isinstance(actions.put(tx, "teams", "-X", {"name": "Y"}, ANN), Applied)
    with db.transact(NOW) as tx:
        assert isinstance(actions.remove(tx, "teams", "-X", ANN), Applied)
    assert "-X" not in current().all("teams", TeamDocument)
