"""What works from files alone: no server, no database."""

from __future__ import annotations

import json
from pathlib import Path

from cli.terminal import Terminal

SIGNAL = {
    "routing_key": "0f9a3c5d7e1b42468ace13579bdf0246",
    "event_action": "trigger",
    "dedup_key": "disk",
    "payload": {"summary": "disk full", "source": "db1", "severity": "critical"},
}


def test_shifts_as_json(terminal: Terminal, company: str) -> None:
    """Each shift has its schedule, person, both ends in UTC, and the layer it comes from."""
    arguments = ("--from", "2026-03-23T00:00Z", "--to", "2026-04-06 00:00 Europe/Berlin")
    ran = terminal.run("shifts", "first", *arguments, "--file", company, "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out) == [
        {
            "schedule": "first",
            "person": "ann",
            "start": "2026-03-23T00:00:00Z",
            "end": "2026-03-23T08:00:00Z",
            "layer": "weekly",
        },
        {
            "schedule": "first",
            "person": "bob",
            "start": "2026-03-23T08:00:00Z",
            "end": "2026-03-30T07:00:00Z",
            "layer": "weekly",
        },
        {
            "schedule": "first",
            "person": "ann",
            "start": "2026-03-30T07:00:00Z",
            "end": "2026-04-05T22:00:00Z",
            "layer": "weekly",
        },
    ]


def test_who_is_on_call_at_any_time(terminal: Terminal, company: str) -> None:
    """For people a table; for programs who, by which layer, and until when it holds."""
    ran = terminal.run("oncall", "--at", "2026-03-24T12:00Z", "--file", company)
    assert ran.out.splitlines()[1].split() == [
        *("first", "Bob", "Ortiz", "(bob)", "layer", "weekly"),
        *ran.out.split()[-2:],
    ]
    ran = terminal.run("oncall", "--at", "2026-03-24T12:00Z", "--file", company, "--json")
    (schedule,) = json.loads(ran.out)["schedules"]
    assert [duty["person"] for duty in schedule["on_call"]] == ["bob"]
    assert (schedule["since"], schedule["until"]) == ("2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z")


def test_times_without_anybody_stand_among_the_shifts(terminal: Terminal, tmp_path: Path) -> None:
    """For people the table tells when nobody is on call, by a gap or on purpose; programs get shifts alone."""
    layer = {"name": "day", "rotation": "daily", "handoff": "00:00", "start": "2026-01-05", "people": ["ann"]}
    schedule = {"timezone": "UTC", "layers": [layer | {"between": "08:00-20:00"}]}
    people = {"ann": {"name": "Ann", "email": "ann@example.org"}}
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps({"tocsin": 1, "people": people, "schedules": {"day": schedule}}))
    asked = ("shifts", "day", "--from", "2026-03-23T00:00Z", "--to", "2026-03-24T00:00Z", "--file", str(file))
    assert [line.split()[0] for line in terminal.run(*asked).out.splitlines()[1:]] == ["nobody", "ann", "nobody"]
    assert [one["person"] for one in json.loads(terminal.run(*asked, "--json").out)] == ["ann"]


def test_what_a_signal_would_do(terminal: Terminal, company: str, tmp_path: Path) -> None:
    """The trace names the service, the policy, each step's time and person, each message, and what it leaves out."""
    signal = tmp_path / "signal.json"
    signal.write_text(json.dumps(SIGNAL))
    asked = ("what-if", "--integration", "checkout-events", "--signal", str(signal), "--at", "2026-03-24T02:00Z")
    ran = terminal.run(*asked, "--file", company, "--json")
    assert ran.code == 0, ran.err
    (traced,) = json.loads(ran.out)["signals"]
    assert (traced["outcome"], traced["service"], traced["policy"]) == ("opened", "checkout", "shop")
    steps = [(step["at"], [paged["person"] for paged in step["paged"]], step["wait"]) for step in traced["steps"][:2]]
    assert steps == [("2026-03-24T02:00:00Z", ["cleo"], "1h"), ("2026-03-24T03:00:00Z", ["bob"], "1h")]
    told = [(one["at"], one["person"], one["channel"]) for one in json.loads(ran.out)["messages"]]
    assert told[:2] == [("2026-03-24T02:00:00Z", "cleo", "inbox"), ("2026-03-24T03:00:00Z", "bob", "inbox")]
    assert told[2] == ("2026-03-24T04:00:00Z", "ann", "inbox"), "the administrator, when everybody has been tried"
    assert [one["title"] for one in json.loads(ran.out)["unanswered"]] == [f"Nobody answered: {traced['title']}"]
    words = terminal.run(*asked, "--file", company).out
    assert "Cleo Adeyemi (named by the step) by inbox" in words
    assert "a group of its own" in words
    assert "Left out, because only the engine knows it: what fires already" in words
    signal.write_text("no signal")
    unread = terminal.run(*asked, "--file", company)
    assert (unread.code, "problem: " in unread.out) == (1, True)
    posted = tmp_path / "posted.yaml"
    posted.write_text(
        "tocsin: 1\nintegrations: {post: {service: checkout, source: email, key: key-of-post-0123456789}}\n"
    )
    asked_by_mail = terminal.run(*asked[:2], "post", *asked[3:], "--file", company, "--file", str(posted))
    assert "problem: this version takes nothing in by mail" in asked_by_mail.out
    unknown = terminal.run(*asked[:2], "moon", *asked[3:], "--file", company)
    assert (unknown.code, unknown.err.startswith("tocsin: there is no integration 'moon'")) == (1, True)


def test_a_file_is_checked_without_a_database(terminal: Terminal, company: str, tmp_path: Path) -> None:
    """Findings do not fail a check unless they are errors; what cannot be read does, with file and line."""
    fine = terminal.run("check", company, "--json")
    assert (fine.code, json.loads(fine.out)["problems"]) == (0, [])
    broken = tmp_path / "broken.yaml"
    broken.write_text("tocsin: 1\nteams:\n  shop: {name: Shop, members: [zoe]}\n")
    ran = terminal.run("check", str(broken))
    assert ran.code == 1
    assert f"{broken}:3:" in ran.out
    assert "there is no person `zoe`" in ran.out


def test_a_finding_has_file_and_line(terminal: Terminal, tmp_path: Path) -> None:
    """A finding is told like a mistake: file, line and column, path, level, code and what to do; programs get the same."""
    people, routes = tmp_path / "people.yaml", tmp_path / "routes.yaml"
    people.write_text(
        "tocsin: 1\nx-steps: &steps\n  - {page: [person:ann], wait: 5m}\n  - {page: [person:ann]}\n"
        "people:\n  ann: {name: Ann, email: ann@example.org, contacts: {m: {email: ann@example.org}}}\n"
        "teams:\n  none:\n    name: None\npolicies:\n  p:\n    name: P\n    steps: *steps\n"
    )
    routes.write_text("tocsin: 1\nroutes:\n  - {when: [a=b], urgency: low}\n  - when: [a=b, c=d]\n    drop: noise\n")
    ran = terminal.run("check", str(people), str(routes))
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        f"{people}:8:3: teams.none.members: warning: team none has no members, so a page to it reaches nobody [empty-team]",
        "  add members, or remove the team",
    ]
    assert f"{routes}:4:5: routes.1.when: warning: route 2 never applies" in ran.out
    assert f"{people}:13:5: policies.p.steps.1: warning: " in ran.out, (
        "what an alias brings stands where the alias does"
    )
    found = {
        one["code"]: one
        for one in json.loads(terminal.run("check", "--json", str(people), str(routes)).out)["findings"]
    }
    empty, unused = found["empty-team"], found["unused-policy"]
    assert (empty["file"], empty["line"], empty["column"], empty["path"]) == (str(people), 8, 3, ["members"])
    assert (unused["section"], unused["name"], unused["line"], unused["path"]) == ("policies", "p", 11, [])


def test_what_never_ends_is_not_read_to_its_end(terminal: Terminal) -> None:
    """A device or a file beyond what a configuration may be is refused as any other bad one, and fills no memory."""
    ran = terminal.run("check", "/dev/zero")
    assert (ran.code, ran.err) == (1, "tocsin: /dev/zero is larger than 20 MB\n")


def test_a_mapping_is_tried_on_a_sample(terminal: Terminal, tmp_path: Path) -> None:
    """What would be read is shown; a field that finds nothing is told, and fails."""
    sample = tmp_path / "sample.json"
    sample.write_text('{"alert": {"name": "Disk full", "level": "P1"}}')
    asked = ("preview", "--source", "generic", "--signal", str(sample), "--map", "title=alert.name")
    ran = terminal.run(*asked, "--map", "severity=alert.level {P1: critical}", "--json")
    assert ran.code == 0, ran.err
    (signal,) = json.loads(ran.out)["signals"]
    assert (signal["title"], signal["severity"]) == ("Disk full", "critical")
    ran = terminal.run(*asked, "--map", "description=alert.text")
    assert (ran.code, "mapping.description: 'alert.text' finds nothing in this sample" in ran.out) == (1, True)


def test_the_schema_is_one(terminal: Terminal) -> None:
    """Editors get a JSON Schema with every section."""
    schema = json.loads(terminal.run("schema").out)
    assert {"people", "schedules", "policies", "integrations"} <= schema["properties"].keys()
