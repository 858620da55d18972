"""All sources by name, the way from a request's address to its source, and a dry run of one on a sample."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tocsin.sources import (
    alertmanager,
    datadog,
    email,
    generic,
    grafana,
    heartbeat,
    mapping,
    opsgenie,
    pagerduty,
    prometheus,
    sentry,
    uptime_kuma,
)
from tocsin.sources.domain import Reply, Request, Settings, Signal, Source

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (
        pagerduty,
        alertmanager,
        prometheus,
        grafana,
        opsgenie,
        uptime_kuma,
        datadog,
        sentry,
        generic,
        heartbeat,
        email,
    )
}
_OWN_PREFIX = "/in/"
# Addresses the vendors' APIs also answer reads on. Those are not signals and belong to whoever serves pages.
_READS = ("GET", "HEAD")
_READ_ELSEWHERE = ("/api/v2/alerts", "/v2/alerts", "/v2/heartbeats/")
_READ_BEHIND_KEY = {
    "prometheus": re.compile(
        r"/api/v2/(?:alerts|alerts/groups|status|receivers|silences|silence/[^/]+)|/-/(?:healthy|ready)"
    )
}


class Found(NamedTuple):
    """Which source a request is for, the key if it stood in the path, and what the source is asked there."""

    source: Source
    key: str
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodNotAllowed:
    """The address is one of ours, the method is not among those it takes."""

    source: Source
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an integration would make of a sample: nothing of it is kept."""

    signals: tuple[Signal, ...]
    reply: Reply
    problems: tuple[str, ...]
    mapping_problems: tuple[mapping.Problem, ...]


def find(method: str, path: str) -> Found | MethodNotAllowed | None:
    """The source that answers this address; None if it is not an address for signals at all."""
    exact = _EXACT.get(path)
    if exact is not None:
        found = exact.get(method)
        return found if found is not None else _refused(method, path, exact)
    if path.startswith(_OWN_PREFIX):
        return _find_own(method, path)
    return _find_vendor(method, path)


def find_plain(address: bytes) -> Found | None:
    """The source that takes a POST at this address as it was sent, if nothing in it needs decoding."""
    found = _EXACT_POSTS.get(address)
    if found is not None or not _PLAIN_OWN.fullmatch(address):
        return found
    own = _find_own("POST", address.decode("ascii"))
    return own if isinstance(own, Found) else None


def preview(name: str, settings: Settings, sample: bytes, headers: Mapping[str, str], now: datetime) -> Preview:
    """What the source of this name would read from a sample. Raises KeyError if there is no such source.

    Beside what is wrong with the mapping itself it tells which of its fields find nothing in this sample.
    """
    source = SOURCES[name]
    lowered = {field.lower(): value for field, value in headers.items()}
    request = Request(method="POST", path=f"{_OWN_PREFIX}{name}/preview", key="preview", headers=lowered, body=sample)
    reading = source.read(request, settings, now)
    told = [*mapping.check(settings.mapping)]
    wrong = {problem.field for problem in told}
    told.extend(generic.unmatched(request, {k: v for k, v in settings.mapping.items() if k not in wrong}))
    return Preview(
        signals=reading.signals, reply=reading.reply, problems=reading.problems, mapping_problems=tuple(told)
    )


def _find_own(method: str, path: str) -> Found | MethodNotAllowed | None:
    name, _, rest = path[len(_OWN_PREFIX) :].partition("/")
    source = _OWN.get(name)
    if source is None:
        return None
    allowed = _METHODS[name]
    key, slash, tail = rest.partition("/")
    if method not in allowed:
        behind = _READ_BEHIND_KEY.get(name)
        reads = _READS if behind is not None and behind.fullmatch(slash + tail) else ()
        return None if method in reads else MethodNotAllowed(source=source, allow=_with(allowed, reads))
    return Found(source, key, slash + tail)


def _find_vendor(method: str, path: str) -> Found | MethodNotAllowed | None:
    for prefix, sources in _PREFIXES:
        if path.startswith(prefix) and len(path) > len(prefix):
            if prefix == "/v2/heartbeats/" and not path.endswith("/ping"):
                return None
            found = sources.get(method)
            return _refused(method, path, sources) if found is None else Found(found.source, "", path)
    if path.startswith("//"):  # a sender's base address ended with a slash
        return find(method, "/" + path.lstrip("/"))
    return find(method, path.rstrip("/")) if path.endswith("/") and path != "/" else None


def _refused(method: str, path: str, answered: Mapping[str, Found]) -> MethodNotAllowed | None:
    reads = _READS if path.startswith(_READ_ELSEWHERE) else ()
    if method in reads:
        return None
    return MethodNotAllowed(source=next(iter(answered.values())).source, allow=_with(tuple(answered), reads))


def _with(methods: tuple[str, ...], reads: tuple[str, ...]) -> tuple[str, ...]:
    """All that is answered at an address, by sources and by whoever serves what is read there."""
    return methods + tuple(each for each in reads if each not in methods)


def _addresses() -> dict[str, dict[str, Found]]:
    """Every vendor's address, with what answers each method there."""
    found: dict[str, dict[str, Found]] = {}
    for source in SOURCES.values():
        for endpoint in source.endpoints:
            if not endpoint.path.startswith(_OWN_PREFIX):
                found.setdefault(endpoint.path, {})[endpoint.method] = Found(source, "", endpoint.path)
    return found


_ADDRESSES = _addresses()
_EXACT = {path: found for path, found in _ADDRESSES.items() if not path.endswith("/")}
_EXACT_POSTS = {path.encode(): found["POST"] for path, found in _EXACT.items() if "POST" in found}
_PLAIN_OWN = re.compile(rb"/in/[A-Za-z0-9_.~/-]+")
_PREFIXES = tuple((path, found) for path, found in _ADDRESSES.items() if path.endswith("/"))
_METHODS: dict[str, tuple[str, ...]] = {
    name: tuple(each.method for each in source.endpoints if each.path == f"{_OWN_PREFIX}{name}/")
    for name, source in SOURCES.items()
}
_OWN = {name: source for name, source in SOURCES.items() if _METHODS[name]}
