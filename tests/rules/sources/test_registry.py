"""Addresses lead to sources, and to nothing else."""

from __future__ import annotations

import pytest

from tocsin.sources.registry import SOURCES, Found, MethodNotAllowed, find

KEY = "6b1f0c2d4e8a4c0f9d3b5a7c1e2f4068"


@pytest.mark.parametrize(
    ("method", "path", "name", "key", "tail"),
    [
        ("POST", "/v2/enqueue", "pagerduty", "", "/v2/enqueue"),
        ("POST", "/v2/enqueue/", "pagerduty", "", "/v2/enqueue"),
        ("POST", "//v2/enqueue", "pagerduty", "", "/v2/enqueue"),
        ("POST", f"//in/alertmanager/{KEY}", "alertmanager", KEY, ""),
        ("POST", "/v2/change/enqueue", "pagerduty", "", "/v2/change/enqueue"),
        ("POST", f"/in/pagerduty/{KEY}/v2/enqueue", "pagerduty", KEY, "/v2/enqueue"),
        ("POST", "/api/v2/alerts", "prometheus", "", "/api/v2/alerts"),
        ("POST", f"/in/prometheus/{KEY}/api/v2/alerts", "prometheus", KEY, "/api/v2/alerts"),
        ("POST", "/in/alertmanager", "alertmanager", "", ""),
        ("POST", f"/in/alertmanager/{KEY}", "alertmanager", KEY, ""),
        ("POST", f"/in/alertmanager/{KEY}/", "alertmanager", KEY, "/"),
        ("POST", "/v2/alerts", "opsgenie", "", "/v2/alerts"),
        ("POST", "/v2/alerts/a/b/close", "opsgenie", "", "/v2/alerts/a/b/close"),
        ("DELETE", "/v2/alerts/a", "opsgenie", "", "/v2/alerts/a"),
        ("GET", "/v2/heartbeats/nightly/ping", "opsgenie", "", "/v2/heartbeats/nightly/ping"),
        ("POST", "/api/v2/generic/incoming", "generic", "", "/api/v2/generic/incoming"),
        ("POST", f"/v2/alert_events/http/{KEY}", "generic", "", f"/v2/alert_events/http/{KEY}"),
        ("HEAD", f"/in/heartbeat/{KEY}", "heartbeat", KEY, ""),
        ("GET", f"/in/heartbeat/{KEY}/fail", "heartbeat", KEY, "/fail"),
        ("GET", f"/in/uptime-kuma/{KEY}", "uptime-kuma", KEY, ""),
    ],
)
def test_an_address_leads_to_its_source(method: str, path: str, name: str, key: str, tail: str) -> None:
    """Vendors' own addresses and ours find the source, the key in the path and what is asked behind it."""
    assert find(method, path) == Found(SOURCES[name], key, tail)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/groups/7"),
        ("POST", "/in/"),
        ("POST", "/in/nobody/x"),
        ("POST", "/in/email/x"),
        ("GET", "/api/v2/alerts"),
        ("GET", f"/in/prometheus/{KEY}/api/v2/alerts"),
        ("HEAD", f"/in/prometheus/{KEY}/-/ready"),
        ("GET", "/v2/alerts"),
        ("GET", "/v2/alerts/requests/1"),
        ("GET", "/v2/heartbeats/nightly"),
        ("POST", "/v2/enqueue/more"),
        ("POST", "//"),
        ("POST", ""),
    ],
)
def test_other_addresses_are_left_to_others(method: str, path: str) -> None:
    """What is not a signal's address, and reads of the vendors' APIs, are not the sources' business."""
    assert find(method, path) is None


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v2/enqueue", ("POST",)),
        ("PUT", "/api/v2/alerts", ("POST", "GET", "HEAD")),
        ("PUT", "/v2/alerts", ("POST", "GET", "HEAD")),
        ("PUT", f"/in/prometheus/{KEY}/api/v2/alerts", ("POST", "GET", "HEAD")),
        ("DELETE", "/v2/heartbeats/job/ping", ("GET", "POST", "PUT", "HEAD")),
        ("GET", f"/in/alertmanager/{KEY}", ("POST",)),
        ("GET", f"/in/prometheus/{KEY}", ("POST",)),
        ("DELETE", f"/in/heartbeat/{KEY}", ("GET", "HEAD", "POST", "PUT")),
        ("GET", f"/v2/alert_events/http/{KEY}", ("POST",)),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allow: tuple[str, ...]) -> None:
    """A known address with another method says which methods it takes."""
    found = find(method, path)
    assert isinstance(found, MethodNotAllowed)
    assert found.allow == allow


def test_every_endpoint_a_source_declares_leads_to_it() -> None:
    """A source's list of endpoints is the truth: each of them is found, by each of its methods."""
    for source in SOURCES.values():
        for endpoint in source.endpoints:
            path = endpoint.path + "x/ping" if endpoint.path.endswith("/") else endpoint.path
            found = find(endpoint.method, path)
            assert isinstance(found, Found)
            assert found.source is source
