"""The client verbs against a server: tables for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.terminal import Terminal
from serving import COMPANY, Served
from tocsin.cli.exits import Exit


def test_a_group_from_the_list_to_its_end(anns: Terminal, served: Served) -> None:
    """A responder sees a group, acknowledges, writes a note, resolves, and reads what happened."""
    number = served.trouble("the cash register sings")
    served.wait_for(f"/groups/{number}/pages", lambda body: body["pages"])
    listed = anns.run("groups", "-q", "register sings")
    assert listed.out.splitlines()[1].split()[:4] == [f"AG-{number}", "high", "open", "checkout"]
    assert anns.run("ack", f"AG-{number}").out == f"AG-{number} is acknowledged: the cash register sings\n"
    noted = anns.run("note", str(number), "it stopped by itself")
    assert (noted.code, noted.out.split(": ")[0]) == (0, f"AG-{number} has the note")
    assert anns.run("resolve", str(number)).code == 0
    shown = anns.run("show", str(number)).out
    for words in (
        "resolved by ann, high urgency",
        "cleo",
        "acknowledged by ann",
        "ann: it stopped by itself",
        "resolved by ann",
    ):
        assert words in shown
    explained = anns.run("explain", str(number)).out
    assert "No route matched" in explained
    assert "new problem" in explained
    assert anns.run("groups", "-q", "register sings").out == "No alert groups.\n"
    (found,) = json.loads(anns.run("groups", "-q", "register sings", "--all", "--json").out)
    assert (found["reference"], found["status"]) == (f"AG-{number}", "resolved")


def test_a_page_by_hand_says_whom_it_does_not_wake(anns: Terminal, served: Served) -> None:
    """Whoever pages somebody without a contact, or an empty team, is told so, and by the exit code if nobody is left."""
    body = {"name": "Nan Ito", "email": "nan@acme.example", "contacts": {}}
    assert served.api("ann", "PUT", "/config/documents/people/nan", body).status == 200
    assert served.api("ann", "PUT", "/config/documents/teams/empty", {"name": "Empty", "members": []}).status == 200
    ran = anns.run("page", "nan", "team:empty", "-m", "the till is on fire")
    assert ran.code == Exit.PROBLEM
    assert ran.out.endswith(" pages nobody: the till is on fire\n")
    assert ran.err.splitlines() == [
        "tocsin: not woken: nan: no usable way to reach them",
        "tocsin: not woken: team:empty: the team has no members",
        "tocsin: nobody can be reached, so the administrators are told that nobody answered",
    ]
    ran = anns.run("page", "nan", "bob", "-m", "the till is on fire", "--json")
    assert (ran.code, json.loads(ran.out)["reached"]) == (Exit.OK, True)
    assert [one["person"] for one in json.loads(ran.out)["not_woken"]] == ["nan", "bob"]
    assert "bob: only their inbox in Tocsin is told, which wakes nobody" in ran.err


def test_a_terminal_obeys_no_stranger(anns: Terminal, served: Served) -> None:
    """A sender cannot clear the screen or fill the clipboard of whoever reads about its alerts."""
    number = served.trouble("obey \x1b[2J\x1b]52;c;cm0=\x07 \x9b2J")
    for verb in (
        ("groups", "-q", "obey"),
        ("show", str(number)),
        ("explain", str(number)),
        ("ack", str(number)),
        ("groups", "-q", "obey", "--json"),
    ):
        ran = anns.run(*verb)
        assert ran.code == 0
        assert "[2J" in ran.out
        assert not {"\x1b", "\x07", "\x9b"} & set(ran.out)


def test_several_groups_at_once(anns: Terminal, served: Served) -> None:
    """One that is refused is told, the others are done, and the code says that something was wrong."""
    numbers = [served.trouble(f"several {count}") for count in range(2)]
    ran = anns.run("snooze", str(numbers[0]), "999999", str(numbers[1]), "--for", "2h", "--json")
    assert ran.code == 1
    assert "999999: there is no alert group AG-999999" in ran.err
    assert [one["status"] for one in json.loads(ran.out)] == ["snoozed", "snoozed"]


def test_paging_escalating_and_giving_back(anns: Terminal) -> None:
    """A page by hand can be escalated, taken and given back."""
    made = json.loads(anns.run("page", "bob", "team:platform", "-m", "all hands", "--json").out)
    assert anns.run("escalate", made["reference"]).code == 0
    assert anns.run("ack", made["reference"]).code == 0
    assert anns.run("unack", made["reference"]).out == f"{made['reference']} is open: all hands\n"


def test_a_team_is_rehearsed(anns: Terminal, served: Served) -> None:
    """Everybody of the team gets a test page; what came of it is a line for each, and nobody is paged by looking."""
    assert anns.run("rehearse", "platform", "--last").out == "Never rehearsed.\n"
    assert anns.run("rehearse", "team:platform").out.splitlines()[1].split()[0] == "dan"
    served.wait_for("/teams/platform/rehearsal", lambda body: body["people"][0]["result"] == "quiet")
    assert "not woken" in anns.run("rehearse", "platform", "--last").out
    (one,) = json.loads(anns.run("rehearse", "platform", "--last", "--json").out)
    assert (one["person"], one["result"]) == ("dan", "quiet")
    assert json.loads(anns.run("rehearse", "person:ann", "--json").out)[0]["person"] == "ann"
    assert anns.run("rehearse", "person:ann", "--last").out.splitlines()[1].split()[0] == "ann"


def test_silences(anns: Terminal) -> None:
    """A silence is added, listed and ended."""
    made = json.loads(anns.run("silence", "add", 'a="b"', "--for", "1h", "-c", "a test", "--json").out)
    assert 'a="b"' in anns.run("silence", "list").out
    assert anns.run("silence", "end", str(made["id"])).out == f"Silence {made['id']} is over.\n"
    assert str(made["id"]) in [str(one["id"]) for one in json.loads(anns.run("silence", "list", "--all", "--json").out)]


def test_schedules(anns: Terminal, company: str) -> None:
    """A server and the file it was made from say the same of who is on call when."""
    asked = ("--from", "2036-03-01T00:00Z", "--to", "2036-04-01T00:00Z", "--json")
    assert anns.run("shifts", "first", *asked).out == anns.run("shifts", "first", *asked, "--file", company).out
    now = ("oncall", "--at", "2036-07-01T00:00Z", "--json")
    assert anns.run(*now).out == anns.run(*now, "--file", company).out


def test_configuration_through_the_api(anns: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """plan, apply, history, export and rollback go through the API; variables come from this side's environment."""
    monkeypatch.setenv("SHOP_TITLE", "The Shop")
    changed = tmp_path / "company.yaml"
    changed.write_text(COMPANY.replace("shop: {name: Shop, members", "shop: {name: '${SHOP_TITLE}', members"))
    planned = anns.run("plan", str(changed))
    assert (planned.code, planned.out) == (0, "~ team shop: name is The Shop (was Shop)\n"), planned.err
    assert anns.run("apply", str(changed), "-m", "a better name", "--base-version", "77").code == 1
    applied = anns.run("apply", str(changed), "-m", "a better name", "--json")
    version = json.loads(applied.out)["version"]
    assert "a better name" in anns.run("history").out.splitlines()[1]
    assert "name: The Shop" in anns.run("export", "--redact").out
    assert anns.run("check", "--json").code == 0
    assert anns.run("rollback", str(version - 1)).code == 0
    assert "name: Shop" in anns.run("export", "--redact").out


def test_findings_have_lines_through_the_api(anns: Terminal, tmp_path: Path) -> None:
    """What a server says of files that it was sent names them with their lines, as it would be here."""
    more = tmp_path / "more.yaml"
    more.write_text("tocsin: 1\nteams:\n  lonely:\n    name: Lonely\n")
    place = f"{more}:3:3: teams.lonely.members: warning: "
    assert place in anns.run("plan", "--scope", "more", str(more)).out
    assert place in anns.run("apply", "--scope", "more", str(more)).out
    told = [one for one in json.loads(anns.run("check", "--json").out)["findings"] if one["name"] == "lonely"]
    assert [(one["file"], one["line"]) for one in told] == [(str(more), None)]
    more.write_text("tocsin: 1\n")
    assert anns.run("apply", "--scope", "more", str(more)).code == 0


def test_a_broken_file_is_told_with_lines(anns: Terminal, tmp_path: Path) -> None:
    """Through the API too, what is wrong is told with file and line, and nothing is changed."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("tocsin: 1\npolicies:\n  p: {name: P, steps: [{page: [person:zoe], wait: 5x}]}\n")
    ran = anns.run("apply", str(broken))
    assert ran.code == 1
    assert f"{broken}:3:" in ran.err
    assert "'5x' is not a duration" in ran.err


def test_the_audit(anns: Terminal) -> None:
    """An administrator reads who opened which account, as a table and as JSON lines; nonsense is refused."""
    assert "opened an account for bob@acme.example" in anns.run("audit", "bob@", "--what", "accounts").out
    lines = anns.run("audit", "--jsonl", "--limit", "2", "--what", "AccountOpened").out.splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["AccountOpened", "AccountOpened"]
    assert anns.run("audit", "nothing like this").out == "Nothing of the kind.\n"
    assert anns.run("audit", "--json", "--jsonl").code == 2


def test_a_test_alert_is_followed(anns: Terminal) -> None:
    """It is said what became of it, with the group it opened."""
    ran = anns.run("test-alert", "odds")
    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith("was accepted by odds.")
    assert ": opened, AG-" in ran.out
    assert json.loads(anns.run("test-alert", "odds", "--no-wait", "--json").out)["waiting"] is True
    assert "there is no integration `x`" in anns.run("test-alert", "x").err


def test_a_search_is_kept_and_asked(anns: Terminal, served: Served) -> None:
    """Under a name; asked with it, it finds what it found; dropped, it is gone."""
    assert anns.run("search", "list").out == "No searches are kept.\n"
    number = served.trouble("the elevator hums")
    kept = anns.run("search", "keep", "hums", "-q", "elevator", "--service", "checkout")
    assert kept.out == "hums is kept: q elevator, service checkout.\n"
    assert f"AG-{number}" in anns.run("groups", "--kept", "hums").out
    anns.run("resolve", str(number))
    assert anns.run("groups", "--kept", "hums").out == "No alert groups.\n"
    assert anns.run("search", "keep", "anns", "--person", "ann").code == 0
    assert "only the page" in anns.run("groups", "--kept", "anns").err
    assert anns.run("search", "keep", "nothing").code == 2
    assert anns.run("search", "drop", "hums").code == 0
    assert "there are: anns" in anns.run("search", "drop", "hums").err


def test_somebody_is_invited_from_a_terminal(anns: Terminal, served: Served) -> None:
    """An account is opened if there is none; the link is said where no mail is sent; and it can be taken back."""
    person = {"name": "Yan Yip", "email": "yan@acme.example", "role": "viewer"}
    assert served.api("ann", "PUT", "/config/documents/people/yan", person).status == 200
    invited = anns.run("invitation", "send", "yan").out
    assert invited.startswith("yan@acme.example is invited until ")
    assert "/password/" in invited
    assert anns.run("invitation", "send", "yan@acme.example").code == 0
    assert anns.run("invitation", "list").out.splitlines()[1].split()[:3] == ["yan", "yan@acme.example", "invited"]
    assert anns.run("invitation", "withdraw", "yan").code == 0
    assert anns.run("invitation", "list").out == "Nobody is invited.\n"
    assert anns.run("invitation", "withdraw", "yan").code == 1
