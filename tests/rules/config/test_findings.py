"""What `tocsin check` finds, each in the smallest configuration that has it, and nothing where it has not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tocsin.config import plan, rules
from tocsin.config.domain import EMPTY, Finding, Level
from tocsin.config.parse import File
from tocsin.site.kinds import KINDS

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # a Monday
PEOPLE = """tocsin: 1
people:
  ann: {name: Ann, email: ann@ex.org, contacts: {w: {email: ann@ex.org}}}
  bob: {name: Bob, email: bob@ex.org, contacts: {w: {email: bob@ex.org}}}
"""
BOTH = """tocsin: 1
people:
  ann:
    {{name: Ann, email: ann@ex.org, contacts: {{w: {{inbox: true}}, m: {{email: ann@ex.org}}}}, notify: {{high: {}}}}}
"""
TEAMS = PEOPLE + "teams:\n  web: {name: Web, members: [ann, bob]}\n  none: {name: None}\n"
OFFICE = """schedules:
  office:
    timezone: UTC
    layers:
      - {name: a, rotation: daily, handoff: "09:00", start: 2026-01-01, people: [ann], between: ["09:00-17:00"]}
"""
HALF = OFFICE.replace('"09:00-17:00"', '"17:00-09:00"').replace("schedules:\n", "").replace("office", "night")
OWN = {
    "empty-team",
    "service-without-policy",
    "integration-source-not-implemented",
    "unreachable-route",
    "policy-can-end-with-nobody",
    "person-without-high-urgency-contact",
    "person-only-in-inbox",
    "contact-channel-not-implemented",
    "unused-schedule",
    "unused-policy",
    "step-pages-same-person-as-step-before",
}


def check(content: str) -> list[Finding]:
    thought = plan.make([File(name="a.yaml", content=content)], KINDS, EMPTY, {})
    assert thought.problems == ()
    return [one for one in rules.findings(thought.state.snapshot, KINDS, NOW) if one.code in OWN]


def policy(steps: str, more: str = "") -> str:
    """A policy that is used, and nothing else to find."""
    return f"policies:\n  p: {{name: P, steps: {steps}{more}}}\nservices:\n  s: {{name: S, team: web, policy: p}}\n"


WEB = PEOPLE + "teams:\n  web: {name: Web, members: [ann, bob]}\n"

CASES = {
    "nothing": (WEB + policy("[{page: [person:ann]}, {page: [team:web]}]"), []),
    "empty team": (PEOPLE + "teams:\n  web: {name: Web}\n", ["empty-team teams.web"]),
    "no policy": (WEB + "services:\n  s: {name: S, team: web}\n", ["service-without-policy services.s"]),
    "mail source": (
        WEB + policy("[{page: [team:web]}]") + "integrations:\n  i: {service: s, source: email, key: abcdef}\n",
        ["integration-source-not-implemented integrations.i"],
    ),
    "shadowed": (
        PEOPLE + "routes:\n  - {when: [a=b], urgency: low}\n  - {when: [c=d, a=b], drop: x}\n",
        ["unreachable-route routes.0001"],
    ),
    "shadowed by a pattern": (
        PEOPLE + "routes:\n  - {when: ['a=~\"b|c\"'], urgency: low}\n  - {when: [a=c], drop: x}\n",
        ["unreachable-route routes.0001"],
    ),
    "shadowed by what is not": (
        PEOPLE + "routes:\n  - {when: ['a!=b'], urgency: low}\n  - {when: [a=c], drop: x}\n",
        ["unreachable-route routes.0001"],
    ),
    "after a catch-all": (
        PEOPLE + "routes:\n  - {when: [], urgency: low}\n  - {when: ['a=~\".*\"'], drop: x}\n",
        ["unreachable-route routes.0001"],
    ),
    "impossible": (
        PEOPLE + "routes:\n  - {when: [a=b, a=c], drop: x}\n  - {when: [a=b, 'a!~\"b.*\"'], drop: x}\n",
        ["unreachable-route routes.0000", "unreachable-route routes.0001"],
    ),
    "overlapping only": (
        PEOPLE + "routes:\n  - {when: [a=b, c=d], drop: x}\n  - {when: [a=b], drop: x}\n  - {when: [c=d], drop: x}\n",
        [],
    ),
    "no contact": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org}\n",
        ["person-without-high-urgency-contact people.ann"],
    ),
    "no rule": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {w: {inbox: true}}, notify: {high: []}}\n",
        ["person-without-high-urgency-contact people.ann"],
    ),
    "only what is not sent": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {p: {sms: '+4915155500101'}}}\n",
        ["person-without-high-urgency-contact people.ann", "contact-channel-not-implemented people.ann"],
    ),
    "only the inbox": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {w: {inbox: true}}}\n",
        ["person-only-in-inbox people.ann"],
    ),
    "mail, but only the inbox in the rules": (
        BOTH.format("[{via: w}]"),
        ["person-only-in-inbox people.ann"],
    ),
    "the inbox first, mail later": (
        BOTH.format("[{via: w}, {after: 2m, via: m}]"),
        [],
    ),
    "a viewer": ("tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, role: viewer}\n", []),
    "a viewer in a team": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, role: viewer}\nteams: {t: {name: T, members: [ann]}}\n",
        ["person-without-high-urgency-contact people.ann"],
    ),
    "unused schedule": (PEOPLE + OFFICE, ["unused-schedule schedules.office"]),
    "unused policy": (
        PEOPLE + "policies:\n  p: {name: P, steps: [{page: [person:ann]}]}\n",
        ["unused-policy policies.p"],
    ),
    "policy used by another": (
        WEB
        + policy("[{page: [person:ann]}]", ", then: q").replace(
            "services", "  q: {name: Q, steps: [{page: [person:bob]}]}\nservices"
        ),
        [],
    ),
    "always nobody": (
        TEAMS + policy("[{page: [team:none]}]"),
        ["policy-can-end-with-nobody policies.p", "empty-team teams.none"],
    ),
    "sometimes nobody": (
        WEB + OFFICE + policy("[{page: [schedule:office]}]"),
        ["policy-can-end-with-nobody policies.p"],
    ),
    "one step covers the other": (
        WEB + OFFICE + HALF + policy("[{page: [schedule:office]}, {page: [schedule:night]}]"),
        [],
    ),
    "a last resort covers": (WEB + OFFICE + policy("[{page: [schedule:office]}]", ", last_resort: [person:bob]"), []),
    "the next policy covers": (
        WEB
        + OFFICE
        + policy("[{page: [schedule:office]}]", ", then: q").replace(
            "services", "  q: {name: Q, steps: [{page: [person:bob]}]}\nservices"
        ),
        [],
    ),
    "nobody for low urgency": (
        WEB + policy("[{page: [person:ann], if: {urgency: high}}]"),
        ["policy-can-end-with-nobody policies.p"],
    ),
    "same person": (
        WEB + policy("[{page: [person:ann]}, {page: [person:ann]}]"),
        ["step-pages-same-person-as-step-before policies.p"],
    ),
    "one of the team": (
        WEB + policy("[{page: [team:web]}, {page: [person:ann]}]"),
        ["step-pages-same-person-as-step-before policies.p"],
    ),
    "one of the team in turn": (WEB + policy("[{page: [team:web], round_robin: true}, {page: [person:ann]}]"), []),
    "same person, other urgency": (
        WEB + policy("[{page: [person:ann], if: {urgency: high}}, {page: [person:ann], if: {urgency: low}}]"),
        [],
    ),
    "same person at times": (
        WEB + OFFICE + policy("[{page: [schedule:office]}, {page: [person:ann]}]"),
        ["step-pages-same-person-as-step-before policies.p"],
    ),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_each_finding_is_found_and_nothing_else(content: str, expected: list[str]) -> None:
    """The smallest configuration that has a weakness has exactly that finding."""
    assert [f"{one.code} {one.section}.{one.name}" for one in check(content)] == expected


def test_gaps_are_exact() -> None:
    """The gaps of a policy are those of its schedules, to the second, over ninety days."""
    (found,) = check(WEB + OFFICE + policy("[{page: [schedule:office]}]"))
    gaps = found.details["gaps"]
    assert isinstance(gaps, list)
    assert len(gaps) == found.details["gap_count"] == 91
    assert gaps[0] == {"start": "2026-03-02T00:00:00Z", "end": "2026-03-02T09:00:00Z"}
    assert gaps[1] == {"start": "2026-03-02T17:00:00Z", "end": "2026-03-03T09:00:00Z"}
    assert gaps[-1] == {"start": "2026-05-30T17:00:00Z", "end": "2026-05-31T00:00:00Z"}
    assert found.details["gap_s"] == 90 * 16 * 3600
    assert found.level is Level.WARNING
    assert "91 gaps in 90 days" in found.message


def test_times_of_the_same_person_are_exact() -> None:
    """When two steps lead to the same person is told to the second."""
    (found,) = check(WEB + OFFICE + policy("[{page: [schedule:office]}, {page: [person:ann]}]"))
    times = found.details["times"]
    assert isinstance(times, list)
    assert (found.level, len(times), found.path) == (Level.NOTE, 90, ("steps", 1))
    assert times[0] == {"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T17:00:00Z"}


def test_always_is_worse_than_sometimes() -> None:
    """A policy that never reaches anybody is an error, and comes first."""
    found = check(TEAMS + policy("[{page: [team:none]}]"))
    assert [one.level for one in found] == [Level.ERROR, Level.WARNING]
    assert "at any time" in found[0].message


def test_every_code_is_documented_and_the_other_way_round() -> None:
    """The reference lists exactly the codes there are."""
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    written = (ROOT / "docs" / "reference" / "findings.md").read_text()
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", written, re.MULTILINE))
    given = set(re.findall(r'code="([a-z-]+)"', source))
    assert given | OWN <= listed
    assert all(f'"{code}"' in source for code in listed)
