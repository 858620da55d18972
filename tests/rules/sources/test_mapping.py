"""The mapping language: what each expression finds, and what is said about one that is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources import mapping
from tocsin.sources.domain import Action, Settings, Severity
from tocsin.sources.registry import preview

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PAYLOAD = {
    "title": "Disk full",
    "host": {"name": "web-1", "dotted.name": "x", "port": 8080},
    "tags": ["a", {"k": "v"}],
    "status": "OK",
    "priority": "P2",
    "empty": "",
    "zero": 0,
    "down": False,
}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("title", "Disk full"),
        ("$.title", "Disk full"),
        ("host.name", "web-1"),
        ('host["dotted.name"]', "x"),
        ("host['name']", "web-1"),
        ("tags[0]", "a"),
        ("tags[-1].k", "v"),
        ("tags.1.k", "v"),
        ("tags[7]", None),
        ("host.name.deeper", None),
        ("missing", None),
        ('"constant"', "constant"),
        (r'"say \"hi\""', 'say "hi"'),
        ('missing | empty | "default"', "default"),
        ('title + " on " + host.name', "Disk full on web-1"),
        ('title + missing | "whole"', "whole"),
        ('host.name + ":" + host.port', "web-1:8080"),
        ("priority {P1: critical, P2: high}", "high"),
        ('priority {"p2": "high",}', "high"),
        ('priority {P1: critical} | "low"', "low"),
        ("zero", 0),
    ],
)
def test_an_expression_finds_what_it_says(written: str, found: object) -> None:
    """Paths, constants, defaults, joins and maps mean what the grammar says."""
    assert mapping.find(mapping.expression(written), PAYLOAD) == found


@pytest.mark.parametrize(
    ("written", "true"),
    [
        ('status == "ok"', True),
        ("status == ok", True),
        ('status != "ok"', False),
        ('status in ["resolved", "ok"]', True),
        ("status in []", False),
        ("title", True),
        ("missing", False),
        ("down", False),
        ("zero", False),
        ('missing == "x" or host.port == "8080"', True),
    ],
)
def test_a_condition_holds_as_it_says(written: str, true: bool) -> None:
    """Tests compare as text without regard to case, and `or` needs only one of them."""
    assert mapping.holds(mapping.condition(written), PAYLOAD) is true


@pytest.mark.parametrize(
    ("field", "written", "complaint"),
    [
        ("title", "", "expected a path"),
        ("title", "a..b", "a name after the dot at '.b'"),
        ("title", "a[", "an index or a quoted name at the end"),
        ("title", "a b", "expected the end at 'b'"),
        ("title", "a |", "expected a path"),
        ("title", '"unclosed', "expected a path"),
        ("severity", "p {P1 critical}", "':' at 'critical}'"),
        ("severity", "p {P1: critical", "'}' at the end"),
        ("resolve_when", 'status = "ok"', "expected the end"),
        ("resolve_when", "status in ok", "'['"),
        ("titel", "a", "not a field of a mapping"),
        ("labels.", "a", "not a field of a mapping"),
        ("title", "a" * 3000, "at most 2000 characters"),
    ],
)
def test_a_wrong_mapping_is_told_field_by_field(field: str, written: str, complaint: str) -> None:
    """A mistake names its field and the place in the expression, before any payload comes."""
    [problem] = mapping.check({field: written, "description": "fine"})
    assert problem.field == field
    assert complaint in problem.message


@given(st.text(alphabet=" .[]{}:,|+=!\"'\\$abor019-", max_size=60))
def test_no_expression_does_anything_but_parse_or_complain(written: str) -> None:
    """Whatever someone types, it is read or refused with a reason, and what is read never fails on a payload."""
    for parse, use in ((mapping.expression, mapping.find), (mapping.condition, mapping.holds)):
        try:
            parsed = parse(written)
        except ValueError:
            continue
        use(parsed, PAYLOAD)


def test_a_preview_shows_what_would_be_kept() -> None:
    """A mapping is tried on a sample before it is saved."""
    settings = Settings(mapping={"title": "host.name", "resolve_when": 'status == "ok"', "dedup_key": "title"})
    shown = preview("generic", settings, json.dumps(PAYLOAD).encode(), {"Content-Type": "application/json"}, NOW)
    [signal] = shown.signals
    assert (signal.action, signal.title, signal.dedup_key) == (Action.RESOLVE, "web-1", "Disk full")
    assert signal.severity is Severity.HIGH
    assert shown.mapping_problems == ()
    assert shown.reply.status == 202


def test_a_preview_names_the_field_that_is_wrong_or_finds_nothing() -> None:
    """A broken expression and a path that is not in the sample are told by the field's name."""
    settings = Settings(mapping={"title": "a..b", "description": "host.nmae", "severity": "priority"})
    shown = preview("generic", settings, json.dumps(PAYLOAD).encode(), {}, NOW)
    assert [problem.field for problem in shown.mapping_problems] == ["title", "description"]
    assert "finds nothing in this sample" in shown.mapping_problems[1].message
    assert shown.signals[0].title == "Disk full"


def test_a_preview_of_an_unreadable_sample_says_so() -> None:
    """A sample that is not JSON shows the error its sender would get."""
    shown = preview("generic", Settings(mapping={"title": "a"}), b"{", {}, NOW)
    assert shown.signals == ()
    assert shown.reply.status == 400
