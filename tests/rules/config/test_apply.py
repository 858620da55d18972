"""What an apply would make of what is there, and how a plan says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tocsin.config import export, plan, rules
from tocsin.config.domain import EMPTY, Level, ManagedBy, Origin, Snapshot, State
from tocsin.config.parse import File
from tocsin.config.plan import Plan
from tocsin.people.domain import PersonDocument, TeamDocument
from tocsin.site.kinds import KINDS

BASE = """tocsin: 1
people:
  ann: {name: Ann, email: ann@ex.org, contacts: {work: {email: ann@ex.org}}}
  bob: {name: Bob, email: bob@ex.org}
teams:
  web: {name: Web, members: [ann, bob]}
services:
  site: {name: Site, team: web, policy: web}
integrations:
  in: {service: site, source: generic, key: abcdef123456}
routes:
  - {when: [a=b], urgency: low}
  - {when: [c=d], drop: noise}
policies:
  web:
    name: Web
    steps:
      - {page: [person:ann], wait: 5m}
      - {page: [team:web], wait: 5m}
"""


def applied(content: str, before: State = EMPTY, *, scope: str = "", alone: bool = False) -> Plan:
    return plan.make([File(name="a.yaml", content=content)], KINDS, before, {}, scope=scope, alone=alone)


def with_person(before: State, name: str, managed_by: ManagedBy) -> State:
    people = KINDS[0]
    document = PersonDocument(name=name.title(), email=f"{name}@ex.org")
    return rules.changed(before, people, name, (document, Origin(managed_by=managed_by)))


@pytest.fixture
def base() -> State:
    return applied(BASE).state


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "wait: 5m}\n      - {page: [team:web], wait: 5m",
            "wait: 5m}\n      - {page: [team:web], wait: 10m",
            ["policy web: step 2 waits 10m (was 5m)"],
        ),
        (
            "page: [person:ann], wait: 5m",
            "page: [person:bob], wait: 5m",
            ["policy web: step 1 page gains person:bob and loses person:ann"],
        ),
        ("      - {page: [team:web], wait: 5m}\n", "", ["policy web: step 2 is removed"]),
        (
            "[team:web], wait: 5m}",
            "[team:web], wait: 5m}\n      - {page: [person:bob], wait: 1m}",
            ["policy web: step 3 is added: page person:bob, wait 1m"],
        ),
        ("    name: Web\n", "    name: Web\n    repeat: 2\n", ["policy web: repeats 2 (was 0)"]),
        (
            "    name: Web\n",
            "    name: Web\n    acknowledgement_expires: 30m\n",
            ["policy web: lets an acknowledgement expire after 30m"],
        ),
        (
            "    name: Web\n",
            "    name: Web\n    last_resort: [person:bob]\n",
            ["policy web: last resort gains person:bob"],
        ),
        ("members: [ann, bob]", "members: [bob, ann]", ["team web: members are bob, ann (was ann, bob)"]),
        ("members: [ann, bob]", "members: [ann]", ["team web: members lose bob"]),
        ("email: bob@ex.org", "email: bob@ex.org, role: admin", ["person bob: role is admin (was responder)"]),
        ("email: bob@ex.org", "email: bob@ex.org, role: responder", []),
        (
            "work: {email: ann@ex.org}",
            "work: {inbox: true}",
            ["person ann: contacts work email is removed (was ann@ex.org); contacts work inbox is yes"],
        ),
        (
            "work: {email: ann@ex.org}",
            "work: {email: ann@ex.org}, w: {inbox: true}",
            ["person ann: contacts w is inbox yes"],
        ),
        ("policy: web", "policy: web, tier: 1", ["service site: tier is 1 (was 3)"]),
        (", policy: web", "", ["service site: policy is removed (was web)"]),
        ("policy: web", "policy: web, storm: off", ["service site: storm is off (was groups 100, within 1m)"]),
        ("key: abcdef123456", "key: abcdef123457", ["integration in: key is another"]),
        ("key: abcdef123456", "key: abcdef123456, hold: 2m", ["integration in: hold is 2m (was 0s)"]),
        ("routes:\n", "routes:\n  - {when: [e=f], urgency: high}\n", ["route 1 is added"]),
        ("  - {when: [a=b], urgency: low}\n", "", ["route 1 is removed"]),
        ("[a=b], urgency: low", "[a=b], urgency: high", ["route 1: urgency is high (was low)"]),
        (
            "  bob: {name: Bob, email: bob@ex.org}\n",
            "  bob: {name: Bob, email: bob@ex.org}\n  cleo: {name: Cleo, email: c@ex.org}\n",
            ["person cleo is added"],
        ),
        (
            "integrations:\n  in: {service: site, source: generic, key: abcdef123456}\n",
            "",
            ["integration in is removed"],
        ),
    ],
)
def test_a_change_is_said_in_words(base: State, old: str, new: str, expected: list[str]) -> None:
    """A plan says in one line what changes in a document, and what it was before."""
    assert old in BASE
    thought = applied(BASE.replace(old, new), base)
    assert thought.problems == ()
    assert plan.words(thought.changes, KINDS) == expected


def test_a_plan_never_shows_a_key(base: State) -> None:
    """Neither the words nor the values of a plan hold an old or a new secret."""
    values = json.dumps(plan.as_values(applied(BASE.replace("abcdef123456", "ghijkl123456"), base), KINDS))
    assert "abcdef" not in values
    assert "ghijkl" not in values


def test_a_plan_for_programs_names_paths(base: State) -> None:
    """The JSON of a plan has each field with its dotted path, before and after."""
    values = plan.as_values(applied(BASE.replace("[team:web], wait: 5m", "[team:web], wait: 10m"), base), KINDS)
    assert values["changes"] == [
        {
            "change": "change",
            "section": "policies",
            "name": "web",
            "words": "policy web: step 2 waits 10m (was 5m)",
            "fields": [{"path": "steps.1.wait", "before": "5m", "after": "10m"}],
        }
    ]


def test_applying_the_same_again_changes_nothing(base: State) -> None:
    """A second apply of the same file has nothing to do."""
    assert applied(BASE, base).changes == ()


def test_what_files_brought_and_bring_no_more_is_removed(base: State) -> None:
    """Files own what they contain: the rest of what they brought before goes."""
    thought = applied("tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org}\n", base)
    assert thought.problems == ()
    assert set(thought.state.origins) == {("people", "ann")}
    assert "team web is removed" in plan.words(thought.changes, KINDS)


def test_another_scope_is_left_alone(base: State) -> None:
    """Files of one scope neither remove nor need what files of another brought."""
    thought = applied("tocsin: 1\nteams:\n  ops: {name: Ops, members: [ann]}\n", base, scope="ops")
    assert plan.words(thought.changes, KINDS) == ["team ops is added"]
    assert thought.state.origins["teams", "ops"].scope == "ops"
    assert plan.words(applied("tocsin: 1\n", thought.state, scope="ops").changes, KINDS) == ["team ops is removed"]


@pytest.mark.parametrize("managed_by", [ManagedBy.UI, ManagedBy.API])
def test_what_people_made_stays(base: State, managed_by: ManagedBy) -> None:
    """A document made in the interface or by a program is not removed by an apply of files."""
    before = with_person(base, "zoe", managed_by)
    assert applied(BASE, before).changes == ()
    assert applied(BASE, before).state.origins["people", "zoe"].managed_by is managed_by


def test_a_file_takes_over_with_a_note(base: State) -> None:
    """A file may take over what was made in the interface, and the plan says so."""
    before = with_person(base, "zoe", ManagedBy.UI)
    thought = applied(BASE.replace("teams:\n", "  zoe: {name: Zoe Z, email: zoe@ex.org}\nteams:\n"), before)
    assert plan.words(thought.changes, KINDS) == ["person zoe: name is Zoe Z (was Zoe)"]
    assert thought.notes == ("person zoe, made in the interface, is from now on managed by its file",)
    assert thought.state.origins["people", "zoe"] == Origin(managed_by=ManagedBy.FILE, file="a.yaml")


def test_alone_leaves_nothing_else(base: State) -> None:
    """With `alone`, what the files do not have is gone, whoever made it."""
    before = with_person(base, "zoe", ManagedBy.UI)
    assert plan.words(applied(BASE, before, alone=True).changes, KINDS) == ["person zoe is removed"]


def test_routes_of_files_come_first(base: State) -> None:
    """Routes made elsewhere follow those of the files, and are numbered after them."""
    routes = next(kind for kind in KINDS if kind.section == "routes")
    own = routes.model.model_validate({"when": ["z=z"], "urgency": "low"})
    before = rules.changed(base, routes, "new", (own, Origin(managed_by=ManagedBy.UI)))
    thought = applied(BASE.replace("routes:\n", "routes:\n  - {when: [e=f], urgency: high}\n"), before)
    held = thought.state.snapshot.sections["routes"]
    assert [getattr(route, "when", ()) for route in held.values()] == [("e=f",), ("a=b",), ("c=d",), ("z=z",)]
    assert thought.state.origins["routes", "0003"].managed_by is ManagedBy.UI
    assert plan.words(thought.changes, KINDS) == ["route 1 is added"]


def test_a_file_takes_over_equal_routes(base: State) -> None:
    """What the interface made and a file brings too, as after an export, is there once: the file's."""
    routes = next(kind for kind in KINDS if kind.section == "routes")
    own, other = (routes.model.model_validate({"when": [f"{label}=1"], "urgency": "low"}) for label in "yz")
    before = rules.changed(base, routes, "new", (own, Origin(managed_by=ManagedBy.UI)))
    before = rules.changed(before, routes, "other", (other, Origin(managed_by=ManagedBy.UI)))
    exported = export.as_yaml(before.snapshot, KINDS)
    thought = applied(exported, before)
    assert (thought.problems, thought.changes) == ((), ())
    assert {origin.managed_by for origin in thought.state.origins.values()} == {ManagedBy.FILE}
    assert thought.notes == (
        "route 3, made in the interface, is from now on managed by its file",
        "route 4, made in the interface, is from now on managed by its file",
    )
    assert applied(exported, thought.state).notes == ()


def test_a_file_s_own_route_takes_over_no_other(base: State) -> None:
    """An equal route that somebody made beside the file's stays theirs: the file brings one, and had it before."""
    routes = next(kind for kind in KINDS if kind.section == "routes")
    equal = base.snapshot.sections["routes"]["0000"]
    before = rules.changed(base, routes, "new", (equal, Origin(managed_by=ManagedBy.UI)))
    thought = applied(BASE, before)
    assert (thought.changes, thought.notes) == ((), ())
    assert thought.state.origins["routes", "0002"].managed_by is ManagedBy.UI


def test_what_was_so_before_stops_no_other_change(base: State) -> None:
    """Two people with one address, from an older release, are found by `check`; all but another such can be changed."""
    pair = with_person(base, "zoe", ManagedBy.UI)
    zoe = PersonDocument(name="Zoe", email="ANN@ex.org")
    pair = rules.changed(pair, KINDS[0], "zoe", (zoe, Origin(managed_by=ManagedBy.UI)))
    thought = applied(BASE.replace("name: Site", "name: The site"), pair)
    assert (thought.problems, plan.words(thought.changes, KINDS)) == ((), ["service site: name is The site (was Site)"])
    taken = applied(BASE.replace("people:\n", "people:\n  zoe: {name: Zoe, email: ann@ex.org}\n"), pair)
    assert taken.problems == ()
    found = rules.findings(thought.state.snapshot, KINDS, datetime(2026, 3, 2, tzinfo=UTC))
    assert [(one.code, one.name) for one in found if one.level is Level.ERROR] == [("mail-address-used-twice", "zoe")]
    (problem,) = applied(BASE.replace("bob@ex.org", "ann@ex.org"), pair).problems
    assert (problem.line, problem.message.partition(" have ")[0]) == (4, "ann and bob")


def test_what_stays_may_not_be_left_dangling(base: State) -> None:
    """An apply is refused if something it does not manage would lose what it names; the message says whose it is."""
    teams = next(kind for kind in KINDS if kind.section == "teams")
    own = TeamDocument(name="Own", members=("bob",))
    before = rules.changed(base, teams, "own", (own, Origin(managed_by=ManagedBy.UI)))
    less = BASE.replace("  bob: {name: Bob, email: bob@ex.org}\n", "").replace("[ann, bob]", "[ann]")
    assert [one.message for one in applied(less, before).problems] == [
        "team own, made in the interface: there is no person `bob`"
    ]


def test_a_snapshot_keeps_its_version_until_saved(base: State) -> None:
    """A plan starts from a version and says which."""
    before = State(snapshot=Snapshot(7, base.snapshot.sections), origins=base.origins)
    assert applied(BASE, before).base == 7
