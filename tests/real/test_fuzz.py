"""Captured payloads, changed at random, against the running server: whatever arrives, it answers and loses nothing."""

from __future__ import annotations

import http.client
import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from real.installation import KEYS, Installation
from real.programs import eventually
from sources.cases import KEY, Case, captured

pytestmark = pytest.mark.xdist_group("real")
CASES = [case for case in captured() if case.source.name != "email"]
DOORS = {"pagerduty": "fuzz-events"}  # the others are named after their source
MUTATIONS_PER_CASE = int(os.environ.get("TOCSIN_FUZZ", "24"))
ABSORB_S = 60.0
STRUCTURES: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        2**80,
        1.5e300,
        "",
        " ",
        "\x00nul\x00",
        "\ud800 lone",
        "x" * 20_000,
        "\u202edesrever\u202c",
        "\U0001f525",
    ),
    *("-0001-99-99T99:99:99Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "javascript:alert(1)", "{{ 7*7 }}"),
    *([], {}, [[[]]], {"\x00": {"": None}}, [{"a": 1}, None, "b"], {str(n): n for n in range(500)}),
)
NOISE = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b'"',
    b"{",
    b"}",
    b"[" * 500,
    b"\\u0000",
    b"\\ud83d",
    b"NaN",
    b",",
    b"9" * 400,
    b"\r\n",
)
Places = list[tuple[Any, Any]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_changed_payload_is_answered_below_500(tocsin: Installation, case: Case) -> None:
    """However a vendor's payload is changed, in its structure or in its bytes, the server answers, and not with a 5xx."""
    chance = random.Random(case.name)
    statuses: Counter[int] = Counter()
    sender = http.client.HTTPConnection("127.0.0.1", tocsin.port, timeout=15)
    try:
        for body in _mutated(case, chance):
            sender.request(case.request.method, _address(case), body=body, headers=_headers(case))
            answer = sender.getresponse()
            answer.read()
            statuses[answer.status] += 1
            assert answer.status < 500, body[:2000]
    finally:
        sender.close()
    assert sum(statuses.values()) == MUTATIONS_PER_CASE + 1
    assert 429 not in statuses


@pytest.mark.parametrize(
    ("door", "wrap"),
    [
        ("fuzz-alertmanager", lambda alerts: {"version": "4", "status": "firing", "receiver": "r", "alerts": alerts}),
        ("fuzz-grafana", lambda alerts: {"version": "1", "status": "firing", "state": "alerting", "alerts": alerts}),
        ("fuzz-prometheus", lambda alerts: alerts),
    ],
    ids=["alertmanager", "grafana", "prometheus"],
)
def test_neighbours_of_rubbish_in_a_batch_survive(tocsin: Installation, door: str, wrap: Any) -> None:
    """Whatever stands between them, every good alert of a batch opens its group."""
    good = [_alert(door, number) for number in range(len(STRUCTURES))]
    batch = [one for pair in zip(good, STRUCTURES, strict=True) for one in pair]
    batch += [good[0] | {"labels": rubbish, "fingerprint": rubbish} for rubbish in STRUCTURES]
    source = door.removeprefix("fuzz-")
    answered = tocsin.call(f"/in/{source}/{KEYS[door]}", json.dumps(wrap(batch)).encode())
    assert answered.status < 500
    titles = {f"neighbour {number} of {door}" for number in range(len(good))}

    def survivors() -> bool:
        return titles <= {one["title"] for one in tocsin.groups(door, "neighbour")}

    eventually(survivors, "every good neighbour's group", ABSORB_S)


def test_nothing_was_lost_and_nothing_broke(tocsin: Installation) -> None:
    """After all that, each signal is accounted for, none was set aside, and the log holds no traceback."""
    tocsin.call("/v2/enqueue", b'{"routing_key": "' + KEYS["fuzz-events"].encode() + b'"}')
    tocsin.wait_absorbed(ABSORB_S)
    assert tocsin.metric("tocsin_signals_unaccounted") == 0
    assert tocsin.metric("tocsin_dead_threads") == 0
    aside = tocsin.api("signals?outcome=set_aside")["signals"]
    assert [(one, tocsin.api(f"signals/{one['id']}")) for one in aside] == []
    assert tocsin.troubles() == []
    assert tocsin.call("/-/ready").status == 200


def _mutated(case: Case, chance: random.Random) -> Iterator[bytes]:
    """The payload itself, then changed ones: half in their structure, half in their bytes."""
    whole = case.request.body.replace(KEY.encode(), _key(case).encode())
    yield whole
    for number in range(MUTATIONS_PER_CASE):
        yield _restructured(whole, chance) if number % 2 else _scratched(whole, chance)


def _restructured(whole: bytes, chance: random.Random) -> bytes:
    try:
        tree = json.loads(whole)
    except ValueError:
        return _scratched(whole, chance)
    places: Places = []
    _collect(tree, places)
    for _ in range(chance.randint(1, 3)):
        if not places:
            break
        holder, at = chance.choice(places)
        if at == "routing_key":
            continue
        if isinstance(holder, dict) and chance.random() < 0.25:
            holder.pop(at, None)
            holder[chance.choice(["", "\x00", "x" * 3000, f"{at} "])] = chance.choice(STRUCTURES)
        else:
            holder[at] = chance.choice(STRUCTURES)
    return json.dumps(tree).encode()


def _collect(tree: Any, places: Places) -> None:
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for at, value in below:
        places.append((tree, at))
        _collect(value, places)


def _scratched(whole: bytes, chance: random.Random) -> bytes:
    changed = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        if chance.random() < 0.5:
            changed[at : at + chance.randint(0, 12)] = chance.choice(NOISE)
        else:
            changed[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(changed[: chance.randrange(len(changed) + 1)] if chance.random() < 0.1 else changed)


def _address(case: Case) -> str:
    path = case.request.path.replace(KEY, _key(case)).replace(" ", "%20")
    query = case.request.query.replace(KEY, _key(case)).replace(" ", "%20")
    return f"{path}?{query}" if query else path


def _headers(case: Case) -> dict[str, str]:
    return {name: value.replace(KEY, _key(case)) for name, value in case.request.headers.items()}


def _key(case: Case) -> str:
    return KEYS[DOORS.get(case.source.name, f"fuzz-{case.source.name}")]


def _alert(door: str, number: int) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": f"Neighbour{number}", "door": door},
        "annotations": {"summary": f"neighbour {number} of {door}"},
        "startsAt": "2026-01-02T03:04:05Z",
        **({"endsAt": "0001-01-01T00:00:00Z", "fingerprint": f"{number:016x}"} if door != "fuzz-prometheus" else {}),
    }
