"""Who is paged differently by another configuration: told exactly, at a few instants, and only for what is touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tocsin.config import rules
from tocsin.config.domain import EMPTY, Snapshot
from tocsin.config.parse import File, parse
from tocsin.paging.standing import Standing
from tocsin.simulate import compare, probes
from tocsin.simulate.compare import Compared
from tocsin.site.kinds import KINDS

NOW = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)  # a Tuesday
ALWAYS, DB = "high urgency, at every time tried", "Ann, then Bob after 5m, then nobody"
NIGHT, WEEKEND = "at night (Wed 03:00 UTC)", "at the weekend (Sat 12:00 UTC)"
HOURS = {"hours": {"timezone": "UTC"}, "inside": "high", "outside": "low"}


def _person(name: str, *channels: str) -> dict[str, Any]:
    addresses = {"email": f"{name}@ex.org", "ntfy": f"https://ntfy.sh/{name}", "inbox": True}
    contacts = {one: {one: addresses[one]} for one in channels or ("email",)}
    return {"name": name.title(), "email": f"{name}@ex.org", "contacts": contacts}


def _steps(*named: str, wait: str = "5m") -> list[dict[str, Any]]:
    return [{"page": [f"person:{name}"], "wait": wait} for name in named]


def _config(**changed: Any) -> dict[str, Any]:
    return {
        "tocsin": 1,
        "people": {name: _person(name) for name in ("ann", "bob", "cleo")},
        "teams": {"shop": {"name": "Shop", "members": ["ann"]}},
        "services": {
            "db": {"name": "DB", "team": "shop", "policy": "db"},
            "cache": {"name": "Cache", "team": "shop", "policy": "db"},
            "web": {"name": "Web", "team": "shop", "policy": "web"},
        },
        "integrations": {"events": {"service": "db", "source": "generic", "key": "abcdef123456"}},
        "policies": {
            "db": {"name": "DB", "steps": _steps("ann", "bob")},
            "web": {"name": "Web", "steps": _steps("cleo")},
        },
    } | changed


def _snapshot(config: dict[str, Any]) -> Snapshot:
    judged = rules.judge(parse([File(name="a.yaml", content=json.dumps(config))], KINDS, {}), EMPTY, KINDS)
    assert not judged.problems, judged.problems
    return judged.state.snapshot


def _compared(before: dict[str, Any], after: dict[str, Any]) -> Compared:
    old, new = _snapshot(before), _snapshot(after)
    return compare.compare(Standing(old), Standing(new), probes.probes(old, new), NOW)


def _words(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [one.words for one in _compared(before, after).found]


def _with(section: str, name: str, **fields: Any) -> dict[str, Any]:
    held = _config()
    return held | {section: held[section] | {name: held[section][name] | fields}}


def test_another_policy_says_who_is_woken_instead() -> None:
    """Services that share the policy are one line; those it does not concern are not tried."""
    after = _with("policies", "db", steps=_steps("bob", "ann", wait="10m"))
    assert _words(_config(), after) == [f"db, cache, {ALWAYS}: before {DB}; after Bob, then Ann after 10m, then nobody"]
    assert [one.subjects for one in probes.probes(_snapshot(_config()), _snapshot(after))] == [("db", "cache")]


def test_what_reads_otherwise_but_wakes_the_same_is_no_line() -> None:
    """A description, a default written down, another service's policy: nobody is paged differently."""
    assert _words(_config(), _with("policies", "db", description="the same")) == []
    assert _words(_config(), _with("services", "db", description="the same")) == []
    assert _words(_config(), _config()) == []


def test_support_hours_show_at_night() -> None:
    """A service that turns quiet outside its hours is another one at night and at the weekend, and only then."""
    held = _config()
    quiet = {"name": "DB", "steps": [{**_steps("ann")[0], "if": {"urgency": "high"}}, *_steps("bob")]}
    before = held | {"policies": held["policies"] | {"db": quiet}}
    after = before | {"services": before["services"] | {"db": before["services"]["db"] | {"urgency": HOURS}}}
    night, weekend = _compared(before, after).found
    assert (night.when, weekend.when) == ((NIGHT,), (WEEKEND,))
    assert (night.urgency, night.before) == ("high then low", "Ann, then Bob after 5m, then nobody")
    assert night.after == "Bob, then Ann after 6h, then Bob after 6h5m, then nobody"
    assert weekend.after == "Bob, then Ann after 1d21h, then Bob after 1d21h5m, then nobody"


def test_somebody_who_is_told_otherwise_is_said_with_their_ways() -> None:
    """The same person at the same time, but through other contacts; their team's services too."""
    after = _config() | {"people": _config()["people"] | {"cleo": _person("cleo", "ntfy", "email")}}
    assert _words(_config(), after) == [f"web, {ALWAYS}: before Cleo by email; after Cleo by ntfy, then email"]


def test_a_new_route_says_what_becomes_of_what_it_takes() -> None:
    """Alerts with its labels, sent through an integration that there is: elsewhere, or to nobody."""
    drop = {"when": ['env="test"'], "drop": "only a test"}
    other = {"when": ['severity="warning"', 'env!="test"'], "service": "web"}
    after = _config(routes=[drop, other])
    assert _words(_config(), after) == [
        f'alerts with env="test", {ALWAYS}: before {DB}; after nobody, only a test',
        f'alerts with severity="warning", env!="test", {ALWAYS}: before {DB}; after Cleo, then nobody',
    ]
    swapped = _config(routes=[other, drop])
    assert _words(after, swapped) == []


def test_an_integration_that_sends_elsewhere_is_said() -> None:
    """Its alerts wake the other service's people."""
    after = _with("integrations", "events", service="web")
    assert _words(_config(), after) == [f"alerts through events, {ALWAYS}: before {DB}; after Cleo, then nobody"]


def test_rounds_and_a_policy_that_is_gone_are_said() -> None:
    """Repeating is a difference; without a policy the service's team stands in, then the administrators."""
    assert _words(_config(), _with("policies", "web", repeat=2)) == [
        f"web, {ALWAYS}: before Cleo, then nobody, all of it once; after Cleo, then nobody, all of it 3 times"
    ]
    gone = _with("services", "web", policy=None)
    (line,) = _compared(_config(), gone).found
    assert line.after == "Ann, then nobody"


def test_it_costs_little_however_much_there_is() -> None:
    """What is beyond the bound is counted, not tried; what is alike is tried once."""
    many = range(compare.PROBES_MAX + 5)
    held = _config()
    policies = {f"p{n}": {"name": f"P{n}", "steps": _steps("ann")} for n in many}
    services = {f"s{n}": {"name": f"S{n}", "team": "shop", "policy": f"p{n}"} for n in many}
    before = held | {"policies": policies, "services": services, "integrations": {}}
    other = {name: one | {"steps": _steps("bob")} for name, one in policies.items()}
    found = _compared(before, before | {"policies": other})
    assert found.untried == 5
    (line,) = found.found
    assert line.words.startswith(f"s0, s1, s2, s3 and {compare.PROBES_MAX - 4} more, high urgency")


def test_a_long_ladder_is_told_from_where_it_differs() -> None:
    """What is the same at the beginning is left out, and at the end as long as it is the same people, only later."""
    people = {name: _person(name) for name in ("ann", "bob", "cleo", "dan", "eve")}
    names = ("ann", "bob", "cleo", "dan", "eve", "ann")

    def long(*wait: str) -> dict[str, Any]:
        steps = [{"page": [f"person:{name}"], "wait": after} for name, after in zip(names, wait, strict=True)]
        return _config(people=people, routes=[{"when": ['x="y"'], "urgency": "low"}]) | {
            "policies": _config()["policies"] | {"web": {"name": "Web", "steps": steps}}
        }

    def told(after: dict[str, Any]) -> str:
        (line,) = _compared(before, after).found
        assert line.urgency == "high or low"
        return f"{line.before}; {line.after}"

    before = long("5m", "5m", "5m", "5m", "5m", "5m")
    later = long("5m", "5m", "5m", "9m", "5m", "5m")
    assert told(later) == "…, then Eve after 20m, then …; …, then Eve after 24m, then …"
    other = long("5m", "5m", "5m", "5m", "5m", "5m")
    other["policies"]["web"]["steps"][2]["page"] = ["person:eve", "person:ann"]
    assert told(other) == "…, then Cleo after 10m, then …; …, then Eve and Ann after 10m, then …"
    del other["policies"]["web"]["steps"][2:]
    whole = "Cleo after 10m, then Dan after 15m, then Eve after 20m, then Ann after 25m, then nobody"
    assert told(other) == f"…, then {whole}; …, then nobody"
