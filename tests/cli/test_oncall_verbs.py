"""Changing who is on call from the command line, against a server."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import timedelta

import pytest

from cli.terminal import Ran, Terminal
from serving import Served
from tocsin.kit import clock

As = Callable[[str], None]


@pytest.fixture
def act_as(served: Served, monkeypatch: pytest.MonkeyPatch) -> As:
    """From now on the terminal is this person's."""
    monkeypatch.setenv("TOCSIN_URL", served.url)

    def take(who: str) -> None:
        monkeypatch.setenv("TOCSIN_TOKEN", served.tokens[who])

    take("ann")
    return take


def tuesday(weeks: int, hour: int = 12) -> str:
    """A time on a Tuesday so many weeks ahead, when the rotation of Mondays has nothing to say."""
    today = clock.now().replace(hour=hour, minute=0, second=0, microsecond=0)
    return f"{today + timedelta(days=1 - today.weekday(), weeks=weeks):%Y-%m-%dT%H:%M:%SZ}"


def said(ran: Ran) -> str:
    """What it said; it went well."""
    assert (ran.code, ran.err) == (0, ""), ran
    return ran.out


def test_an_override_from_its_making_to_its_end(anns: Terminal) -> None:
    """It is made, told with its times, counts in `oncall` and `shifts`, is listed, cancelled, and counts no more."""
    start, end = tuesday(4, 10), tuesday(4, 12)
    span = ("--from", start, "--until", end)
    made = json.loads(
        said(anns.run("override", "add", "first", "--in", "cleo", "--out", "*", *span, "-r", "x", "--json"))
    )
    asked = ("oncall", "first", "--at", tuesday(4, 11), "--json")
    (schedule,) = json.loads(said(anns.run(*asked)))["schedules"]
    assert [(one["person"], one["override"]) for one in schedule["on_call"]] == [("cleo", str(made["id"]))]
    shifts = ("shifts", "first", "--from", tuesday(4, 9), "--to", tuesday(4, 13), "--json")
    found = json.loads(said(anns.run(*shifts)))
    assert [one["person"] for one in found][1] == "cleo"
    assert (found[1]["start"], found[1]["end"]) == (start, end)
    listed = said(anns.run("override", "list", "--schedule", "first", "--from", tuesday(3), "--to", tuesday(5)))
    assert listed.splitlines()[1].split()[:4] == [str(made["id"]), "first", "cleo", "*"]
    assert said(anns.run("override", "cancel", str(made["id"]))) == f"Override {made['id']} is cancelled.\n"
    (schedule,) = json.loads(said(anns.run(*asked)))["schedules"]
    assert schedule["on_call"][0]["person"] != "cleo"


def test_an_override_that_leaves_nobody_needs_force(anns: Terminal) -> None:
    """Removing the only one is refused with what would follow, and done with --force."""
    span = ("--from", tuesday(16), "--for", "1h")
    refused = anns.run("override", "add", "first", "--out", "*", *span)
    assert refused.code == 1
    assert "nobody" in refused.err
    assert "holds from" in said(anns.run("override", "add", "first", "--out", "*", *span, "--force"))
    number = said(anns.run("override", "add", "first", "--in", "cleo", *span)).split()[1]
    kept = anns.run("override", "cancel", number)
    assert (kept.code, "nobody would be on call" in kept.err) == (1, True)
    assert said(anns.run("override", "cancel", number, "--force")) == f"Override {number} is cancelled.\n"


@pytest.mark.parametrize("span", [(), ("--for", "1h", "--until", "+2h")])
def test_a_span_has_one_end(anns: Terminal, span: tuple[str, ...]) -> None:
    """Neither or both of --for and --until is a mistake in the command, not a guess."""
    ran = anns.run("override", "add", "first", "--in", "cleo", *span)
    assert (ran.code, ran.err) == (2, "tocsin: say either --for or --until\n")


def test_a_swap_is_offered_accepted_and_counts(anns: Terminal, act_as: As) -> None:
    """Who is on call offers, somebody else takes it, and then is on call; what speaks against it is told before."""
    at = tuesday(7)
    owner, other = _owner_and_other(anns, at)
    act_as(owner)
    offered = anns.run("swap", "offer", "first", "--to", other, "--from", at, "--for", "2h", "-m", "dentist", "--json")
    number = str(json.loads(said(offered))["id"])
    act_as(other)
    assert number in said(anns.run("swap", "list", "--person", other))
    assert said(anns.run("swap", "conflicts", number)) == "Nothing speaks against it.\n"
    assert said(anns.run("swap", "accept", number)) == f"Swap {number} is accepted.\n"
    (schedule,) = json.loads(said(anns.run("oncall", "first", "--at", at, "--json")))["schedules"]
    assert [one["person"] for one in schedule["on_call"]] == [other]
    assert anns.run("swap", "accept", number).code == 1


def test_a_swap_is_declined_or_withdrawn(anns: Terminal, act_as: As) -> None:
    """Both end the offer, and the list says how."""
    at = tuesday(10)
    owner, other = _owner_and_other(anns, at)
    numbers = []
    for _ in range(2):
        act_as(owner)
        offer = ("swap", "offer", "first", "--to", other, "--from", at, "--for", "2h", "--json")
        numbers.append(str(json.loads(said(anns.run(*offer)))["id"]))
        if len(numbers) == 1:
            act_as(other)
            assert said(anns.run("swap", "decline", numbers[0])) == f"Swap {numbers[0]} is declined.\n"
    act_as(owner)
    assert said(anns.run("swap", "withdraw", numbers[1])) == f"Swap {numbers[1]} is withdrawn.\n"
    for status, number in (("declined", numbers[0]), ("withdrawn", numbers[1])):
        found = json.loads(said(anns.run("swap", "list", "--status", status, "--json")))
        assert number in [str(one["id"]) for one in found]
    half = anns.run("swap", "offer", "first", "--from", at, "--for", "2h", "--return", tuesday(11))
    assert (half.code, "slash between" in half.err) == (2, True)


def test_an_absence_shows_as_a_conflict_until_it_is_cancelled(anns: Terminal, act_as: As) -> None:
    """Whoever is away while on call is told at once which shift is in the way."""
    at = tuesday(40)
    owner, _ = _owner_and_other(anns, at)
    act_as(owner)
    noted = said(anns.run("absence", "add", "--from", at, "--for", "4h", "--about", "a wedding"))
    number = noted.split()[1]
    assert f"conflict: first: {owner} is absent (a wedding)" in noted
    assert "a wedding" in said(anns.run("absence", "list", "--person", owner))
    assert said(anns.run("absence", "cancel", number)) == f"Absence {number} is cancelled.\n"
    assert "a wedding" not in said(anns.run("absence", "list", "--person", owner))


def test_a_calendar_of_absences_is_linked_listed_and_unlinked(anns: Terminal, act_as: As) -> None:
    """Its number is told, the list says how reading it goes and never its address, and unlinking makes room."""
    act_as("ann")
    linked = said(anns.run("absence", "link", "https://calendar.invalid/secret.ics"))
    number = linked.split()[1]
    assert linked == f"Calendar {number} is read for ann.\n"
    listed = said(anns.run("absence", "list", "--person", "ann"))
    assert f"calendar {number}: absences of ann, " in listed
    assert "secret" not in listed
    again = anns.run("absence", "link", "https://calendar.invalid/other.ics")
    assert (again.code, "unlink it first" in again.err) == (1, True)
    assert said(anns.run("absence", "unlink", number)) == f"Calendar {number} is not read any more.\n"
    assert f"calendar {number}" not in said(anns.run("absence", "list", "--person", "ann"))


def test_a_feed_leads_to_the_shifts_until_it_is_revoked(anns: Terminal, served: Served) -> None:
    """The address is told once, answers with a calendar, stands in the list without its secret, and can be revoked."""
    assert "/cal/" in said(anns.run("feed", "create"))
    url = said(anns.run("feed", "create", "--schedule", "first")).strip()
    with urllib.request.urlopen(served.url + url[url.index("/", 9) :], timeout=20) as answer:
        assert answer.read().startswith(b"BEGIN:VCALENDAR")
    listed = said(anns.run("feed", "list"))
    assert "schedule first" in listed
    assert url.rsplit("/", 1)[-1] not in listed
    number = str(json.loads(said(anns.run("feed", "list", "--json")))[-1]["id"])
    assert said(anns.run("feed", "revoke", number)) == f"Feed {number} is revoked.\n"
    assert number not in [str(one["id"]) for one in json.loads(said(anns.run("feed", "list", "--json")))]


def test_hand_overs_are_listed_and_only_a_real_one_is_accepted(anns: Terminal) -> None:
    """A list that may be empty, and a number nobody knows is refused."""
    assert isinstance(json.loads(said(anns.run("handover", "list", "--open", "--json"))), list)
    assert said(anns.run("handover", "list")).startswith("HANDOVER  SCHEDULE")
    assert anns.run("handover", "accept", "999999").code == 1


def test_what_nobody_knows_is_refused(anns: Terminal) -> None:
    """A schedule, an override, a swap, an absence and a feed that are not there: one line each, and code 1."""
    for verb in (
        ("override", "add", "nowhere", "--in", "cleo", "--for", "1h"),
        ("override", "cancel", "999999"),
        ("swap", "accept", "999999"),
        ("absence", "cancel", "999999"),
        ("absence", "unlink", "999999"),
        ("feed", "revoke", "999999"),
        ("shifts", "nowhere"),
        ("oncall", "nowhere"),
    ):
        ran = anns.run(*verb)
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1), (verb, ran)


def _owner_and_other(terminal: Terminal, at: str) -> tuple[str, str]:
    (schedule,) = json.loads(said(terminal.run("oncall", "first", "--at", at, "--json")))["schedules"]
    owner = schedule["on_call"][0]["person"]
    return owner, "bob" if owner == "ann" else "ann"
