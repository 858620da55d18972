"""A synthetic monitor that speaks PagerDuty's Events API: one urgent problem at the start, small ones now and then."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

CHECKOUT_KEY = "democheckout00000000000000000001"
SEARCH_KEY = "demosearch0000000000000000000001"
TIMEOUT_S = 5.0
FIRST_AFTER_S = 4.0
FIRST_LASTS_S = 40.0  # long enough for two steps of the policy
PAUSE_S = 240.0
LASTS_S = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong by itself and is well again by itself."""

    key: str
    dedup_key: str
    summary: str
    severity: str
    source: str


FIRST = Trouble(CHECKOUT_KEY, "checkout/latency", "Checkout answers in 4.2 s", "critical", "checkout-7")
SMALL = (
    Trouble(SEARCH_KEY, "search/stale", "The search index is 20 minutes old", "warning", "search-2"),
    Trouble(CHECKOUT_KEY, "checkout/certificate", "A certificate ends in 12 days", "warning", "checkout-7"),
    Trouble(SEARCH_KEY, "search/disk", "The disk is 81 % full", "warning", "search-1"),
)


class Monitor:
    """Sends to a server on this machine until the process ends."""

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self._url = url
        self._say = say
        self._rest = threading.Event()  # never set: a wait, not a sleep of the whole process

    def start(self) -> None:
        """Begin in a thread of its own."""
        threading.Thread(target=self._run, name="demo-monitor", daemon=True).start()

    def _run(self) -> None:
        self._rest.wait(FIRST_AFTER_S)
        self._happen(FIRST, FIRST_LASTS_S)
        turn = 0
        while True:
            self._rest.wait(PAUSE_S)
            self._happen(SMALL[turn % len(SMALL)], LASTS_S)
            turn += 1

    def _happen(self, trouble: Trouble, lasts_s: float) -> None:
        self._say(f"monitor: {trouble.summary} ({trouble.severity})")
        self._send(trouble, "trigger")
        self._rest.wait(lasts_s)
        self._say(f"monitor: over: {trouble.summary}")
        self._send(trouble, "resolve")

    def _send(self, trouble: Trouble, action: str) -> None:
        event: dict[str, object] = {
            "routing_key": trouble.key,
            "event_action": action,
            "dedup_key": trouble.dedup_key,
            "client": "demo monitor",
        }
        if action == "trigger":
            event["payload"] = {
                "summary": trouble.summary,
                "severity": trouble.severity,
                "source": trouble.source,
            }
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self._url}/v2/enqueue", json.dumps(event).encode(), {"Content-Type": "application/json"}
        )
        try:
            urllib.request.urlopen(request, timeout=TIMEOUT_S).close()  # noqa: S310 - as above
        except (urllib.error.URLError, OSError) as error:
            self._say(f"monitor: the server did not take it: {error}")
