"""Health and numbers."""

from __future__ import annotations

import re
import time

from serving import Served


def test_alive_and_ready(served: Served) -> None:
    """A server with an engine is alive and ready, and says so in words Prometheus's tools know."""
    for path in ("/-/healthy", "/-/ready"):
        answer = served.call("", "GET", path)
        assert (answer.status, answer.body) == (200, "OK\n")


def test_numbers_for_prometheus(served: Served) -> None:
    """The numbers an operator watches are there, and those that must be 0 are."""
    served.trouble("counted in numbers")
    deadline = time.monotonic() + 15  # the page goes out a moment after the signal is answered
    numbers: dict[str, str] = {}
    while not any(name.startswith('tocsin_deliveries_total{channel="inbox"') for name in numbers):
        assert time.monotonic() < deadline, "the page was never counted"
        text = served.call("", "GET", "/metrics").body
        numbers = dict(re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE))
    assert numbers["tocsin_signals_unaccounted"] == "0.0"
    assert numbers["tocsin_engine_alive"] == "1.0"
    assert numbers["tocsin_dead_threads"] == "0.0"
    assert float(numbers["tocsin_page_lateness_seconds"]) < 5
    assert {'tocsin_outbox_waiting{lane="page"}', "tocsin_signals_backlog", "tocsin_takeovers_total"} <= numbers.keys()


def test_numbers_are_not_for_everybody(served: Served) -> None:
    """What came through a proxy needs the token, whoever it says it is."""
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    assert served.call("", "GET", "/metrics", headers=forwarded).status == 403
    assert served.call("wrong", "GET", "/metrics", headers=forwarded).status == 403
    assert served.call("for-the-tests", "GET", "/metrics", headers=forwarded).status == 200
