"""What clients do to a connection: pieces, pipelines, promises, half a request, too much of everything."""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from real.installation import KEYS, Installation
from real.programs import eventually
from real.wire import Wire, chunked, post

pytestmark = pytest.mark.xdist_group("real")
MB = 1024 * 1024
ENQUEUE = "/v2/enqueue"
ALERTMANAGER = f"/in/alertmanager/{KEYS['odds-alertmanager']}"
FORM = "Content-Type: application/x-www-form-urlencoded"
NEIGHBOUR_S_MAX = 5.0  # how long others may wait while somebody misbehaves; generous, because machines are shared


def test_a_body_in_chunks_is_one_body(tocsin: Installation) -> None:
    """Chunks of any size, split anywhere, are put together."""
    body = _event("odds: chunks", note="ü" * 40_000)
    with Wire(tocsin.port) as wire:
        wire.send(chunked(ENQUEUE, *(body[at : at + 777] for at in range(0, len(body), 777))))
        assert wire.answer().status == 202
    tocsin.group("odds-events", "odds: chunks")


def test_a_request_in_single_bytes_is_one_request(tocsin: Installation) -> None:
    """A sender whose every byte is a packet of its own is understood."""
    with Wire(tocsin.port) as wire:
        wire.send(*(bytes([one]) for one in post(ENQUEUE, _event("odds: bytes"))))
        assert wire.answer().status == 202


def test_who_asks_first_is_told_to_continue(tocsin: Installation) -> None:
    """`Expect: 100-continue` gets its 100 before the body is sent, and then the answer."""
    whole = post(ENQUEUE, _event("odds: expect"), "Expect: 100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    with Wire(tocsin.port) as wire:
        wire.send(head, b"\r\n\r\n")
        assert wire.answer(has_body=False).status == 100
        wire.send(body)
        assert wire.answer().status == 202


@pytest.mark.parametrize("wanted", ["h2c", "websocket"])
def test_an_offer_of_another_protocol_is_passed_over(tocsin: Installation, wanted: str) -> None:
    """Java's HTTP client offers HTTP/2 with its first request: the body counts, in one packet or many, as what follows."""
    offer = f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {wanted}\r\nHTTP2-Settings: AAEAAEAA"
    body = _event("odds: upgrade", dedup_key=f"odds-{wanted}")
    whole = post(ENQUEUE, body, offer)
    in_chunks = chunked(ENQUEUE, body[:50], body[50:]).replace(b"\r\n", f"\r\n{offer}\r\n".encode(), 1)
    asks, _, _ = post(ENQUEUE, body, offer, "Expect: 100-continue").partition(body)
    with Wire(tocsin.port) as wire:
        wire.send(whole, in_chunks, post(ENQUEUE, body))
        assert [wire.answer().status for _ in range(3)] == [202, 202, 202]
        wire.send(asks)
        assert wire.answer(has_body=False).status == 100
        wire.send(body)
        assert wire.answer().status == 202
        wire.send(*(whole[at : at + 9] for at in range(0, len(whole), 9)))
        assert wire.answer().status == 202
        wire.send(post(ENQUEUE, body, f"Connection: close, upgrade\r\nUpgrade: {wanted}"))
        assert wire.answer().status == 202
        assert wire.is_closed()


def test_pipelined_requests_are_answered_in_their_order(tocsin: Installation) -> None:
    """Twenty requests in one packet get twenty answers, each to its own question."""
    keys = [f"odds-pipeline-{number}" for number in range(20)]
    with Wire(tocsin.port) as wire:
        wire.send(b"".join(post(ENQUEUE, _event("odds: pipeline", dedup_key=key)) for key in keys))
        answers = [wire.answer() for _ in keys]
    assert [one.status for one in answers] == [202] * len(keys)
    assert [json.loads(one.body)["dedup_key"] for one in answers] == keys


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ENQUEUE, "event"),
        (ENQUEUE, "\x00{"),
        (ENQUEUE, '{"routing_key": "nobody"}'),
        (f"/in/pagerduty/{KEYS['odds-events']}", '{"event_action": "trigger"}'),
        (f"/in/generic/{KEYS['odds-generic']}", '{"title": "odds: both ways", "key": "odds-ways"}'),
        ("/in/generic/a-strangers-key", "{}"),
        (ALERTMANAGER, '{"alerts": 1}'),
    ],
    ids=["accepted", "rubbish", "unknown", "invalid", "generic", "stranger", "webhook"],
)
@pytest.mark.parametrize("asks", ["", "Connection: close"])
def test_an_answer_is_the_same_however_the_request_came(tocsin: Installation, path: str, body: str, asks: str) -> None:
    """Whole or in chunks, kept alive or not: the same status, the same headers, the same bytes."""
    sent = _event("odds: both ways", dedup_key="odds-ways") if body == "event" else body.encode()
    more = [asks] if asks else []
    answers = []
    for request in (
        post(path, sent, *more),
        chunked(path, sent).replace(b"\r\n", f"\r\n{asks}\r\n".encode(), 1) if asks else chunked(path, sent),
        post(path, sent, "X-Tracing: " + "x" * 100, *more),
    ):
        with Wire(tocsin.port) as wire:
            wire.send(request)
            answers.append(wire.answer())
            assert not asks or wire.is_closed()
    for one in answers:
        one.headers.pop("date")
    assert answers[1:] == answers[:1] * 2


def test_a_sender_that_hangs_up_while_waiting_costs_nobody_his_answer(tocsin: Installation) -> None:
    """Requests whose clients are gone are kept all the same, and their neighbours are answered."""
    for number in range(30):
        with Wire(tocsin.port) as wire:
            wire.send(post(ENQUEUE, _event("odds: gone at once", dedup_key=f"odds-gone-{number}")))
    assert tocsin.call(ENQUEUE, _event("odds: stayed")).status == 202
    tocsin.wait_absorbed()
    eventually(lambda: len(tocsin.groups("odds-events", "odds: gone at once")) == 30, "thirty groups", 10)


def test_a_bad_request_between_good_ones_costs_only_itself(tocsin: Installation) -> None:
    """On one connection, rubbish in a body is refused and what follows is accepted."""
    with Wire(tocsin.port) as wire:
        wire.send(post(ENQUEUE, b"\x00\xff{"), post(ENQUEUE, _event("odds: after rubbish")))
        assert [wire.answer().status, wire.answer().status] == [400, 202]


def test_an_old_protocol_is_served(tocsin: Installation) -> None:
    """HTTP/1.0 without a Host is answered, then the connection ends."""
    body = _event("odds: one zero")
    with Wire(tocsin.port) as wire:
        wire.send(f"POST {ENQUEUE} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        assert wire.answer().status == 202
        assert wire.is_closed()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v2/enqueue HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v2/enqueue HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\n{}",
        b"POST /v2/enqueue HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /v2/enqueue HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"POST \xff\xfe HTTP/1.1\r\n\r\n",
        b"POST http:// HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n\x00",
    ],
)
def test_what_is_not_http_is_turned_away(tocsin: Installation, raw: bytes) -> None:
    """TLS on the plain port, lengths that contradict each other, broken chunks: 400 and the end."""
    with Wire(tocsin.port) as wire:
        wire.send(raw)
        assert wire.answer().status == 400
        assert wire.is_closed()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_a_heartbeat_is_any_call_by_curl(tocsin: Installation, curl_binary: str, method: str) -> None:
    """`curl`, with or without a body, is all a cron job needs; a HEAD gets no body."""
    how = ["--head"] if method == "HEAD" else ["--request", method, *(["--data", "x"] if method == "PUT" else [])]
    ran = subprocess.run(
        [curl_binary, "-fsS", "-m", "10", *how, f"{tocsin.url}/in/heartbeat/{KEYS['beat']}"],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(b"HTTP/1.1 200") if method == "HEAD" else ran.stdout == b"OK"


def test_curl_posts_a_file_of_megabytes(tocsin: Installation, curl_binary: str, tmp_path: Path) -> None:
    """What curl sends from a file, with its own Expect header and chunks, arrives whole."""
    sent = tmp_path / "alerts.json"
    sent.write_bytes(_webhook("odds: from a file", 2 * MB))
    for extra in (["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"]):
        ran = subprocess.run(
            [curl_binary, "-sS", "-m", "20", "--fail", "--data-binary", f"@{sent}", *extra, tocsin.url + ALERTMANAGER],
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("path", "limit", "accepted"),
    [(ALERTMANAGER, 5 * MB, 200), (f"/in/prometheus/{KEYS['odds-prometheus']}", 5 * MB, 200), (ENQUEUE, MB // 2, 202)],
    ids=["alertmanager", "prometheus", "pagerduty"],
)
def test_a_body_may_be_exactly_as_large_as_the_limit(
    tocsin: Installation, path: str, limit: int, accepted: int
) -> None:
    """The last allowed byte is accepted; one more, told in advance or not, is 413 and the connection still serves."""
    make = {ENQUEUE: _event_of, ALERTMANAGER: _webhook_of}.get(path, _push_of)
    assert tocsin.call(path, make(limit)).status == accepted
    with Wire(tocsin.port) as wire:
        wire.send(post(path, make(limit + 1)))
        assert wire.answer().status == 413
        wire.send(post(ENQUEUE, _event("odds: after too much")))
        assert wire.answer().status == 202
    with Wire(tocsin.port) as wire:
        body = make(limit + 1)
        wire.send(chunked(path, *(body[at : at + 100_000] for at in range(0, len(body), 100_000))))
        assert wire.answer().status == 413


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (ENQUEUE, b"Unrecognized object"),
        (f"/in/pagerduty/{KEYS['odds-events']}", b"Unrecognized object"),
        (ALERTMANAGER, b"detail"),
        (f"/in/prometheus/{KEYS['odds-prometheus']}", b"message"),
        (f"/in/generic/{KEYS['odds-generic']}", b"detail"),
    ],
    ids=["enqueue", "pagerduty", "alertmanager", "prometheus", "generic"],
)
def test_a_compressed_body_is_refused_in_the_senders_words(
    tocsin: Installation, path: str, told: bytes, kind: str
) -> None:
    """None of our senders compresses; who does is told 400 at once, in the shape it expects, and wakes nobody."""
    headers = {"Content-Encoding": "gzip", "Content-Type": kind}
    answered = tocsin.call(path, gzip.compress(_event("odds: gzip")), headers=headers)
    assert answered.status == 400, answered
    assert told in answered.body


@pytest.mark.parametrize("line", [b"a" * 4096, b"X-Name: value\r\n" * 273], ids=["one-header", "many-headers"])
def test_a_head_has_an_end(tocsin: Installation, line: bytes) -> None:
    """Headers without end are refused with 431 after 64 kB, long before they fill the memory."""
    with Wire(tocsin.port) as wire:
        wire.send(b"POST /v2/enqueue HTTP/1.1\r\nX-First: ")
        with contextlib.suppress(OSError):
            wire.send(*[line] * 10_000)
            pytest.fail("forty megabytes of headers were taken")
    with Wire(tocsin.port) as wire:
        wire.send(b"POST /v2/enqueue HTTP/1.1\r\nX-First: ", *[line] * 16)
        assert wire.answer().status == 431
        assert wire.is_closed()


def test_a_long_head_is_no_endless_one(tocsin: Installation) -> None:
    """Cookies and tracing headers of thirty kilobytes are still a head, several times on one connection."""
    with Wire(tocsin.port) as wire:
        for _ in range(4):
            wire.send(post(ENQUEUE, _event("odds: a long head", dedup_key="odds-head"), "Cookie: " + "c" * 30_000))
            assert wire.answer().status == 202


def test_half_a_request_leaves_no_trace_and_holds_nobody_up(tocsin: Installation) -> None:
    """While a hundred senders stall in the middle of a body, another is served at once; then they hang up."""
    halves = [
        post(ENQUEUE, _event("odds: half an event"))[:-20],
        post(f"/in/generic/{KEYS['odds-generic']}", b"title=odds:+half+a+form&action=close", FORM)[:-6],
        post(f"/in/heartbeat/{KEYS['odds-beat']}/fail", b"odds: half a cry", "Content-Type: text/plain")[:-6],
    ]
    stalled = [Wire(tocsin.port) for _ in range(100)]
    try:
        for number, wire in enumerate(stalled):
            wire.send(halves[number % len(halves)])
        began = time.monotonic()
        assert tocsin.call(ENQUEUE, _event("odds: meanwhile")).status == 202
        assert time.monotonic() - began < NEIGHBOUR_S_MAX
    finally:
        for wire in stalled:
            wire.__exit__()
    tocsin.group("odds-events", "odds: meanwhile")
    assert tocsin.call(ENQUEUE, _event("odds: after the halves")).status == 202
    tocsin.wait_absorbed()
    assert tocsin.groups("odds-events", "odds: half") == []
    assert tocsin.groups("odds-generic", "odds: half") == []
    assert tocsin.groups("odds-beat") == []


def test_who_calls_and_hangs_up_at_once_was_heard(tocsin: Installation) -> None:
    """A heartbeat whose sender does not wait for the answer counts."""
    before = _pings(tocsin)
    for _ in range(20):
        with Wire(tocsin.port) as wire:
            wire.send(f"GET /in/heartbeat/{KEYS['odds-beat']} HTTP/1.1\r\nHost: tocsin.example\r\n\r\n".encode())
    eventually(lambda: _pings(tocsin) == before + 20, "twenty pings", 10)


@pytest.mark.parametrize("path", [ALERTMANAGER, "/in/alertmanager/a-strangers-key", "/api/v2/alerts"])
def test_a_large_body_does_not_hold_up_small_ones(tocsin: Installation, path: str) -> None:
    """Beside batches of thousands of alerts, from a friend or a stranger, a single event is answered in time."""
    large = _many("odds: many", 5000)
    done = threading.Event()

    def flood() -> None:
        for _ in range(3):
            tocsin.call(path, large)
        done.set()

    thread = threading.Thread(target=flood)
    thread.start()
    slowest = 0.0
    while not done.is_set():
        began = time.monotonic()
        assert tocsin.call(ENQUEUE, _event("odds: small", dedup_key="odds-small")).status == 202
        slowest = max(slowest, time.monotonic() - began)
    thread.join()
    assert slowest < NEIGHBOUR_S_MAX


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", ENQUEUE, 405),
        ("DELETE", "/api/v2/alerts", 405),
        ("PATCH", f"/in/alertmanager/{KEYS['odds-alertmanager']}", 405),
        ("POST", "/in/nobody/whatever", 404),
        ("POST", f"/in/alertmanager/{KEYS['odds-generic']}", 401),
        ("POST", "/in/generic/%00%ff/..%2f", 401),
        ("POST", "/in/generic/" + "k" * 5000, 401),
        ("GET", "/in/heartbeat/nobodys", 401),
        ("POST", f"/in/heartbeat/{KEYS['odds-beat']}/nowhere", 404),
    ],
)
def test_a_wrong_address_or_key_is_said_so(tocsin: Installation, method: str, path: str, status: int) -> None:
    """Wrong method, place or key: the status that says so, never a 5xx."""
    body = b'{"title": "odds: a strange address"}' if method != "GET" else None
    assert tocsin.call(path, body, method=method).status == status


def _pings(tocsin: Installation) -> int:
    return len(
        [one for one in tocsin.api("signals?integration=odds-beat&limit=200")["signals"] if one["action"] == "ping"]
    )


def _event(summary: str, *, dedup_key: str = "", note: str = "") -> bytes:
    payload = {"summary": summary, "source": "host", "severity": "info", "custom_details": {"note": note}}
    event = {"routing_key": KEYS["odds-events"], "event_action": "trigger", "payload": payload}
    return json.dumps(event | ({"dedup_key": dedup_key} if dedup_key else {}), ensure_ascii=False).encode()


def _event_of(size: int) -> bytes:
    empty = len(_event("odds: large", dedup_key="odds-large"))
    return _event("odds: large", dedup_key="odds-large", note="x" * (size - empty))


def _webhook(name: str, size: int) -> bytes:
    def written(note: str) -> bytes:
        alert = {
            "status": "firing",
            "labels": {"alertname": name},
            "annotations": {"note": note},
            "startsAt": "2026-01-02T03:04:05Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "b5d4045c3f466fa9",
        }
        return json.dumps({"version": "4", "status": "firing", "receiver": "r", "alerts": [alert]}).encode()

    return written("x" * (size - len(written(""))))


def _webhook_of(size: int) -> bytes:
    return _webhook("odds: large", size)


def _push_of(size: int) -> bytes:
    def written(note: str) -> bytes:
        return json.dumps([{"labels": {"alertname": "odds: large"}, "annotations": {"note": note}}]).encode()

    return written("x" * (size - len(written(""))))


def _many(name: str, count: int) -> bytes:
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": name, "instance": str(number)},
            "annotations": {},
            "startsAt": "2026-01-02T03:04:05Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": f"{number:016x}",
        }
        for number in range(count)
    ]
    return json.dumps({"version": "4", "status": "firing", "receiver": "r", "alerts": alerts}).encode()
