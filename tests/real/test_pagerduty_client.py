"""PagerDuty's own client library for Python, with nothing changed but the address.

The library takes no address without TLS, so it talks to us as through a proxy that ends it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator

import pytest
from pagerduty import Error, EventsApiV2Client, HttpError

from fakes import certificates
from real.installation import KEYS, Installation

pytestmark = pytest.mark.xdist_group("real")


@pytest.fixture
def client(https: str) -> Iterator[EventsApiV2Client]:
    """The library, talking to us."""
    with _client(https, KEYS["events"]) as made:
        yield made


def _client(https: str, key: str) -> EventsApiV2Client:
    trusted = ssl.create_default_context(cafile=str(certificates.make().ca_file))
    return EventsApiV2Client(key, base_url=https, verify=trusted)


def test_a_trigger_pages_and_a_resolve_tells_that_it_is_over(tocsin: Installation, client: EventsApiV2Client) -> None:
    """Trigger, acknowledge and resolve do what they do at PagerDuty, and each answer satisfies the library."""
    key = client.trigger(
        "pd: disk full",
        "db-1.example.com",
        severity="critical",
        custom_details={"used": "99 %"},
        links=[{"href": "https://wiki.example.com/disk", "text": "Runbook"}],
    )
    group = tocsin.group("events", "pd: disk full")
    assert group["severity"] == "critical"
    assert group["alerts"][0]["dedup_key"] == key
    assert group["alerts"][0]["details"]["used"] == "99 %"
    tocsin.wait_told("ann", group["reference"])

    assert client.trigger("pd: disk full", "db-1.example.com", dedup_key=key) == key
    assert client.acknowledge(key) == key
    acknowledged = tocsin.group("events", "pd: disk full", status="acknowledged")
    assert acknowledged["alerts"][0]["signal_count"] >= 2

    assert client.resolve(key) == key
    tocsin.group("events", "pd: disk full", status="resolved")
    assert len(tocsin.told("ann", group["reference"])) == 1


def test_a_change_event_is_kept_and_pages_nobody(tocsin: Installation, client: EventsApiV2Client) -> None:
    """`submit` is accepted and opens no group; the time is read although the library ends it with `+00:00Z`."""
    client.submit(
        "pd: deployed 1.2.3",
        source="ci",
        custom_details={"build": 7},
        links=[{"href": "https://ci.example"}],
        timestamp="2026-01-02T03:04:05.678901+00:00Z",
    )
    tocsin.wait_absorbed()
    assert tocsin.groups("events", "pd: deployed") == []
    (change,) = [one for one in tocsin.api("signals?integration=events")["signals"] if one["action"] == "change"]
    said = tocsin.api(f"signals/{change['id']}")["said"]
    assert said["title"] == "pd: deployed 1.2.3"
    assert said["started_at"].startswith("2026-01-02T03:04:05.678")


def test_the_library_waits_and_tries_again_when_told_to_slow_down(tocsin: Installation, https: str) -> None:
    """Six triggers through a door for two a second all arrive: 429 makes the library pause, not give up."""
    with _client(https, KEYS["limited"]) as client:
        client.sleep_timer = 0.3
        began = time.monotonic()
        for number in range(6):
            client.trigger(f"pd: limited {number}", "host")
        assert time.monotonic() - began > 0.3
    tocsin.wait_absorbed()
    assert len(tocsin.groups("limited", "pd: limited")) == 6


def test_the_library_is_told_what_is_wrong_with_an_event(client: EventsApiV2Client) -> None:
    """A severity PagerDuty does not know is refused with 400 in PagerDuty's shape."""
    with pytest.raises(HttpError) as refused:
        client.trigger("pd: nonsense", "host", severity="catastrophic")
    assert refused.value.response.status_code == 400
    assert refused.value.response.json()["status"] == "invalid event"


def test_the_library_is_told_that_nobody_has_its_key(https: str) -> None:
    """An unknown routing key is a plain error, not a retry for ever."""
    with _client(https, "f" * 32) as client, pytest.raises(Error):
        client.trigger("pd: nobody's", "host")
