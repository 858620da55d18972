"""Whatever arrives, a source answers: mutated payloads, rubbish, and rubbish beside good neighbours."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from sources.cases import Case, captured
from tocsin.sources import clean
from tocsin.sources.domain import (
    DEDUP_KEY_CHARS_MAX,
    HREF_CHARS_MAX,
    LABEL_NAME_CHARS_MAX,
    LABEL_VALUE_CHARS_MAX,
    LABELS_MAX,
    PROBLEMS_MAX,
    SIGNALS_PER_REQUEST_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    Reading,
    Refusal,
    RefusalKind,
    Request,
    Signal,
)

CASES = captured()
MUTATIONS_PER_CASE = 60
NESTING = 10_000
HUGE = 2**80  # fits no database and no wire format; once at every single place
RUBBISH: tuple[object, ...] = (
    None,
    True,
    -1,
    HUGE,
    1.5e300,
    "",
    "\x00nul\x00",
    "\ud800 lone",
    "x" * 30_000,
    "-0001-99-99T99:99:99Z",
    "9999-12-31T23:59:59.999999-23:59",
    "javascript:alert(1)",
    [],
    {},
    [[[]]],
    {"\x00": {"": None}},
    [{"a": 1}, None, "b"],
)
BODIES = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'""',
    b"[]",
    b"{}",
    b"[null]",
    b"[" * NESTING,
    b'{"a":' * NESTING,
    b'{"payload":' + b"[" * 900 + b"]" * 900 + b"}",
    b"\x00" * 100,
    b"\xff\xfe\xfd",
    b"\xef\xbb\xbf{}",
    '{"title":"wide"}'.encode("utf-16"),
    b'{"title":NaN,"id":Infinity}',
    b'{"title":' + b"9" * 6_000 + b"}",
    b'{"title":"\xed\xa0\x80"}',
    b'{"title":"\\ud83d"}',
    b"title=form&meta=a",
    bytes(range(256)) * 8,
    b"<xml/>",
)
HEADERS = (
    {},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "text/plain"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"authorization": "Basic !!!", "content-type": "\x00"},
    {"authorization": "Basic /////w=="},
    {"authorization": "Bearer \ud800"},
)


def _dump(value: object) -> bytes:
    """JSON as careless senders write it: lone surrogates and all."""
    return json.dumps(value).encode()


def _batch(case: Case) -> tuple[Callable[[list[object]], bytes], list[dict[str, object]]] | None:
    """The alerts of a batch that are objects, and how to send others in their place."""
    whole = json.loads(case.request.body)
    if isinstance(whole, list):
        return _dump, [each for each in whole if isinstance(each, dict)]
    alerts = clean.mapping(whole).get("alerts")
    if not isinstance(alerts, list):
        return None
    return lambda members: _dump({**whole, "alerts": members}), [each for each in alerts if isinstance(each, dict)]


def _is_batch(case: Case) -> bool:
    return _batch(case) is not None and bool(case.read().signals)


BATCHES = [case for case in CASES if _is_batch(case)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mutated_payload_is_answered_and_what_is_kept_can_be_stored(case: Case) -> None:
    """No change to a vendor's payload makes its source raise, answer 5xx or keep something no database can hold."""
    for body in _mutated(case):
        _survives(case, body)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_rubbish_is_answered_by_every_source(body: bytes) -> None:
    """A body that is nothing any vendor sends gets an answer below 500 from every source, whatever its headers."""
    for case in CASES:
        for headers in HEADERS:
            _survives(case, body, headers)


@pytest.mark.parametrize("case", BATCHES, ids=lambda case: case.name)
def test_a_bad_neighbour_costs_the_good_ones_nothing(case: Case) -> None:
    """Whatever stands beside it in a batch, a good alert is kept."""
    found = _batch(case)
    assert found is not None
    wrap, members = found
    chance = random.Random(case.name)
    whole = {signal.dedup_key for signal in case.read(_with(case, wrap(members))).signals}
    for rubbish in RUBBISH:
        at = chance.randrange(len(members) + 1)
        beside = [*members[:at], rubbish, *members[at:]]
        kept = {signal.dedup_key for signal in case.read(_with(case, wrap(beside))).signals}
        assert whole <= kept, rubbish


@pytest.mark.parametrize("case", BATCHES, ids=lambda case: case.name)
def test_a_batch_beyond_the_limit_is_cut_and_says_so(case: Case) -> None:
    """More alerts than one request may carry are counted, not silently dropped."""
    found = _batch(case)
    assert found is not None
    wrap, members = found
    good = {"labels": {"alertname": "x"}, "title": "x", **members[0]}
    reading = case.read(_with(case, wrap([good] * (SIGNALS_PER_REQUEST_MAX + 3))))
    assert len(reading.signals) == SIGNALS_PER_REQUEST_MAX
    assert reading.problems
    assert reading.reply.status == 400 or reading.signals[0].lost >= 3


@pytest.mark.parametrize("kind", list(RefusalKind))
def test_every_source_words_every_refusal(kind: RefusalKind) -> None:
    """A refusal has a status for its sender, and says when to come back where that helps."""
    for case in CASES:
        refusal = Refusal(kind=kind, retry_after_s=7, body_bytes_max=524288, allow=("POST",))
        reply = case.source.refuse(case.request, refusal)
        assert 400 <= reply.status < 500 or (kind is RefusalKind.UNAVAILABLE and reply.status == 503)
        assert json.loads(reply.body)
        waits = kind in (RefusalKind.RATE_LIMITED, RefusalKind.UNAVAILABLE)
        assert (("Retry-After", "7") in reply.headers) is waits


def _survives(case: Case, body: bytes, headers: dict[str, str] | None = None) -> None:
    request = _with(case, body, headers)
    found = case.source.key(request)
    assert found is None or (found and found.isprintable())
    reading = case.read(request)
    assert 200 <= reading.reply.status < 500
    assert len(reading.problems) <= PROBLEMS_MAX
    _storable(reading)


def _storable(reading: Reading) -> None:
    assert len(reading.signals) <= SIGNALS_PER_REQUEST_MAX
    for problem in reading.problems:
        problem.encode()
    for signal in reading.signals:
        assert b"\x00" not in b"".join(_texts(msgspec.msgpack.decode(msgspec.msgpack.encode(signal))))
        assert 0 < len(signal.dedup_key) <= DEDUP_KEY_CHARS_MAX
        assert len(signal.title) <= TITLE_CHARS_MAX
        assert max(len(signal.description), len(signal.note)) <= TEXT_CHARS_MAX
        _labels_fit(signal)
        assert all(link.href.lower().startswith("http") for link in signal.links)
        assert all(len(link.href) <= HREF_CHARS_MAX for link in signal.links)
        for moment in (signal.started_at, signal.expires_at, signal.until):
            assert moment is None or moment.utcoffset() is not None


def _labels_fit(signal: Signal) -> None:
    assert len(signal.labels) <= LABELS_MAX
    assert all(value and len(value) <= LABEL_VALUE_CHARS_MAX for value in signal.labels.values())
    assert all(len(name) <= LABEL_NAME_CHARS_MAX for name in signal.labels)


def _texts(value: object) -> Iterator[bytes]:
    if isinstance(value, str):
        yield value.encode()
    elif isinstance(value, dict):
        for name, held in value.items():
            yield from _texts(name)
            yield from _texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)


def _mutated(case: Case) -> Iterator[bytes]:
    chance = random.Random(case.name)
    body = case.request.body
    for _ in range(MUTATIONS_PER_CASE // 3):
        at = chance.randrange(len(body) or 1)
        yield body[:at]
        yield body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        yield _dump(_swap(json.loads(body), chance))
    for rubbish in RUBBISH:
        yield _dump(_everywhere(json.loads(body), rubbish))
    for number in range(len(list(_places(json.loads(body))))):
        whole = json.loads(body)
        held, at = list(_places(whole))[number]
        held[at] = HUGE
        yield _dump(whole)
    yield body.rstrip()[:-1] + b',"z":' + b"[" * NESTING + b"]" * NESTING + b"}"
    yield body.replace(b'"', b'"\\u0000')


def _swap(value: object, chance: random.Random) -> object:
    """The same with one place removed or replaced by rubbish."""
    places = list(_places(value))
    if not places:
        return chance.choice(RUBBISH)
    held, at = chance.choice(places)
    if chance.random() < 0.3:
        del held[at]
    else:
        held[at] = chance.choice(RUBBISH)
    return value


def _everywhere(value: object, rubbish: object) -> object:
    """The same with rubbish at every leaf."""
    if isinstance(value, dict):
        return {name: _everywhere(held, rubbish) for name, held in value.items()}
    if isinstance(value, list) and value:
        return [_everywhere(held, rubbish) for held in value]
    return rubbish


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for at, held in pairs:
        yield value, at
        yield from _places(held)


def _with(case: Case, body: bytes, headers: dict[str, str] | None = None) -> Request:
    return msgspec.structs.replace(
        case.request, body=body, headers=case.request.headers if headers is None else headers
    )
