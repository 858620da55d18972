"""Captured payloads and what is read from them; `TOCSIN_GOLDEN=1` writes the expectations anew."""

from __future__ import annotations

import json
import os

import msgspec
import pytest

from sources.cases import KEY, Case, captured
from tocsin.sources.domain import Reading, Signal
from tocsin.sources.registry import SOURCES, Found, find

CASES = captured()
_DEFAULTS = Signal(action="trigger", dedup_key="x")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_captured_payload_reads_as_its_golden_file_says(case: Case) -> None:
    """Each vendor's real payload becomes the signals and the answer that were reviewed."""
    shown = _shown(case, case.read())
    if os.environ.get("TOCSIN_GOLDEN"):
        case.golden.write_text(json.dumps(shown, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
    assert shown == json.loads(case.golden.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_captured_payload_finds_its_way_by_its_address(case: Case) -> None:
    """The address a vendor posts to leads to that vendor's source, and the source finds the key."""
    found = find(case.request.method, case.request.path)
    assert found == Found(case.source, case.request.key, case.request.tail)
    if case.name != "pagerduty/everything_missing":
        assert case.source.key(case.request) == KEY


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reading_twice_says_the_same(case: Case) -> None:
    """A source is pure: the same bytes mean the same, so a retried request is the same signal."""
    assert case.read() == case.read()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_has_captured_payloads(name: str) -> None:
    """A source without an example of what it reads is not finished; mail is not read yet."""
    assert name == "email" or any(case.source.name == name for case in CASES)


def _shown(case: Case, reading: Reading) -> object:
    body = reading.reply.body.decode()
    shown = {
        "key": case.source.key(case.request),
        "signals": [_signal(signal) for signal in reading.signals],
        "reply": {"status": reading.reply.status, "body": body, "headers": reading.reply.headers},
        "problems": reading.problems,
    }
    return json.loads(msgspec.json.encode(shown))


def _signal(signal: Signal) -> dict[str, object]:
    """The fields that differ from their defaults, and always the ones everything depends on."""
    always = ("action", "dedup_key", "severity")
    return {
        name: getattr(signal, name)
        for name in signal.__struct_fields__
        if name in always or getattr(signal, name) != getattr(_DEFAULTS, name)
    }
