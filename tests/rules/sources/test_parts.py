"""Times, keys and cleaning: the parts every source is made of."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources import clean, credentials, identity, severities, times
from tocsin.sources.domain import DETAILS_DEPTH_MAX, DETAILS_MAX, Request, Severity

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-01T00:00:00Z", NEW_YEAR),
        ("2026-01-01T01:00:00+01:00", NEW_YEAR),
        ("2026-01-01T01:00:00.000+0100", NEW_YEAR),
        ("2026-01-01T01:00:00.000000+01:00Z", NEW_YEAR),
        ("2026-01-01 00:00:00", NEW_YEAR),
        ("2026-01-01", NEW_YEAR),
        ("1767225600", NEW_YEAR),
        (1767225600, NEW_YEAR),
        (1767225600.0, NEW_YEAR),
        (1767225600_000, NEW_YEAR),
        ("1767225600000", NEW_YEAR),
        (1767225600_000_000, NEW_YEAR),
        (1767225600_000_000_000, NEW_YEAR),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        (-5, None),
        (10**400, None),
        (True, None),
        (None, None),
        ([], None),
        ("1" * 100, None),
    ],
)
def test_a_timestamp_means_one_instant_or_none(written: object, meant: datetime | None) -> None:
    """Every way tools write times is read, in UTC; what means nothing is nothing."""
    assert times.instant(written) == meant


@pytest.mark.parametrize(
    ("headers", "query", "found"),
    [
        ({"authorization": "Bearer k1"}, "", "k1"),
        ({"authorization": "bearer   k1"}, "", "k1"),
        ({"authorization": "GenieKey k1"}, "", "k1"),
        ({"authorization": "Basic " + base64.b64encode(b"tocsin:longpassword").decode()}, "", "longpassword"),
        ({"authorization": "Basic " + base64.b64encode(b"key-as-user-name:").decode()}, "", "key-as-user-name"),
        ({"authorization": "Basic " + base64.b64encode(b"key-as-user-name:x").decode()}, "", "key-as-user-name"),
        ({"authorization": "Basic " + base64.b64encode(b":only").decode()}, "", "only"),
        ({"authorization": "Basic ====", "x-api-key": "k2"}, "", "k2"),
        ({"authorization": "Basic " + base64.b64encode(b"\xff\xff:\xff").decode()}, "", None),
        ({"authorization": "Digest abc"}, "", None),
        ({"authorization": "Bearer"}, "", None),
        ({"authorization": "Bearer a\x00b"}, "", None),
        ({"authorization": "Bearer " + "k" * 1000}, "", None),
        ({"x-api-key": "k2"}, "token=k3", "k2"),
        ({}, "token=k3", "k3"),
        ({}, "x=1&key=k4&key=k5", "k4"),
        ({}, "&".join("a=1" for _ in range(5000)), None),
        ({}, "", None),
    ],
)
def test_a_key_is_found_where_its_sender_puts_it(headers: dict[str, str], query: str, found: str | None) -> None:
    """Bearer, GenieKey, basic, headers and query strings all carry keys; rubbish carries none."""
    assert credentials.key(Request(method="POST", path="/x", headers=headers, query=query)) == found


def test_a_key_in_the_path_comes_first() -> None:
    """The address someone typed in is more deliberate than a header a proxy may have added."""
    request = Request(method="POST", path="/in/x/k", key="k", headers={"authorization": "Bearer other"})
    assert credentials.key(request) == "k"


@given(JSON)
def test_details_of_anything_can_be_stored(value: object) -> None:
    """Whatever JSON can say becomes details that MessagePack and a database can hold."""
    stored = msgspec.msgpack.encode(clean.details(value))
    assert b"\x00" not in "".join(_texts(msgspec.msgpack.decode(stored))).encode()


def test_details_are_bounded_in_breadth_depth_and_number() -> None:
    """Giant details are cut, and say that they were."""
    deep: object = 1
    for _ in range(50):
        deep = {"a": deep}
    shown = clean.details({"deep": deep, "wide": {str(n): n for n in range(1000)}})
    wide = shown["wide"]
    assert isinstance(wide, dict)
    assert len(wide) == DETAILS_MAX + 1
    assert wide["…"] == "800 more"
    at: object = shown["deep"]
    for _ in range(DETAILS_DEPTH_MAX - 2):
        assert isinstance(at, dict)
        at = at["a"]
    assert at == "…" or isinstance(at, dict)
    assert (
        len(msgspec.msgpack.encode(clean.details({str(n): {str(m): m for m in range(200)} for n in range(200)})))
        < 50_000
    )


def test_a_link_is_one_a_browser_may_follow() -> None:
    """Scripts and files never become something to click."""
    assert clean.link("HTTPS://wiki.example/x") is not None
    for href in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//host/x", "", None, 5, {}):
        assert clean.link(href) is None


def test_identity_is_the_labels_whatever_their_order() -> None:
    """The same labels are the same alert, and labels cannot be shifted into one another."""
    assert identity.fingerprint({"a": "1", "b": "2"}) == identity.fingerprint({"b": "2", "a": "1"})
    assert identity.fingerprint({"a": "1", "b": "2"}) != identity.fingerprint({"a": "1b", "": "2"})
    assert identity.fingerprint({"alertname": "InstanceDown"}) == "0c208aa49ab3d867"


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("page", Severity.CRITICAL),
        ("Error", Severity.HIGH),
        (" WARN ", Severity.WARNING),
        ("P4", Severity.LOW),
        ("none", Severity.INFO),
        ("purple", Severity.CRITICAL),
        ("", Severity.CRITICAL),
    ],
)
def test_a_word_for_severity_means_one_of_five(word: str, severity: Severity) -> None:
    """Vendors' words fall on our five, and an unknown one falls towards paging."""
    assert severities.from_word(word, None) is severity


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in _texts(each)]
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else []
