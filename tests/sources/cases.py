"""The captured payloads, and how each reached us where it was not a plain POST to the source's own address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tocsin.sources import opsgenie, pagerduty
from tocsin.sources.domain import Reading, Request, Settings, Source
from tocsin.sources.registry import SOURCES

HERE = Path(__file__).parent
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = "0f9a3c5d7e1b42468ace13579bdf0246"
Reader = Callable[[Request, Settings, datetime], Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How a payload was sent."""

    path: str = ""  # "" is /in/<source>/<key>
    method: str = "POST"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
    settings: Settings = field(default_factory=Settings)


_ENQUEUE = Sent(path="/v2/enqueue")
_GENIE = (("authorization", f"GenieKey {KEY}"), ("content-type", "application/json"))
_PROMETHEUS = Sent(path="/api/v2/alerts", headers=(("authorization", f"Bearer {KEY}"),))


def _sentry(resource: str) -> Sent:
    return Sent(headers=(("sentry-hook-resource", resource), ("content-type", "application/json")))


_SENT: dict[str, Sent] = {
    "pagerduty/change": Sent(path="/v2/change/enqueue"),
    "pagerduty/*": _ENQUEUE,
    "prometheus/*": _PROMETHEUS,
    "opsgenie/close_by_alias": Sent(path="/v2/alerts/a/b/close", query="identifierType=alias", headers=_GENIE),
    "opsgenie/acknowledge_by_id": Sent(path="/v2/alerts/70413a06-38d6-4c85/acknowledge", headers=_GENIE),
    "opsgenie/snooze": Sent(path="/v2/alerts/x/snooze", query="identifierType=alias", headers=_GENIE),
    "opsgenie/snooze_into_the_past": Sent(path="/v2/alerts/x/snooze", headers=_GENIE),
    "opsgenie/note": Sent(path="/v2/alerts/1337/notes", query="identifierType=tiny", headers=_GENIE),
    "opsgenie/assign": Sent(path="/v2/alerts/x/assign", query="identifierType=alias", headers=_GENIE),
    "opsgenie/heartbeat": Sent(path="/v2/heartbeats/nightly backup/ping", headers=_GENIE),
    "opsgenie/*": Sent(path="/v2/alerts", headers=_GENIE),
    "sentry/event_alert": _sentry("event_alert"),
    "sentry/metric_critical": _sentry("metric_alert"),
    "sentry/metric_resolved": _sentry("metric_alert"),
    "sentry/issue_resolved": _sentry("issue"),
    "sentry/installation": _sentry("installation"),
    "generic/goalert": Sent(path="/api/v2/generic/incoming", query=f"token={KEY}"),
    "generic/incident_io": Sent(path=f"/v2/alert_events/http/{KEY}"),
    "generic/mapped": Sent(
        settings=Settings(
            mapping={
                "each": "alerts",
                "title": 'check.name + " on " + check.host',
                "dedup_key": 'check.host + "/" + check.name',
                "severity": 'level {1: critical, 2: high} | "low"',
                "resolve_when": 'state == "up"',
                "labels.team": 'meta["team.name"] | "nobody"',
                "description": "notes[0]",
                "started_at": "when",
            }
        )
    ),
    "heartbeat/failed": Sent(path=f"/in/heartbeat/{KEY}/fail"),
}
_READERS: dict[str, Reader] = {
    "pagerduty": partial(pagerduty.read, new_key=lambda: "made-up-key"),
    "opsgenie": partial(opsgenie.read, new_id=lambda: "made-up-id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One captured payload."""

    name: str  # vendor/file
    source: Source
    request: Request
    settings: Settings
    golden: Path

    def read(self, request: Request | None = None) -> Reading:
        """What the source makes of this payload, or of a changed one; made-up keys are the same every time."""
        reader = _READERS.get(self.source.name, self.source.read)
        return reader(request or self.request, self.settings, NOW)


def captured() -> list[Case]:
    """Every captured payload of every vendor."""
    return [_case(path) for path in sorted(HERE.glob("*/*.json")) if not path.name.endswith(".golden.json")]


def _case(path: Path) -> Case:
    vendor, name = path.parent.name, path.stem
    source = SOURCES[vendor.replace("_", "-")]
    sent = _SENT.get(f"{vendor}/{name}") or _SENT.get(f"{vendor}/*") or Sent()
    own = f"/in/{source.name}/{KEY}"
    address = sent.path or own
    inside = address.startswith(own)
    request = Request(
        method=sent.method,
        path=address,
        query=sent.query,
        headers=dict(sent.headers),
        body=path.read_bytes(),
        key=KEY if inside else "",
        tail=address.removeprefix(own) if inside else address,
    )
    golden = path.with_name(f"{name}.golden.json")
    return Case(name=f"{vendor}/{name}", source=source, request=request, settings=sent.settings, golden=golden)
